"""Room rule: what water, electricity and relay say of each other, as stories in time.

Chapters: start-up and coast-down raise nothing, water that should not flow, creep, the ratio,
evidence. Power without water is told in test_dry_run_stories.py, a pump that runs while it is cut
in test_running_while_cut_stories.py.
"""

from dataclasses import replace

import pytest

from agent.core.model import (
    Action,
    ConditionChanged,
    ConditionKind,
    Fault,
    Latched,
    Limits,
    Measured,
    Quantity,
    Refused,
    RelayMoved,
)
from tests.core.crosschecked import acknowledge, exhausted, pumping, standing_still
from tests.core.story import HOUR, MINUTE, OF_POWER_METER, POWER_W, SITE, Story

K = ConditionKind


def rated(story: Story, litres_per_kwh: int) -> Story:
    limits = replace(story.site.limits, rated_l_per_kwh=litres_per_kwh)
    story.site = replace(story.site, limits=limits)
    return story


def raised(story: Story) -> set[ConditionKind]:
    return {one.kind for one in story.of(ConditionChanged) if one.raised}


# --- what is normal ----------------------------------------------------------------------------


def test_start_up_coast_down_and_drain_back_raise_nothing() -> None:
    """Each run: half a minute of empty pipe, a damped meter, coasting, a minute of drain-back."""
    story = standing_still()
    story.records.clear()
    for _ in range(3):
        story.lay(Fault.EMPTY_PIPE, Quantity.FLOW_L_PER_H)
        story.start()
        story.after(30)
        story.heal()
        story.after(600).stop()
        story.after(5)
        story.other_flow_l_per_h = -20_000
        story.total_ml -= 300_000
        story.after(60)
        story.other_flow_l_per_h = 0
        story.total_ml += 300_000 + 20_000_000 // 60
        story.after(300)
    assert raised(story) == set()
    assert story.permitted


def test_a_cut_that_coasts_is_no_welded_contactor() -> None:
    story = Story(coast_ms=30_000).commission(20_000).after(2)
    story.start()
    story.after(1500)
    assert K.RUNNING_WHILE_CUT not in raised(story)


# --- water that should not flow ----------------------------------------------------------------


def test_water_without_energy_alarms_after_a_minute_and_falls_by_itself() -> None:
    story = standing_still()
    story.other_flow_l_per_h = 30_000
    begun = story.now_ms / 1000
    story.at(begun + 60)
    assert K.WATER_WITHOUT_ENERGY not in story.conditions
    story.at(begun + 61)
    assert story.conditions == {K.WATER_WITHOUT_ENERGY: Action.ALARM}
    assert story.permitted
    story.other_flow_l_per_h = 0
    story.after(1)
    assert story.conditions == {}


def test_water_without_energy_cuts_where_the_site_says_so() -> None:
    story = standing_still()
    story.site = replace(SITE, limits=replace(SITE.limits, cuts=(K.WATER_WITHOUT_ENERGY,)))
    story.other_flow_l_per_h = 30_000
    story.after(61)
    assert story.reasons == [K.WATER_WITHOUT_ENERGY]


def test_no_water_is_no_water_without_energy_whatever_the_power_meter_says() -> None:
    """It had shown nothing drawn, and fell silent with the cut."""
    story = pumping()
    story.site = replace(SITE, limits=Limits(cuts=(K.WATER_WITHOUT_ENERGY,)))
    story.power_w = 0
    while story.permitted:
        story.after(1)
    assert story.reasons == [K.WATER_WITHOUT_ENERGY]
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(300)
    assert K.WATER_WITHOUT_ENERGY not in story.conditions


def test_a_silent_power_meter_accuses_nobody_of_water_without_energy() -> None:
    story = standing_still()
    story.other_flow_l_per_h = 30_000
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(120)
    assert story.conditions == {K.POWER_METER_SILENT: Action.ALARM}


def test_a_pump_that_pumps_backward_alarms_after_a_minute_and_cuts_after_half_an_hour() -> None:
    story = pumping()
    story.flow_l_per_h = -60_000
    total_ml = story.total_ml
    begun = story.now_ms / 1000
    for _ in range(61):
        story.after(1)
        story.total_ml = total_ml
    assert story.conditions == {K.FLOW_REVERSED: Action.ALARM}
    while story.permitted and story.now_ms / 1000 < begun + 1900:
        story.after(1)
        story.total_ml = total_ml
    assert story.reasons[0] is K.FLOW_REVERSED
    assert 1800 <= story.now_ms / 1000 - begun <= 1802


