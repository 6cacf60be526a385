"""Room rule: from settings and profiles to what the core must know of its site. Opens no wire."""

from datetime import UTC, datetime
from zlib import crc32
from zoneinfo import ZoneInfo

from agent.core.keyring import kid_of
from agent.core.model import (
    Capability,
    Grant,
    InterruptionPolicy,
    Limits,
    PlatformKey,
    Quantity,
    Site,
)
from agent.settings import Settings
from agent.settings.keys import public_of
from drivers.profile import Profile

# Plan years the calendar table holds. A controller does not outlive them.
FIRST_YEAR = 2000
LAST_YEAR = 2099
# The restarts of a feeder's wells are spread over this.
STAGGER_S = 600


def site_of(settings: Settings, flow_meter: Profile, power_meter: Profile) -> Site:
    """The frozen site. Relations between settings were checked when they were read."""
    scan, interlock, journal = settings.scan, settings.interlock, settings.journal
    conversion = settings.conversion
    return Site(
        period_ms=scan.period_s * 1000,
        cut_latency_ms=scan.cut_latency_ms,
        lease_ms=settings.relay.lease_s * 1000,
        record_interval_ms=scan.record_interval_s * 1000,
        flow_max_l_per_h=settings.flow_meter.flow_max_m3_per_h * 1000,
        flow_resolution_l=flow_meter.resolution(Quantity.FORWARD_TOTAL_L),
        flow_modulus_l=flow_meter.modulus(Quantity.FORWARD_TOTAL_L),
        power_max_w=settings.power_meter.power_max_kw * 1000,
        energy_resolution_wh=power_meter.resolution(Quantity.ENERGY_WH),
        energy_modulus_wh=power_meter.modulus(Quantity.ENERGY_WH),
        idle_power_w=interlock.idle_power_w,
        confirm_scans=interlock.confirm_scans,
        warn_percent=interlock.warn_percent,
        flow_meter_alarm_ms=interlock.flow_meter_alarm_s * 1000,
        flow_meter_cut_ms=interlock.flow_meter_cut_min * 60_000,
        both_meters_cut_ms=interlock.both_meters_cut_s * 1000,
        short_cycle_ms=interlock.short_cycle_s * 1000,
        run_on=journal.on_failure == "run_on",
        run_on_ms=journal.run_on_h * 3_600_000,
        run_on_percent=journal.run_on_percent,
        year_starts=year_starts(settings.station.zone),
        limits=_limits(settings),
        maintained=settings.relay.wiring == "maintained",
        restart_hold_ms=settings.relay.restart_hold_s * 1000 + _stagger_ms(settings.station.id),
        on_interruption=InterruptionPolicy(conversion.on_interruption),
        convert_max_ms=conversion.at_most_h * 3_600_000,
        convert_max_percent=conversion.at_most_percent,
        convert_every_ms=conversion.entered_every_min * 60_000,
        rating_test_ms=conversion.rating_test_min * 60_000,
        shared_power_meter=settings.power_meter.shared,
        granted=tuple(
            Grant(one.name, frozenset(map(Capability, one.may))) for one in settings.platform
        ),
        declared=_declared(settings),
    )


def _declared(settings: Settings) -> tuple[str, ...]:
    """As the file calls them: what is cut off its end takes some of them along."""
    named = (
        ("bus", settings.bus),
        ("input", settings.input),
        ("platform", settings.platform),
        ("console", settings.console),
    )
    found = [f"{section} {one.name}" for section, parts in named for one in parts]
    return (*found, *(["level_probe"] if settings.level_probe else []))


def keys_of(settings: Settings) -> tuple[PlatformKey, ...]:
    """The keys that the settings name; what is in their files was checked when they were read."""
    found = []
    for platform in settings.platform:
        for file in platform.key_files:
            public = public_of(file.read_text("ascii"))
            kid = None if public is None else kid_of(public)
            assert public is not None, f"{file} was a key a moment ago"
            assert kid is not None, f"{file} was a key a moment ago"
            found.append(PlatformKey(platform.name, kid, public))
    return tuple(found)


def _limits(settings: Settings) -> Limits:
    interlock, probe = settings.interlock, settings.level_probe
    return Limits(
        warn_remaining_l=interlock.warn_remaining_m3 * 1000,
        warn_pumping_ms=interlock.warn_pumping_h * 3_600_000,
        on_exhausted_cut=interlock.on_exhausted == "cut",
        cuts=interlock.cuts,
        flow_trial_ms=interlock.flow_trial_min * 60_000,
        dry_run_ms=interlock.dry_run_min * 60_000,
        dry_run_retry_ms=interlock.dry_run_retry_min * 60_000,
        rated_l_per_kwh=interlock.rated_l_per_kwh,
        ratio_band_percent=interlock.ratio_band_percent,
        creep_l=interlock.creep_l,
        dry_level_mm=interlock.dry_level_mm,
        probe_depth_mm=0 if probe is None else probe.depth_mm,
        nominal_mv=interlock.nominal_v * 1000,
        under_voltage_percent=interlock.under_voltage_percent,
        over_current_ma=interlock.over_current_a * 1000,
        uplink_stale_ms=interlock.uplink_stale_h * 3_600_000,
        override_ms=interlock.override_max_h * 3_600_000,
        override_l=interlock.override_max_m3 * 1000,
    )


def _stagger_ms(station: str) -> int:
    """So that the wells of one feeder do not start in the same second."""
    return crc32(station.encode()) % STAGGER_S * 1000


def year_starts(zone: str) -> tuple[tuple[int, int], ...]:
    """Each plan year with the UTC milliseconds of its 1 January 00:00 in `zone`."""
    place = ZoneInfo(zone)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return tuple(
        (year, int((datetime(year, 1, 1, tzinfo=place) - epoch).total_seconds()) * 1000)
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
    )
