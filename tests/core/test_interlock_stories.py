"""Room rule: what the interlock does to the pump, as stories in time. One story, one claim.

The seconds are those of the story's own clock. Chapters: the right to pump, water that runs out,
short cycles. What meters, the relay and the disk do to it is told in `test_meter_stories` and
`test_relay_stories`.
"""

from dataclasses import replace

import pytest

from agent.core.model import (
    Action,
    ConditionChanged,
    ConditionKind,
    Fault,
    RelayMoved,
    Role,
)
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    addition,
    plan,
    reduction,
)
from tests.core.wells import moves, pumping

K = ConditionKind
# A cut may be late or early by no more than this: DESIGN section 7.
TOLERANCE_L = 1000


# --- the right to pump -------------------------------------------------------------------------


def test_a_new_station_is_cut_until_it_is_commissioned_and_allocated() -> None:
    story = Story().at(5)
    assert story.reasons == [K.NOT_COMMISSIONED, K.NOT_ALLOCATED]
    assert story.fit(before_l=0) is None
    assert story.reasons == [K.NOT_COMMISSIONED, K.NOT_ALLOCATED]
    assert story.fit(Role.POWER_METER) is None
    assert story.reasons == [K.NOT_ALLOCATED]
    assert story.order(plan(1_000_000)) is None
    assert story.permitted
    assert story.conditions == {}
    assert moves(story) == [(True, False)]


def test_a_flow_meter_that_answers_before_it_is_fitted_is_not_silent() -> None:
    story = Story().at(45 * 60)
    assert set(story.conditions) == {K.NOT_COMMISSIONED, K.NOT_ALLOCATED}


def test_what_was_withdrawn_before_the_agent_came_counts() -> None:
    story = Story().commission(allocated_l=50_000, before_l=50_000)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.withdrawn_l == 50_000


def test_permission_alone_starts_no_pump() -> None:
    story = Story().commission().after(600)
    assert story.permitted
    assert story.withdrawn_l == 0


# --- water that runs out -----------------------------------------------------------------------


def test_warnings_come_at_80_90_and_95_percent_and_fall_with_more_water() -> None:
    story = pumping(allocated_l=20_000)
    levels = []
    while story.permitted:
        story.after(1)
        levels += [one.level for one in story.state.standing.conditions if one.level]
        if 95 in levels:
            break
    assert sorted(set(levels)) == [80, 90, 95]
    rose = [one for one in story.of(ConditionChanged) if one.kind is K.ALLOCATION_LOW]
    assert [(one.level, one.raised, one.action) for one in rose] == [
        (80, True, Action.WARN),
        (90, True, Action.WARN),
        (95, True, Action.WARN),
    ]
    assert story.permitted, "a warning never cuts"
    assert story.order(addition(3_000)) is None
    assert story.of(ConditionChanged)[-1].level == 80
    assert story.order(addition(100_000)) is None
    assert K.ALLOCATION_LOW not in story.conditions


@pytest.mark.parametrize(
    ("withdrawn_l", "level"),
    [
        (79_999, 0),
        (80_000, 80),
        (89_999, 80),
        (90_000, 90),
        (94_999, 90),
        (95_000, 95),
        (99_000, 95),
    ],
)
def test_a_warning_comes_with_the_litre_that_passes_its_step(withdrawn_l: int, level: int) -> None:
    story = Story().commission(100_000, before_l=withdrawn_l).after(1)
    levels = [one.level for one in story.state.standing.conditions if one.kind is K.ALLOCATION_LOW]
    assert levels == ([level] if level else [])


def test_the_pump_is_cut_before_the_allocation_is_used_up_and_ends_within_tolerance() -> None:
    story = pumping(allocated_l=20_000).after(1200)
    cut = story.of(RelayMoved)[-1]
    assert cut.reasons == (K.ALLOCATION_EXHAUSTED,)
    assert cut.remaining_l is not None
    assert 0 < cut.remaining_l < TOLERANCE_L
    assert 0 <= 20_000 - story.withdrawn_l < TOLERANCE_L


def test_a_long_coast_down_is_learned_from_the_first_cut() -> None:
    """Eight seconds of coasting are 100 L; the second cut keeps as much back, and no more."""
    story = Story(coast_ms=8000).commission(20_000).after(2)
    story.start()
    story.after(1200)
    first_over_l = story.withdrawn_l - 20_000
    assert story.state.pump.coast_l is not None
    assert 80 <= story.state.pump.coast_l <= 130
    assert story.order(addition(20_000)) is None
    story.after(200).start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    over_l = story.withdrawn_l - 40_000
    assert -60 <= over_l <= 0 < first_over_l


