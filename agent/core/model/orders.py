"""Room rule: what may be asked for. An order is a wish; `entries` are what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.measure import Role
from agent.core.model.people import PeopleOrder


class AllocationKind(StrEnum):
    PROVISIONAL = "provisional"  # 临时指标: before the plan is issued; has an expiry
    PLAN = "plan"  # 年度取水计划指标
    ADDITION = "addition"
    REDUCTION = "reduction"
    TRANSFER_IN = "transfer_in"  # both halves of a transfer carry one document number
    TRANSFER_OUT = "transfer_out"
    CORRECTION = "correction"  # signed; the only kind that a closed year still takes


class RateMethod(StrEnum):
    """How a conversion coefficient was found."""

    TEST = "test"  # a rating test at this well
    LEARNED = "learned"  # from this well's own runs, confirmed by whoever entered it
    ISSUED = "issued"  # given by the authority


@dataclass(frozen=True, slots=True)
class AllocateOrder:
    """Give (or take) water for a plan year. `volume_l` is positive, but signed for a correction."""

    year: int
    kind: AllocationKind
    volume_l: int
    document: str
    expires_utc_ms: int | None = None  # provisional only


@dataclass(frozen=True, slots=True)
class FitMeterOrder:
    """Declare the meter that is bolted to the pipe, or to the supply.

    `displayed` is what its own display shows (litres or watt-hours); it is compared with what is
    read over the wire. `withdrawn_before_l` is demanded with the first flow meter of a station:
    what the well had withdrawn this year before the agent took over.
    """

    role: Role
    serial: str
    displayed: int
    document: str
    withdrawn_before_l: int | None = None


@dataclass(frozen=True, slots=True)
class AllocateEnergyOrder:
    """The same for electricity, beside the water: the first of the two that runs out cuts."""

    year: int
    kind: AllocationKind
    energy_wh: int
    document: str
    expires_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LimitOrder:
    """A limit for a month or a round (轮次) within a year's allocation. The same name replaces it.

    `withdrawn_before_l` is what was withdrawn in the round already, before it was entered here.
    """

    year: int
    name: str
    volume_l: int
    from_utc_ms: int
    to_utc_ms: int
    document: str
    withdrawn_before_l: int = 0


@dataclass(frozen=True, slots=True)
class RemoveMeterOrder:
    """The meter comes off. `displayed` is what it shows; None when it shows nothing any more."""

    role: Role
    serial: str
    document: str
    displayed: int | None = None


@dataclass(frozen=True, slots=True)
class CorrectOrder:
    """Add to (or take from) what a year has withdrawn. Zero only to settle a total in doubt.

    While a total is in doubt (it jumped or went back), this is the ruling: what the meter shows
    now begins a new stretch, and `volume_l` is the water that neither stretch counted.
    """

    year: int
    volume_l: int
    reason: str
    document: str


@dataclass(frozen=True, slots=True)
class RateOrder:
    """Put a conversion coefficient (以电折水系数) in force: 1000 litres per kWh are 1 m3/kWh."""

    litres_per_kwh: int
    method: RateMethod
    measured_utc_ms: int
    document: str
    static_mm: int | None = None
    dynamic_mm: int | None = None


@dataclass(frozen=True, slots=True)
class BeginRatingOrder:
    """Begin a rating test (率定): the pump runs, and runs on until the test is ended."""

    static_mm: int | None = None


@dataclass(frozen=True, slots=True)
class EndRatingOrder:
    """End the rating test. It proposes a coefficient; only a `RateOrder` puts one in force."""

    dynamic_mm: int | None = None


@dataclass(frozen=True, slots=True)
class LayUpOrder:
    """The well is laid up for the winter: its power may be off for months."""

    document: str


@dataclass(frozen=True, slots=True)
class ResumeOrder:
    """The well that was laid up is in use again."""

    document: str


@dataclass(frozen=True, slots=True)
class SetClockOrder:
    """It is `utc_ms` now, says a person or a platform. Holds until the power is lost."""

    utc_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class OpenYearOrder:
    """What the totals were when a year began that no clock saw begin."""

    year: int
    total_l: int
    document: str


@dataclass(frozen=True, slots=True)
class StopOrder:
    """Cut, and stay cut until whoever may release it does."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Lift every stop that the sender may lift."""

    reason: str


class Latched(StrEnum):
    """What a person acknowledges (确认): that it was seen to, or that it is meant to be so."""

    RUNNING_WHILE_CUT = "running_while_cut"
    ENERGY_WITHOUT_WATER = "energy_without_water"
    FLOW_SIGNAL_LOST = "flow_signal_lost"
    DRY_WELL = "dry_well"
    PHASE_LOSS = "phase_loss"
    OVER_CURRENT = "over_current"
    UNDER_VOLTAGE = "under_voltage"
    SETTINGS_INCOMPLETE = "settings_incomplete"


@dataclass(frozen=True, slots=True)
class AcknowledgeOrder:
    """Someone saw to it: this condition falls, latched or not, and comes again if it is true."""

    condition: Latched
    reason: str


class Use(StrEnum):
    """What water may be taken for when the allocation or the metering would forbid it (保电)."""

    FIRE = "fire"
    LIVESTOCK = "livestock"
    DRINKING_WATER = "drinking_water"


@dataclass(frozen=True, slots=True)
class OverrideOrder:
    """Lift allocation and metering, for so long and so much and no longer."""

    use: Use
    volume_l: int
    lasts_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseOverrideOrder:
    """End an override before its time."""

    reason: str


@dataclass(frozen=True, slots=True)
class SetThresholdOrder:
    """Where a condition begins, named and counted as in the settings (`ratio_band_percent`, 30)."""

    name: str
    value: int
    document: str


@dataclass(frozen=True, slots=True)
class ResendOrder:
    """Records once more to a platform, ends included. Without a name: to whoever asks."""

    first: int
    last: int
    platform: str = ""


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """Send a sample and the live state now."""


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """From now on a platform signs with this key, too. The public half, in hex.

    `replaces`: the key id that is revoked by the same order, so that neither happens alone.
    """

    platform: str
    public_key: str
    document: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class RevokeKeyOrder:
    """Nothing that this key signs is believed any more."""

    platform: str
    kid: str
    reason: str


StationOrder = SetThresholdOrder | ResendOrder | ReportOrder | KeyOrder | RevokeKeyOrder


AuthorityOrder = StopOrder | ReleaseOrder | AcknowledgeOrder | OverrideOrder | ReleaseOverrideOrder


LedgerOrder = (
    AllocateOrder
    | AllocateEnergyOrder
    | LimitOrder
    | FitMeterOrder
    | RemoveMeterOrder
    | CorrectOrder
    | RateOrder
    | BeginRatingOrder
    | EndRatingOrder
    | LayUpOrder
    | ResumeOrder
    | SetClockOrder
    | OpenYearOrder
)


Order = LedgerOrder | AuthorityOrder | StationOrder | PeopleOrder
