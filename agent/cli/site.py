"""Room rule: from settings and profiles to what the core must know of its site. Opens no wire."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent.core.model import Quantity, Site
from agent.settings import Settings
from drivers.profile import Profile

# Plan years the calendar table holds. A controller does not outlive them.
FIRST_YEAR = 2000
LAST_YEAR = 2099


def site_of(settings: Settings, flow_meter: Profile, power_meter: Profile) -> Site:
    """The frozen site. Relations between settings were checked when they were read."""
    scan, interlock, journal = settings.scan, settings.interlock, settings.journal
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
    )


def year_starts(zone: str) -> tuple[tuple[int, int], ...]:
    """Each plan year with the UTC milliseconds of its 1 January 00:00 in `zone`."""
    place = ZoneInfo(zone)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return tuple(
        (year, int((datetime(year, 1, 1, tzinfo=place) - epoch).total_seconds()) * 1000)
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
    )
