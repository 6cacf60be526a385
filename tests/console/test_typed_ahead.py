"""Room rule: what is typed ahead of the terminal, or at its pager, and what stops it."""

from collections.abc import Iterator

import pytest

from agent.console.stream import AHEAD_MAX
from agent.console.terminal import HungUp
from tests.console.screens import Desk, candidates


def test_who_has_typed_ahead_is_not_asked_for_more(desk: Desk) -> None:
    desk.types("status\r")
    assert desk.terminal.page(f"line {number}" for number in range(60)) is True
    assert desk.shown[-1] == "line 59"
    assert desk.terminal.ask("> ") == "status"


def test_a_paste_of_500_lines_loses_none(desk: Desk) -> None:
    lines = [f"allocation add {number} 水资〔2026〕{number}号" for number in range(500)]
    octets = "\r\n".join([*lines, ""]).encode()
    desk.types(*(octets[start : start + 61] for start in range(0, len(octets), 61)))
    got = []
    for _ in lines:
        got.append(desk.terminal.ask("> ", remember=True))
        desk.terminal.say("done")
    assert got == lines


def test_a_marked_paste_is_neither_completed_nor_helped(desk: Desk) -> None:
    answer = desk.asks(
        "\x1b[200~al\tb?\x1b[201~\r", complete=candidates, help=lambda *_: ["never shown"]
    )
    assert answer == "al b?"
    assert desk.shown == ["> al b?"]


def test_ctrl_c_throws_away_what_was_typed_before_it(desk: Desk) -> None:
    desk.types("one\rtwo\rthr\x03four\r")
    assert desk.terminal.interrupted()
    assert not desk.terminal.interrupted()
    assert desk.terminal.ask("> ") == "four"


def test_ctrl_c_ends_long_output(desk: Desk) -> None:
    desk.terminal.paging = False

    def lines() -> Iterator[str]:
        for number in range(1_000):
            if number == 30:
                desk.types("\x03")
            yield f"line {number}"

    assert desk.terminal.page(lines()) is False
    assert desk.shown[-1] == "line 30"


@pytest.mark.parametrize(
    ("keys", "lines", "whole"),
    [
        ("q", 23, False),
        ("\x03", 23, False),
        (" q", 46, False),
        ("\r\rq", 25, False),
        ("  ", 60, True),
        ("", 23, False),
    ],
)
def test_long_output_stops_at_each_screenful(
    desk: Desk,
    keys: str,
    lines: int,
    *,
    whole: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = []

    def output() -> Iterator[str]:
        for number in range(60):
            taken.append(number)
            yield f"line {number}"

    at_prompts = iter(keys)
    more = desk.terminal._more

    def answered() -> int:
        desk.types(*[key for key in [next(at_prompts, "")] if key])
        return more()

    monkeypatch.setattr(desk.terminal, "_more", answered)
    assert desk.terminal.page(output()) is whole
    assert len(taken) == min(60, lines + (not whole))
    assert desk.emulator.rows()[22] == f"line {lines - 1}"
    assert desk.emulator.row() == ""


def test_noise_at_the_end_of_a_page_says_nothing(desk: Desk) -> None:
    def type_at_the_prompt(octets: bytes) -> bytes:
        desk.emulator.feed(octets)
        if b"more:" in octets:
            desk.types(b"\xff\0\x1b[1;1R\x1b[C", " ")
        return b""

    desk.line._seen = type_at_the_prompt
    assert desk.terminal.page(f"line {number}" for number in range(60)) is True


def test_a_command_typed_at_the_pager_is_the_next_line(desk: Desk) -> None:
    desk.line.come.clear()
    seen = desk.emulator.feed

    def type_at_the_prompt(octets: bytes) -> bytes:
        seen(octets)
        if b"more:" in octets:
            desk.types("status\r")
        return b""

    desk.line._seen = type_at_the_prompt
    assert desk.terminal.page(f"line {number}" for number in range(60)) is False
    assert desk.terminal.ask("> ") == "status"


def test_nothing_typed_before_the_cable_was_pulled_is_carried_out(desk: Desk) -> None:
    desk.types("one\rallocation add 5000\r")
    assert desk.terminal.ask("> ") == "one"
    desk.line.hang_up()
    assert isinstance(desk.terminal.ask("> "), HungUp)


def test_what_is_typed_ahead_is_bounded(desk: Desk) -> None:
    desk.types(*["x" * 4_096] * 40)
    for _ in range(100):
        desk.terminal.interrupted()
    assert desk.terminal._stream._ahead <= AHEAD_MAX + 4_096
    assert len(desk.line.come) > 20
