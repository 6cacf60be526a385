"""Room rule: from what was seen to what ails. Pure: a table of limits, and how it is read.

A value that lingers at its limit must not be told again and again: what ails by a number is well
again only beyond a margin.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.core.model import (
    Ailment,
    AilmentKind,
    BusHealth,
    Grade,
    HostHealth,
    ModemHealth,
    ProcessHealth,
)

DAY_MS: Final = 86_400_000
# The modem's unit writes each five minutes.
MODEM_SILENT_MS: Final = 3 * 300_000
SIM_WARN_MS: Final = 30 * DAY_MS
_AT_HOME: Final = frozenset({"home", "roaming"})
# Fewer requests say nothing of a rate.
REQUESTS_MIN: Final = 100
# Of one process within the last hour or two: more than an upgrade makes.
RESTARTS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class _Limit:
    """From `warn` on it ails. Negative `margin`: less is worse."""

    warn: int
    alarm: int
    margin: int

    def grade(self, value: int, held: Grade | None) -> Grade | None:
        sign = 1 if self.margin > 0 else -1
        for grade, limit in ((Grade.ALARM, self.alarm), (Grade.WARN, self.warn)):
            stays = held is grade or (held is Grade.ALARM and grade is Grade.WARN)
            if value * sign >= (limit - (self.margin if stays else 0)) * sign:
                return grade
        return None


# A Raspberry Pi slows down at 80 °C, and most chips are made for 85. The disk's are those of
# `wellkeeper check`. A bus that is well loses one frame in a thousand.
_LIMITS: Final = {
    AilmentKind.CPU_HOT: _Limit(78_000, 85_000, 3_000),
    AilmentKind.CARD_WORN: _Limit(80, 100, 1),
    AilmentKind.LOAD_HIGH: _Limit(150, 400, 20),
    AilmentKind.BATTERY_LOW: _Limit(50, 20, -5),
    AilmentKind.DISK_LOW: _Limit(200_000_000, 50_000_000, -20_000_000),
    AilmentKind.INODES_LOW: _Limit(1000, 100, -200),
    AilmentKind.MEMORY_LOW: _Limit(10, 5, -2),
    AilmentKind.SIGNAL_WEAK: _Limit(20, 5, -5),
    AilmentKind.BUS_POOR: _Limit(5, 50, 1),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What is judged. The sequences are of the last hour or two."""

    host: HostHealth
    modem: ModemHealth | None
    instruments: Sequence[BusHealth]
    processes: Sequence[ProcessHealth]
    metrics_written: bool
    sealed: bool
    utc_ms: int
    trusted: bool


def ailments(found: Found, held: Sequence[Ailment]) -> tuple[Ailment, ...]:
    """All that ails now, in the order of the kinds. `held`: what ailed before."""
    were = {(one.kind, one.about): one.grade for one in held}
    by_number = [
        Ailment(kind, grade, about)
        for kind, about, value in _numbers(found)
        if (grade := _LIMITS[kind].grade(value, were.get((kind, about)))) is not None
    ]
    order = list(AilmentKind)
    return tuple(sorted((*by_number, *_plain(found)), key=lambda one: order.index(one.kind)))


def _numbers(found: Found) -> Iterator[tuple[AilmentKind, str, int]]:
    """What has a limit, where it is known."""
    host, modem = found.host, found.modem
    known: Mapping[AilmentKind, int | None] = {
        AilmentKind.CPU_HOT: host.cpu_millicelsius,
        AilmentKind.CARD_WORN: host.card_used_percent,
        AilmentKind.LOAD_HIGH: host.load_percent,
        AilmentKind.BATTERY_LOW: host.battery_percent,
        AilmentKind.DISK_LOW: host.disk_free_bytes,
        AilmentKind.INODES_LOW: host.inodes_free,
        AilmentKind.MEMORY_LOW: _memory_percent(host),
        AilmentKind.SIGNAL_WEAK: None if modem is None else modem.signal_percent,
    }
    yield from ((kind, "", value) for kind, value in known.items() if value is not None)
    for one in found.instruments:
        if one.requests >= REQUESTS_MIN:
            lost = one.timeouts + one.garbled
            yield AilmentKind.BUS_POOR, one.instrument.value, 100 * lost // one.requests


def _plain(found: Found) -> Iterator[Ailment]:
    """What is so or is not."""
    host = found.host
    for kind, ails in (
        (AilmentKind.THROTTLED, host.throttled is True),
        (AilmentKind.UNDER_VOLTAGE, host.under_voltage is True),
        (AilmentKind.ON_BATTERY, host.on_mains is False),
        (AilmentKind.CLOCK_UNSYNCHRONISED, host.clock_synchronised is False),
        (AilmentKind.NO_RTC, not host.rtc),
        (AilmentKind.METRICS_UNWRITTEN, not found.metrics_written),
        (AilmentKind.UNSEALED, not found.sealed),
    ):
        if ails:
            yield Ailment(kind, Grade.WARN)
    # The eMMC's own warning says it whatever the percentage does.
    spare, used = host.card_spare or 0, host.card_used_percent or 0
    if spare >= 2 and used < _LIMITS[AilmentKind.CARD_WORN].warn:
        yield Ailment(AilmentKind.CARD_WORN, Grade.ALARM if spare >= 3 else Grade.WARN)
    if found.modem is not None:
        yield from _of_modem(found.modem, found)
    for process in found.processes:
        if process.starts >= RESTARTS_MIN:
            yield Ailment(AilmentKind.RESTARTING, Grade.WARN, process.name)


def _of_modem(modem: ModemHealth, found: Found) -> Iterator[Ailment]:
    """A clock that is not believed tells the age of nothing."""
    if modem.seen_utc_ms is not None:
        if found.trusted and found.utc_ms - modem.seen_utc_ms > MODEM_SILENT_MS:
            yield Ailment(AilmentKind.MODEM_SILENT, Grade.WARN)
        elif modem.registration not in _AT_HOME:
            yield Ailment(AilmentKind.MODEM_UNREGISTERED, Grade.WARN)
    if modem.sim_expires_utc_ms is not None and found.trusted:
        left_ms = modem.sim_expires_utc_ms - found.utc_ms
        if left_ms <= SIM_WARN_MS:
            grade = Grade.WARN if left_ms > 0 else Grade.ALARM
            yield Ailment(AilmentKind.SIM_EXPIRES, grade)


def _memory_percent(host: HostHealth) -> int | None:
    if not host.memory_bytes or host.memory_available_bytes is None:
        return None
    return 100 * host.memory_available_bytes // host.memory_bytes
