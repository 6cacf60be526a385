"""Room rule: how one scan's total reaches the ledger, and how a plan year opens.

`ledger` says what may be believed; this room brings it the scan's readings, keeps the time it
measures plausibility by, and writes down what was withheld, confirmed, rolled over or opened.
"""

from dataclasses import replace
from typing import assert_never

from agent.core import calendar
from agent.core.ledger import Accepted, Held, Stood, Totalizer, judge, post
from agent.core.model import (
    Body,
    Confirmed,
    Entry,
    Fault,
    FitMeter,
    Moment,
    OpenYear,
    Quality,
    Quantity,
    Reading,
    Role,
    RolledOver,
    Site,
    Withheld,
    elapsed_ms,
)
from agent.core.pump import good_value
from agent.core.state import AWAY_PERIODS, State, away


def pass_time(site: Site, state: State, moment: Moment, *, may_run: bool) -> State:
    """Count the time in which the pump could have run since a total was last accepted.

    It could have when it was seen to at the last scan or at this one (`may_run`), when the power
    meter could not say, and while the agent was away. Where no clock can tell how long that was,
    the time is unknown, not zero.
    """
    totalizer = state.totalizer
    if totalizer is None or totalizer.runnable_ms is None or state.scanned_at is None:
        return state
    passed_ms = elapsed_ms(state.scanned_at, moment)
    if passed_ms is None:
        return replace(state, totalizer=replace(totalizer, runnable_ms=None))
    if not (away(site, state, moment) or state.pump.could_run or may_run):
        return state
    return replace(
        state, totalizer=replace(totalizer, runnable_ms=totalizer.runnable_ms + passed_ms)
    )


def enter(state: State, entry: Entry, moment: Moment) -> State:
    """Post an entry; a flow meter that is fitted begins a new series of totals."""
    state = replace(state, ledger=post(state.ledger, entry))
    match entry:
        case FitMeter(role=Role.FLOW_METER):
            return replace(state, totalizer=Totalizer(entry.total, moment))
        case _:
            return state


def take_total(
    site: Site, state: State, readings: tuple[Reading, ...], moment: Moment, *, may_enter: bool
) -> tuple[State, tuple[Body, ...], tuple[Reading, ...]]:
    """Judge the flow meter's total. What is withheld is marked so in the readings.

    A rollover needs an entry; while none may be made, its total is withheld.
    """
    total_l = good_value(readings, Quantity.FORWARD_TOTAL_L)
    totalizer, segment = state.totalizer, state.ledger.segment
    if total_l is None or totalizer is None or segment is None:
        return state, (), readings
    judged = judge(
        totalizer,
        segment,
        total_l,
        moment,
        slack_ms=site.period_ms,
        confirm_scans=site.confirm_scans,
    )
    match judged:
        case Stood():
            return replace(state, totalizer=judged.totalizer), (), readings
        case Held():
            bodies = _withheld(totalizer, judged, total_l)
            return replace(state, totalizer=judged.totalizer), bodies, _marked(readings)
        case Accepted(rolled_over=True) if not may_enter:
            return state, (), _marked(readings)
        case Accepted():
            bodies = _believed(totalizer, judged, total_l, segment.modulus_l)
            for entry in bodies:
                if isinstance(entry, RolledOver):
                    state = replace(state, ledger=post(state.ledger, entry))
            return replace(state, totalizer=judged.totalizer), bodies, readings
    assert_never(judged)


def _believed(
    totalizer: Totalizer, accepted: Accepted, total_l: int, modulus_l: int
) -> tuple[Confirmed | RolledOver, ...]:
    """What is to be said of a total that was not simply the next one."""
    confirmed = Confirmed(total_l, totalizer.last_l, accepted.bounded)
    rolled_over = RolledOver(totalizer.last_l, total_l, modulus_l)
    return (
        *((confirmed,) if accepted.confirmed else ()),
        *((rolled_over,) if accepted.rolled_over else ()),
    )


def _withheld(totalizer: Totalizer, held: Held, total_l: int) -> tuple[Body, ...]:
    """Said once when the suspicion begins: a meter that babbles must not fill the card."""
    if totalizer.suspect is not None:
        return ()
    return (Withheld(total_l, totalizer.last_l, held.allowed_l),) if held.fresh else ()


def _marked(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """The forward total as suspect: it does not leave the station as if it were believed."""
    return tuple(
        replace(reading, quality=Quality.SUSPECT, fault=Fault.IMPLAUSIBLE)
        if reading.quantity is Quantity.FORWARD_TOTAL_L
        else reading
        for reading in readings
    )


def open_year(
    site: Site, before: State, state: State, moment: Moment, readings: tuple[Reading, ...]
) -> tuple[State, tuple[OpenYear, ...]]:
    """Open the plan year that a trusted calendar shows, at a total that was just accepted."""
    accepted = good_value(readings, Quantity.FORWARD_TOTAL_L) is not None
    if not (moment.trusted and accepted and state.totalizer and state.ledger.segment):
        return state, ()
    year, open_year = calendar.plan_year(site, moment.utc_ms), state.ledger.year
    if year is None or (open_year is not None and year <= open_year):
        return state, ()
    last_l = state.totalizer.last_l
    entry = OpenYear(year, open_year, last_l, state.ledger.before_l if open_year is None else 0)
    if open_year is not None:
        total_l, apportioned = _year_began(site, before, state, calendar.year_start_ms(site, year))
        entry = replace(entry, total_l=total_l, apportioned=apportioned)
    return enter(state, entry, moment), (entry,)


def _year_began(site: Site, before: State, state: State, utc_ms: int) -> tuple[int, bool]:
    """The total when the year began, by time between two accepted ones; and if that is a guess.

    It is none when scans saw the year begin. Where the totals before and after cannot be set
    side by side (no trusted time, a meter exchanged, a rollover), the year begins at the later.
    """
    earlier, later = before.totalizer, state.totalizer
    assert earlier is not None, "an open year has a totalizer"
    assert later is not None, "a year opens on an accepted total"
    span_ms = later.at.utc_ms - earlier.at.utc_ms
    into_ms = utc_ms - earlier.at.utc_ms
    one_series = before.ledger.segment == state.ledger.segment
    if not (earlier.at.trusted and 0 < into_ms <= span_ms and one_series):
        return later.last_l, True
    total_l = earlier.last_l + (later.last_l - earlier.last_l) * into_ms // span_ms
    return total_l, span_ms > AWAY_PERIODS * site.period_ms
