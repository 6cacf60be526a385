"""Room rule: what is written down of the meters' totals, beside the entries that they became.

Which total was believed and why, what stood in for it while there was none, what a kilowatt-hour
lifted, and what each run of the pump came to. Stored as `records` says.
"""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.conditions import ConditionKind
from agent.core.model.measure import Quantity
from agent.core.model.orders import RateMethod
from agent.core.model.site import InterruptionPolicy


@dataclass(frozen=True, slots=True)
class Withheld:
    """A total the ledger did not believe. `allowed_l` is how far forward was plausible.

    In litres; in watt-hours when it is the power meter's.
    """

    total_l: int
    last_total_l: int
    allowed_l: int
    quantity: Quantity = Quantity.FORWARD_TOTAL_L


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A withheld total was believed after all: it stayed, and was plausible.

    `bounded` is False when no clock could say how much time had passed, so that nothing but its
    staying spoke for it.
    """

    total_l: int
    last_total_l: int
    bounded: bool
    quantity: Quantity = Quantity.FORWARD_TOTAL_L


@dataclass(frozen=True, slots=True)
class Bridged:
    """The total moved while nobody read it for more than an hour, and was believed.

    `gap_ms` is None when no clock could tell. `bounded` is False when the electricity could not
    vouch for the water: no rate is in force, or the power meter was not read.
    """

    total_l: int
    last_total_l: int
    gap_ms: int | None
    energy_wh: int | None
    bounded: bool


class InterruptionCause(StrEnum):
    """Why water was not metered."""

    SILENT = "silent"
    JUMPED = "jumped"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class InterruptionBegan:
    """Metering interruption (计量中断): since `from_utc_ms` no total was accepted."""

    from_utc_ms: int
    cause: InterruptionCause
    running: bool  # the pump, as the power meter says
    policy: InterruptionPolicy
    total_l: int
    total_wh: int | None


@dataclass(frozen=True, slots=True)
class InterruptionEnded:
    """Metering goes on. `standing_l` of the converted volume stands: no totalizer counted it."""

    from_utc_ms: int
    to_utc_ms: int
    cause: InterruptionCause
    running: bool
    policy: InterruptionPolicy
    converted_l: int
    counted_l: int  # by the totalizer meanwhile
    standing_l: int


@dataclass(frozen=True, slots=True)
class RatingBegan:
    total_l: int
    total_wh: int
    static_mm: int | None
    author: str


class RatingBroken(StrEnum):
    """Why a rating test came to nothing."""

    PUMP_STOPPED = "pump_stopped"
    NOT_METERED = "not_metered"


@dataclass(frozen=True, slots=True)
class RatingAborted:
    cause: RatingBroken
    lasted_ms: int | None


@dataclass(frozen=True, slots=True)
class RateProposed:
    """What a test or the well's own runs say the coefficient is. It is not in force."""

    litres_per_kwh: int
    method: RateMethod
    volume_l: int
    energy_wh: int
    lasted_ms: int
    static_mm: int | None = None
    dynamic_mm: int | None = None
    in_force: int | None = None


class StartCause(StrEnum):
    """Why a pump run began."""

    OWNER = "owner"  # the relay was permitted, and its owner pressed the button
    WHILE_CUT = "while_cut"  # our relay was open: bypass, welded contacts, another pump
    UNSEEN = "unseen"  # it began while the agent was not looking
    YEAR = "year"  # it is the rest of a run that was split where a year began


class StopCause(StrEnum):
    """Why a pump run ended."""

    CUT = "cut"  # our relay opened
    OWNER = "owner"  # the relay was permitted: selector, button, thermal relay or grid
    UNSEEN = "unseen"  # it ended while the agent was not looking
    YEAR = "year"  # it was split where a year began


@dataclass(frozen=True, slots=True)
class Session:
    """One pump run (取水过程).

    `volume_l` is what was metered between the two totals, whatever happened to the meter
    meanwhile. `reasons` are those of the cut, when a cut ended it.
    """

    started_utc_ms: int
    stopped_utc_ms: int
    start_total_l: int
    stop_total_l: int
    start_energy_wh: int | None
    stop_energy_wh: int | None
    cause: StopCause
    remaining_l: int | None = None
    volume_l: int | None = None
    energy_wh: int | None = None
    litres_per_kwh: int | None = None
    start_cause: StartCause = StartCause.OWNER
    reasons: tuple[ConditionKind, ...] = ()
    metered: bool = True  # throughout: seen to its end, without a metering interruption
