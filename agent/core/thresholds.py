"""Room rule: which thresholds may be set from afar, within which bounds, and what they change.

Named and counted as in the settings, whose bounds these are. They move warnings and protections;
none of them lifts what the account or the law demands. What was set stands above the settings
until the settings' own value is set again, or the settings leave it no place: a dry level that the
probe would no longer see protects nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.core.model import Site, ThresholdSet
from agent.core.replacing import replace

_SECOND, _HOUR = 1000, 3_600_000


@dataclass(frozen=True, slots=True)
class Bound:
    """Both ends are allowed. `read` and `put` are the value's place in the site."""

    low: int
    high: int
    read: Callable[[Site], int]
    put: Callable[[Site, int], Site]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What was set, by whom and by which document."""

    name: str
    value: int
    document: str
    author: str


def _limit(low: int, high: int, field: str, unit: int = 1) -> Bound:
    """A field of the site's limits, which counts in smaller units."""

    def read(site: Site) -> int:
        value: int = getattr(site.limits, field)
        return value // unit

    def put(site: Site, value: int) -> Site:
        changed: dict[str, Any] = {field: value * unit}
        return replace(site, limits=replace(site.limits, **changed))

    return Bound(low, high, read, put)


def _first_warning(site: Site, value: int) -> Site:
    """The first stage; those above it stay."""
    return replace(site, warn_percent=(value, *(one for one in site.warn_percent if one > value)))


THRESHOLDS: Final[Mapping[str, Bound]] = {
    "warn_percent": Bound(
        1, 99, lambda site: site.warn_percent[0] if site.warn_percent else 99, _first_warning
    ),
    "warn_remaining_m3": _limit(0, 10_000_000, "warn_remaining_l", 1000),
    "warn_pumping_h": _limit(0, 1000, "warn_pumping_ms", _HOUR),
    "flow_meter_alarm_s": Bound(
        5,
        3600,
        lambda site: site.flow_meter_alarm_ms // _SECOND,
        lambda site, value: replace(site, flow_meter_alarm_ms=value * _SECOND),
    ),
    "rated_l_per_kwh": _limit(0, 20_000, "rated_l_per_kwh"),
    "ratio_band_percent": _limit(5, 100, "ratio_band_percent"),
    "creep_l": _limit(10, 10_000, "creep_l"),
    "dry_level_mm": _limit(0, 1_000_000, "dry_level_mm"),
    "under_voltage_percent": _limit(0, 99, "under_voltage_percent"),
    "over_current_a": _limit(0, 1000, "over_current_ma", 1000),
    "uplink_stale_h": _limit(1, 240, "uplink_stale_ms", _HOUR),
}


def highest(name: str, site: Site) -> int:
    """The most that a threshold can be here: a probe sees no water below itself."""
    if name == "dry_level_mm":
        return max(0, site.limits.probe_depth_mm - 1)
    return THRESHOLDS[name].high


def after(thresholds: tuple[Threshold, ...], entry: ThresholdSet) -> tuple[Threshold, ...]:
    """What stands after one more entry: the newest of each name."""
    others = tuple(one for one in thresholds if one.name != entry.name)
    return (*others, Threshold(entry.name, entry.value, entry.document, entry.author))


def overlaid(site: Site, thresholds: tuple[Threshold, ...]) -> Site:
    """The site as it is judged by."""
    for one in thresholds:
        if _counts(one, site):
            site = THRESHOLDS[one.name].put(site, one.value)
    return site


def differing(site: Site, thresholds: tuple[Threshold, ...]) -> tuple[tuple[Threshold, int], ...]:
    """Those that are not as the settings say, with what these say. `site` is the settings'."""
    return tuple(
        (one, said)
        for one in thresholds
        if _counts(one, site) and (said := THRESHOLDS[one.name].read(site)) != one.value
    )


def _counts(one: Threshold, site: Site) -> bool:
    """Not what only a later version knows, nor a level below the probe as it hangs now."""
    return one.name in THRESHOLDS and one.value <= highest(one.name, site)
