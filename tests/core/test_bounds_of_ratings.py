"""Room rule: what a rating test and the well's own runs may say, at its bounds.

As in test_bounds.py. The test began when 1000 l were counted and 300 Wh used; since then 9000 l
were counted and 3000 Wh used.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.ledger import Ledger
from agent.core.model import (
    BeginRatingOrder,
    EndRatingOrder,
    Fault,
    Moment,
    Quantity,
    Rate,
    RateMethod,
    RateOrder,
    RateProposed,
    RatingAborted,
    RatingBegan,
    RatingBroken,
    Reading,
    Refusal,
    Refused,
    Session,
    StartCause,
    StopCause,
)
from agent.core.present import Present
from agent.core.pump import Pump
from agent.core.ratings import judge_begin, judge_end, judge_rate, learn, watch_test
from agent.core.state import Learned, Rating, State
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import HOUR, MINUTE, SITE, Story, reading, readings, utc_ms

AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0, boot: str = "b1") -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted=True)


TESTED = State(
    ledger=Ledger(
        segment=Segment("f1", 0, 1, 10**9, 100_000),
        power=Segment("p1", 0, 10, 10**9, 55_000),
        year=2026,
    ),
    totalizer=Totalizer(10_000, moment()),
    energy=Totalizer(3_300, moment()),
    pump=Pump(running=True),
    rating=Rating(moment(-HOUR), 2026, 1_000, 300, 20_000),
)


def present(state: State, *shown: Reading, now: Moment | None = None) -> Present:
    at = now or moment()
    return Present(state, shown or readings(10_000, 90_000, 3_300, 30_000), at, at, SITE)


# --- a coefficient that is told ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("litres_per_kwh", "static_mm", "dynamic_mm", "refused"),
    [
        (50, None, None, None),
        (49, None, None, Refused.RATE_RANGE),
        (20_000, None, None, None),
        (20_001, None, None, Refused.RATE_RANGE),
        (3_000, 0, 0, None),
        (3_000, None, 0, None),
        (3_000, -1, None, Refused.LEVEL_RANGE),
        (3_000, 5, 4, Refused.LEVEL_RANGE),  # a pump draws its well down
        (3_000, 5, 5, None),
        (3_000, 1_000_000, 1_000_000, None),
        (3_000, 1_000_001, None, Refused.LEVEL_RANGE),
        (3_000, 5, 1_000_001, Refused.LEVEL_RANGE),
    ],
)
def test_a_coefficient_and_its_levels_are_of_a_well(
    litres_per_kwh: int, static_mm: int | None, dynamic_mm: int | None, refused: Refused | None
) -> None:
    order = RateOrder(litres_per_kwh, RateMethod.TEST, AT, "no. 5", static_mm, dynamic_mm)
    told = judge_rate(order, "li", present(TESTED))
    assert (told.reason if isinstance(told, Refusal) else None) is refused


@pytest.mark.parametrize(
    ("measured_ms", "good"), [(0, False), (1, True), (AT, True), (AT + 1, False)]
)
def test_a_coefficient_was_measured_at_some_time_and_not_in_the_future(
    measured_ms: int, *, good: bool
) -> None:
    order = RateOrder(3_000, RateMethod.TEST, measured_ms, "no. 5")
    told = judge_rate(order, "li", present(TESTED))
    refused = Refusal(Refused.MEASURED_RANGE, str(measured_ms), str(AT))
    assert isinstance(told, Rate) if good else told == refused


# --- a test ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("silent", "began"),
    [
        (None, True),
        (Quantity.FORWARD_TOTAL_L, False),
        (Quantity.ENERGY_WH, False),
        (Quantity.FLOW_L_PER_H, True),
    ],
)
def test_a_test_begins_on_the_totals_of_both_meters(
    silent: Quantity | None, *, began: bool
) -> None:
    shown = [
        reading(one.quantity, None, Fault.TIMEOUT) if one.quantity is silent else one
        for one in readings(10_000, 90_000, 3_300, 30_000)
    ]
    told = judge_begin(BeginRatingOrder(7), "li", present(replace(TESTED, rating=None), *shown))
    refused = Refusal(Refused.PUMP_NOT_RUNNING)
    assert told == (RatingBegan(10_000, 3_300, 7, "li") if began else refused)


def test_a_test_is_of_an_hour_and_says_what_it_lifted() -> None:
    for early_ms in (1, MINUTE):
        early = judge_end(EndRatingOrder(), present(TESTED, now=moment(-early_ms)))
        assert early == Refusal(Refused.RATING_SHORT, "59", "60")
    assert judge_end(EndRatingOrder(25_000), present(TESTED)) == RateProposed(
        litres_per_kwh=3_000,
        method=RateMethod.TEST,
        volume_l=9_000,
        energy_wh=3_000,
        lasted_ms=HOUR,
        static_mm=20_000,
        dynamic_mm=25_000,
        in_force=None,
    )


def test_a_test_without_electricity_has_found_nothing() -> None:
    state = replace(TESTED, energy=Totalizer(300, moment()))
    found = judge_end(EndRatingOrder(), present(state))
    assert found == Refusal(Refused.RATE_RANGE, "0", "50-20000")


def test_the_dynamic_level_of_a_test_is_told_or_read() -> None:
    probe = (*readings(10_000, 90_000, 3_300, 30_000), reading(Quantity.LEVEL_MM, 24_000))
    for told_mm, found_mm in ((None, 24_000), (25_000, 25_000)):
        found = judge_end(EndRatingOrder(told_mm), present(TESTED, *probe))
        assert isinstance(found, RateProposed)
        assert found.dynamic_mm == found_mm
    none = judge_end(EndRatingOrder(), present(TESTED))
    assert isinstance(none, RateProposed)
    assert none.dynamic_mm is None


@pytest.mark.parametrize(
    ("pump", "now", "broken"),
    [
        (Pump(running=True), moment(), None),
        (Pump(running=False, idle_scans=2), moment(), None),  # a contactor bounced
        (Pump(running=False, idle_scans=3), moment(), RatingBroken.PUMP_STOPPED),
        (Pump(running=True, idle_scans=3), moment(), None),
        (Pump(running=True), moment(MINUTE), None),
        (Pump(running=True), moment(MINUTE + 1), RatingBroken.NOT_METERED),
        (Pump(running=True), moment(0, "b2"), RatingBroken.NOT_METERED),
    ],
)
def test_a_test_is_broken_off_when_the_pump_or_a_meter_has_stopped(
    pump: Pump, now: Moment, broken: RatingBroken | None
) -> None:
    state = replace(TESTED, pump=pump)
    lasted_ms = None if broken is None else now.utc_ms - AT + HOUR
    after, said = watch_test(SITE, state, now)
    assert said == (() if broken is None else (RatingAborted(broken, lasted_ms),))
    assert after == (state if broken is None else replace(state, rating=None))


@pytest.mark.parametrize("meter", ["totalizer", "energy"])
def test_either_meter_that_fell_silent_or_was_removed_breaks_a_test_off(meter: str) -> None:
    stale = Totalizer(1, moment(-MINUTE - 1))
    for one in (stale, None):
        changes: dict[str, Any] = {meter: one}
        _, (said,) = watch_test(SITE, replace(TESTED, **changes), moment())
        assert said == RatingAborted(RatingBroken.NOT_METERED, HOUR)


@pytest.mark.parametrize(
    "changes",
    [
        {"energy": None},
        {"totalizer": None},
        {"ledger": Ledger(year=2031)},
        {"rating": Rating(moment(-HOUR, "b0"), 2026, 1_000, 300, 20_000)},
    ],
    ids=["power meter", "flow meter", "year", "boot"],
)
def test_a_test_that_came_to_nothing_a_moment_ago_proposes_nothing(changes: dict[str, Any]) -> None:
    """Its end was ordered in the very scan that would have broken it off."""
    void = present(replace(TESTED, **changes))
    assert judge_end(EndRatingOrder(), void) == Refusal(Refused.RATING_MISSING)


# --- what the well's own runs say --------------------------------------------------------------

RUN = Session(
    AT - 10 * HOUR,
    AT,
    0,
    9_000,
    0,
    3_000,
    StopCause.OWNER,
    volume_l=9_000,
    energy_wh=3_000,
    start_cause=StartCause.OWNER,
)


@pytest.mark.parametrize(
    ("run", "whole"),
    [
        (RUN, True),
        (replace(RUN, start_cause=StartCause.UNSEEN), False),
        (replace(RUN, cause=StopCause.UNSEEN), False),
        (replace(RUN, metered=False), False),
        (replace(RUN, volume_l=0), False),
        (replace(RUN, energy_wh=0), False),
        (replace(RUN, energy_wh=None), False),
    ],
)
def test_only_a_run_that_was_seen_throughout_teaches(run: Session, *, whole: bool) -> None:
    state, said = learn(State(), (run,))
    proposed = RateProposed(
        litres_per_kwh=3_000,
        method=RateMethod.LEARNED,
        volume_l=9_000,
        energy_wh=3_000,
        lasted_ms=10 * HOUR,
    )
    assert (state, said) == (State(), (proposed,) if whole else ())


@pytest.mark.parametrize(
    ("found", "proposes"), [(49, False), (50, True), (20_000, True), (20_001, False)]
)
def test_what_no_well_lifts_is_learned_by_nobody(found: int, *, proposes: bool) -> None:
    _, said = learn(State(), (replace(RUN, volume_l=found * 3),))
    assert bool(said) is proposes


def test_runs_add_up_until_they_are_ten_hours() -> None:
    half = replace(RUN, started_utc_ms=AT - 5 * HOUR + 1)
    state, said = learn(State(), (half,))
    assert (state.learned, said) == (Learned(9_000, 3_000, 5 * HOUR - 1), ())
    state, said = learn(state, (replace(half, started_utc_ms=AT - 5 * HOUR - 1),))
    assert (state.learned, len(said)) == (Learned(), 1)


def test_runs_beside_other_loads_teach_nothing() -> None:
    for shared in (True, False):
        site = replace(SITE, shared_power_meter=shared)
        story = Story(site=site, coast_ms=0).commission(10**9).unhurried().after(20)
        story.state = replace(story.state, learned=Learned(lasted_ms=10 * HOUR - MINUTE))
        story.start()
        story.after(120).stop()
        story.after(60)
        assert len(story.of(Session)) == 1
        assert bool(story.of(RateProposed)) is not shared
