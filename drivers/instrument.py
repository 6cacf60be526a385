"""Room rule: one instrument's standing: what to ask it next, and how it has answered.

It speaks to no wire and asks no clock; what the answers mean is `said`'s. A **round** reads every
block once; it may take several scans when the bus budget is short. Blocks that hold factors come
first. A round that failed is repeated in the next scan.

An instrument that does not answer for SILENT_MS rests, and is asked one question every PROBE_MS.
One that is busy is asked once more. One that refuses a block is asked for its parts, until it has
been away: what comes back may be another instrument. How long to wait for it is `patience`'s; what
stays unanswered because it was asleep is asked again at once.
"""

from collections import deque
from collections.abc import Sequence

from agent.core.model import Fault, Reading
from agent.ports import Counters
from drivers.declared import InstrumentConfig
from drivers.identification import Identification
from drivers.patience import Patience
from drivers.plan import Block, SameCount, Speed, wire_ms
from drivers.said import Said

SILENT_MS = 5_000
PROBE_MS = 10_000
# A round that is older begins anew: its parts must belong together.
ROUND_MAX_MS = 10_000
# Exceptions of the Modbus application protocol, 1.1b3, section 7.
BUSY = frozenset({5, 6})
NO_SUCH_BLOCK = frozenset({2, 3})  # its address, or its length
BUSY_PAUSE_MS = 50


