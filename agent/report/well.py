"""Room rule: what a report says of one well, as values. Reads nothing and shows nothing.

Litres, watt-hours, millimetres and milliseconds are integers here as everywhere: what a person
reads is rounded where it is shown and nowhere else. It is exported under the names of its fields
(`export`), so a field may be added at the end with a default, and never change its meaning.
"""

from dataclasses import dataclass
from typing import Final

from agent.core.model import (
    AllocationKind,
    InterruptionCause,
    InterruptionPolicy,
    RateMethod,
    Role,
    Use,
)
from agent.report.period import Period


@dataclass(frozen=True, slots=True)
class Nameplate:
    """Of the settings. None where the site does not say."""

    station: str
    name: str
    use: str
    zone: str
    number: str | None = None  # of the licence
    expires: str | None = None
    holder: str | None = None
    regiment: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Volumes:
    """What the ledger counts as withdrawn, by where it comes from."""

    metered_l: int = 0
    converted_l: int = 0
    corrected_l: int = 0
    before_l: int = 0  # before the station took over, as its first meter's form says

    @property
    def withdrawn_l(self) -> int:
        return self.metered_l + self.converted_l + self.corrected_l + self.before_l


NOTHING: Final = Volumes()


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a stretch of time. Override and bypass are among the volumes, not beside them."""

    volumes: Volumes = NOTHING
    override_l: int = 0
    bypass_l: int = 0
    energy_wh: int = 0
    running_ms: int = 0
    # Of pump runs that were metered throughout: their quotient is the well's own.
    run_l: int = 0
    run_wh: int = 0

    @property
    def litres_per_kwh(self) -> int | None:
        return round(self.run_l * 1000 / self.run_wh) if self.run_wh else None


@dataclass(frozen=True, slots=True)
class Month:
    """`to_date` is of the plan year up to the month's end, as is what was allocated by then."""

    name: str
    sums: Sums
    to_date: Volumes
    allocated_l: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """Water or electricity that was given or taken. One of the two amounts is set."""

    at_utc_ms: int
    kind: AllocationKind
    volume_l: int | None
    energy_wh: int | None
    document: str
    author: str
    expires_utc_ms: int | None


@dataclass(frozen=True, slots=True)
class Round:
    at_utc_ms: int
    name: str
    volume_l: int
    from_utc_ms: int
    to_utc_ms: int
    document: str


@dataclass(frozen=True, slots=True)
class Correction:
    at_utc_ms: int
    volume_l: int
    reason: str
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A conversion coefficient, in force from `at_utc_ms`."""

    at_utc_ms: int
    litres_per_kwh: int
    method: RateMethod
    measured_utc_ms: int
    document: str


@dataclass(frozen=True, slots=True)
class Level:
    """Depth of the water below the wellhead (埋深): a positive change is a fall of the water.

    Changes are of the mean: against the quarter before, and against the same period last year.
    """

    start_mm: int | None = None
    end_mm: int | None = None
    mean_mm: int | None = None
    quarter_change_mm: int | None = None
    year_change_mm: int | None = None


@dataclass(frozen=True, slots=True)
class Completeness:
    """Record intervals: how many there were, had a record, and had a total that was good."""

    expected: int
    recorded: int
    good: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one platform has of the period: records, and record intervals."""

    platform: str
    records: int
    delivered: int
    parked: int
    intervals: int


@dataclass(frozen=True, slots=True)
class Interruption:
    """`to_utc_ms` None: it goes on. Answered: somebody's first accepted order about it."""

    from_utc_ms: int
    to_utc_ms: int | None
    cause: InterruptionCause
    running: bool
    policy: InterruptionPolicy
    converted_l: int = 0
    counted_l: int = 0
    standing_l: int = 0
    answered_utc_ms: int | None = None
    answered_by: str = ""


@dataclass(frozen=True, slots=True)
class Bypassing:
    """The sealed bypass was closed. `to_utc_ms` None: it is."""

    from_utc_ms: int
    to_utc_ms: int | None
    volume_l: int


@dataclass(frozen=True, slots=True)
class Overriding:
    from_utc_ms: int
    to_utc_ms: int | None
    volume_l: int
    use: Use
    granted_l: int
    granted_ms: int
    reason: str
    author: str


@dataclass(frozen=True, slots=True)
class Fitting:
    """A meter came or went. In an exchange both readings stand: the old one's and the new one's."""

    at_utc_ms: int
    role: Role
    removed_serial: str | None
    removed_total: int | None
    fitted_serial: str | None
    fitted_total: int | None
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class EpochProof:
    """What the hash chain of one file proves.

    `damage` says what breaks it, in Chinese and in English; nothing when it holds to the end.
    """

    epoch: str
    records: int
    hash: str
    damage: tuple[str, ...]
    pruned: int
    seals: int
    sealed_through: int
    sealed_utc_ms: int | None
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WellReport:
    """`through_utc_ms` is the newest record's instant, where that is before the period's end.

    `disagreements` are samples whose account is not what the entries before them make: none.
    """

    nameplate: Nameplate
    period: Period
    begins_utc_ms: int  # the first record
    through_utc_ms: int
    sums: Sums
    to_date: Sums  # of the plan year, up to the period's end
    allocated_l: int | None
    energy_allocated_wh: int | None
    last_year: Sums | None  # the same period; None when the journal does not reach back
    last_year_to_date: Sums | None
    last_year_allocated_l: int | None
    documents: tuple[Document, ...]
    rounds: tuple[Round, ...]
    corrections: tuple[Correction, ...]
    coefficients: tuple[Coefficient, ...]
    months: tuple[Month, ...]  # of the plan year, up to the period's end
    static: Level
    dynamic: Level
    completeness: Completeness
    arrivals: tuple[Arrival, ...]
    interruptions: tuple[Interruption, ...]
    bypasses: tuple[Bypassing, ...]
    overrides: tuple[Overriding, ...]
    fittings: tuple[Fitting, ...]
    proof: tuple[EpochProof, ...]  # oldest first
    missing_epoch: str  # of a file that is not beside the journal; empty when all are
    compared: int
    disagreements: int

    @property
    def remaining_l(self) -> int | None:
        if self.allocated_l is None:
            return None
        return self.allocated_l - self.to_date.volumes.withdrawn_l

    @property
    def over_plan_l(self) -> int:
        """Where nothing is allocated, all that was withdrawn."""
        return max(0, self.to_date.volumes.withdrawn_l - (self.allocated_l or 0))

    @property
    def whole(self) -> bool:
        """Nothing was altered or removed, as far as the chain can tell."""
        return not self.missing_epoch and all(not one.damage for one in self.proof)

    @property
    def transfers(self) -> tuple[Document, ...]:
        """Halves whose other half is another well's: only a merge of both can match them."""
        return tuple(
            one
            for one in self.documents
            if one.kind in (AllocationKind.TRANSFER_IN, AllocationKind.TRANSFER_OUT)
            and one.volume_l is not None
        )
