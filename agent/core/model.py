"""Room rule: the values that flow through the house, and nothing that decides.

Everything here is frozen. Volumes are integer litres, energies integer watt-hours, instants
integer milliseconds: floats stop at the driver. Units stand last in names. An illegal value does
not construct. `None` means absent; never unknown, failed or zero.

A record's body is stored as a positional row in the order of its fields (`agent/rows.py`), so a
field may be added at the end with a default, and never be moved, renamed in meaning or removed.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, seen by two clocks.

    `monotonic_ms` counts since the boot named by `boot` and measures elapsed time; `utc_ms` is
    calendar time since 1970 and is believed only when `trusted`.
    """

    utc_ms: int
    monotonic_ms: int
    boot: str
    trusted: bool


def elapsed_ms(since: Moment, now: Moment) -> int | None:
    """Milliseconds from `since` to `now`; None when no clock can tell."""
    if since.boot == now.boot:
        return max(0, now.monotonic_ms - since.monotonic_ms)
    if since.trusted and now.trusted:
        return max(0, now.utc_ms - since.utc_ms)
    return None


class Role(StrEnum):
    """What an instrument is to the station. One role, one instrument."""

    FLOW_METER = "flow_meter"
    POWER_METER = "power_meter"
    LEVEL_PROBE = "level_probe"


class Quantity(StrEnum):
    """What is measured, in its base unit."""

    FORWARD_TOTAL_L = "forward_total_l"
    REVERSE_TOTAL_L = "reverse_total_l"
    NET_TOTAL_L = "net_total_l"  # forward minus reverse: shown, and never the legal quantity
    FLOW_L_PER_H = "flow_l_per_h"
    ENERGY_WH = "energy_wh"
    POWER_W = "power_w"
    LEVEL_MM = "level_mm"  # depth of the water table below the wellhead (埋深)
    VOLTAGE_1_MV = "voltage_1_mv"  # of each phase against neutral
    VOLTAGE_2_MV = "voltage_2_mv"
    VOLTAGE_3_MV = "voltage_3_mv"
    CURRENT_1_MA = "current_1_ma"
    CURRENT_2_MA = "current_2_ma"
    CURRENT_3_MA = "current_3_ma"


class Quality(StrEnum):
    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"


class Fault(StrEnum):
    """Why a reading is not good."""

    TIMEOUT = "timeout"  # no answer in time
    GARBLED = "garbled"  # bad CRC, wrong length, foreign frame
    REFUSED = "refused"  # the instrument answered with an exception
    DISCONNECTED = "disconnected"  # the adapter or tty is gone
    RESTING = "resting"  # silent for long; left alone until its next probe
    NOT_READ = "not_read"  # did not fit this scan's bus budget
    INVALID = "invalid"  # NaN, infinite or the instrument's own marker for "no value"
    OUT_OF_RANGE = "out_of_range"  # outside what the profile says is possible
    NO_SIGNAL = "no_signal"  # lost or poor signal, air, sand
    EMPTY_PIPE = "empty_pipe"
    DEVICE_FAULT = "device_fault"  # the instrument reports itself unwell
    IMPLAUSIBLE = "implausible"  # the ledger withholds a total


@dataclass(frozen=True, slots=True)
class Reading:
    """One quantity of one instrument in one scan; a bad wire is a bad Reading, never an exception.

    `value` is in the quantity's base unit; None when nothing could be read.
    """

    instrument: Role
    quantity: Quantity
    value: int | None
    quality: Quality
    fault: Fault | None = None

    def __post_init__(self) -> None:
        if self.quality is Quality.GOOD:
            assert self.value is not None, "a good reading has a value"
            assert self.fault is None, "a good reading has no fault"
        else:
            assert self.fault is not None, "a reading that is not good says why"


class InterruptionPolicy(StrEnum):
    """What a site does while its flow meter does not meter."""

    CONVERT = "convert"  # where a rate is in force, within bounds; else as CUT
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Contacts:
    """The dry contacts of the pump house. None: not wired, or not readable now."""

    bypass_closed: bool | None = None  # the auxiliary contact of the sealed bypass
    door_open: bool | None = None
    mains_present: bool | None = None
    contactor_closed: bool | None = None  # the contactor's feedback contact


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the interlock's conditions begin. Zero switches off what says "0: off"."""

    warn_remaining_l: int = 0  # 0: off
    warn_pumping_ms: int = 72 * 3_600_000  # 0: off
    on_exhausted_cut: bool = True
    cuts: tuple[str, ...] = ()  # the protections, by condition, that cut and not only alarm
    flow_trial_ms: int = 300_000
    mains_settle_ms: int = 120_000
    dry_run_power_percent: int = 30  # of the learned pump power
    dry_run_ms: int = 300_000
    dry_run_retry_ms: int = 1_800_000
    unpowered_flow_ms: int = 60_000
    power_after_cut_ms: int = 10_000
    flow_after_cut_ms: int = 60_000
    reverse_flow_ms: int = 60_000
    drain_back_ms: int = 600_000
    creep_l: int = 100  # within an hour, without power
    rated_l_per_kwh: int = 0  # 0: off
    ratio_band_percent: int = 25
    starting_ms: int = 30_000
    protection_ms: int = 10_000
    healthy_ms: int = 300_000
    phase_loss_percent: int = 30  # a phase below this share of the strongest is lost
    nominal_mv: int = 220_000
    under_voltage_percent: int = 85  # of the nominal voltage; 0: off
    over_current_ma: int = 0  # 0: off
    dry_level_mm: int = 0  # a water table deeper than this; 0: off
    probe_depth_mm: int = 0  # where the level probe hangs; 0: no probe
    uplink_stale_ms: int = 6 * 3_600_000
    override_ms: int = 72 * 3_600_000  # the longest
    override_l: int = 2_000_000  # and the largest


