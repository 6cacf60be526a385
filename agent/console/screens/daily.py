"""Room rule: water per day and month, as two accounts of one journal apart. Changes no figure.

What stands here adds up to the account, and is what a report of the same month says. A day or month
of which no sample tells the account is left out: what flowed in it is the one's before it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from agent import words
from agent.console.screens.history import PAGE, Told, first_sample, newest, samples_after
from agent.console.talk import Talk
from agent.core.model import OpenYear

DAYS: Final = 31
PLOT: Final = 40
# How far the first account of a day is looked for.
COMMISSIONING_RECORDS: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Mark(NamedTuple):
    """What was withdrawn in the open year when a day or month began, as a record tells it."""

    begins: date
    ends: date
    number: int
    withdrawn_l: int


class _Opening(NamedTuple):
    """Where the newest plan year began, and what the one before had withdrawn by then."""

    year: int
    number: int
    at_utc_ms: int
    closed_l: int | None  # None: no sample tells


def daily(talk: Talk, span: str | None) -> None:
    """Water per day of the last month, or per month of the year, against the plan's pace."""
    state = talk.state()
    if state["balance"] is None:
        talk.say("console.no_allocation")
        return
    days = _Days(ZoneInfo(talk.settings.station.zone))
    today = days.of(state["at_utc_ms"])
    months = span == "months"
    spans = _months(today) if months else _days(today)
    used = list(_used(talk, days, spans, state))
    share = 12 if months else 365
    pace_l = state["balance"]["allocated_l"] // share
    talk.lines(_plot(talk, used, pace_l, months=months))


class _Days(NamedTuple):
    """A day begins where plan years and the report's months do: at a midnight of the site."""

    zone: ZoneInfo

    def begin_ms(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * 1000

    def of(self, utc_ms: int) -> date:
        return (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(self.zone).date()


def _days(today: date) -> list[tuple[date, date]]:
    begins = [today - timedelta(days=n) for n in range(DAYS, -2, -1)]
    return list(pairwise(begins))


def _months(today: date) -> list[tuple[date, date]]:
    begins = [date(today.year, month, 1) for month in range(1, today.month + 1)]
    return list(pairwise([*begins, today + timedelta(days=1)]))


# --- what the account said ------------------------------------------------------------------------


def _used(
    talk: Talk, days: _Days, spans: list[tuple[date, date]], state: dict[str, Any]
) -> Iterator[tuple[date, int]]:
    """What was withdrawn from one mark to the next, the last one up to now.

    What a year had that closed meanwhile is its last day's; the new year begins with nothing.
    """
    marks = [mark for span in spans if (mark := _mark(talk, days, *span)) is not None]
    _, today = spans[-1]
    now = _Mark(today, today, state["head"][0] + 1, state["balance"]["withdrawn_l"])
    opened = _opening(talk)
    for one, after in pairwise([*marks, now]):
        used_l = _between(days, one, after, opened)
        if used_l is not None:
            yield one.begins, used_l


def _between(days: _Days, one: _Mark, after: _Mark, opened: _Opening | None) -> int | None:
    """None where nobody can tell: the new year's account was not open yet."""
    used_l = after.withdrawn_l - one.withdrawn_l
    if opened is None:
        return used_l
    if one.begins.year < opened.year:
        if after.number < opened.number:
            return used_l
        return None if opened.closed_l is None else opened.closed_l - one.withdrawn_l
    if after.number < opened.number:
        return None
    begins_ms, ends_ms = days.begin_ms(one.begins), days.begin_ms(one.ends)
    opens = one.number < opened.number or begins_ms <= opened.at_utc_ms < ends_ms
    return after.withdrawn_l if opens else used_l


def _mark(talk: Talk, days: _Days, begins: date, ends: date) -> _Mark | None:
    """None where no sample of that time tells the account."""
    since_ms, ends_ms = days.begin_ms(begins), days.begin_ms(ends)
    while since_ms < ends_ms:
        first = first_sample(talk, since_ms)
        if first is None or first.at_utc_ms >= ends_ms:
            return None
        if first.body.withdrawn_l is not None:
            return _Mark(begins, ends, first.number, first.body.withdrawn_l)
        since_ms = days.begin_ms(days.of(max(first.at_utc_ms, since_ms)) + timedelta(days=1))
        found = _first_account(talk, first, since_ms)
        if found is not None:
            return _Mark(begins, ends, found.number, found.body.withdrawn_l)
    return None


def _first_account(talk: Talk, first: Told, next_day_ms: int) -> Told | None:
    """Of the day on which the account began: the next day, or nobody yet, knows it."""
    following = first_sample(talk, next_day_ms)
    if following is not None and following.body.withdrawn_l is None:
        return None
    found = samples_after(talk, first.number, COMMISSIONING_RECORDS)
    known = (one for one in found if one.body.withdrawn_l is not None)
    return next((one for one in known if one.at_utc_ms < next_day_ms), None)


def _opening(talk: Talk) -> _Opening | None:
    """None where the open year is the first one."""
    for one in newest(talk, "open_year", 1):
        entry: OpenYear = one.body
        if entry.closes is not None:
            return _Opening(entry.year, one.number, one.at_utc_ms, _closed_l(talk, one, entry))
    return None


def _closed_l(talk: Talk, one: Told, entry: OpenYear) -> int | None:
    """By the last sample of the closed year, and how far its meter was where the new one began."""
    after = max(0, one.number - 1 - PAGE)
    for before in reversed(samples_after(talk, after, one.number - 1 - after)):
        sample = before.body
        if sample.withdrawn_l is None:
            continue
        went_on_l = 0
        if sample.forward_total_l is not None:
            went_on_l = max(0, entry.total_l - sample.forward_total_l)
        return int(sample.withdrawn_l) + went_on_l - entry.converted_l
    return None


def _plot(talk: Talk, used: list[tuple[date, int]], pace_l: int, *, months: bool) -> Iterator[str]:
    if not used:
        yield talk.word("console.nothing_written")
        return
    most_l = max(*(volume for _, volume in used), pace_l, 1)
    mark = min(PLOT - 1, pace_l * PLOT // most_l)
    for day, volume in used:
        filled = max(0, volume) * PLOT // most_l  # what was given back has no bar
        drawn = list("#" * filled + " " * (PLOT - filled))
        drawn[mark] = "|" if drawn[mark] == " " else "+"
        label = f"{day:%Y-%m}" if months else f"{day:%m-%d}"
        yield f"  {label} {''.join(drawn)} {words.volume(volume)}"
    yield f"  {talk.word('console.pace', volume=words.volume(pace_l))}"
