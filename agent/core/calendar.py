"""Room rule: what the core believes of time. Knows no water.

Two questions are answered here: may this calendar be believed, and which plan year is it. Elapsed
time is monotonic and always believed; calendar time may be wrong by a battery, a SIM network or a
zero in an NTP reply (which reads as 2036), and a wrong calendar must never open a plan year.
"""

from bisect import bisect_right
from dataclasses import replace

from agent.core.model import Moment, Site, elapsed_ms

# How far the calendar may leave what monotonic time explains and still be believed. A day covers
# every zone and daylight mistake, and a first synchronisation after a drift.
JUMP_MAX_MS = 24 * 3_600_000
# Across a boot nothing explains the calendar; a controller may have lain in a store for a year.
ABSENCE_MAX_MS = 400 * 24 * 3_600_000


def believe(watermark: Moment | None, moment: Moment) -> Moment:
    """`moment`, with `trusted` withdrawn when its calendar left what `watermark` explains.

    The watermark is the last moment that was believed. It does not move while the calendar is
    not believed, so a jump stays untrusted until the calendar comes back.
    """
    if watermark is None or not moment.trusted:
        return moment
    if watermark.boot == moment.boot:
        explained_ms = watermark.utc_ms + (moment.monotonic_ms - watermark.monotonic_ms)
        believed = abs(moment.utc_ms - explained_ms) <= JUMP_MAX_MS
    else:
        believed = -JUMP_MAX_MS <= moment.utc_ms - watermark.utc_ms <= ABSENCE_MAX_MS
    return replace(moment, trusted=believed)


def reckoned(watermark: Moment | None, moment: Moment) -> Moment:
    """`moment`, or the latest calendar that can still be vouched for while it is not believed.

    Expiries are held against this: a clock that lost its trust ends nothing early, and brings
    nothing back that had ended.
    """
    if moment.trusted or watermark is None:
        return moment
    since_ms = elapsed_ms(watermark, moment)  # never by the calendar: `moment` is not trusted
    return replace(watermark, utc_ms=watermark.utc_ms + (since_ms or 0))


def plan_year(site: Site, utc_ms: int) -> int | None:
    """The plan year of an instant in the site's zone; None outside the table."""
    starts = [start for _, start in site.year_starts]
    place = bisect_right(starts, utc_ms)
    if place in (0, len(starts)):
        return None
    return site.year_starts[place - 1][0]


def year_start_ms(site: Site, year: int) -> int:
    """When a plan year of the table begins."""
    return next(start for known, start in site.year_starts if known == year)


def year_span_ms(site: Site, year: int) -> tuple[int, int] | None:
    """Where a plan year begins and ends; None outside the table."""
    starts = dict(site.year_starts)
    if year not in starts or year + 1 not in starts:
        return None
    return starts[year], starts[year + 1]
