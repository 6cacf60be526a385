"""Room rule: what one scan hands to the next, at its bounds.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.ledger import Grant, Ledger
from agent.core.model import (
    InterruptionCause,
    InterruptionPolicy,
    LayUp,
    Moment,
    Rate,
    RateMethod,
)
from agent.core.state import (
    Interruption,
    State,
    allocations,
    away,
    flow_reversed,
    missing,
    moved_while_laid_up_l,
    seen_ms,
    unmetered_l,
)
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import HOUR, SITE, Story, utc_ms

AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


@pytest.mark.parametrize(
    ("now", "gone", "passed_ms"),
    [
        (moment(5_000), False, 5_000),  # five periods: a scan that is late
        (moment(5_001), True, 0),
        (moment(1_000, "b2"), False, 1_000),
        (moment(1_000, "b2", trusted=False), True, 0),  # nobody knows how long
    ],
)
def test_who_has_not_looked_for_more_than_five_periods_was_away(
    now: Moment, *, gone: bool, passed_ms: int
) -> None:
    state = State(scanned_at=moment())
    assert (away(SITE, state, now), seen_ms(SITE, state, now)) == (gone, passed_ms)
    assert (away(SITE, State(), now), seen_ms(SITE, State(), now)) == (True, 0)


@pytest.mark.parametrize(
    ("used_wh", "converted_l", "unmetered"),
    [(700, None, 0), (701, None, 3), (750, None, 150), (750, 100, 50), (750, 151, 0)],
)
def test_what_electricity_says_beyond_the_account_is_kept_back(
    used_wh: int, converted_l: int | None, unmetered: int
) -> None:
    """At 3 m3 per kWh; 700 Wh had been used when a total was last accepted."""
    entered = None if converted_l is None else converted_l
    waits = Interruption(
        moment(),
        InterruptionCause.SILENT,
        True,
        InterruptionPolicy.CONVERT,
        0,
        0,
        moment(),  # it runs
    )
    state = State(
        ledger=Ledger(
            power=Segment("p1", 0, 10, 10**9, 55_000),
            rate=Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None),
        ),
        totalizer=Totalizer(500, moment(-1_000)),
        energy=Totalizer(used_wh, moment()),
        energy_at_total_wh=700,
        interruption=None if entered is None else replace(waits, converted_l=entered),
    )
    assert unmetered_l(SITE, state, moment()) == unmetered
    fresh = replace(state, totalizer=Totalizer(500, moment()))
    assert unmetered_l(SITE, fresh, moment()) == 0


def test_a_total_moves_while_a_well_rests_and_in_no_other_time() -> None:
    used = State(totalizer=Totalizer(700, moment()))
    rests = replace(used, ledger=Ledger(laid_up=LayUp(650, None, "winter", "li")))
    assert (moved_while_laid_up_l(used), moved_while_laid_up_l(rests)) == (0, 50)


@pytest.mark.parametrize(("resolution_l", "most_l"), [(1, 1_000), (500, 1_000), (501, 1_002)])
def test_a_cubic_metre_or_two_steps_go_back_without_a_word(resolution_l: int, most_l: int) -> None:
    site = replace(SITE, flow_resolution_l=resolution_l)
    assert not flow_reversed(site, State(backflow_l=most_l))
    assert flow_reversed(site, State(backflow_l=most_l + 1))


def test_what_is_allocated_is_told_of_every_year_that_has_a_paper() -> None:
    """In litres and watt-hours; a year without the one or the other says so."""
    ends_ms = moment().utc_ms + 1
    water = (
        Grant(2026, plan=50_000, adjusted=-1_000),
        Grant(2027, provisional=7, provisional_until_utc_ms=ends_ms),
    )
    ledger = Ledger(grants=water, energy_grants=(Grant(2025, plan=3_000), Grant(2026, plan=4_000)))
    now = {2025: (None, 3_000), 2026: (49_000, 4_000), 2027: (7, None)}
    assert allocations(State(ledger=ledger), moment()) == now
    assert allocations(State(ledger=ledger), moment(1)) == now | {2027: (None, None)}
    assert allocations(State(), moment()) == {}


def test_electricity_that_was_read_late_is_reckoned_from_where_it_was_entered() -> None:
    """Nobody knew what was used at the last total; 50 Wh since 100 l were entered are 150 l."""
    waits = Interruption(
        moment(),
        InterruptionCause.SILENT,
        True,
        InterruptionPolicy.CONVERT,
        0,
        700,
        moment(),  # it runs
        100,
    )
    state = State(
        ledger=Ledger(
            power=Segment("p1", 0, 10, 10**9, 55_000),
            rate=Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None),
        ),
        totalizer=Totalizer(500, moment(-1_000)),
        energy=Totalizer(750, moment()),
        interruption=waits,
    )
    assert unmetered_l(SITE, state, moment()) == 150
    assert unmetered_l(SITE, replace(state, interruption=None), moment()) == 0


def test_thirty_two_parts_that_are_declared_no_more_are_remembered() -> None:
    parts = tuple(f"bus {number}" for number in range(33))
    story = Story()
    story.site = replace(SITE, declared=parts)
    story.after(1)
    assert story.state.declared == parts
    story.site = SITE
    story.after(1)
    assert story.state.declared == missing(SITE, story.state) == parts[1:]