def test_a_pump_that_pumps_backward_no_more_is_told_without_a_power_meter() -> None:
    """The power meter is fed behind the contactor: it falls silent with the cut."""
    story = pumping().unhurried()
    story.flow_l_per_h, total_ml = -60_000, story.total_ml
    while story.permitted:
        story.after(10)
        story.total_ml = total_ml
    assert story.reasons[0] is K.FLOW_REVERSED
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(300)
    assert K.FLOW_REVERSED not in story.conditions


def test_water_that_runs_back_for_longer_than_a_column_drains_alarms_and_does_not_cut() -> None:
    story = standing_still()
    story.other_flow_l_per_h = -5_000
    total_ml = story.total_ml
    for _ in range(605):
        story.after(1)
        story.total_ml = total_ml
    assert story.conditions == {K.FLOW_REVERSED: Action.ALARM}
    story.other_flow_l_per_h = 0
    story.after(1)
    assert story.conditions == {}


# --- creep -------------------------------------------------------------------------------------


def test_a_total_that_creeps_alarms_is_counted_and_falls_after_a_quiet_hour() -> None:
    story = standing_still().unhurried()
    withdrawn_l = story.withdrawn_l
    story.other_flow_l_per_h = 400
    story.after(600 + 1000)
    assert story.conditions == {K.IDLE_CREEP: Action.ALARM}
    assert story.withdrawn_l > withdrawn_l + 100
    story.other_flow_l_per_h = 0
    story.after(3400)
    assert story.conditions == {K.IDLE_CREEP: Action.ALARM}
    story.after(200)
    assert story.conditions == {}
    assert story.permitted


def test_a_pump_that_ran_while_control_was_restarted_is_no_creep() -> None:
    story = Story(site=replace(SITE, lease_ms=30_000), coast_ms=0).commission().unhurried()
    story.after(3600).start()
    story.away(30_000)
    story.stop()
    story.away(10_000)
    story.restarted = True
    story.after(10)
    assert story.withdrawn_l > 0
    assert K.IDLE_CREEP not in story.conditions


def test_a_litre_now_and_then_is_no_creep() -> None:
    story = standing_still().unhurried()
    story.other_flow_l_per_h = 80
    story.after(3 * HOUR / 1000)
    assert story.conditions == {}


# --- the ratio ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("litres", "off"), [(3_000, False), (2_500, False), (2_300, True)])
def test_a_ratio_outside_the_rated_band_alarms_after_half_an_hour(
    *, litres: int, off: bool
) -> None:
    """The pump delivers 90 m3/h with 30 kW: 3 m3 per kWh."""
    story = rated(pumping().unhurried(), litres)
    story.after(1900)
    assert (K.RATIO_OUT_OF_BAND in story.conditions) is off
    assert story.permitted


def test_a_ratio_that_comes_back_ends_its_alarm() -> None:
    story = rated(pumping().unhurried(), 3_000)
    story.power_w = 60_000
    story.after(1900)
    assert story.conditions == {K.RATIO_OUT_OF_BAND: Action.ALARM}
    change = story.of(ConditionChanged)[-1]
    names = {one.name for one in change.evidence}
    assert {"window_water_l", "window_energy_wh", Quantity.POWER_W} <= names
    story.power_w = POWER_W
    story.after(1900)
    assert story.conditions == {}


def test_a_pump_too_small_for_its_meter_has_no_ratio() -> None:
    story = rated(pumping().unhurried(), 3_000)
    story.site = replace(story.site, energy_resolution_wh=1_000_000)
    story.after(4000)
    assert story.conditions == {}


# --- evidence ----------------------------------------------------------------------------------


def test_a_cross_check_shows_the_raw_values_it_rests_on() -> None:
    story = pumping()
    story.dry = True
    story.after(302)
    (change,) = [one for one in story.of(ConditionChanged) if one.kind is K.ENERGY_WITHOUT_WATER]
    assert Measured(Quantity.POWER_W, POWER_W) in change.evidence
    assert Measured(Quantity.FLOW_L_PER_H, 0) in change.evidence
    assert {one.name for one in change.evidence} >= {Quantity.FORWARD_TOTAL_L, Quantity.ENERGY_WH}


def test_a_condition_of_the_account_shows_none() -> None:
    story = exhausted()
    assert [one.evidence for one in story.of(ConditionChanged)] == [()] * len(
        story.of(ConditionChanged)
    )
    assert story.of(RelayMoved)[-1].reasons == (K.ALLOCATION_EXHAUSTED,)


def test_what_is_not_latched_cannot_be_acknowledged() -> None:
    story = pumping()
    assert story.order(acknowledge(Latched.DRY_WELL)) is Refused.NOT_LATCHED
    assert Limits().flow_trial_ms == 5 * MINUTE
