"""Room rule: asking one instrument, once a day, whether it still is what it was declared to be.

Pure: it says what to ask and keeps what was answered. Its questions come last, in time that the
measured values leave; no answer to them can be taken for a measured value, because the planner
keeps their lengths free.
"""

from collections import deque
from collections.abc import Sequence

from drivers.plan import Block
from drivers.profile import Profile
from drivers.registers import Register

EVERY_MS = 24 * 3600 * 1000


class Identification:
    """`of_kind` and `serial` are None until they were read; an instrument need not have either."""

    def __init__(self, profile: Profile, unit: int) -> None:
        self._profile = profile
        self._unit = unit
        self._blocks = profile.identity_blocks()
        self._words: dict[Register, int] = {}
        self._pending: deque[Block] = deque()
        self._due_ms: int | None = None  # None: at once
        self.of_kind: bool | None = None
        self.serial: str | None = None

    @property
    def shapes(self) -> frozenset[tuple[int, int]]:
        """Function and length of every question it may ask."""
        return frozenset((block.function, block.count) for block in self._blocks)

    def begin(self, now_ms: int) -> None:
        """A new scan: ask, if a day has passed or nothing is known."""
        if not self._pending and (self._due_ms is None or now_ms >= self._due_ms):
            self._pending = deque(self._blocks)
            self._words.clear()
            self._due_ms = now_ms + EVERY_MS

    def next_block(self) -> Block | None:
        return self._pending[0] if self._pending else None

    def answered(self, words: Sequence[int] | None) -> None:
        """What the question that came first brought; None when it does not know such registers."""
        block = self._pending.popleft()
        if words is not None:
            self._words.update(zip(block.registers(), words, strict=True))
        if self._pending:
            return
        if self._profile.probes:
            self.of_kind = self._profile.is_of(self._words, self._unit)
        serial = self._profile.serial
        if serial is not None and self._words.keys() >= set(serial.block.registers()):
            self.serial = serial.read(self._words)

    def give_up(self) -> None:
        """It said nothing to this; it is asked again tomorrow."""
        self._pending.clear()

    def forget(self) -> None:
        """It was away, or did not answer: what is there may be another one."""
        self._pending.clear()
        self._due_ms = None
        self.of_kind = self.serial = None
