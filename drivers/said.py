"""Room rule: what one instrument said, and what it means: words to readings. Knows no line.

A quantity is told once for each time its registers were read: an old word is never told again as a
new one. Factors (unit codes, ratios) are asked for first after each absence, and once a day.

A level does not change within a second: its instrument begins a round every minute (EVERY_MS), and
between its turns tells what it said last, for HELD_MAX_MS at most. What failed is bad at once and
holds nothing.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from agent.core.model import Fault, Quality, Quantity, Reading, Role
from drivers.declared import InstrumentConfig
from drivers.plan import Block
from drivers.registers import Register, Row, evaluate

FACTORS_MAX_AGE_MS = 24 * 3600 * 1000
# How often a round begins; the others have one in every scan.
EVERY_MS: Mapping[Role, int] = {Role.LEVEL_PROBE: 60_000}
# Two of its turns: one that did not fit the budget is not missed.
HELD_MAX_MS = 120_000


class Said:
    """The words of one instrument, of this round and of earlier ones."""

    def __init__(self, config: InstrumentConfig) -> None:
        self._config = config
        self._words: dict[Register, int] = {}
        self._factors: dict[str, Fraction | None] = {}
        self._factors_due_ms: int | None = None  # None: at once
        self.every_ms = EVERY_MS.get(config.role, 0)
        self._held: dict[Quantity, tuple[Reading, int]] = {}  # and when it was read
        self._became: dict[Block, Fault | None] = {}  # of this round; None: it was read
        self._fresh: set[Block] = set()  # read in this scan
        self._now_ms = 0
        self._often: Sequence[Block] = ()
        self._needs: list[list[Block]] = []  # which of them each row is made of

    def begin_scan(self, now_ms: int) -> None:
        """Nothing is fresh yet."""
        self._now_ms = now_ms
        self._fresh.clear()

    def begin_round(self) -> None:
        self._became.clear()

    def took(self, block: Block, words: Sequence[int]) -> None:
        """What the block holds."""
        self._became[block] = None
        self._fresh.add(block)
        self._words.update(zip(block.registers(), words, strict=True))

    def failed(self, block: Block, fault: Fault) -> None:
        self._became[block] = fault

    def settled(self, block: Block) -> bool:
        """Whether it is known what became of this request in this round."""
        return block in self._became

    @property
    def good(self) -> bool:
        """Nothing of this round has failed so far."""
        return not any(self._became.values())

    # --- factors ---------------------------------------------------------------------------------

    def lacks_factors(self, at_ms: int) -> bool:
        """They were never read, or too long ago."""
        return self._factors_due_ms is None or at_ms >= self._factors_due_ms

    def learn_factors(self, block: Block, now_ms: int) -> None:
        for factor in self._config.profile.factors:
            if block.covers(Block(*factor.at, 1)):
                self._factors[factor.name] = factor.of(self._words[factor.at])
        if all(factor.name in self._factors for factor in self._config.profile.factors):
            self._factors_due_ms = now_ms + FACTORS_MAX_AGE_MS

    def forget_factors(self) -> None:
        """It has been away: they are to be learned anew."""
        self._factors.clear()
        self._factors_due_ms = None

    # --- what it means ---------------------------------------------------------------------------

    def readings(
        self, often: Sequence[Block], seldom: Sequence[Block], unasked: Fault
    ) -> list[Reading]:
        """One for each quantity of the profile, of this scan.

        `often` and `seldom` are the requests it is asked by, `unasked` why some were not made.
        """
        rows = self._config.profile.rows
        if often is not self._often:  # planned anew
            self._often = often
            self._needs = [[block for block in often if _needs(row, block)] for row in rows]
        return [
            self._reading(row, self._missing(row, needs, seldom, unasked))
            for row, needs in zip(rows, self._needs, strict=True)
        ]

    def says(self) -> tuple[str, ...]:
        """Its own status words."""
        statuses = self._config.profile.statuses
        read = [one for one in statuses if one.at in self._words]
        return tuple(word for one in read for word in one.says(self._words[one.at]))

    def _reading(self, row: Row, missing: Fault | None) -> Reading:
        if missing is Fault.NOT_READ and (held := self._held_reading(row)) is not None:
            return held
        self._held.pop(row.quantity, None)
        if missing is not None:
            return Reading(self._config.role, row.quantity, None, Quality.BAD, missing)
        value, fault = evaluate(row, self._words, self._factors)
        if value is not None and row.quantity is Quantity.LEVEL_MM:
            assert self._config.depth_mm is not None, "a level probe is told how deep it hangs"
            value = self._config.depth_mm - value
        quality = Quality.GOOD if fault is None else Quality.BAD
        reading = Reading(self._config.role, row.quantity, value, quality, fault)
        if self.every_ms:
            self._held[row.quantity] = (reading, self._now_ms)
        return reading

    def _held_reading(self, row: Row) -> Reading | None:
        """What it said at its last turn, good or not, unless that is too old."""
        reading, at_ms = self._held.get(row.quantity, (None, 0))
        return reading if self._now_ms - at_ms <= HELD_MAX_MS else None

    def _missing(
        self, row: Row, needs: Sequence[Block], seldom: Sequence[Block], unasked: Fault
    ) -> Fault | None:
        """Why there are no fresh words for this row; None when there are."""
        blocks = needs if self._factors.keys() >= set(row.factors) else (*needs, *seldom)
        failed = [fault for block in blocks if (fault := self._became.get(block)) is not None]
        if failed:
            return failed[0]
        if any(block not in self._became for block in blocks):
            return unasked
        return None if self._fresh.intersection(blocks) else unasked


def _needs(row: Row, block: Block) -> bool:
    span = Block(row.function, row.first, row.last - row.first + 1)
    return block.covers(span) or any(block.covers(Block(*g.at, 1)) for g in row.guards)
