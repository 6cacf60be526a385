"""Room rule: orders about time at their bounds: a clock that is lowered, a year that is told, rest.

As in test_bounds.py. The station's clock was believed until noon; 9000 l were counted, of which
2000 since the last total whose instant is known.
"""

from dataclasses import replace

import pytest

from agent.core.ledger import Ledger
from agent.core.model import (
    ClockSet,
    Command,
    LayUp,
    LayUpOrder,
    Moment,
    OpenYear,
    OpenYearOrder,
    Origin,
    Rank,
    Refusal,
    Refused,
    Resume,
    ResumeOrder,
    Role,
    SetClockOrder,
)
from agent.core.present import Present
from agent.core.pump import Pump
from agent.core.seasons import judge_lay_up, judge_open_year, judge_resume, judge_set_clock
from agent.core.state import Dated, State
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import DAY, HOUR, MINUTE, SITE, utc_ms

NOON = utc_ms(2026, 6, 1, 12)
KNOWN = Moment(NOON, HOUR, "b1", trusted=True)
UNKNOWN = Moment(NOON, HOUR, "b1", trusted=False)
COUNTED = State(
    ledger=Ledger(segment=Segment("f1", 1_000, 1, 10**9, 100_000), year=2026),
    totalizer=Totalizer(10_000, KNOWN),
    energy=Totalizer(3_300, KNOWN),
    watermark=KNOWN,
    dated=Dated(7_000, 100, KNOWN),
    year_asked=2027,
)


def present(state: State = COUNTED, now: Moment = KNOWN, host: Moment | None = None) -> Present:
    return Present(state, (), now, host or now, SITE)


def set_clock(utc: int, rank: Rank, now: Present) -> ClockSet | Refusal:
    order = SetClockOrder(utc, "the battery")
    return judge_set_clock(order, Command("c1", Origin.CONSOLE, "li", order, rank=rank), now)


# --- what o'clock it is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("utc", "rank", "set_"),
    [
        (NOON - MINUTE, Rank.TECHNICIAN, True),  # within what reading a clock takes
        (NOON - MINUTE - 1, Rank.TECHNICIAN, False),
        (NOON - MINUTE - 1, Rank.SUPERVISOR, True),
        (NOON + HOUR, Rank.TECHNICIAN, True),
    ],
)
def test_a_clock_is_set_back_by_more_than_a_minute_by_a_supervisor_only(
    utc: int, rank: Rank, *, set_: bool
) -> None:
    told = set_clock(utc, rank, present(now=UNKNOWN))
    lowered = Refusal(Refused.CLOCK_LOWERED, str(utc), str(NOON))
    assert told == (ClockSet(utc, NOON, "the battery", "li") if set_ else lowered)
    young = replace(COUNTED, watermark=None)
    assert isinstance(set_clock(utc, rank, present(young, UNKNOWN)), ClockSet)


@pytest.mark.parametrize(
    ("utc", "rank", "set_"),
    [
        (NOON + DAY, Rank.TECHNICIAN, True),
        (NOON + DAY + 1, Rank.TECHNICIAN, False),
        (NOON + DAY + 1, Rank.SUPERVISOR, True),
    ],
)
def test_a_clock_is_set_ahead_by_more_than_a_day_by_a_supervisor_only(
    utc: int, rank: Rank, *, set_: bool
) -> None:
    told = set_clock(utc, rank, present(now=UNKNOWN))
    ahead = Refusal(Refused.CLOCK_AHEAD, str(utc), str(NOON + DAY))
    assert told == (ClockSet(utc, NOON, "the battery", "li") if set_ else ahead)


@pytest.mark.parametrize(
    ("utc", "good"),
    [
        (utc_ms(2024, 1, 1) - 1, False),
        (utc_ms(2024, 1, 1), True),
        (utc_ms(2038, 1, 1) - 1, True),
        (utc_ms(2038, 1, 1), False),
    ],
)
def test_a_clock_is_set_within_the_table_of_years(utc: int, *, good: bool) -> None:
    told = set_clock(utc, Rank.SUPERVISOR, present(now=UNKNOWN))
    span = f"{utc_ms(2024, 1, 1)} - {utc_ms(2038, 1, 1) - 1}"
    assert told == Refusal(Refused.CLOCK_RANGE, str(utc), span) or (
        good and isinstance(told, ClockSet)
    )


