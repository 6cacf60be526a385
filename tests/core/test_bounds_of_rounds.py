"""Room rule: where a round begins to count, and what is reckoned over New Year, at their bounds.

As in test_bounds.py. A day before the round 400 l and 500 Wh were counted, and no total was read
since; 200 Wh more were used until a day after it began, at 3 m3 per kWh.
"""

from dataclasses import replace

import pytest

from agent.core.ledger import Ledger, Round
from agent.core.model import (
    BeginLimit,
    Fault,
    InterruptionCause,
    InterruptionPolicy,
    Limit,
    Moment,
    OpenYear,
    Quantity,
    Rate,
    RateMethod,
)
from agent.core.posting import post
from agent.core.state import Dated, Interruption, State
from agent.core.totalizer import Segment, Totalizer
from agent.core.years import begin_round, open_years
from tests.core.story import DAY, HOUR, SITE, reading, utc_ms

BEGINS = utc_ms(2026, 6, 1)
BEFORE = Moment(BEGINS - DAY, HOUR, "b1", trusted=True)
NOW = Moment(BEGINS + DAY, HOUR + 2 * DAY, "b1", trusted=True)
METER = Segment("m1", 0, 1, 10**9, 100_000)
LOST = State(
    ledger=Ledger(
        segment=METER,
        power=METER,
        year=2026,
        rate=Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None),
        rounds=(Round(2026, "june", 9_000, BEGINS, BEGINS + 30 * DAY),),
    ),
    totalizer=Totalizer(400, BEFORE),
    energy=Totalizer(700, NOW),
    energy_at_total_wh=500,
    dated=Dated(400, 500, BEFORE, 0),
    interruption=Interruption(
        began=BEFORE,
        cause=InterruptionCause.SILENT,
        running=True,
        policy=InterruptionPolicy.CONVERT,
        counted_l=400,
        used_wh=500,
        entered_at=BEFORE,
    ),
)
UNREAD = (reading(Quantity.FORWARD_TOTAL_L, None, Fault.TIMEOUT),)


def test_a_round_that_begins_while_water_is_reckoned_counts_its_share_of_it() -> None:
    """Of 600 l that are not entered yet, half were withdrawn before it."""
    _, bodies = begin_round(SITE, LOST, NOW, UNREAD)
    assert bodies == (BeginLimit(2026, "june", 700, 400),)


def test_a_round_waits_for_a_total_where_no_water_is_reckoned() -> None:
    assert LOST.interruption is not None
    silent = replace(LOST, interruption=None)
    cut = replace(LOST, interruption=replace(LOST.interruption, policy=InterruptionPolicy.CUT))
    unfitted = replace(LOST, totalizer=None)
    for state in (silent, cut, unfitted):
        assert begin_round(SITE, state, NOW, UNREAD) == (state, ())


@pytest.mark.parametrize(("told_l", "begun_l"), [(0, None), (1, 9)])
def test_a_round_of_which_a_litre_is_said_has_begun(told_l: int, begun_l: int | None) -> None:
    ends = BEGINS + 30 * DAY
    entry = Limit(2026, "june", 500, BEGINS, ends, "no. 7", "li", None, told_l)
    (one,) = post(Ledger(year=2026, before_l=9), entry).rounds
    assert (one.before_l, one.begun_l) == (told_l, begun_l)


def test_what_was_reckoned_over_two_new_years_is_apportioned_to_each_once() -> None:
    """40 l until a day before the first, and a litre in each of the 367 days from then on."""
    before = Moment(utc_ms(2026, 12, 31), HOUR, "b1", trusted=True)
    now = Moment(utc_ms(2028, 1, 2), HOUR + 367 * DAY, "b1", trusted=True)
    state = State(
        ledger=Ledger(segment=METER, year=2026, converted_l=407),
        totalizer=Totalizer(400, now),
        dated=Dated(400, None, before, 40),
    )
    after, bodies = open_years(SITE, state, now, (reading(Quantity.FORWARD_TOTAL_L, 400),))
    opened = [one for one in bodies if isinstance(one, OpenYear)]
    assert [one.converted_l for one in opened] == [366, 1]
    assert [one.withdrawn_l for one in after.ledger.past] == [441, 365]
