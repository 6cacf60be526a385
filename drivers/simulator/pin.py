r"""Room rule: the simulated relay pin, a Unix stream. It knows levels, no lease and no pump.

The relay process connects and writes one character per level: "1" permits, "0" cuts. Each is
answered with the level that the pin then has: the read-back. The end of the stream is the
release of the line, and a released line opens the contact: killing the relay process is seen by
the pump. The newest connection owns the line, as a new process claims a line whose owner died;
claiming opens the contact until the owner writes, so that a claim never permits.
"""

import socket
from pathlib import Path
from typing import Protocol

from drivers.simulator import doors

PERMIT, CUT = b"1", b"0"
WAITING_MAX = 4
READ_LEVELS_MAX = 64


class Moved(Protocol):
    """Told every level that the line takes, in order."""

    def __call__(self, *, permitted: bool) -> None: ...


class Pin:
    """The line, and the one connection that owns it."""

    def __init__(self, path: Path, moved: Moved) -> None:
        self.path = path
        self._moved = moved
        self._door = doors.listen(path, WAITING_MAX)
        self._owner: socket.socket | None = None

    def filenos(self) -> list[int]:
        owner = [] if self._owner is None else [self._owner.fileno()]
        return [self._door.fileno(), *owner]

    def serve(self, ready: set[int]) -> None:
        """The owner first: what it wrote came before whoever claims the line now."""
        if self._owner is not None and self._owner.fileno() in ready:
            self._take(self._owner)
        if self._door.fileno() in ready:
            self._claim()

    def close(self) -> None:
        self._release()
        doors.close(self._door)

    def _claim(self) -> None:
        try:
            owner, _ = self._door.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # it gave up before it was let in
        self._release()
        owner.settimeout(0)
        self._owner = owner

    def _release(self) -> None:
        if self._owner is not None:
            self._owner.close()
            self._owner = None
        self._moved(permitted=False)

    def _take(self, owner: socket.socket) -> None:
        try:
            levels = owner.recv(READ_LEVELS_MAX)
        except ConnectionError:
            levels = b""
        if not levels:
            self._release()
            return
        for at in range(len(levels)):
            level = levels[at : at + 1]
            if level not in {PERMIT, CUT}:
                self._release()
                return
            self._moved(permitted=level == PERMIT)
        try:
            owner.send(levels)
        except (BlockingIOError, ConnectionError):
            self._release()  # it never reads its answers, or it is gone
