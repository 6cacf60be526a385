"""Room rule: what the core believes of time. Knows no water.

Two questions are answered here: may this calendar be believed, and which plan year is it. Elapsed
time is monotonic and always believed; calendar time may be wrong by a battery, a SIM network or a
zero in an NTP reply (which reads as 2036), and a wrong calendar must never open a plan year.
"""

from bisect import bisect_right
from dataclasses import dataclass

from agent.core.model import Moment, Site, elapsed_ms
from agent.core.replacing import replace

# How far the calendar may leave what monotonic time explains and still be believed. A day covers
# every zone and daylight mistake, and a first synchronisation after a drift.
JUMP_MAX_MS = 24 * 3_600_000
# Across a boot nothing explains the calendar; a controller may have lain in a store for a year.
ABSENCE_MAX_MS = 400 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class SetClock:
    """What a person or a platform said the time is. Worth nothing after the next boot."""

    utc_ms: int
    monotonic_ms: int
    boot: str


def believe(watermark: Moment | None, clock: SetClock | None, moment: Moment) -> Moment:
    """The instant as believed: the host's calendar, or the one that was set by hand, or neither.

    The host's is believed while it is synchronised and near what the watermark explains. What
    was set by hand stands in for it until then, and answers for itself.
    """
    if moment.trusted and _is_near(watermark, moment):
        return moment
    if clock is not None and clock.boot == moment.boot:
        passed_ms = moment.monotonic_ms - clock.monotonic_ms
        return replace(moment, utc_ms=clock.utc_ms + passed_ms, trusted=True)
    return replace(moment, trusted=False)


def ahead_max_ms(watermark: Moment | None, moment: Moment) -> int:
    """How far ahead of what is known a calendar is still believed."""
    one_boot = watermark is not None and watermark.boot == moment.boot
    return JUMP_MAX_MS if one_boot else ABSENCE_MAX_MS


def _is_near(watermark: Moment | None, moment: Moment) -> bool:
    if watermark is None:
        return True
    if watermark.boot == moment.boot:
        return abs(moment.utc_ms - _explained_ms(watermark, moment)) <= JUMP_MAX_MS
    return -JUMP_MAX_MS <= moment.utc_ms - watermark.utc_ms <= ABSENCE_MAX_MS


def _explained_ms(watermark: Moment, moment: Moment) -> int:
    return watermark.utc_ms + (moment.monotonic_ms - watermark.monotonic_ms)


def advance(watermark: Moment | None, moment: Moment) -> Moment | None:
    """The watermark after a scan.

    Within a boot it follows monotonic time whatever the calendar does, so that a calendar that
    walks away by small steps is not followed.
    """
    if not moment.trusted:
        return watermark
    if watermark is None or watermark.boot != moment.boot:
        return moment
    return replace(moment, utc_ms=_explained_ms(watermark, moment))


def reckoned(watermark: Moment | None, moment: Moment) -> Moment:
    """`moment`, or the latest calendar that can still be vouched for while it is not believed.

    A clock that lost its trust ends nothing early, and brings nothing back that had ended.
    """
    if moment.trusted or watermark is None:
        return moment
    since_ms = elapsed_ms(watermark, moment)  # never by the calendar: `moment` is not trusted
    return replace(watermark, utc_ms=watermark.utc_ms + (since_ms or 0))


def latest_ms(watermark: Moment | None, moment: Moment) -> int | None:
    """The later of the believed calendar and what the watermark explains; None without either.

    Orders expire by this: a step back within what is believed gives none of them a second life.
    """
    dated = reckoned(watermark, moment)
    if not dated.trusted:
        return None
    if watermark is None or watermark.boot != moment.boot:
        return dated.utc_ms
    return max(dated.utc_ms, _explained_ms(watermark, moment))


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
