"""Room rule: the terminal as a session uses it: lines that are asked and answered, good and bad.

In front of it is a reference emulator that draws what it sends.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.stream import STALL_MAX_MS
from agent.console.terminal import EndOfInput, HungUp, Idle, Interrupted
from tests.console.screens import Desk, candidates


def test_a_line_is_returned_and_stands_on_the_screen(desk: Desk) -> None:
    assert desk.asks("status\r") == "status"
    assert desk.shown == ["> status"]
    assert desk.emulator.cursor == (1, 0)


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
def test_each_kind_of_line_end_is_one_enter(desk: Desk, ending: str) -> None:
    desk.types(f"one{ending}two{ending}")
    assert [desk.terminal.ask("> "), desk.terminal.ask("> ")] == ["one", "two"]
    assert desk.shown == ["> one", "> two"]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("stauts\x7f\x7f\x7ftus\r", "status"),
        ("水井\x08位\r", "水位"),
        ("bc\x01a\x05d\r", "abcd"),
        ("计划\x1b[D年\r", "计年划"),
        ("one two\x17three\r", "one three"),
        ("one two\x15\r", ""),
        ("abcdef\x02\x02\x0b\r", "abcd"),
        ("ab\x1b[H\x1b[3~\r", "b"),
        ("ab\x1b[1~\x04\r", "b"),
        ("e\u0301\r", "é"),
    ],
)
def test_keys_edit_the_line(desk: Desk, keys: str, text: str) -> None:
    assert desk.asks(keys) == text
    assert desk.shown == [f"> {text}".rstrip()]


def test_every_end_has_its_own_answer(desk: Desk) -> None:
    assert desk.asks("abc\x03") == Interrupted()
    assert desk.asks("\x04") == EndOfInput()
    assert desk.asks("abc", idle_ms=60_000) == Idle()
    desk.line.hang_up()
    assert isinstance(desk.asks(), HungUp)


def test_a_secret_is_never_shown_nor_called_back(desk: Desk) -> None:
    assert desk.asks("7391水\r", secret=True, remember=True) == "7391水"
    assert desk.shown == ["> *****"]
    assert desk.asks("\x1b[A\r", remember=True) == ""
    assert b"7" not in desk.line.written
    assert b"9" not in desk.line.written


def test_what_is_remembered_is_called_back_where_the_like_is_asked(desk: Desk) -> None:
    assert desk.asks("status\r", remember=True) == "status"
    assert desk.asks("5000\r") == "5000"
    assert desk.asks("\x1b[A\r") == ""
    assert desk.asks("\x1b[A\r", remember=True) == "status"
    desk.terminal.forget()
    assert desk.asks("\x1b[A\r", remember=True) == ""


def test_tab_completes_as_far_as_all_agree_and_then_lists(desk: Desk) -> None:
    assert desk.asks("al\tlo\tshow\r", complete=candidates) == "allocation show"
    assert desk.shown == ["> al", "allocation  alarms", "> allocation show"]


def test_a_question_mark_helps_and_leaves_the_line(desk: Desk) -> None:
    lines = {"allocation ": ["show  what is left", "add   more water"]}
    answer = desk.asks("allocation ?show?\r", help=lambda text, _: lines.get(text))
    assert answer == "allocation show?"
    assert desk.shown == ["> allocation", *lines["allocation "], "> allocation show?"]


def test_a_line_that_lost_characters_is_never_carried_out(desk: Desk) -> None:
    assert desk.asks(b"allocation add 6\xff5\r", "status\r") == "status"
    assert "\a" not in "".join(desk.shown)
    assert desk.shown[0] == "> allocation add 65"
    assert "could not be read: nothing was done" in " ".join(desk.shown)
    assert desk.asks("x" * 5_000 + "\r", "status\r") == "status"
    assert "More than 4096 characters in one line" in " ".join(desk.shown)


def test_a_spoiled_secret_is_not_called_back(desk: Desk) -> None:
    assert desk.asks(b"73\xff91\r", b"\x1b[A\r", secret=True) == ""
    assert desk.asks("\x1b[A\r", remember=True) == ""


def test_a_terminal_that_takes_nothing_ends_the_session(desk: Desk) -> None:
    desk.line.takes = 100
    desk.terminal.say("x" * 10_000)
    assert STALL_MAX_MS <= desk.clock.ms <= STALL_MAX_MS + 1_000
    assert desk.asks("status\r") == HungUp("the terminal took nothing for 120 s")
    assert desk.terminal.interrupted()
    assert desk.terminal.poll_key(1_000) == desk.terminal.hung_up


def test_a_terminal_that_goes_on_in_time_has_missed_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.line.takes = 100
    read = desk.line.read

    def read_and_go_on(within_ms: int) -> bytes | HungUp:
        if desk.clock.ms > STALL_MAX_MS // 2:
            desk.line.takes = None
        return read(within_ms)

    monkeypatch.setattr(desk.line, "read", read_and_go_on)
    desk.terminal.say("x" * 500, fold=False)
    assert bytes(desk.line.written) == b"x" * 500 + b"\r\n"


def test_noise_is_nobody_and_keeps_no_session_awake(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = desk.line.read

    def noisy(within_ms: int) -> bytes | HungUp:
        desk.types(b"\0\xff\xfe\x1b[1;1R")
        desk.clock.ms += 100
        return read(within_ms)

    monkeypatch.setattr(desk.line, "read", noisy)
    assert desk.terminal.ask("> ", idle_ms=60_000) == Idle()
    assert desk.clock.ms < 61_000


def test_a_progress_line_is_wiped_by_what_follows(desk: Desk) -> None:
    desk.terminal.progress("检查 50 %")
    desk.terminal.progress("检查 100 %")
    assert desk.shown == ["检查 100 %"]
    desk.terminal.say("done")
    assert desk.asks("x\r") == "x"
    assert desk.shown == ["done", "> x"]


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_no_octets_in_any_pieces_raise_or_hold_a_session(pieces: list[bytes]) -> None:
    desk = Desk(40, 8)
    desk.types(*pieces)
    answers = 0
    while not isinstance(
        desk.terminal.ask("> ", complete=candidates, help=lambda *_: ["help"], idle_ms=1_000), Idle
    ):
        desk.terminal.page(["one", "two"])
        answers += 1
        assert answers <= sum(map(len, pieces))
    assert desk.asks("\x03") == Interrupted()
    assert desk.asks("status\r") == "status"
