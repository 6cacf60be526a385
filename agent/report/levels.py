"""Room rule: static and dynamic level out of samples. Knows no water account.

The level is static when the pump has been off for eight hours, and dynamic when it has run for half
an hour: what lies between is a well that rises or falls. A sample that does not say whether the
pump runs is neither, and a silence of more than an hour proves nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from agent.report.well import Level

STATIC_AFTER_MS: Final = 8 * 3_600_000
DYNAMIC_AFTER_MS: Final = 30 * 60_000
SILENT_MS: Final = 3_600_000


@dataclass(slots=True)
class _Depths:
    """Of one stretch and one state of the pump."""

    first_mm: int | None = None
    last_mm: int | None = None
    sum_mm: int = 0
    count: int = 0

    def add(self, level_mm: int) -> None:
        if self.first_mm is None:
            self.first_mm = level_mm
        self.last_mm = level_mm
        self.sum_mm += level_mm
        self.count += 1


@dataclass(slots=True)
class _State:
    """Since when the pump has been off, or running."""

    running: bool | None = None
    since_utc_ms: int = 0
    seen_utc_ms: int = 0


@dataclass(slots=True)
class Levels:
    stretches: int
    idle_power_w: int
    static: list[_Depths] = field(init=False)
    dynamic: list[_Depths] = field(init=False)
    _pump: _State = field(default_factory=_State)

    def __post_init__(self) -> None:
        self.static = [_Depths() for _ in range(self.stretches)]
        self.dynamic = [_Depths() for _ in range(self.stretches)]

    def see(self, utc_ms: int, power_w: int | None) -> None:
        pump = self._pump
        running = None if power_w is None else power_w > self.idle_power_w
        silent = utc_ms - pump.seen_utc_ms > SILENT_MS
        if running is not pump.running or silent:
            pump.running, pump.since_utc_ms = running, utc_ms
        pump.seen_utc_ms = utc_ms

    def measure(self, utc_ms: int, level_mm: int, place: int) -> None:
        """After `see` of the same sample."""
        pump = self._pump
        lasted_ms = utc_ms - pump.since_utc_ms
        if pump.running is True and lasted_ms >= DYNAMIC_AFTER_MS:
            self.dynamic[place].add(level_mm)
        elif pump.running is False and lasted_ms >= STATIC_AFTER_MS:
            self.static[place].add(level_mm)


@dataclass(frozen=True, slots=True)
class Places:
    """The stretches that a level and its changes are taken from."""

    period: Iterable[int]
    year_before: Iterable[int]
    quarter: Iterable[int]
    quarter_before: Iterable[int]


def level_of(depths: list[_Depths], places: Places) -> Level:
    chosen = [depths[place] for place in places.period if depths[place].count]
    mean_mm = _mean(depths, places.period)
    return Level(
        start_mm=chosen[0].first_mm if chosen else None,
        end_mm=chosen[-1].last_mm if chosen else None,
        mean_mm=mean_mm,
        quarter_change_mm=_change(
            _mean(depths, places.quarter), _mean(depths, places.quarter_before)
        ),
        year_change_mm=_change(mean_mm, _mean(depths, places.year_before)),
    )


def _mean(depths: list[_Depths], places: Iterable[int]) -> int | None:
    chosen = [depths[place] for place in places]
    count = sum(one.count for one in chosen)
    return round(sum(one.sum_mm for one in chosen) / count) if count else None


def _change(now_mm: int | None, was_mm: int | None) -> int | None:
    return None if now_mm is None or was_mm is None else now_mm - was_mm