@dataclass(frozen=True, slots=True)
class Site:
    """What the core must know of its site; made from the settings and the meters' profiles."""

    period_ms: int
    cut_latency_ms: int
    lease_ms: int
    record_interval_ms: int
    flow_max_l_per_h: int
    flow_resolution_l: int
    flow_modulus_l: int
    power_max_w: int
    energy_resolution_wh: int
    energy_modulus_wh: int
    idle_power_w: int
    confirm_scans: int
    warn_percent: tuple[int, ...]
    flow_meter_alarm_ms: int
    flow_meter_cut_ms: int
    both_meters_cut_ms: int
    short_cycle_ms: int
    run_on: bool
    run_on_ms: int
    run_on_percent: int
    year_starts: tuple[tuple[int, int], ...]  # (year, its first utc_ms in the site's zone), rising
    limits: Limits = Limits()
    maintained: bool = False  # permission alone lets the pump run: no self-holding starter
    restart_hold_ms: int = 180_000  # staggered from well to well
    on_interruption: InterruptionPolicy = InterruptionPolicy.CONVERT
    convert_max_ms: int = 72 * 3_600_000
    convert_max_percent: int = 5  # of what is allocated
    convert_every_ms: int = 600_000
    rating_test_ms: int = 3_600_000
    shared_power_meter: bool = False  # also measures other loads: no rate, no energy allocation


# --- the desk: who asks for what ---------------------------------------------------------------


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


class Rank(StrEnum):
    """What a person at a console may do. Who comes through another door has the door's rights."""

    TECHNICIAN = "technician"
    SUPERVISOR = "supervisor"


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
    """The latched conditions that a person may acknowledge (确认), once it was seen to."""

    RUNNING_WHILE_CUT = "running_while_cut"
    ENERGY_WITHOUT_WATER = "energy_without_water"
    FLOW_SIGNAL_LOST = "flow_signal_lost"
    DRY_WELL = "dry_well"
    PHASE_LOSS = "phase_loss"
    OVER_CURRENT = "over_current"
    UNDER_VOLTAGE = "under_voltage"


@dataclass(frozen=True, slots=True)
class AcknowledgeOrder:
    """Someone saw to it: the latch of this condition falls."""

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
Order = LedgerOrder | AuthorityOrder


@dataclass(frozen=True, slots=True)
class Command:
    """An order with its sender. `id` is unique; a command twice is a command once."""

    id: str
    origin: Origin
    actor: str
    order: Order
    not_after_utc_ms: int | None = None
    rank: Rank | None = None  # of the person at a console


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


@dataclass(frozen=True, slots=True)
class Refusal:
    """`expected` is what would be accepted, in the units of the order; empty when words suffice."""

    reason: Refused
    given: str = ""
    expected: str = ""


