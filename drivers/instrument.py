"""Room rule: one instrument's standing: what to ask it next, and what it said.

It speaks to no wire and asks no clock. A **round** reads every block once; it may take several
scans when the bus budget is short. A quantity is told once for each time its registers were read:
an old word is never told again as a new one. Blocks that hold factors (unit codes, ratios) come
first in a round after each absence, and once a day.

A level does not change within a second: its instrument begins a round every minute (EVERY_MS), and
between its turns tells what it said last, for HELD_MAX_MS at most. A round that failed is bad at
once, holds nothing, and is repeated in the next scan.

An instrument that does not answer for SILENT_MS rests, and is asked one question every PROBE_MS.
One that is busy is asked once more. One that refuses a block is asked for its parts, until it has
been away: what comes back may be another instrument. How long to wait for it is `patience`'s; what
stays unanswered because it was asleep is asked again at once.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.core.model import Fault, Quality, Quantity, Reading, Role
from agent.ports import Counters
from drivers.identification import Identification
from drivers.patience import Patience
from drivers.plan import Block, SameCount, Speed, wire_ms
from drivers.profile import Profile, unreadable
from drivers.registers import Register, Row, evaluate

SILENT_MS = 5_000
PROBE_MS = 10_000
# A round that is older begins anew: its parts must belong together.
ROUND_MAX_MS = 10_000
FACTORS_MAX_AGE_MS = 24 * 3600 * 1000
# How often a round begins; the others have one in every scan.
EVERY_MS: Mapping[Role, int] = {Role.LEVEL_PROBE: 60_000}
# Two of its turns: one that did not fit the budget is not missed.
HELD_MAX_MS = 120_000
# Exceptions of the Modbus application protocol, 1.1b3, section 7.
BUSY = frozenset({5, 6})
NO_SUCH_BLOCK = frozenset({2, 3})  # its address, or its length
BUSY_PAUSE_MS = 50


@dataclass(frozen=True, slots=True)
class InstrumentConfig:
    """`depth_mm`, of a level probe: how deep it hangs below the wellhead."""

    role: Role
    unit: int
    profile: Profile
    bus: str
    depth_mm: int | None = None


def misfits(speeds: Mapping[str, Speed], instruments: Sequence[InstrumentConfig]) -> list[str]:
    """Why these instruments cannot be read on buses of these speeds; empty when they can."""
    found = []
    places = [(one.bus, one.unit) for one in instruments]
    roles = [one.role for one in instruments]
    for one in instruments:
        name = f"{one.role}: unit {one.unit} on bus {one.bus}"
        if one.bus not in speeds:
            found.append(f"{name}: there is no such bus; declare it")
        elif (why := unreadable(one.profile, speeds[one.bus])) is not None:
            found.append(f"{name}: profile {one.profile.name}: {why}")
        if one.profile.role is not one.role:
            found.append(f"{name}: profile {one.profile.name} is of a {one.profile.role}")
        if places.count((one.bus, one.unit)) > 1:
            found.append(f"{name}: the unit is used twice; give each instrument its own")
        if roles.count(one.role) > 1:
            found.append(f"{name}: there are two instruments for this role; declare one")
        if one.role is Role.LEVEL_PROBE and one.depth_mm is None:
            found.append(f"{name}: nobody says how deep the probe hangs")
    return found


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
        self._words: dict[Register, int] = {}
        self._factors: dict[str, Fraction | None] = {}
        self._factors_due_ms: int | None = None  # None: at once
        self._refused: frozenset[Block] = frozenset()
        self._every_ms = EVERY_MS.get(config.role, 0)
        self._round_due_ms: int | None = None  # None: at once
        self._held: dict[Quantity, tuple[Reading, int]] = {}  # and when it was read
        self._pending: deque[Block] = deque()
        self._busy: set[Block] = set()  # were busy in this round, and are asked once more
        self._became: dict[Block, Fault | None] = {}  # of this round; None: it was read
        self._fresh: set[Block] = set()  # read in this scan
        self._standing = Fault.NOT_READ  # of what was not asked in this scan
        self._now_ms = self._round_ms = 0
        self._silent_since_ms: int | None = None
        self._probe_ms: int | None = None  # while it rests: when to ask again
        self._suspect = False
        self._doubts = False  # an answer may be under way to a question that was given up
        self._patience = Patience(config.profile)
        self._requests = self._timeouts = self._garbled = self._exceptions = 0

    # --- what to ask -----------------------------------------------------------------------------

    def begin_scan(self, now_ms: int) -> None:
        """Nothing is fresh yet; an unfinished round goes on unless it has become too old."""
        self._now_ms = now_ms
        self._fresh.clear()
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
        self._settle(block, None)
        self._fresh.add(block)
        self._words.update(zip(block.registers(), words, strict=True))
        if block in self.seldom:
            self._learn_factors(block, now_ms)

    def refused(self, block: Block, code: int, turnaround_ms: int) -> None:
        """An exception reply: it lives, and has no such value now. Never a zero."""
        self._alive(turnaround_ms)
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
            self._settle(block, Fault.REFUSED)

    def garbled(self, block: Block, now_ms: int) -> None:
        """Something came that was no reply to this question."""
        self._requests += 1
        self._garbled += 1
        self._doubts = True
        self._patience.heard()
        if not self._pending:
            self._identification.give_up()
            return
        self._settle(block, Fault.GARBLED)
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
        return [self._reading(row) for row in self.config.profile.rows]

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
            says=self._says(),
        )

    def _says(self) -> tuple[str, ...]:
        statuses = self.config.profile.statuses
        read = [one for one in statuses if one.at in self._words]
        return tuple(word for one in read for word in one.says(self._words[one.at]))

    def _reading(self, row: Row) -> Reading:
        missing = self._missing(row)
        if missing is Fault.NOT_READ and (held := self._held_reading(row)) is not None:
            return held
        self._held.pop(row.quantity, None)
        if missing is not None:
            return Reading(self.config.role, row.quantity, None, Quality.BAD, missing)
        value, fault = evaluate(row, self._words, self._factors)
        if value is not None and row.quantity is Quantity.LEVEL_MM:
            assert self.config.depth_mm is not None, "a level probe is told how deep it hangs"
            value = self.config.depth_mm - value
        quality = Quality.GOOD if fault is None else Quality.BAD
        reading = Reading(self.config.role, row.quantity, value, quality, fault)
        if self._every_ms:
            self._held[row.quantity] = (reading, self._now_ms)
        return reading

    def _held_reading(self, row: Row) -> Reading | None:
        """What it said at its last turn, good or not, unless that is too old."""
        reading, at_ms = self._held.get(row.quantity, (None, 0))
        return reading if self._now_ms - at_ms <= HELD_MAX_MS else None

    def _missing(self, row: Row) -> Fault | None:
        """Why there are no fresh words for this row; None when there are."""
        blocks = [block for block in self.often if self._needs(row, block)]
        if not set(row.factors) <= self._factors.keys():
            blocks += self.seldom
        failed = [fault for block in blocks if (fault := self._became.get(block)) is not None]
        if failed:
            return failed[0]
        if any(block not in self._became for block in blocks):
            return self._standing
        return None if self._fresh.intersection(blocks) else self._standing

    def _needs(self, row: Row, block: Block) -> bool:
        span = Block(row.function, row.first, row.last - row.first + 1)
        return block.covers(span) or any(block.covers(Block(*g.at, 1)) for g in row.guards)

    # --- its state -------------------------------------------------------------------------------

    def _begin_round(self, now_ms: int) -> None:
        self._round_ms = now_ms
        self._became.clear()
        self._busy.clear()
        self._pending = deque(self._round())

    def _round(self) -> Sequence[Block]:
        due = self._factors_due_ms is None or self._round_ms >= self._factors_due_ms
        return tuple(dict.fromkeys((*self.seldom, *self.often))) if due else self.often

    def _settle(self, block: Block, fault: Fault | None) -> None:
        assert self._pending[0] == block, "an answer to a question that was not asked"
        self._pending.popleft()
        self._became[block] = fault
        if not self._pending:
            good = not any(self._became.values())
            self._round_due_ms = self._round_ms + self._every_ms if good else None

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
        self._pending = deque(one for one in self._round() if one not in self._became)
        return True

    def _fail(self) -> None:
        """This round is over, and the next one begins with the next scan."""
        self._pending.clear()
        self._identification.forget()
        self._round_due_ms = None

    def _alive(self, turnaround_ms: int) -> None:
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

    def _learn_factors(self, block: Block, now_ms: int) -> None:
        for factor in self.config.profile.factors:
            if block.covers(Block(*factor.at, 1)):
                self._factors[factor.name] = factor.of(self._words[factor.at])
        if all(factor.name in self._factors for factor in self.config.profile.factors):
            self._factors_due_ms = now_ms + FACTORS_MAX_AGE_MS

    def _forget(self) -> None:
        """It has been away: its factors, and what it refuses, are to be learned anew."""
        self._factors.clear()
        self._factors_due_ms = None
        self._refused = frozenset()
        self.often, self.seldom = self.config.profile.blocks(self.speed, reserved=self._reserved)
