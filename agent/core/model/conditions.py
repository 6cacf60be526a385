"""Room rule: what is wrong, and what it does to the pump. The table is in `interlock`."""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.measure import Moment


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
    LEVEL_PROBE_SILENT = "level_probe_silent"
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
    SETTINGS_INCOMPLETE = "settings_incomplete"
    ALLOCATION_LOW = "allocation_low"
    REMAINING_LOW = "remaining_low"
    HOURS_LOW = "hours_low"
    LAID_UP = "laid_up"
    MOVED_WHILE_LAID_UP = "moved_while_laid_up"
    YEAR_UNCONFIRMED = "year_unconfirmed"
    OVERRIDE = "override"
    RELAY_TEST = "relay_test"
    VISIT_OPEN = "visit_open"


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
