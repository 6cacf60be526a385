"""Room rule: an RS-485 line as the host sees it, a pty under a stable name. No register, no time.

The slave side is a tty that any Modbus master opens; a symlink names it, as udev would name an
adapter. Pulling the adapter closes the pty, so that its master reads an error; plugging it in
again makes a new pty under the same name. A pty carries no parity: 8N1 only.
"""

import os
import termios
import tty
from pathlib import Path

from drivers.simulator.wire import Wire

READ_CHARACTERS_MAX = 512

_SPEEDS = {
    1200: termios.B1200,
    2400: termios.B2400,
    4800: termios.B4800,
    9600: termios.B9600,
    19200: termios.B19200,
    38400: termios.B38400,
    57600: termios.B57600,
    115200: termios.B115200,
}
BAUDS = tuple(_SPEEDS)


class Line:
    """Owns the pty and its name. ValueError when the name is taken by something else."""

    def __init__(self, wire: Wire, name: Path) -> None:
        if name.exists() and not name.is_symlink():
            raise ValueError(f"{name} exists and is no symlink; give the tty another name")
        self.wire = wire
        self.name = name
        self._speed = _SPEEDS[wire.timing.baud]
        self._pty: tuple[int, int] | None = None
        self.plug()

    def fileno(self) -> int | None:
        """The descriptor to wait on for reading; None while the adapter is pulled."""
        return None if self._pty is None else self._pty[0]

    def plug(self) -> str:
        """The adapter is in: the path of its tty."""
        if self._pty is None:
            master, slave = os.openpty()
            # Held open: without it, a master that closes its tty would end the pty.
            self._pty = (master, slave)
            tty.setraw(slave)
            os.set_blocking(master, False)
            settings = termios.tcgetattr(slave)
            settings[4] = settings[5] = self._speed
            termios.tcsetattr(slave, termios.TCSANOW, settings)
            _point(self.name, os.ttyname(slave))
        return os.ttyname(self._pty[1])

    def pull(self) -> None:
        """The adapter is out: its name is gone and its tty ends."""
        if self._pty is None:
            return
        self.name.unlink(missing_ok=True)
        for descriptor in self._pty:
            os.close(descriptor)
        self._pty = None
        self.wire.reset()

    def take(self, now_us: int) -> None:
        """The master wrote. A master at another speed is heard as noise."""
        assert self._pty is not None, "a pulled adapter is never ready"
        master, slave = self._pty
        octets = os.read(master, READ_CHARACTERS_MAX)
        spoken = termios.tcgetattr(slave)[4:6]
        self.wire.hear(now_us, octets, spoiled=spoken != [self._speed, self._speed])

    def give(self, now_us: int) -> None:
        """Hand over what has arrived at the master. What it does not read in time is lost."""
        octets = self.wire.speak(now_us)
        if self._pty is None or not octets:
            return
        try:
            os.write(self._pty[0], octets)
        except BlockingIOError:
            return  # a real adapter's buffer overflows as silently

    def close(self) -> None:
        self.pull()


def _point(name: Path, target: str) -> None:
    """Make the symlink in one move: there is no instant at which it points nowhere."""
    fresh = name.with_name(f"{name.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(name)
