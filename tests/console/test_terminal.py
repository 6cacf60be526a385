"""The terminal as a session uses it, in front of a reference emulator that draws what it sends."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.stream import AHEAD_MAX, STALL_MAX_MS
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

    def asks(self, *pieces: bytes | str, prompt: str = "> ", **options: Any) -> Answer:
        self.types(*pieces)
        return self.terminal.ask(prompt, **options)

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
    assert bytes(line.written) == b"\r\x1b[6n\r    \r"
    assert terminal.ask("> ") == "status"


def test_who_has_typed_ahead_is_not_asked_for_more(desk: Desk) -> None:
    desk.types("status\r")
    assert desk.terminal.page(f"line {number}" for number in range(60)) is True
    assert desk.shown[-1] == "line 59"
    assert desk.terminal.ask("> ") == "status"


# --- what is typed ahead, and what is stopped ----------------------------------------------------


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


# --- a bad line ----------------------------------------------------------------------------------


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


# --- what it is ----------------------------------------------------------------------------------


class Foreign:
    """A terminal that reads octets as something else than UTF-8, or draws them otherwise."""

    def __init__(self, columns: dict[bytes, int], corner: tuple[int, int] = (24, 80)) -> None:
        self.columns, self.corner = columns, corner

    def answer(self, octets: bytes) -> bytes:
        places = []
        for part in octets.split(b"\x1b[6n")[:-1]:
            drawn = part.rpartition(b"\r")[2]
            row, column = self.corner if b"999" in part else (3, self.columns.get(drawn, 1))
            places.append(b"\x1b[%d;%dR" % (row, column))
        return b"".join(places)


WIDE, AMBIGUOUS = "\x1b[2C水水".encode(), "\x1b[10C³³".encode()


@pytest.mark.parametrize(
    ("columns", "corner", "traits"),
    [
        ({WIDE: 7, AMBIGUOUS: 13}, (24, 80), Traits(80, 24, ansi=True)),
        ({WIDE: 7, AMBIGUOUS: 15}, (25, 40), Traits(40, 25, ansi=True, ambiguous=2)),
        ({WIDE: 9, AMBIGUOUS: 15}, (24, 80), Traits(80, 24, ansi=True, utf8=False)),
        ({WIDE: 7, AMBIGUOUS: 13}, (1, 1), Traits(80, 24, ansi=True)),
        ({WIDE: 7, AMBIGUOUS: 13}, (999, 999), Traits(80, 24, ansi=True)),
    ],
    ids=["plain", "ambiguous-wide", "gbk", "no-window", "claims-anything"],
)
def test_what_a_terminal_draws_says_what_it_is(
    columns: dict[bytes, int], corner: tuple[int, int], traits: Traits
) -> None:
    clock = Hands()
    terminal = Terminal(MemoryLine(clock, Foreign(columns, corner).answer), clock, "zh")
    terminal.probe()
    assert terminal.traits == traits


class SlowLine(MemoryLine):
    """Between it and the terminal something takes its time: a Bluetooth adapter, a modem."""

    def __init__(self, clock: Hands, emulator: Emulator, takes_ms: int) -> None:
        super().__init__(clock, self._answered)
        self._hands, self._emulator, self._takes_ms = clock, emulator, takes_ms
        self._due: deque[tuple[int, bytes]] = deque()

    def _answered(self, octets: bytes) -> bytes:
        self._due.append((self._hands.ms + self._takes_ms, self._emulator.feed(octets)))
        return b""

    def read(self, within_ms: int) -> bytes | HungUp:
        if not self._due or self._due[0][0] > self._hands.ms + within_ms:
            return super().read(within_ms)
        due_ms, octets = self._due.popleft()
        self._hands.ms = max(self._hands.ms, due_ms)
        return octets


@pytest.mark.parametrize("takes_ms", [0, 700, 1_100, 2_500, 7_000])
@pytest.mark.parametrize("presses", [0, 1, 3])
def test_a_terminal_that_answers_late_is_what_it_is(takes_ms: int, presses: int) -> None:
    """Whether somebody waits or has it asked once more, answers of both askings in one stream."""
    clock, emulator = Hands(), Emulator(100, 30)
    line = SlowLine(clock, emulator, takes_ms)
    terminal = Terminal(line, clock, "zh")
    terminal.probe()
    for _ in range(presses):
        terminal.probe()
    assert terminal.ask("井> ", idle_ms=60_000) == Idle()
    assert terminal.traits == Traits(width=100, height=30, ansi=True)
    assert terminal.language == "zh"
    assert emulator.rows()[-1 if emulator.cursor[0] == 29 else emulator.cursor[0] - 1] == "井>"


def test_an_answer_that_comes_late_is_nobodys_key() -> None:
    clock, emulator = Hands(), Emulator(100, 30)
    line = SlowLine(clock, emulator, 1_500)
    terminal = Terminal(line, clock, "zh")
    terminal.probe()
    assert [terminal.poll_key(2_000), terminal.poll_key(4_000)] == [None, None]
    assert terminal.ansi


def test_a_line_that_echoes_is_hung_up_and_not_talked_to() -> None:
    clock = Hands()
    line = MemoryLine(clock, bytes)
    terminal = Terminal(line, clock, "en")
    terminal.probe()
    assert terminal.hung_up == HungUp("the line sends back what it is sent")
    terminal.say("x" * 1_000)
    assert isinstance(terminal.ask("> "), HungUp)
    assert len(line.written) < 20


def test_a_declared_terminal_is_not_asked(desk: Desk) -> None:
    desk.terminal.probe()
    assert desk.line.written == b""


def test_a_terminal_without_utf8_gets_no_octets_it_would_draw_wrongly() -> None:
    clock = Hands()
    line = MemoryLine(clock)
    Terminal(line, clock, "en", Traits(utf8=False)).say("1,234 m³ 水")
    assert bytes(line.written) == b"1,234 m? ??\r\n"


def test_a_terminal_that_cannot_draw_chinese_is_spoken_to_in_english() -> None:
    clock = Hands()
    terminal = Terminal(MemoryLine(clock), clock, "zh", Traits(utf8=False))
    assert terminal.language == "en"
    terminal = Terminal(MemoryLine(clock), clock, "en")
    terminal.language = "zh"
    assert terminal.language == "zh"


def test_ctrl_l_finds_out_how_large_the_window_has_become() -> None:
    clock, emulator = Hands(), Emulator(80, 24)
    line = MemoryLine(clock, emulator.feed)
    terminal = Terminal(line, clock, "en")
    terminal.probe()
    emulator.screen.resize(40, 100)
    line.come += [b"allocation", b"\x0c", b" add\r"]
    assert terminal.ask("> ") == "allocation add"
    assert (terminal.width, terminal.height) == (100, 40)
    assert emulator.row(0) == "> allocation add"


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


def test_leaving_gives_the_terminal_back_as_it_was() -> None:
    clock, emulator = Hands(), Emulator()
    line = MemoryLine(clock, emulator.feed)
    terminal = Terminal(line, clock, "en")
    terminal.probe()
    terminal.progress("half")
    terminal.leave()
    assert emulator.rows() == [""] * 24
    assert bytes(line.written).count(b"\x1b[?2004h") == bytes(line.written).count(b"\x1b[?2004l")


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
