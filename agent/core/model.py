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
    FLOW_L_PER_H = "flow_l_per_h"
    ENERGY_WH = "energy_wh"
    POWER_W = "power_w"
    LEVEL_MM = "level_mm"  # depth of the water table below the wellhead (埋深)


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


@dataclass(frozen=True, slots=True)
class AllocateOrder:
    """Give (or take) water for a plan year. `volume_l` is positive for every kind."""

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


Order = AllocateOrder | FitMeterOrder


@dataclass(frozen=True, slots=True)
class Command:
    """An order with its sender. `id` is unique; a command twice is a command once."""

    id: str
    origin: Origin
    actor: str
    order: Order
    not_after_utc_ms: int | None = None


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
    """

    year: int
    closes: int | None
    total_l: int
    withdrawn_before_l: int
    apportioned: bool = False


@dataclass(frozen=True, slots=True)
class RolledOver:
    """The totalizer passed its modulus: `last_total_l` was accepted before, `total_l` after."""

    last_total_l: int
    total_l: int
    modulus_l: int


Entry = Allocate | FitMeter | OpenYear | RolledOver


@dataclass(frozen=True, slots=True)
class Balance:
    """The account of one plan year, in litres. Remaining is negative when over plan (超计划)."""

    year: int
    allocated_l: int
    withdrawn_l: int

    @property
    def remaining_l(self) -> int:
        return self.allocated_l - self.withdrawn_l


# --- conditions and decisions ------------------------------------------------------------------


class ConditionKind(StrEnum):
    """Named so that absence is health. `agent/core/interlock.py` holds the table."""

    NOT_COMMISSIONED = "not_commissioned"
    NOT_ALLOCATED = "not_allocated"
    ALLOCATION_EXHAUSTED = "allocation_exhausted"
    FLOW_METER_SILENT = "flow_meter_silent"
    BOTH_METERS_SILENT = "both_meters_silent"
    POWER_METER_SILENT = "power_meter_silent"
    TOTAL_JUMPED = "total_jumped"
    TOTAL_REVERSED = "total_reversed"
    SHORT_CYCLE = "short_cycle"
    JOURNAL_FAILING = "journal_failing"
    RELAY_SILENT = "relay_silent"
    CLOCK_UNTRUSTED = "clock_untrusted"
    ALLOCATION_LOW = "allocation_low"


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
class Decision:
    """May the pump run. A permit is a lease: it lapses `lease_ms` after it was granted."""

    permit: bool
    reasons: tuple[ConditionKind, ...]
    lease_ms: int


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


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    kind: ConditionKind
    raised: bool
    action: Action
    latched: bool
    level: int = 0


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
    """A total the ledger did not believe. `allowed_l` is how far forward was plausible."""

    total_l: int
    last_total_l: int
    allowed_l: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A withheld total was believed after all: it stayed, and was plausible.

    `bounded` is False when no clock could say how much time had passed, so that nothing but its
    staying spoke for it.
    """

    total_l: int
    last_total_l: int
    bounded: bool


class StopCause(StrEnum):
    """Why a pump run ended."""

    CUT = "cut"  # our relay opened
    OWNER = "owner"  # the relay was permitted: selector, button, thermal relay or grid
    UNSEEN = "unseen"  # it ended while the agent was not looking


@dataclass(frozen=True, slots=True)
class Session:
    """One pump run (取水过程)."""

    started_utc_ms: int
    stopped_utc_ms: int
    start_total_l: int
    stop_total_l: int
    start_energy_wh: int | None
    stop_energy_wh: int | None
    cause: StopCause
    remaining_l: int | None = None


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

    All three are in hex. What is signed is said in `docs/journal.md`.
    """

    number: int
    hash: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """The numbers begin again at 1: a platform holds more than this journal ever wrote.

    So it is an older copy of it (a restored card). `previous` and its newest record are what it
    was; `seen_number` is what the platform holds. What follows up to `copied` was said before.
    """

    previous: str
    number: int
    hash: str
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
    | Session
    | Gap
    | Seal
    | EpochBegan
    | Allocate
    | FitMeter
    | OpenYear
    | RolledOver
)


@dataclass(frozen=True, slots=True)
class Record:
    """A body with its place in the epoch: numbered 1, 2, 3 and so on."""

    number: int
    at_utc_ms: int
    trusted: bool
    body: Body
