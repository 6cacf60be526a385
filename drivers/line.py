"""Room rule: one tty with a technician's terminal on it. The one importer of pyserial.

Knows baud rates, flow control and modem lines, and nothing of what is typed. pyserial sets the tty
up and holds its lock; octets are read and written without it, because its reads end in exceptions
whose text is all that tells a pulled cable from a mistake.

A terminal is gone when the tty says so (EIO, ENODEV, end of file: a pty closed, an adapter pulled)
or when a modem line that was once raised has dropped for longer than a glitch: a terminal program
raises DTR, which a null modem cable shows us as DSR and DCD. On three wires neither is ever raised;
there only the idle time ends a session.
"""

import errno
import fcntl
import os
import select
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import serial

from agent.ports import HungUp, NotThere

BAUDS: Final = (9_600, 19_200, 38_400, 57_600, 115_200)

# One read takes at most what the kernel's buffer for a tty holds.
READ_MAX: Final = 4_096
# Output stands in the kernel for at most this long: what comes after Ctrl-C is soon seen.
AHEAD_MS: Final = 200
DRAIN_MAX_MS: Final = 1_000
# How often the modem lines are looked at, and for how long a dropped one is a glitch.
MODEM_LOOK_MS: Final = 250
GLITCH_MS: Final = 500
# How often a port that is not there is tried.
APPEAR_EVERY_MS: Final = 500

_FLOWS: Final = {"none": {}, "xon/xoff": {"xonxoff": True}, "rts/cts": {"rtscts": True}}


@dataclass(frozen=True, slots=True)
class LineConfig:
    port: Path
    baud: int = 9_600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    flow: Literal["none", "xon/xoff", "rts/cts"] = "none"

    def __post_init__(self) -> None:
        assert self.baud in BAUDS, f"{self.baud} is none of {BAUDS}"


class SerialPort:
    """A tty by its stable name, plugged in or not. Implements ports.TechnicianPort."""

    def __init__(self, config: LineConfig, monotonic_ms: Callable[[], int]) -> None:
        self._config = config
        self._clock = monotonic_ms

    def open(self, within_ms: int) -> "SerialLine | NotThere":
        ends_ms = self._clock() + within_ms
        while True:
            opened = self._attempt()
            left_ms = ends_ms - self._clock()
            if isinstance(opened, SerialLine) or left_ms <= 0:
                return opened
            time.sleep(min(APPEAR_EVERY_MS, left_ms) / 1000)

    def _attempt(self) -> "SerialLine | NotThere":
        port = self._config.port
        try:
            tty = serial.Serial(
                str(port),
                self._config.baud,
                parity=self._config.parity,
                stopbits=self._config.stop_bits,
                exclusive=True,
                **_FLOWS[self._config.flow],
            )
        except (OSError, ValueError, termios.error) as why:  # SerialException is an OSError
            return NotThere(_why_not(port, why))
        try:
            _make_ours(tty.fd)
        except (OSError, termios.error) as why:  # it was pulled in between
            tty.close()
            return NotThere(_why_not(port, why))
        return SerialLine(tty, self._clock)


