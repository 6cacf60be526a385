"""Room rule: the time a report is of, and the instants at which its sums are cut. Asks no clock.

A year, a quarter, a month, or the year so far up to and including a day. All of them begin at a
midnight of the station's zone, and none of them reaches over two plan years.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from unicodedata import normalize
from zoneinfo import ZoneInfo

from agent.catalogue import Told

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2098
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PeriodKind(StrEnum):
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    AS_OF = "as_of"


# How a person writes each of them, as the catalogue says too.
_FORMS: Final = {
    PeriodKind.YEAR: re.compile(r"(?P<year>\d{4})", re.ASCII),
    PeriodKind.QUARTER: re.compile(r"(?P<year>\d{4})-?[Qq](?P<quarter>[1-4])", re.ASCII),
    PeriodKind.MONTH: re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})", re.ASCII),
    PeriodKind.AS_OF: re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII),
}


class PeriodUnreadable(Told):
    """What stands there is no such period."""


@dataclass(frozen=True, slots=True)
class Period:
    """From its first instant up to the first one after it. `name` is as a person writes it."""

    kind: PeriodKind
    name: str
    year: int  # the plan year it lies in
    from_utc_ms: int
    to_utc_ms: int


def period_of(kind: PeriodKind, text: str, zone: str) -> Period:
    """PeriodUnreadable when it is none."""
    found = _FORMS[kind].fullmatch(normalize("NFKC", text).strip())  # digits may be full-width
    if found is None or not FIRST_YEAR <= int(found["year"]) <= LAST_YEAR:
        raise _unreadable(kind, text)
    parts = {name: int(value) for name, value in found.groupdict().items()}
    try:
        return _period(kind, parts, zone)
    except ValueError:  # no such month, or no such day in it
        raise _unreadable(kind, text) from None


def _unreadable(kind: PeriodKind, text: str) -> PeriodUnreadable:
    given = text if text.isprintable() else ascii(text)[1:-1]
    return PeriodUnreadable(f"report_problem.{kind}", given=given)


def _period(kind: PeriodKind, parts: dict[str, int], zone: str) -> Period:
    year = parts["year"]
    day = date(year, parts.get("month", 1), parts.get("day", 1))
    match kind:
        case PeriodKind.YEAR:
            first, after, name = day, date(year + 1, 1, 1), f"{year}"
        case PeriodKind.QUARTER:
            quarter = parts["quarter"]
            first = date(year, 3 * quarter - 2, 1)
            after, name = months_later(first, 3), f"{year}Q{quarter}"
        case PeriodKind.MONTH:
            first, after, name = day, months_later(day, 1), f"{year}-{day.month:02}"
        case PeriodKind.AS_OF:
            first, after, name = date(year, 1, 1), day + timedelta(days=1), day.isoformat()
    return Period(kind, name, year, midnight_ms(first, zone), midnight_ms(after, zone))


def year_before(period: Period, zone: str) -> Period:
    """The same period of the plan year before; 29 February is then the 28th."""
    found = _FORMS[period.kind].fullmatch(period.name)
    assert found is not None, "a period's name is of its own form"
    parts = {name: int(value) for name, value in found.groupdict().items()}
    parts["year"] -= 1
    if parts.get("day") == 29 and parts.get("month") == 2:
        parts["day"] = 28
    return _period(period.kind, parts, zone)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Stretches of time without a hole: stretch `n` is from `instants[n]` to `instants[n + 1]`."""

    instants: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.instants) - 1

    def at(self, utc_ms: int) -> int:
        """The stretch that an instant lies in; the first or the last when it lies outside."""
        return min(max(bisect_right(self.instants, utc_ms) - 1, 0), len(self.instants) - 2)

    def within(self, from_utc_ms: int, to_utc_ms: int) -> range:
        """The stretches between two of the instants."""
        return range(self.instants.index(from_utc_ms), self.instants.index(to_utc_ms))


def cuts_of(period: Period, zone: str) -> Cuts:
    """Every month of the plan year and of the one before it, and the periods' own ends."""
    before = year_before(period, zone)
    months = {
        midnight_ms(months_later(date(period.year - 1, 1, 1), month), zone) for month in range(25)
    }
    return Cuts(tuple(sorted(months | {period.to_utc_ms, before.to_utc_ms})))


def year_begins_ms(period: Period, zone: str) -> int:
    """When the plan year that it lies in begins."""
    return midnight_ms(date(period.year, 1, 1), zone)


def months_of(period: Period, zone: str) -> tuple[Period, ...]:
    """The months that the period touches, each up to the period's end."""
    first = local_day(period.from_utc_ms, zone)
    months: list[Period] = []
    while (begins := midnight_ms(first, zone)) < period.to_utc_ms:
        after = months_later(first, 1)
        ends = min(midnight_ms(after, zone), period.to_utc_ms)
        name = f"{first.year}-{first.month:02}"
        months.append(Period(PeriodKind.MONTH, name, period.year, begins, ends))
        first = after
    return tuple(months)


def quarters_of(period: Period, zone: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The quarter that the period ends in, up to its end, and the whole quarter before it."""
    last = local_day(period.to_utc_ms - 1, zone)
    first = date(last.year, (last.month - 1) // 3 * 3 + 1, 1)
    begins = midnight_ms(first, zone)
    return (begins, period.to_utc_ms), (midnight_ms(months_later(first, -3), zone), begins)


def months_later(first: date, months: int) -> date:
    """Of the first day of a month."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def midnight_ms(day: date, zone: str) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return int((midnight - _EPOCH).total_seconds()) * 1000


def local_day(utc_ms: int, zone: str) -> date:
    return (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(ZoneInfo(zone)).date()
