"""Room rule: the only things that change the ledger, and the account they make. Append-only."""

from dataclasses import dataclass

from agent.core.model.measure import Role
from agent.core.model.orders import AllocationKind, RateMethod, Use
from agent.core.model.senders import Origin


@dataclass(frozen=True, slots=True)
class Allocate:
    year: int
    kind: AllocationKind
    volume_l: int
    document: str
    author: str
    total_l: int | None  # the totalizer at this instant; None while no flow meter is fitted
    expires_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FitMeter:
    """A meter joins the ledger at `total` (litres or watt-hours).

    When it replaces another, `closed_total` is the last accepted total of the one removed.
    `modulus` is where the totalizer wraps to zero.
    """

    role: Role
    serial: str
    total: int
    closed_total: int | None
    resolution: int
    modulus: int
    rate_max_per_h: int  # litres per hour or watts: the most that can be real
    withdrawn_before_l: int | None
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class OpenYear:
    """A plan year begins to count at `total_l`; what was counted until here belongs to `closes`.

    `closes` is None for the first year of a station: then all that its meter counted is this
    year's, and `withdrawn_before_l` is what the well had withdrawn before the agent took over.
    `apportioned`: the year began unseen, and `total_l` was reckoned by time between two readings.
    `author` and `document` are set when a person said what the total was. `provisional_ended`: the
    year that closes had no plan to its end, and its provisional allocation had ended before, so
    that nothing was allocated any longer. `converted_l`: what was reckoned from electricity since
    this year began, and entered while the one before it was still open.
    """

    year: int
    closes: int | None
    total_l: int
    withdrawn_before_l: int
    apportioned: bool = False
    energy_total_wh: int | None = None
    document: str = ""
    author: str = ""
    provisional_ended: bool = False
    converted_l: int = 0


@dataclass(frozen=True, slots=True)
class RolledOver:
    """A totalizer passed its modulus: `last_total_l` was accepted before, `total_l` after.

    In litres; in watt-hours when it is the power meter's.
    """

    last_total_l: int
    total_l: int
    modulus_l: int
    role: Role = Role.FLOW_METER


@dataclass(frozen=True, slots=True)
class AllocateEnergy:
    year: int
    kind: AllocationKind
    energy_wh: int
    document: str
    author: str
    total_wh: int | None  # the power meter's total at this instant; None while none is fitted
    expires_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit within a year's allocation, from one instant up to another."""

    year: int
    name: str
    volume_l: int
    from_utc_ms: int
    to_utc_ms: int
    document: str
    author: str
    total_l: int | None
    withdrawn_before_l: int = 0


@dataclass(frozen=True, slots=True)
class BeginLimit:
    """A limit begins to count: the year had withdrawn `withdrawn_l` when it did."""

    year: int
    name: str
    withdrawn_l: int
    total_l: int | None


@dataclass(frozen=True, slots=True)
class RemoveMeter:
    """A meter leaves the ledger at `total`: its own display's, or the last accepted one."""

    role: Role
    serial: str
    total: int
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class Correct:
    """Water that the totals do not show, or show too much of.

    As a ruling it closes the stretch at `closed_total_l` and begins another at `restart_total_l`.
    """

    year: int
    volume_l: int
    reason: str
    document: str
    author: str
    total_l: int | None
    closed_total_l: int | None = None
    restart_total_l: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A conversion coefficient comes in force. Versions count from 1; none is ever edited."""

    version: int
    litres_per_kwh: int
    method: RateMethod
    measured_utc_ms: int
    static_mm: int | None
    dynamic_mm: int | None
    document: str
    author: str
    total_l: int | None


@dataclass(frozen=True, slots=True)
class Convert:
    """Water reckoned from electricity while it was not metered (以电折水). Always flagged so.

    Negative when it takes an estimate back, because the totalizer counted that water after all.
    `ends`: it is the last of its interruption, and what was converted stands as it is.
    """

    volume_l: int
    energy_wh: int
    rate_version: int
    litres_per_kwh: int
    from_utc_ms: int
    to_utc_ms: int
    total_l: int | None
    total_wh: int | None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class LayUp:
    total_l: int
    total_wh: int | None
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class Resume:
    """`moved_l` and `moved_wh` are what the totals moved by while the well was laid up."""

    total_l: int
    total_wh: int | None
    moved_l: int
    moved_wh: int | None
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class Override:
    """Water may be taken beside the allocation (保电取水), within both bounds; it counts."""

    use: Use
    volume_l: int
    lasts_ms: int
    reason: str
    author: str
    total_l: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Someone stopped the pump, and it stays stopped until whoever may release it does."""

    origin: Origin
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The pump may not run any more, says `origin`. A second stop by it replaces its first."""

    origin: Origin
    actor: str
    reason: str
    total_l: int | None


@dataclass(frozen=True, slots=True)
class Released:
    """`stops` stand no longer. Those that their sender may not lift are not among them."""

    origin: Origin
    actor: str
    reason: str
    total_l: int | None
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True)
class ThresholdSet:
    """Where a condition begins, on this station and not in its settings; `was` until now.

    The settings' own value takes it back.
    """

    name: str
    value: int
    was: int
    document: str
    author: str


Entry = (
    Allocate
    | AllocateEnergy
    | Limit
    | BeginLimit
    | FitMeter
    | RemoveMeter
    | OpenYear
    | RolledOver
    | Correct
    | Rate
    | Convert
    | LayUp
    | Resume
    | Override
    | Stopped
    | Released
    | ThresholdSet
)


@dataclass(frozen=True, slots=True)
class Balance:
    """The account of one plan year. Remaining is negative when over plan (超计划).

    `limit_remaining_l` is what is left of the round that runs now; None while none does. The
    energy is None where none is allocated.
    """

    year: int
    allocated_l: int
    withdrawn_l: int
    limit_name: str = ""
    limit_remaining_l: int | None = None
    energy_allocated_wh: int | None = None
    energy_used_wh: int | None = None

    @property
    def remaining_l(self) -> int:
        return self.allocated_l - self.withdrawn_l

    @property
    def usable_l(self) -> int:
        """What may still be withdrawn now: of the year, and of the round."""
        if self.limit_remaining_l is None:
            return self.remaining_l
        return min(self.remaining_l, self.limit_remaining_l)

    @property
    def energy_remaining_wh(self) -> int | None:
        if self.energy_allocated_wh is None or self.energy_used_wh is None:
            return None
        return self.energy_allocated_wh - self.energy_used_wh
