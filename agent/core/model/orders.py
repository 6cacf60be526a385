"""Room rule: who asks for what, and why not. An order is a wish; `entries` are what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.measure import Role
from agent.core.model.people import PeopleOrder, Rank


class Origin(StrEnum):
    """Through which door a command came."""

    ADMIN = "admin"  # the desk's admin socket: root on this host
    CONSOLE = "console"
    PLATFORM = "platform"


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


class Capability(StrEnum):
    """What a platform may be granted in the station's settings; nothing is granted by itself."""

    ALLOCATE = "allocate"
    CORRECT = "correct"
    RATE = "rate"
    STOP = "stop"  # and release its own stops
    ACKNOWLEDGE = "acknowledge"
    OVERRIDE = "override"
    SET_CLOCK = "set_clock"
    SET_THRESHOLD = "set_threshold"
    RESEND = "resend"
    REPORT = "report"


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
    """The conditions that latch, so that a person acknowledges them (确认) once it was seen to."""

    RUNNING_WHILE_CUT = "running_while_cut"
    ENERGY_WITHOUT_WATER = "energy_without_water"
    FLOW_SIGNAL_LOST = "flow_signal_lost"
    DRY_WELL = "dry_well"
    PHASE_LOSS = "phase_loss"
    OVER_CURRENT = "over_current"
    UNDER_VOLTAGE = "under_voltage"


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


@dataclass(frozen=True, slots=True)
class Command:
    """An order with its sender. `id` is unique; a command twice is a command once."""

    id: str
    origin: Origin
    actor: str
    order: Order
    not_after_utc_ms: int | None = None
    rank: Rank | None = None  # of the person at a console
    issued_utc_ms: int | None = None  # it is a signed one, of this instant


def is_supervisors(command: Command) -> bool:
    """Whether a supervisor's rights stand behind a command: root on this host has them."""
    return command.origin is Origin.ADMIN or command.rank is Rank.SUPERVISOR


class Refused(StrEnum):
    """Why an order changed nothing. The catalogue says each in two languages and what to do."""

    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    VOLUME_RANGE = "volume_range"
    YEAR_CLOSED = "year_closed"
    YEAR_TOO_FAR = "year_too_far"
    PLAN_EXISTS = "plan_exists"
    NO_PLAN = "no_plan"
    REDUCTION_TOO_LARGE = "reduction_too_large"
    EXPIRY_MISSING = "expiry_missing"
    EXPIRY_NOT_ALLOWED = "expiry_not_allowed"
    DOCUMENT_MISSING = "document_missing"
    SERIAL_MISSING = "serial_missing"
    SAME_SERIAL = "same_serial"
    METER_NOT_READ = "meter_not_read"
    DISPLAY_DISAGREES = "display_disagrees"
    WITHDRAWN_BEFORE_MISSING = "withdrawn_before_missing"
    WITHDRAWN_BEFORE_NOT_ALLOWED = "withdrawn_before_not_allowed"
    CLOCK_UNTRUSTED = "clock_untrusted"
    ROLE_NOT_FITTED = "role_not_fitted"
    NOT_STOPPED = "not_stopped"
    RELEASE_NOT_ALLOWED = "release_not_allowed"
    STOPS_FULL = "stops_full"
    NOT_LATCHED = "not_latched"
    OVERRIDE_RUNS = "override_runs"
    OVERRIDE_TIME = "override_time"
    NO_OVERRIDE = "no_override"
    TRANSFER_TOO_LARGE = "transfer_too_large"
    CORRECTION_RANGE = "correction_range"
    REASON_MISSING = "reason_missing"
    METER_NOT_FITTED = "meter_not_fitted"
    TOTAL_RANGE = "total_range"
    NET_NOT_LEGAL = "net_not_legal"
    ENERGY_RANGE = "energy_range"
    POWER_METER_SHARED = "power_meter_shared"
    LIMIT_NAME = "limit_name"
    LIMIT_WINDOW = "limit_window"
    LIMIT_OVERLAPS = "limit_overlaps"
    LIMITS_FULL = "limits_full"
    RATE_RANGE = "rate_range"
    LEVEL_RANGE = "level_range"
    MEASURED_RANGE = "measured_range"
    PUMP_RUNNING = "pump_running"
    PUMP_NOT_RUNNING = "pump_not_running"
    RATING_RUNNING = "rating_running"
    RATING_MISSING = "rating_missing"
    RATING_SHORT = "rating_short"
    LAID_UP = "laid_up"
    NOT_LAID_UP = "not_laid_up"
    CLOCK_RANGE = "clock_range"
    CLOCK_LOWERED = "clock_lowered"
    CLOCK_SYNCHRONISED = "clock_synchronised"
    YEAR_NOT_ASKED = "year_not_asked"
    UNSIGNED = "unsigned"
    KEY_REVOKED = "key_revoked"
    OVERSIZED = "oversized"
    RETAINED = "retained"
    TOO_MANY = "too_many"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"
    NO_COMMAND = "no_command"
    LIFETIME = "lifetime"
    NOT_YET = "not_yet"
    ISSUED_BEFORE = "issued_before"
    IDS_FULL = "ids_full"
    THRESHOLD_UNKNOWN = "threshold_unknown"
    THRESHOLD_RANGE = "threshold_range"
    PLATFORM_UNKNOWN = "platform_unknown"
    RESEND_RANGE = "resend_range"
    KEY_UNREADABLE = "key_unreadable"
    KEY_KNOWN = "key_known"
    KEY_UNKNOWN = "key_unknown"
    KEYS_FULL = "keys_full"
    NOT_ALLOWED = "not_allowed"
    SIGN_IN_WRONG = "sign_in_wrong"
    SIGN_IN_DELAYED = "sign_in_delayed"
    SUPERVISOR_EXISTS = "supervisor_exists"
    ACCOUNT_NAME = "account_name"
    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNTS_FULL = "accounts_full"
    LAST_SUPERVISOR = "last_supervisor"
    PERSON_MISSING = "person_missing"
    VISIT_OPEN = "visit_open"
    SETUP_OPEN = "setup_open"
    SETUP_FACTS = "setup_facts"
    NO_VISIT = "no_visit"
    TEST_TIME = "test_time"
    PIN_WEAK = "pin_weak"
    PIN_WRONG = "pin_wrong"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`expected` is what would be accepted, in the units of the order; empty when words suffice."""

    reason: Refused
    given: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """What the door refused before there was an order to judge; `count` times the same.

    `actor` is the platform that signed, or through whose link it came: then nobody vouches for it.
    """

    actor: str
    command_id: str
    refusal: Refusal
    count: int = 1


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """The public half of a key of a platform, in hex. `revoked`: it proves nothing any more."""

    platform: str
    kid: str
    public: str
    revoked: bool = False
