"""Room rule: how a terminal is found out, whatever draws at its other end, and is left again."""

from collections import deque

import pytest

from agent.console.terminal import HungUp, Idle, Terminal, Traits
from tests.console.screens import Desk
from tests.terminals import Emulator, Hands, MemoryLine


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


def test_leaving_gives_the_terminal_back_as_it_was() -> None:
    clock, emulator = Hands(), Emulator()
    line = MemoryLine(clock, emulator.feed)
    terminal = Terminal(line, clock, "en")
    terminal.probe()
    terminal.progress("half")
    terminal.leave()
    assert emulator.rows() == [""] * 24
    assert bytes(line.written).count(b"\x1b[?2004h") == bytes(line.written).count(b"\x1b[?2004l")
