"""Room rule: one kind of instrument: which registers hold what, frozen. It knows no file, no line.

A profile says which registers hold which quantity, what a value depends on, and what the
instrument allows; `profile_file` reads it, `coherence` says what in it cannot be.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.model import Quantity, Role
from drivers.identity import Probe, Serial
from drivers.plan import Block, Limits, SameCount, Speed, plan
from drivers.registers import Factor, Row, Status, Words


class Confidence(StrEnum):
    """What a profile rests on. Below two sources it says what is in doubt."""

    INFERRED = "inferred"  # at least one row is a conclusion: try it on a bench before use
    ONE_SOURCE = "one_source"
    TWO_SOURCES = "two_sources"  # independent of each other, and in agreement
    REAL_INSTRUMENT = "real_instrument"  # and a published dump or frame of a real one agrees


@dataclass(frozen=True, slots=True)
class Wake:
    """An instrument that sleeps after `after_ms` without traffic; a request wakes it.

    When nothing came for `patience_ms`, the same request is sent again at once.
    """

    after_ms: int
    patience_ms: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of instrument. `line` is how it is set ex works; `doubts` may be empty.

    A `template` is to be copied and filled in; it is nobody's register table.
    """

    name: str
    title: str
    role: Role
    confidence: Confidence
    doubts: str
    template: bool
    line: Speed
    limits: Limits
    pause_ms: int
    turnaround_ms: int
    timeout_ms: int
    wake: Wake | None
    rows: tuple[Row, ...]
    factors: tuple[Factor, ...]
    statuses: tuple[Status, ...]
    probes: tuple[Probe, ...]
    serial: Serial | None

    def resolution(self, quantity: Quantity) -> int:
        """The step of this totalizer in base units, at the usual factors."""
        return self._totalizer(quantity).resolution

    def modulus(self, quantity: Quantity) -> int:
        """Where this totalizer wraps to 0, in base units, at the usual factors."""
        return self._totalizer(quantity).modulus

    def blocks(
        self,
        speed: Speed,
        refused: frozenset[Block] = frozenset(),
        reserved: frozenset[tuple[int, int]] = frozenset(),
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """The requests of every round, and those that read the factors. Raises SameCount.

        `refused` are requests that the instrument turned down: they are split, and not asked again.
        `reserved` are functions and lengths that other questions to it have.
        """
        often = [Block(row.function, row.first, row.last - row.first + 1) for row in self.rows]
        often += [Block(*guard.at, 1) for row in self.rows for guard in row.guards]
        seldom = [Block(*factor.at, 1) for factor in self.factors]
        limits = replace(self.limits, refused=refused, reserved=reserved, pause_ms=self.pause_ms)
        return plan(often, seldom, limits, speed)

    def identity_blocks(self) -> tuple[Block, ...]:
        """The requests that show whether an instrument is of this kind, and which one it is.

        Each stands alone: some instruments answer otherwise when more is read with it.
        """
        serial = [] if self.serial is None else [self.serial.block]
        return tuple(dict.fromkeys([probe.block for probe in self.probes] + serial))

    def is_of(self, words: Words, unit: int) -> bool:
        """Whether the instrument at `unit` that holds these words is of this kind.

        Registers that `words` lacks are those that could not be read.
        """
        return all(
            words.keys() >= set(probe.block.registers()) and probe.holds(words, unit)
            for probe in self.probes
        )

    def _totalizer(self, quantity: Quantity) -> Row:
        row = next((row for row in self.rows if row.quantity is quantity), None)
        assert row is not None, f"{quantity} is no row of profile {self.name}"
        assert row.modulus, f"{quantity} is no totalizer"
        return row


def recognised(profiles: Iterable[Profile], words: Words, unit: int) -> list[Profile]:
    """The kinds that the instrument at `unit` can be, the one with the most proof first."""
    known = (one for one in profiles if one.probes and not one.template)
    fitting = [one for one in known if one.is_of(words, unit)]
    return sorted(fitting, key=lambda one: (-len(one.probes), one.name))


def unreadable(profile: Profile, speed: Speed) -> str | None:
    """Why this instrument cannot be asked without mistaking its replies; None when it can."""
    try:
        profile.blocks(speed)
    except SameCount as why:
        return str(why)
    return None
