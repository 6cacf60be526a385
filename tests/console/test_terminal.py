"""The terminal as a session uses it, in front of a reference emulator that draws what it sends."""

from collections.abc import Sequence

import pytest

from agent.console.terminal import (
    Answer,
    EndOfInput,
    HungUp,
    Idle,
    Interrupted,
    Terminal,
    Traits,
)
from tests.terminals import Emulator, Hands, MemoryLine


class Desk:
    """A terminal, its line and the emulator at its other end."""

    def __init__(self, width: int = 80, height: int = 24, *, ansi: bool = True) -> None:
        self.clock = Hands()
        self.emulator = Emulator(width, height)
        self.line = MemoryLine(self.clock, self.emulator.feed)
        self.terminal = Terminal(
            self.line, self.clock, "en", Traits(width=width, height=height, ansi=ansi)
        )

    def types(self, *pieces: bytes | str) -> None:
        self.line.come += [one.encode() if isinstance(one, str) else one for one in pieces]

    def asks(self, *pieces: bytes | str, prompt: str = "> ", **options: object) -> Answer:
        self.types(*pieces)
        return self.terminal.ask(prompt, **options)  # type: ignore[arg-type]

    @property
    def shown(self) -> list[str]:
        rows = self.emulator.rows()
        while rows and not rows[-1]:
            rows.pop()
        return rows


@pytest.fixture(params=[True, False], ids=["ansi", "dumb"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(ansi=request.param)


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
    assert desk.asks("\x1b[A\r") == ""
    assert b"7" not in desk.line.written
    assert b"9" not in desk.line.written


def candidates(text: str, cursor: int) -> Sequence[str]:
    start = text.rfind(" ", 0, cursor) + 1
    return [one for one in ("allocation", "alarms", "about") if one.startswith(text[start:cursor])]


def test_tab_completes_as_far_as_all_agree_and_then_lists(desk: Desk) -> None:
    assert desk.asks("al\tlo\tshow\r", complete=candidates) == "allocation show"
    assert desk.shown == ["> al", "allocation  alarms", "> allocation show"]


def test_a_question_mark_helps_and_leaves_the_line(desk: Desk) -> None:
    lines = {"allocation ": ["show  what is left", "add   more water"]}
    answer = desk.asks("allocation ?show?\r", help=lambda text, _: lines.get(text))
    assert answer == "allocation show?"
    assert desk.shown == ["> allocation", *lines["allocation "], "> allocation show?"]


def test_the_terminal_is_asked_what_it_is() -> None:
    clock, emulator = Hands(), Emulator(132, 40)
    line = MemoryLine(clock, emulator.feed)
    terminal = Terminal(line, clock, "en")
    terminal.probe()
    assert terminal.traits == Traits(width=132, height=40, ansi=True)
    assert emulator.rows() == [""] * 40
    assert emulator.cursor == (0, 0)


def test_a_terminal_that_does_not_answer_is_dumb_and_its_row_is_clean() -> None:
    clock = Hands()
    line = MemoryLine(clock)
    terminal = Terminal(line, clock, "en")
    line.come.append(b"status\r")
    terminal.probe()
    assert terminal.traits == Traits()
    assert clock.ms <= 1_200
    assert bytes(line.written) == b"\x1b[6n\r    \r"
    assert terminal.ask("> ") == "status"


def test_who_has_typed_ahead_is_not_asked_for_more(desk: Desk) -> None:
    desk.types("status\r")
    assert desk.terminal.page(f"line {number}" for number in range(60)) is True
    assert desk.shown[-1] == "line 59"
    assert desk.terminal.ask("> ") == "status"
