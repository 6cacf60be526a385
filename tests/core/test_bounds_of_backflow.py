"""Room rule: the reverse total of one scan: followed, unread, or another meter's.

As in test_bounds.py.
"""

from dataclasses import replace

from agent.core.accounting import enter, take_total
from agent.core.backflow import watched
from agent.core.ledger import Ledger
from agent.core.model import Fault, FitMeter, Moment, Quantity, RemoveMeter, Role
from agent.core.state import State
from agent.core.totalizer import Segment, Suspect, Totalizer
from tests.core.story import HOUR, SITE, reading, readings, utc_ms

METER = Segment("f1", 0, 1, 1_000_000_000, 100_000)


def moment(passed_ms: int = 0) -> Moment:
    return Moment(utc_ms(2026, 6, 1) + passed_ms, 5 * HOUR + passed_ms, "b1", trusted=True)


def test_a_flow_meter_that_is_removed_takes_its_totals_with_it() -> None:
    known = Totalizer(5, moment())
    before = State(ledger=Ledger(segment=METER), totalizer=known, reverse=known, backflow_l=9)
    removed = RemoveMeter(Role.FLOW_METER, "f1", 7, "d", "li")
    after = enter(before, removed, moment())
    assert (after.totalizer, after.reverse, after.backflow_l) == (None, None, 0)


def test_a_reverse_total_that_stays_elsewhere_is_followed_and_counts_nothing() -> None:
    forward = Totalizer(500_000, moment())
    elsewhere = Suspect(90_000, 90_000, 2, moment())
    state = State(
        ledger=Ledger(segment=METER),
        totalizer=forward,
        reverse=replace(forward, last=5, suspect=elsewhere),
        backflow_l=9,
    )
    shown = (*readings(500_000), reading(Quantity.REVERSE_TOTAL_L, 90_000))
    after, _, _ = take_total(SITE, state, shown, moment(1000), may_enter=True)
    assert (after.reverse, after.backflow_l) == (Totalizer(90_000, moment(1000)), 9)


def test_a_reverse_total_that_is_not_read_is_the_last_one() -> None:
    known = Totalizer(5, moment())
    state = State(
        ledger=Ledger(segment=METER),
        totalizer=Totalizer(500_000, moment()),
        reverse=known,
        backflow_l=9,
    )
    shown = (*readings(500_000), reading(Quantity.REVERSE_TOTAL_L, None, Fault.TIMEOUT))
    after, _, _ = take_total(SITE, state, shown, moment(1000), may_enter=True)
    assert (after.reverse, after.backflow_l) == (known, 9)


def test_another_flow_meter_has_another_reverse_total() -> None:
    fit = FitMeter(Role.FLOW_METER, "f2", 7, 500, 1, 10**9, 100_000, None, "d", "li")
    before = State(ledger=Ledger(segment=METER), reverse=Totalizer(5, moment()), backflow_l=9)
    after = enter(before, fit, moment())
    assert (after.reverse, after.backflow_l, after.totalizer) == (None, 0, Totalizer(7, moment()))


def test_a_meter_whose_table_has_no_reverse_total_runs_back_by_nothing() -> None:
    state = State(ledger=Ledger(segment=METER), reverse=Totalizer(5, moment()), backflow_l=9)
    after = watched(SITE, state, 0, readings(500_000), moment(1000))
    assert (after.reverse, after.backflow_l) == (None, 0)


def test_water_runs_back_as_fast_as_the_site_allows_now() -> None:
    """The meter was fitted when the settings said a cubic metre an hour."""
    slow = replace(METER, rate_max_per_h=1_000)
    state = State(ledger=Ledger(segment=slow), reverse=Totalizer(500, moment()))
    shown = (*readings(500_000), reading(Quantity.REVERSE_TOTAL_L, 530))
    after = watched(SITE, state, 0, shown, moment(1000))
    assert (after.reverse, after.backflow_l) == (Totalizer(530, moment(1000)), 30)