# --- entries: the only things that change the ledger -------------------------------------------


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
    `author` and `document` are set when a person said what the total was.
    """

    year: int
    closes: int | None
    total_l: int
    withdrawn_before_l: int
    apportioned: bool = False
    energy_total_wh: int | None = None
    document: str = ""
    author: str = ""


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


# --- conditions and decisions ------------------------------------------------------------------


class ConditionKind(StrEnum):
    """Named so that absence is health. `agent/core/interlock.py` holds the table."""

    NOT_COMMISSIONED = "not_commissioned"
    STOPPED_ON_SITE = "stopped_on_site"
    STOPPED_BY_PLATFORM = "stopped_by_platform"
    NOT_ALLOCATED = "not_allocated"
    ALLOCATION_EXHAUSTED = "allocation_exhausted"
    ENERGY_EXHAUSTED = "energy_exhausted"
    FLOW_METER_SILENT = "flow_meter_silent"
    FLOW_SIGNAL_LOST = "flow_signal_lost"
    BOTH_METERS_SILENT = "both_meters_silent"
    POWER_METER_SILENT = "power_meter_silent"
    TOTAL_JUMPED = "total_jumped"
    TOTAL_REVERSED = "total_reversed"
    FLOW_REVERSED = "flow_reversed"
    RUNNING_WHILE_CUT = "running_while_cut"
    ENERGY_WITHOUT_WATER = "energy_without_water"
    WATER_WITHOUT_ENERGY = "water_without_energy"
    BYPASSED = "bypassed"
    IDLE_CREEP = "idle_creep"
    RATIO_OUT_OF_BAND = "ratio_out_of_band"
    DRY_WELL = "dry_well"
    PHASE_LOSS = "phase_loss"
    OVER_CURRENT = "over_current"
    UNDER_VOLTAGE = "under_voltage"
    SHORT_CYCLE = "short_cycle"
    RESTART_HOLD = "restart_hold"
    LEASE_LAPSED = "lease_lapsed"
    JOURNAL_FAILING = "journal_failing"
    RELAY_SILENT = "relay_silent"
    CLOCK_UNTRUSTED = "clock_untrusted"
    MAINS_FAILED = "mains_failed"
    DOOR_OPEN = "door_open"
    UPLINK_STALE = "uplink_stale"
    ALLOCATION_LOW = "allocation_low"
    REMAINING_LOW = "remaining_low"
    HOURS_LOW = "hours_low"
    OVERRIDE = "override"


class Action(StrEnum):
    """What a condition does to the pump. The order is the policy: the last one wins."""

    WARN = "warn"
    ALARM = "alarm"
    HOLD_OFF = "hold_off"  # keeps a cut relay cut; never cuts a permitted one
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Condition:
    """A thing that is wrong. `level` tells stages of one kind apart (warnings at 80, 90, 95 %)."""

    kind: ConditionKind
    since: Moment
    action: Action
    latched: bool = False
    level: int = 0


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a permit stands though something is missing, and what is left of its bounds."""

    kind: ConditionKind
    volume_l: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class Decision:
    """May the pump run. A permit is a lease: it lapses `lease_ms` after it was granted.

    `exceptions` name the bounded exceptions that a permit rests on; none when all is in order.
    """

    permit: bool
    reasons: tuple[ConditionKind, ...]
    lease_ms: int
    exceptions: tuple[Exemption, ...] = ()


# --- records: what is written down and sent ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """Control came up. `relay_permitted` is what it found the relay doing."""

    version: str
    boot: str
    relay_permitted: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """What the meters show, once per record interval and at every edge.

    A value that was not good is None, and `faults` says which, how and why.
    """

    forward_total_l: int | None
    flow_l_per_h: int | None
    energy_wh: int | None
    power_w: int | None
    level_mm: int | None
    permitted: bool
    allocated_l: int | None
    withdrawn_l: int | None
    faults: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a command. `refusal` None means it took effect."""

    command_id: str
    origin: Origin
    actor: str
    order: str  # the kind of order, as in the class name
    refusal: Refusal | None
    balance: Balance | None
    note: str = ""  # what the sender gave as the reason


@dataclass(frozen=True, slots=True)
class Measured:
    """A raw value that a condition rests on. Its unit stands last in its name."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    kind: ConditionKind
    raised: bool
    action: Action
    latched: bool
    level: int = 0
    evidence: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayMoved:
    """An edge of the relay. `lapsed`: the lease ran out, nobody commanded it."""

    permitted: bool
    lapsed: bool
    reasons: tuple[ConditionKind, ...]
    withdrawn_l: int | None
    remaining_l: int | None


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
class ClockSet:
    """The agent's own calendar was set; the host's was not."""

    now_utc_ms: int
    was_utc_ms: int
    reason: str
    author: str


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


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The checkpoint could not be read; the account was made again from its entries."""

    entries: int
    reason: str


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
    metered: bool = True  # throughout: no metering interruption fell into it


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that could not be kept. Said, because a silent hole is a lie."""

    lost: int
    from_utc_ms: int
    to_utc_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The station's signature over the journal's head: it vouches for every record up to it.

    The last three are in hex. What is signed is said in `docs/journal.md`.
    """

    through: int
    hash: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """The numbers begin again at 1: a platform holds more than this journal ever wrote.

    So it is an older copy of it (a restored card). `previous_...` is what it was and its newest
    record; `seen_number` is what the platform holds. The next `copied` records were said before.
    """

    previous_epoch: str
    previous_number: int
    previous_hash: str
    seen_number: int
    platform: str
    copied: int


Body = (
    Started
    | Sample
    | Verdict
    | ConditionChanged
    | RelayMoved
    | Withheld
    | Confirmed
    | Bridged
    | InterruptionBegan
    | InterruptionEnded
    | ClockSet
    | RatingBegan
    | RatingAborted
    | RateProposed
    | Rebuilt
    | Session
    | Gap
    | Seal
    | EpochBegan
    | Entry
)


@dataclass(frozen=True, slots=True)
class Record:
    """A body with its place in the epoch: numbered 1, 2, 3 and so on."""

    number: int
    at_utc_ms: int
    trusted: bool
    body: Body
