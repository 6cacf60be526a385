"""Room rule: what an override lifts, for how long and how much water, and what it never lifts."""

import pytest

from agent.core.model import (
    Action,
    ConditionChanged,
    ConditionKind,
    CorrectOrder,
    Fault,
    OpenYear,
    Override,
    OverrideOrder,
    Refused,
    RelayMoved,
    ReleaseOrder,
    ReleaseOverrideOrder,
    StopOrder,
    Use,
)
from tests.core.story import HOUR, MINUTE, OF_FLOW_METER, SITE, Story, addition, utc_ms
from tests.core.wells import pumping

K = ConditionKind
STOP, RELEASE = StopOrder("work on the well"), ReleaseOrder("work is done")


def exhausted() -> Story:
    story = pumping(20_000)
    while story.permitted:
        story.after(1)
    return story.after(200)


def override(volume_l: int = 10_000, lasts_ms: int = HOUR, use: Use = Use.FIRE) -> OverrideOrder:
    return OverrideOrder(use, volume_l, lasts_ms, "steppe fire at company 7")


# --- overrides ---------------------------------------------------------------------------------


def test_water_of_before_an_override_that_a_silent_meter_tells_late_is_none_of_it() -> None:
    """It is given because the meter is silent; half an hour's water comes with the first total."""
    story = pumping().unhurried()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    while story.permitted:
        story.after(10)
    assert story.order(override(20_000)) is None
    story.after(200).start()
    before_l = story.total_l
    story.after(300)
    story.heal()
    story.after(10).stop()
    story.after(30)
    assert story.state.lifting is not None
    assert story.state.lifting.left_l == pytest.approx(20_000 - story.total_l + before_l, abs=1_000)


def test_an_override_gives_water_to_an_exhausted_well_counts_it_and_ends_with_it() -> None:
    story = exhausted()
    withdrawn_l = story.withdrawn_l
    assert story.order(override(10_000)) is None
    entry = story.of(Override)[-1]
    assert (entry.author, entry.use, entry.volume_l) == ("li", Use.FIRE, 10_000)
    assert story.reasons == []
    assert story.conditions[K.OVERRIDE] is Action.WARN
    assert K.ALLOCATION_EXHAUSTED in story.conditions, "it is lifted, not forgotten"
    story.start()
    while story.permitted:
        (exempt,) = story.outcomes[-1].decision.exceptions
        assert exempt.kind is K.OVERRIDE
        assert 0 < exempt.volume_l <= 10_000
        assert story.outcomes[-1].decision.lease_ms * 90_000 <= exempt.volume_l * HOUR
        story.after(1)
    story.after(60)
    assert story.reasons[0] is K.ALLOCATION_EXHAUSTED
    assert 9_000 <= story.withdrawn_l - withdrawn_l <= 11_000
    assert K.OVERRIDE not in story.conditions
    assert [one.raised for one in story.of(ConditionChanged) if one.kind is K.OVERRIDE] == [
        True,
        False,
    ]


@pytest.mark.parametrize("bounds", [(5_000, HOUR), (1_000_000, 5 * MINUTE)])
def test_an_override_ends_with_a_cut_and_not_with_its_lease(bounds: tuple[int, int]) -> None:
    """Found by the year simulator (seed 1): the lease lapsed before a scan saw the end."""
    story = exhausted()
    begun_l = story.withdrawn_l
    assert story.order(override(*bounds)) is None
    story.start()
    story.after(400)
    assert not story.running
    assert story.withdrawn_l - begun_l <= bounds[0]
    edge = story.of(RelayMoved)[-1]
    assert not edge.lapsed
    assert edge.reasons == (K.ALLOCATION_EXHAUSTED,)


def test_an_override_ends_with_its_time() -> None:
    story = exhausted()
    assert story.order(override(1_000_000, 10 * MINUTE)) is None
    begun = story.now_ms / 1000
    story.start()
    story.at(begun + 597)
    assert story.running
    story.at(begun + 601)
    assert not story.permitted
    assert story.state.lifting is None


@pytest.mark.parametrize(("trusted", "ends"), [(True, True), (False, False)])
def test_the_time_of_an_override_runs_on_while_the_agent_is_off(
    *, trusted: bool, ends: bool
) -> None:
    """Where no clock can tell how long that was, the litres still bound it."""
    story = exhausted()
    assert story.order(override(1_000_000, 10 * MINUTE)) is None
    story.power_off(HOUR, trusted=trusted)
    story.after(1)
    assert (story.state.lifting is None) is ends


