"""What is particular to a serial tty: it comes and goes, is ours alone, stalls and hangs up."""

import os
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.ports import HungUp, NotThere
from drivers import line
from drivers.host import monotonic_ms
from drivers.line import (
    AHEAD_MS,
    DRAIN_MAX_MS,
    GLITCH_MS,
    MODEM_LOOK_MS,
    LineConfig,
    SerialLine,
    SerialPort,
)

XOFF, XON = b"\x13", b"\x11"


@dataclass
class Pty:
    master: int
    slave: int
    port: Path

    def open(self, **settings: Any) -> SerialLine:
        opened = SerialPort(LineConfig(self.port, **settings), monotonic_ms).open(0)
        assert isinstance(opened, SerialLine), opened
        return opened


@pytest.fixture
def pty(folder: Path) -> Iterator[Pty]:
    master, slave = os.openpty()
    yield Pty(master, slave, Path(os.ttyname(slave)))
    os.close(master)
    os.close(slave)


def test_a_port_that_is_not_there_is_waited_for(
    pty: Pty, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = folder / "usb-adapter"
    waits: list[float] = []

    def plug_at_the_third(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            port.symlink_to(pty.port)

    monkeypatch.setattr("drivers.line.time.sleep", plug_at_the_third)
    opened = SerialPort(LineConfig(port), monotonic_ms).open(60_000)
    assert isinstance(opened, SerialLine)
    assert len(waits) == 3
    opened.close()


def test_a_port_that_stays_away_is_given_up_in_time(folder: Path) -> None:
    absent = SerialPort(LineConfig(folder / "usb-adapter"), monotonic_ms).open(30)
    assert isinstance(absent, NotThere)
    assert "does not exist; is the adapter plugged in" in absent.why


def test_what_is_no_tty_says_so(folder: Path) -> None:
    (folder / "file").touch()
    absent = SerialPort(LineConfig(folder / "file"), monotonic_ms).open(0)
    assert isinstance(absent, NotThere)
    assert "cannot be opened as a terminal's line" in absent.why


def test_a_port_has_one_owner_and_then_the_next(pty: Pty) -> None:
    first = pty.open()
    refused = SerialPort(LineConfig(pty.port), monotonic_ms).open(0)
    assert refused == NotThere(f"{pty.port} is in use by another program; stop it first")
    first.close()
    pty.open().close()


@pytest.mark.parametrize("baud", line.BAUDS)
def test_the_tty_is_raw_and_as_declared(pty: Pty, baud: int) -> None:
    opened = pty.open(baud=baud, stop_bits=2, flow="rts/cts")
    iflag, oflag, cflag, lflag, ispeed, ospeed, _ = termios.tcgetattr(pty.slave)
    assert ispeed == ospeed == getattr(termios, f"B{baud}")
    assert cflag & termios.CSTOPB
    assert cflag & termios.CRTSCTS
    assert not iflag & (termios.IXON | termios.ICRNL | termios.BRKINT | termios.ISTRIP)
    assert not oflag & termios.OPOST
    assert not lflag & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert opened.baud == baud
    opened.close()


def test_xoff_stops_the_output_and_xon_lets_it_go_on(pty: Pty) -> None:
    opened = pty.open(flow="xon/xoff")
    os.write(pty.master, XOFF)
    while opened.write(b".", 10):
        pass
    assert opened.read(0) == b"", "XOFF is the tty's, not the technician's"
    os.write(pty.master, XON)
    assert opened.write(b"again", 10_000) == 5
    opened.close()


def test_the_last_words_before_closing_arrive(pty: Pty) -> None:
    opened = pty.open()
    assert opened.write(b"goodbye\r\n", 1_000) == 9
    opened.close()
    assert os.read(pty.master, 100) == b"goodbye\r\n"


# --- modem lines, which a pty has not ------------------------------------------------------------


@dataclass
class Adapter:
    """pyserial's Serial as far as a SerialLine uses it: an adapter with modem lines, over a pty."""

    fd: int
    dsr: bool = True
    cd: bool = True
    out_waiting: int = 0
    port: str = "usb-adapter"
    baudrate: int = 9_600
    is_open: bool = False
    sends: int = 48  # characters that leave while something waits

    def close(self) -> None:
        self.is_open = False


@dataclass
class Hands:
    ms: int = 0

    def __call__(self) -> int:
        return self.ms


def looks(opened: SerialLine, hands: Hands, for_ms: int) -> bytes | HungUp:
    """What the line says after a time in which it is read all the while."""
    said: bytes | HungUp = b""
    for _ in range(for_ms // MODEM_LOOK_MS):
        hands.ms += MODEM_LOOK_MS
        said = opened.read(0)
    return said


def test_a_terminal_that_drops_its_modem_line_has_hung_up(pty: Pty) -> None:
    adapter, hands = Adapter(pty.slave), Hands()
    opened = SerialLine(adapter, hands)
    assert looks(opened, hands, 10_000) == b""
    adapter.dsr = adapter.cd = False
    said = looks(opened, hands, GLITCH_MS + 2 * MODEM_LOOK_MS)
    assert said == HungUp("usb-adapter: DCD and DSR dropped; the terminal hung up")
    adapter.dsr = adapter.cd = True
    assert looks(opened, hands, 1_000) == said
    assert opened.write(b"x", 0) == said


def test_a_glitch_on_a_modem_line_is_none(pty: Pty) -> None:
    adapter, hands = Adapter(pty.slave), Hands()
    opened = SerialLine(adapter, hands)
    for _ in range(5):
        adapter.dsr = False
        assert looks(opened, hands, GLITCH_MS) == b""
        adapter.dsr = True
        assert looks(opened, hands, GLITCH_MS) == b""


def test_a_cable_of_three_wires_never_hangs_up_and_may_be_replaced_by_a_better_one(
    pty: Pty,
) -> None:
    adapter, hands = Adapter(pty.slave, dsr=False, cd=False), Hands()
    opened = SerialLine(adapter, hands)
    assert looks(opened, hands, 60_000) == b""
    adapter.dsr = True
    assert looks(opened, hands, 1_000) == b""
    adapter.dsr = False
    assert isinstance(looks(opened, hands, 2_000), HungUp)


def test_little_is_written_ahead_of_the_wire(pty: Pty) -> None:
    """At 9600 baud 200 ms are 192 characters: Ctrl-C is seen before a screen has gone out."""
    adapter = Adapter(pty.slave)
    opened = SerialLine(adapter, Hands())
    most = 9_600 * AHEAD_MS // 10_000
    assert opened.write(b"x" * 4_096, 0) == most
    adapter.out_waiting = most - 10
    assert opened.write(b"x" * 4_096, 0) == 10
    adapter.out_waiting = most
    assert opened.write(b"x" * 4_096, 0) == 0


def test_closing_waits_for_the_wire_and_for_a_stalled_terminal_only_so_long(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, hands = Adapter(pty.slave, out_waiting=100, is_open=True), Hands()
    flushed: list[int] = []
    monkeypatch.setattr("drivers.line.termios.tcflush", lambda _fd, queue: flushed.append(queue))

    def wait(seconds: float) -> None:
        hands.ms += round(seconds * 1000)
        adapter.out_waiting = max(0, adapter.out_waiting - adapter.sends)

    monkeypatch.setattr("drivers.line.time.sleep", wait)
    SerialLine(adapter, hands).close()
    assert (adapter.out_waiting, flushed, adapter.is_open) == (0, [], False)
    adapter.out_waiting, adapter.sends, adapter.is_open, hands.ms = 100, 0, True, 0
    SerialLine(adapter, hands).close()
    assert (flushed, hands.ms) == ([termios.TCOFLUSH], DRAIN_MAX_MS)
