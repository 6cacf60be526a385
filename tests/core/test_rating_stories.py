"""Room rule: what a rating test and the runs of a well propose as its coefficient, as stories."""

from dataclasses import replace

import pytest

from agent.core.model import (
    BeginRatingOrder,
    EndRatingOrder,
    Fault,
    Quantity,
    Rate,
    RateMethod,
    RateProposed,
    RatingAborted,
    RatingBroken,
    Refused,
    RemoveMeterOrder,
    Role,
    Session,
    StopCause,
)
from tests.core.situations import A, coefficient, give, rated
from tests.core.story import (
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    plan,
    rate,
    utc_ms,
)
from tests.core.wells import pumping


def test_coefficients_are_versioned() -> None:
    story = rated()
    assert story.order(coefficient(2_500, 30_000, 38_000)) is None
    first, second = story.of(Rate)
    assert (first.version, second.version) == (1, 2)
    assert second.author == "li"
    assert story.state.ledger.rate == second


def test_a_rating_test_proposes_and_changes_nothing() -> None:
    story = rated()
    assert story.order(plan(1, 2027)) is None
    assert story.order(give(A.ADDITION, 10**9)) is None
    story.after(200).start()
    story.after(60)
    assert story.order(BeginRatingOrder(30_000)) is None
    begun_l = story.total_l
    story.after(HOUR // 1000)
    story.beside = {Quantity.LEVEL_MM: 38_500}
    assert story.order(EndRatingOrder()) is None
    (found,) = story.of(RateProposed)
    assert found.method is RateMethod.TEST
    assert found.litres_per_kwh == pytest.approx(3_000, abs=5)
    assert found.volume_l == pytest.approx(story.total_l - begun_l, abs=60)
    assert found.lasted_ms >= HOUR
    assert (found.static_mm, found.dynamic_mm) == (30_000, 38_500)
    assert found.in_force == 3_000
    assert story.state.ledger.rate is not None
    assert story.state.ledger.rate.version == 1
    assert story.state.rating is None


def rating() -> Story:
    story = pumping(10**9)
    assert story.order(BeginRatingOrder(30_000)) is None
    return story.after(60)


def broken(story: Story) -> RatingBroken:
    (aborted,) = story.of(RatingAborted)
    assert story.order(EndRatingOrder()) is Refused.RATING_MISSING
    return aborted.cause


def test_a_pump_that_stops_ends_its_test() -> None:
    story = rating()
    story.stop()
    story.after(10)
    assert broken(story) is RatingBroken.PUMP_STOPPED


@pytest.mark.parametrize("silent", [OF_FLOW_METER, OF_POWER_METER])
def test_a_meter_that_falls_silent_ends_a_test(silent: tuple[Quantity, ...]) -> None:
    story = rating()
    story.lay(Fault.TIMEOUT, *silent)
    story.after(62)
    assert broken(story) is RatingBroken.NOT_METERED


def test_a_boot_ends_a_test() -> None:
    story = rating()
    story.power_off(HOUR)
    story.after(1)
    assert broken(story) is RatingBroken.NOT_METERED


def test_a_meter_that_is_removed_ends_a_test() -> None:
    story = rating()
    order = RemoveMeterOrder(Role.POWER_METER, "serial-power_meter", "form")
    assert story.order(order) is None
    assert len(story.of(RatingAborted)) == 1


def test_a_year_that_begins_ends_a_test() -> None:
    story = Story(begins_utc_ms=utc_ms(2027, 1, 1) - 10 * MINUTE).commission(10**9)
    story.after(2).start()
    story.after(60)
    assert story.order(BeginRatingOrder()) is None
    story.at(602)
    assert [one.cause for one in story.of(RatingAborted)] == [RatingBroken.NOT_METERED]


def test_a_test_whose_result_is_absurd_goes_on() -> None:
    story = rating()
    story.site = replace(SITE, rating_test_ms=10 * MINUTE)
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    for _ in range(900):
        story.energy_mwh -= 8_000  # hardly any electricity is counted
        story.after(1)
    assert story.order(EndRatingOrder()) is Refused.RATE_RANGE
    assert story.order(EndRatingOrder(1_000)) is Refused.LEVEL_RANGE
    assert story.of(RatingAborted) == []


def learning(per_kwh: int = 0) -> Story:
    story = Story(coast_ms=0, site=replace(SITE, period_ms=60_000, lease_ms=200_000))
    story = story.commission(10**9)
    if per_kwh:
        assert story.order(rate(per_kwh)) is None
    return story


def pump_for(story: Story, hours: int) -> None:
    """One-minute scans; a run of an hour and a rest of ten minutes, so many times."""
    for _ in range(hours):
        story.start()
        story.after(3_600).stop()
        story.after(600)


def test_a_well_learns_its_coefficient_and_only_proposes_it() -> None:
    story = learning()
    pump_for(story, 9)
    assert story.of(RateProposed) == []
    pump_for(story, 2)
    (found,) = story.of(RateProposed)
    assert found.method is RateMethod.LEARNED
    assert found.litres_per_kwh == pytest.approx(3_000, abs=20)
    assert found.lasted_ms >= 10 * HOUR
    assert (found.in_force, story.state.ledger.rate) == (None, None)


@pytest.mark.parametrize(("per_kwh", "proposes"), [(2_900, 0), (3_300, 0), (2_600, 1), (3_600, 1)])
def test_a_coefficient_that_still_holds_is_left_in_peace(per_kwh: int, proposes: int) -> None:
    story = learning(per_kwh)
    pump_for(story, 11)
    assert [one.in_force for one in story.of(RateProposed)] == [per_kwh] * proposes
    assert story.state.ledger.rate is not None
    assert story.state.ledger.rate.litres_per_kwh == per_kwh


def test_an_absurd_coefficient_is_not_even_proposed() -> None:
    story = learning()
    story.flow_l_per_h = 1_100
    pump_for(story, 11)
    assert story.of(RateProposed) == []


def test_a_run_that_was_cut_before_a_boot_without_a_clock_teaches_nothing() -> None:
    """How long it lasted is not known; 1970 is no beginning of it."""
    story = pumping(allocated_l=4_000)
    while story.permitted:
        story.after(1)
    story.power_off(HOUR, trusted=False)
    story.calendar_off_ms = utc_ms(1971, 1, 1) - story.begins_utc_ms
    story.after(10)
    (run,) = story.of(Session)
    assert (run.cause, run.metered) == (StopCause.CUT, False)
    assert story.state.learned.lasted_ms == 0


def test_runs_that_were_not_seen_whole_teach_nothing() -> None:
    story = pumping()
    story.power_off(HOUR)
    story.after(10)
    assert len(story.of(Session)) == 1
    assert story.state.learned.lasted_ms == 0
