"""Both ends of a technician's line for tests: a line in memory, and terminals that draw."""

from collections import deque
from collections.abc import Callable

import pyte

from agent.core.model import Moment
from agent.ports import HungUp

BOOT = "boot"


class Hands:
    """A clock that only goes when somebody waits."""

    def __init__(self) -> None:
        self.ms = 0

    def now(self) -> Moment:
        return Moment(self.ms, self.ms, BOOT, trusted=True)

    def monotonic_ms(self) -> int:
        return self.ms


class MemoryLine:
    """A terminal's line without a tty. Implements ports.TechnicianLine.

    `come` are the pieces that will be read, in order; when they are used up the line is quiet, and
    a read takes all the time it was given. `seen` hears all that is written and may answer.
    """

    def __init__(self, clock: Hands, seen: Callable[[bytes], bytes] | None = None) -> None:
        self.baud = 9_600
        self.come: deque[bytes] = deque()
        self.written = bytearray()
        self.takes: int | None = None  # how many more octets; None for any number
        self.ends = False  # it hangs up once all that was to come has come
        self._clock = clock
        self._seen = seen
        self._hung_up: HungUp | None = None

    def read(self, within_ms: int) -> bytes | HungUp:
        if self._hung_up is not None:
            return self._hung_up
        if self.come:
            return self.come.popleft()
        if self.ends and within_ms > 0:
            self.hang_up()
            return self.read(within_ms)
        self._clock.ms += within_ms
        return b""

    def write(self, octets: bytes, within_ms: int) -> int | HungUp:
        if self._hung_up is not None:
            return self._hung_up
        taken = len(octets) if self.takes is None else min(self.takes, len(octets))
        if self.takes is not None:
            self.takes -= taken
        if taken == 0:
            self._clock.ms += within_ms
        self.written += octets[:taken]
        answer = self._seen(octets[:taken]) if self._seen else b""
        if answer:
            self.come.append(answer)
        return taken

    def hang_up(self) -> None:
        self._hung_up = HungUp("the other end closed")

    def close(self) -> None:
        self._hung_up = self._hung_up or HungUp("closed")


class AnsweringScreen(pyte.Screen):
    """pyte's screen leaves its answers to whoever keeps them."""

    def __init__(self, width: int, height: int) -> None:
        self.answers: list[str] = []
        super().__init__(width, height)

    def write_process_input(self, data: str) -> None:
        self.answers.append(data)


class Emulator:
    """A VT220 as pyte draws it, which answers where its cursor is."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.screen = AnsweringScreen(width, height)
        self._stream = pyte.ByteStream(self.screen)

    def feed(self, octets: bytes) -> bytes:
        self._stream.feed(octets)
        answer = "".join(self.screen.answers).encode()
        self.screen.answers.clear()
        return answer

    def shows(self, text: str) -> None:
        self._stream.feed(text.encode())

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column, counted from 0."""
        return self.screen.cursor.y, self.screen.cursor.x

    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    def row(self, number: int | None = None) -> str:
        return self.rows()[self.screen.cursor.y if number is None else number]