def test_an_override_lifts_a_missing_allocation() -> None:
    story = Story().at(1)
    assert story.fit(before_l=0) is None
    assert story.fit(story.readings()[2].instrument) is None
    assert story.reasons == [K.NOT_ALLOCATED]
    assert story.order(override(5_000)) is None
    assert story.permitted
    story.start()
    story.after(300)
    assert story.reasons[0] is K.NOT_ALLOCATED
    assert 4_000 <= story.withdrawn_l <= 6_000


def test_an_override_lifts_metering_and_is_bounded_by_the_pumps_own_flow() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(31 * 60)
    assert not story.permitted
    story.after(200)
    total_l = story.total_l
    assert story.order(override(10_000)) is None
    story.start()
    story.after(1000)
    assert not story.permitted
    assert 9_000 <= story.total_l - total_l <= 11_000


def test_water_that_was_not_metered_meanwhile_is_settled_by_the_totalizer() -> None:
    story = exhausted()
    assert story.order(override(10_000)) is None
    story.start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(60)
    lifting = story.state.lifting
    assert lifting is not None
    assert lifting.unmetered_ml > 1_000_000
    story.heal()
    story.after(5)
    lifting = story.state.lifting
    assert lifting is not None
    assert lifting.unmetered_ml == 0
    assert abs(lifting.metered_l - 125 * 25) <= 60


def test_an_override_beside_an_allocation_takes_nothing_from_the_lease() -> None:
    story = pumping()
    assert story.order(override(1_000)) is None
    assert story.outcomes[-1].decision.lease_ms == SITE.lease_ms
    story.after(100)
    assert story.permitted
    assert story.state.lifting is None


def test_an_override_is_bounded_and_one_at_a_time() -> None:
    story = exhausted()
    limits = SITE.limits
    assert story.order(override(0)) is Refused.VOLUME_RANGE
    assert story.order(override(limits.override_l + 1)) is Refused.VOLUME_RANGE
    assert story.order(override(lasts_ms=0)) is Refused.OVERRIDE_TIME
    assert story.order(override(lasts_ms=limits.override_ms + 1)) is Refused.OVERRIDE_TIME
    assert story.order(ReleaseOverrideOrder("out")) is Refused.NO_OVERRIDE
    assert story.order(override(limits.override_l, limits.override_ms)) is None
    assert story.order(override()) is Refused.OVERRIDE_RUNS
    assert story.order(ReleaseOverrideOrder("the fire is out")) is None
    assert story.reasons[0] is K.ALLOCATION_EXHAUSTED


def test_an_override_across_new_year_counts_on() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 23, 58)).commission(2_000).after(2)
    story.start()
    while story.permitted:
        story.after(1)
    assert story.order(override(100_000)) is None
    story.after(1)
    begun_l = story.total_l
    story.start()
    story.after(300)
    assert story.of(OpenYear)[-1].year == 2027
    lifting = story.state.lifting
    assert lifting is not None
    assert abs(lifting.metered_l - (story.total_l - begun_l)) <= 60


@pytest.mark.parametrize("volume_l", [50_000, -400])
def test_a_correction_on_paper_is_no_water_that_an_override_gave(volume_l: int) -> None:
    story = exhausted()
    assert story.order(override(30_000)) is None
    story.start()
    story.after(20)
    begun_l = story.total_l
    before = story.state.lifting
    assert before is not None
    assert story.order(CorrectOrder(2026, volume_l, "flushing in May", "form 3")) is None
    story.after(5)
    assert story.running
    after = story.state.lifting
    assert after is not None
    assert after.metered_l - before.metered_l == story.total_l - begun_l


# --- what an override never lifts --------------------------------------------------------------


def test_an_override_lifts_no_stop() -> None:
    story = pumping()
    assert story.order(STOP) is None
    assert story.order(override()) is None
    assert story.reasons[0] is K.STOPPED_ON_SITE


def test_an_override_lifts_no_dry_run() -> None:
    story = pumping()
    story.dry = True
    story.after(310)
    assert story.order(override()) is None
    assert K.ENERGY_WITHOUT_WATER in story.reasons


def test_an_override_commissions_nothing() -> None:
    story = Story().at(1)
    assert story.order(override()) is None
    assert story.reasons == [K.NOT_COMMISSIONED]


def test_an_override_does_not_release_the_latch() -> None:
    story = exhausted()
    assert story.order(override(1_000)) is None
    story.start()
    story.after(300)
    assert story.order(addition(2_000)) is None
    assert story.outcomes[-1].balance is not None
