"""Room rule: what the core must know of its site; made from settings and profiles."""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.senders import Capability


class InterruptionPolicy(StrEnum):
    """What a site does while its flow meter does not meter."""

    CONVERT = "convert"  # where a rate is in force, within bounds; else as CUT
    CUT = "cut"


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
class Grant:
    """What the settings of this station let one platform do."""

    platform: str
    may: frozenset[Capability]


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
    granted: tuple[Grant, ...] = ()
    declared: tuple[str, ...] = ()  # every part that has a name: "platform province", "bus main"