class Instrument:
    """The standing of one instrument between and within scans."""

    def __init__(self, config: InstrumentConfig, speed: Speed) -> None:
        self.config = config
        self.speed = speed
        self._identification = Identification(config.profile, config.unit)
        self._reserved = self._identification.shapes
        try:
            self.often, self.seldom = config.profile.blocks(speed, reserved=self._reserved)
        except SameCount:
            # Then it is not asked who it is: a late answer to that would pass for a value.
            self._reserved = frozenset()
            self.often, self.seldom = config.profile.blocks(speed)
        self.carried_over = False
        self._said = Said(config)
        self._refused: frozenset[Block] = frozenset()
        self._round_due_ms: int | None = None  # None: at once
        self._pending: deque[Block] = deque()
        self._busy: set[Block] = set()  # were busy in this round, and are asked once more
        self._standing = Fault.NOT_READ  # of what was not asked in this scan
        self._round_ms = 0
        self._silent_since_ms: int | None = None
        self._probe_ms: int | None = None  # while it rests: when to ask again
        self._suspect = False
        self._doubts = False  # an answer may be under way to a question that was given up
        self._patience = Patience(config.profile)
        self._requests = self._timeouts = self._garbled = self._exceptions = 0

    # --- what to ask -----------------------------------------------------------------------------

    def begin_scan(self, now_ms: int) -> None:
        """Nothing is fresh yet; an unfinished round goes on unless it has become too old."""
        self._said.begin_scan(now_ms)
        self._standing = Fault.NOT_READ if self._probe_ms is None else Fault.RESTING
        self.carried_over = bool(self._pending) and self._probe_ms is None
        self._patience.begin_scan(now_ms)
        due = self._round_due_ms is None or now_ms >= self._round_due_ms
        if now_ms - self._round_ms > ROUND_MAX_MS if self._pending else due:
            self._begin_round(now_ms)
            if self._reserved and self._probe_ms is None:
                self._identification.begin(now_ms)

    @property
    def rank(self) -> int:
        """Its turn on its bus: first what was left over, last what failed to answer in full."""
        if self._suspect:
            return 2
        return 0 if self.carried_over else 1

    def due(self, now_ms: int) -> bool:
        return self._probe_ms is None or now_ms >= self._probe_ms

    def overdue(self, now_ms: int) -> bool:
        """Its probe never fitted behind the others: now it goes first."""
        return self._probe_ms is not None and now_ms >= self._probe_ms + PROBE_MS

    def next_block(self) -> Block | None:
        return self._pending[0] if self._pending else self._identification.next_block()

    @property
    def pause_ms(self) -> int:
        """How long the line is quiet before the next request."""
        pause_ms = self.config.profile.pause_ms
        return max(pause_ms, BUSY_PAUSE_MS) if self.next_block() in self._busy else pause_ms

    @property
    def timeout_ms(self) -> int:
        return self._patience.timeout_ms

    def expected_ms(self, block: Block) -> float:
        """What this request needs if all goes as it went lately."""
        return wire_ms(block, self.speed) + self._patience.slowest_ms

    # --- what it said ----------------------------------------------------------------------------

    def answered(self, block: Block, words: Sequence[int], turnaround_ms: int, now_ms: int) -> None:
        """What the block holds; after a failure the first answer is only a sign of life.

        It may be that of the question that was given up, however long ago. The same is asked
        again, and what then comes is at most as old as this question.
        """
        self._alive(turnaround_ms)
        self._requests += 1
        if self._doubts:
            self._doubts = False
            return
        if not self._pending:
            self._identification.answered(words)
            return
        self._said.took(block, words)
        self._settled(block)
        if block in self.seldom:
            self._said.learn_factors(block, now_ms)

    def refused(self, block: Block, code: int) -> None:
        """An exception reply: it lives, and has no such value now. Never a zero.

        When it came is not known: it is seen when a whole reply should have been there.
        """
        self._alive(None)
        self._requests += 1
        self._exceptions += 1
        if self._doubts:
            self._doubts = False
            return
        if not self._pending:
            self._identification.answered(None)
        elif code in BUSY and block not in self._busy:
            self._busy.add(block)
        elif code not in NO_SUCH_BLOCK or not self._split(block):
            self._failed(block, Fault.REFUSED)

    def garbled(self, block: Block, now_ms: int) -> None:
        """Something came that was no reply to this question."""
        self._requests += 1
        self._garbled += 1
        self._doubts = True
        self._patience.heard()
        if not self._pending:
            self._identification.give_up()
            return
        self._failed(block, Fault.GARBLED)
        self._suspect = True
        self._unanswered(now_ms)

    def timed_out(self, now_ms: int) -> None:
        """No reply: nothing more is asked in this scan, and the next one begins anew.

        Unless that was the knock that wakes it: then the question stands.
        """
        self._requests += 1
        self._doubts = True
        if self._patience.knocked():
            return
        if not self._pending:
            self._identification.give_up()
            return
        self._timeouts += 1
        self._suspect = True
        self._patience.in_vain()
        self._fail()
        self._standing = Fault.TIMEOUT
        self._unanswered(now_ms)

    def cut_short(self, now_ms: int) -> None:
        """The budget ended before its time to reply did: nobody's fault, it goes first next."""
        self._requests += 1
        self._doubts = True
        if not self._pending:
            return
        self._unanswered(now_ms)

    def disconnected(self) -> None:
        """The tty is gone: what comes back with it may be another instrument."""
        self._fail()
        self._standing = Fault.DISCONNECTED
        self._silent_since_ms = self._probe_ms = None
        self._suspect = False
        self._forget()

    # --- what it means ---------------------------------------------------------------------------

    def readings(self) -> list[Reading]:
        """One for each quantity of the profile, of this scan."""
        return self._said.readings(self.often, self.seldom, self._standing)

    def counters(self) -> Counters:
        return Counters(
            role=self.config.role,
            bus=self.config.bus,
            unit=self.config.unit,
            requests=self._requests,
            timeouts=self._timeouts,
            garbled=self._garbled,
            exceptions=self._exceptions,
            splits=len(self._refused),
            turnaround_median_ms=self._patience.median_ms,
            turnaround_p99_ms=self._patience.p99_ms,
            timeout_ms=self.timeout_ms,
            resting=self._probe_ms is not None,
            serial=self._identification.serial,
            of_kind=self._identification.of_kind,
            says=self._said.says(),
        )

    # --- its state -------------------------------------------------------------------------------

    def _begin_round(self, now_ms: int) -> None:
        self._round_ms = now_ms
        self._said.begin_round()
        self._busy.clear()
        self._pending = deque(self._round())

    def _round(self) -> Sequence[Block]:
        if not self._said.lacks_factors(self._round_ms):
            return self.often
        return tuple(dict.fromkeys((*self.seldom, *self.often)))

    def _failed(self, block: Block, fault: Fault) -> None:
        self._said.failed(block, fault)
        self._settled(block)

    def _settled(self, block: Block) -> None:
        assert self._pending[0] == block, "an answer to a question that was not asked"
        self._pending.popleft()
        if not self._pending:
            due_ms = self._round_ms + self._said.every_ms
            self._round_due_ms = due_ms if self._said.good else None

    def _split(self, block: Block) -> bool:
        """Plan anew without this request, and go on. False when it cannot be split."""
        refused = self._refused | {block}
        try:
            often, seldom = self.config.profile.blocks(self.speed, refused, self._reserved)
        except SameCount:
            return False
        if block in (*often, *seldom):
            return False  # one quantity alone: it does not have it
        self._refused, self.often, self.seldom = refused, often, seldom
        self._pending = deque(one for one in self._round() if not self._said.settled(one))
        return True

    def _fail(self) -> None:
        """This round is over, and the next one begins with the next scan."""
        self._pending.clear()
        self._identification.forget()
        self._round_due_ms = None

    def _alive(self, turnaround_ms: int | None) -> None:
        self._patience.replied(turnaround_ms)
        self._suspect = False
        self._silent_since_ms = None
        if self._probe_ms is not None:
            self._probe_ms = None
            self._standing = Fault.NOT_READ

    def _unanswered(self, now_ms: int) -> None:
        if self._silent_since_ms is None:
            self._silent_since_ms = now_ms
        if self._probe_ms is not None or now_ms - self._silent_since_ms >= SILENT_MS:
            self._probe_ms = now_ms + PROBE_MS
            self._standing = Fault.RESTING
            self._fail()
            self._forget()

    def _forget(self) -> None:
        """It has been away: its factors, and what it refuses, are to be learned anew."""
        self._said.forget_factors()
        self._refused = frozenset()
        self.often, self.seldom = self.config.profile.blocks(self.speed, reserved=self._reserved)