def test_a_coast_down_is_not_learned_from_a_total_that_was_old_at_the_cut() -> None:
    """What flowed while the flow meter was silent is no coast-down."""
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(31 * 60)
    assert story.reasons[0] is K.FLOW_METER_SILENT
    story.heal()
    story.after(300)
    assert story.permitted
    assert story.state.pump.coast_l is None


def test_a_coast_down_is_not_learned_across_the_next_run() -> None:
    """With the power meter silent nobody sees the pump come to rest: the next run is no coast."""
    story = pumping(allocated_l=20_000)
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    assert story.order(addition(500_000)) is None
    story.after(200).start()
    story.after(600)
    story.heal()
    story.after(60).stop()
    story.after(60)
    assert story.state.pump.coast_l is None


def test_an_exhausted_well_stays_cut_until_an_entry_gives_water() -> None:
    story = pumping(allocated_l=20_000).after(1200)
    since = next(
        one.since for one in story.state.standing.conditions if one.kind is K.ALLOCATION_EXHAUSTED
    )
    story.after(15 * 60)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    assert story.order(reduction(5_000)) is None
    assert story.order(addition(2_000)) is None, "lawful, but still over plan"
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    standing = story.state.standing.conditions
    assert [one.since for one in standing if one.kind is K.ALLOCATION_EXHAUSTED] == [since]
    assert story.order(addition(50_000)) is None
    assert story.permitted


def test_a_smaller_margin_does_not_release_an_exhausted_well() -> None:
    """Remaining lies within the margin of a strong pump, and outside that of a weak one."""
    story = pumping(allocated_l=20_000).after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    story.state = replace(story.state, pump=replace(story.state.pump, flow_l_per_h=10, coast_l=0))
    story.after(10)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    assert story.of(RelayMoved)[-1].permitted is False


@pytest.mark.parametrize("trusted", [True, False])
def test_a_power_cycle_does_not_release_an_exhausted_well(*, trusted: bool) -> None:
    story = pumping(allocated_l=20_000).after(1200)
    story.power_off(3 * DAY, trusted=trusted)
    story.after(600)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]


def test_a_reduction_below_what_is_withdrawn_is_lawful_and_cuts() -> None:
    story = pumping(allocated_l=100_000)
    assert story.order(reduction(99_500)) is None
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.remaining_l < 0, "over plan is shown, not hidden"


def test_a_plan_below_what_is_withdrawn_is_lawful_and_cuts() -> None:
    story = Story().at(1)
    assert story.fit(before_l=30_000) is None
    assert story.fit(Role.POWER_METER) is None
    assert story.order(plan(20_000)) is None
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    assert story.order(addition(30_000)) is None
    assert story.permitted


def test_a_lease_is_as_short_as_the_water_that_remains() -> None:
    """A scan that hangs after its permit cannot overshoot: the lease ends with the water."""
    story = pumping(allocated_l=20_000)
    while story.permitted:
        lease_ms = story.outcomes[-1].decision.lease_ms
        remaining_l = 20_000 - story.withdrawn_l
        assert SITE.period_ms + SITE.cut_latency_ms <= lease_ms <= SITE.lease_ms
        assert story.flow_l_per_h * lease_ms / HOUR <= remaining_l
        story.after(1)
    story = pumping(allocated_l=2_000)
    while story.outcomes[-1].decision.lease_ms == SITE.lease_ms:
        story.after(1)
    story.away(5 * MINUTE)
    story.after(1)
    assert not story.running
    assert abs(2_000 - story.withdrawn_l) < 100


# --- short cycles ------------------------------------------------------------------------------


def test_a_pump_that_was_cut_is_held_off_for_its_rest() -> None:
    story = pumping(allocated_l=20_000)
    while story.permitted:
        story.after(1)
    cut_ms = story.now_ms
    assert story.order(addition(100_000)) is None
    assert story.reasons == [K.SHORT_CYCLE]
    story.at((cut_ms + SITE.short_cycle_ms - 1000) / 1000)
    assert story.reasons == [K.SHORT_CYCLE]
    story.after(1)
    assert story.permitted


def test_an_owner_who_stops_and_starts_is_not_held_off() -> None:
    story = pumping()
    story.stop()
    story.after(10).start()
    story.after(1)
    assert story.permitted
    assert story.running