@pytest.mark.parametrize(
    ("now", "host", "set_"),
    [
        (KNOWN, KNOWN, False),
        (UNKNOWN, KNOWN, True),  # the host's was synchronised, and jumped
        (KNOWN, UNKNOWN, True),
        (KNOWN, replace(KNOWN, utc_ms=NOON + 1), True),  # it was set by hand before
    ],
)
def test_a_clock_that_the_host_synchronises_is_set_by_nobody(
    now: Moment, host: Moment, *, set_: bool
) -> None:
    told = set_clock(NOON, Rank.SUPERVISOR, present(now=now, host=host))
    assert isinstance(told, ClockSet) if set_ else told == Refusal(Refused.CLOCK_SYNCHRONISED)


# --- a year that is told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total_l", "good"), [(7_999, False), (8_000, True), (10_000, True), (10_001, False)]
)
def test_a_year_began_between_the_last_dated_total_and_the_last(
    total_l: int, *, good: bool
) -> None:
    told = judge_open_year(OpenYearOrder(2027, total_l, "no. 7"), "li", present())
    opened = OpenYear(2027, 2026, total_l, 0, apportioned=True, document="no. 7", author="li")
    refused = Refusal(Refused.TOTAL_RANGE, str(total_l), "8000-10000")
    assert told == (opened if good else refused)


def test_a_year_is_told_when_it_is_asked_for_and_by_a_clock_that_is_believed() -> None:
    def told(state: State = COUNTED, year: int = 2027, now: Moment = KNOWN) -> object:
        return judge_open_year(OpenYearOrder(year, 9_000, "no. 7"), "li", present(state, now))

    assert told(year=2026) == Refusal(Refused.YEAR_NOT_ASKED, "2026", "2027")
    unasked = replace(COUNTED, year_asked=None)
    assert told(unasked) == Refusal(Refused.YEAR_NOT_ASKED, "2027", "-")
    assert told(now=UNKNOWN) == Refusal(Refused.CLOCK_UNTRUSTED, "2027")
    unfitted = replace(COUNTED, totalizer=None)
    assert told(unfitted) == Refusal(Refused.METER_NOT_READ, Role.FLOW_METER)


# --- when a well rests -------------------------------------------------------------------------


def resting(total_wh: int | None = 3_000) -> State:
    laid_up = LayUp(9_990, total_wh, "autumn", "li")
    return replace(COUNTED, ledger=replace(COUNTED.ledger, laid_up=laid_up))


@pytest.mark.parametrize(
    ("state", "made"),
    [
        (COUNTED, LayUp(10_000, 3_300, "winter", "li")),
        (replace(COUNTED, energy=None), LayUp(10_000, None, "winter", "li")),
        (replace(COUNTED, pump=Pump(running=True)), Refusal(Refused.PUMP_RUNNING)),
        (replace(COUNTED, totalizer=None), Refusal(Refused.METER_NOT_READ, Role.FLOW_METER)),
        (resting(), Refusal(Refused.LAID_UP)),
    ],
)
def test_a_well_rests_with_both_its_totals(state: State, made: LayUp | Refusal) -> None:
    assert judge_lay_up(LayUpOrder("winter"), "li", present(state)) == made


@pytest.mark.parametrize(
    ("state", "made"),
    [
        (resting(), Resume(10_000, 3_300, 10, 300, "spring", "li")),
        (resting(None), Resume(10_000, 3_300, 10, None, "spring", "li")),
        (replace(resting(), energy=None), Resume(10_000, None, 10, None, "spring", "li")),
        (replace(resting(), totalizer=None), Refusal(Refused.METER_NOT_READ, Role.FLOW_METER)),
        (COUNTED, Refusal(Refused.NOT_LAID_UP)),
    ],
)
def test_a_well_wakes_with_what_moved_meanwhile(state: State, made: Resume | Refusal) -> None:
    assert judge_resume(ResumeOrder("spring"), "li", present(state)) == made