class SerialLine:
    """An open tty, ours alone. Implements ports.TechnicianLine."""

    def __init__(self, tty: serial.Serial, monotonic_ms: Callable[[], int]) -> None:
        self._tty = tty
        self._clock = monotonic_ms
        self._hung_up: HungUp | None = None
        self._looked_ms = monotonic_ms()
        self._raised = _modem_lines(tty)
        self._dropped_ms: int | None = None
        self.baud: int = tty.baudrate
        self._ahead_max: int = max(1, self.baud * AHEAD_MS // 10_000)  # ten bits a character

    def read(self, within_ms: int) -> bytes | HungUp:
        ends_ms = self._clock() + within_ms
        while not self._gone():
            left_ms = ends_ms - self._clock()
            if self._await(select.POLLIN, min(left_ms, MODEM_LOOK_MS)):
                return self._take()
            if left_ms <= 0:
                return b""
        return self._lost(None)

    def write(self, octets: bytes, within_ms: int) -> int | HungUp:
        ends_ms = self._clock() + within_ms
        while not self._gone():
            left_ms = ends_ms - self._clock()
            room = self._room()
            if room > 0 and self._await(select.POLLOUT, min(left_ms, MODEM_LOOK_MS)):
                return self._give(octets[:room])
            if left_ms <= 0:
                return 0
            if room <= 0:
                time.sleep(min(left_ms, AHEAD_MS // 4) / 1000)
        return self._lost(None)

    def close(self) -> None:
        if self._hung_up is None:
            self._hung_up = HungUp("closed")
        if self._tty.is_open:
            try:
                self._drain()
                fcntl.ioctl(self._tty.fd, termios.TIOCNXCL)
            except (OSError, termios.error) as why:
                self._lost(why)
            self._tty.close()

    # --- the tty ---------------------------------------------------------------------------------

    def _gone(self) -> bool:
        if self._hung_up is None:
            self._look_at_modem()
        return self._hung_up is not None

    def _await(self, event: int, within_ms: int) -> bool:
        """Whether the tty is ready, or will say what is wrong when it is tried."""
        poll = select.poll()
        poll.register(self._tty.fd, event)
        return bool(poll.poll(max(0, within_ms)))

    def _take(self) -> bytes | HungUp:
        try:
            octets = os.read(self._tty.fd, READ_MAX)
        except BlockingIOError:
            return b""
        except OSError as why:
            return self._lost(why)
        return octets or self._lost(None)

    def _give(self, octets: bytes) -> int | HungUp:
        try:
            return os.write(self._tty.fd, octets)
        except BlockingIOError:
            return 0
        except OSError as why:
            return self._lost(why)

    def _room(self) -> int:
        """How many more characters may wait in the kernel."""
        try:
            waiting = int(self._tty.out_waiting)
        except OSError as why:
            self._lost(why)
            return 0
        return self._ahead_max - waiting

    def _drain(self) -> None:
        """The last words go out, but what stalls is dropped: the kernel would hold it for 30 s."""
        ends_ms = self._clock() + DRAIN_MAX_MS
        while self._tty.out_waiting and self._clock() < ends_ms:
            time.sleep(AHEAD_MS / 4_000)
        if self._tty.out_waiting:
            termios.tcflush(self._tty.fd, termios.TCOFLUSH)

    def _lost(self, why: Exception | None) -> HungUp:
        name = self._tty.port
        words = f"{name} went away: {why}" if why else f"{name} was closed at the other end"
        self._hung_up = self._hung_up or HungUp(words)
        return self._hung_up

    # --- modem lines -----------------------------------------------------------------------------

    def _look_at_modem(self) -> None:
        now_ms = self._clock()
        if now_ms - self._looked_ms < MODEM_LOOK_MS:
            return
        self._looked_ms = now_ms
        lines = _modem_lines(self._tty)
        self._raised |= lines
        if lines == self._raised:
            self._dropped_ms = None
        elif self._dropped_ms is None:
            self._dropped_ms = now_ms
        elif now_ms - self._dropped_ms >= GLITCH_MS:
            fallen = " and ".join(sorted(self._raised - lines))
            self._hung_up = HungUp(f"{self._tty.port}: {fallen} dropped; the terminal hung up")


def _modem_lines(tty: serial.Serial) -> set[str]:
    """Those that a terminal raises and that are raised; none on a tty that has no such lines."""
    try:
        return {name for name, raised in (("DSR", tty.dsr), ("DCD", tty.cd)) if raised}
    except OSError:
        return set()  # a pty, or one that is gone: reading says which


def _make_ours(tty: int) -> None:
    """Nobody else opens it (TIOCEXCL: ModemManager and getty know no flock); a break is a NUL."""
    fcntl.ioctl(tty, termios.TIOCEXCL)
    modes = termios.tcgetattr(tty)
    modes[0] &= ~(termios.BRKINT | termios.ISTRIP)
    termios.tcsetattr(tty, termios.TCSANOW, modes)


def _why_not(port: Path, why: Exception) -> str:
    number = why.errno if isinstance(why, OSError) else None
    if number == errno.ENOENT:
        return f"{port} does not exist; is the adapter plugged in, and is the name right?"
    if number in {errno.EBUSY, errno.EAGAIN}:
        return f"{port} is in use by another program; stop it first"
    if number == errno.EACCES:
        return f"{port} may not be opened by this user; is it in the group dialout?"
    return f"{port} cannot be opened as a terminal's line: {why}"
