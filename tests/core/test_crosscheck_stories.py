"""Room rule: what water, electricity and relay say of each other, as stories in time.

Chapters: start-up and coast-down raise nothing, a signal that is lost, dry runs, water that should
not flow, creep, the ratio, evidence.
"""

from dataclasses import replace

import pytest

from agent.core.crosscheck import SIGNAL_FAULTS
from agent.core.model import (
    AcknowledgeOrder,
    Action,
    ConditionChanged,
    ConditionKind,
    Contacts,
    Fault,
    Latched,
    Limits,
    Measured,
    Quantity,
    Refused,
    RelayMoved,
)
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    POWER_W,
    SITE,
    Story,
    addition,
)

K = ConditionKind


def rated(story: Story, litres_per_kwh: int) -> Story:
    limits = replace(story.site.limits, rated_l_per_kwh=litres_per_kwh)
    story.site = replace(story.site, limits=limits)
    return story


def standing_still() -> Story:
    """A commissioned well whose pump was seen to deliver, and rests."""
    story = Story().commission(100_000_000).after(2)
    story.start()
    story.after(120).stop()
    return story.after(20)


def pumping() -> Story:
    story = standing_still()
    story.start()
    return story.after(60)


def acknowledge(kind: Latched) -> AcknowledgeOrder:
    return AcknowledgeOrder(kind, "seen to")


def raised(story: Story) -> set[ConditionKind]:
    return {one.kind for one in story.of(ConditionChanged) if one.raised}


def run_owner(story: Story, minutes: int) -> int:
    """An owner who presses the button whenever the pump may run; seconds that it ran."""
    ran_ms, until_ms = 0, story.now_ms + minutes * MINUTE
    while story.now_ms < until_ms:
        if not story.running:
            story.start()
        ran_ms += story.site.period_ms if story.running else 0
        story.after(1)
    return ran_ms // 1000


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


# --- a signal that is lost ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", sorted(SIGNAL_FAULTS))
def test_a_dead_transducer_lets_the_pump_run_half_an_hour_and_no_more(fault: Fault) -> None:
    """It is silent only while the pump runs; standing still must not forgive it."""
    story = pumping().unhurried()
    story.lay(fault, Quantity.FLOW_L_PER_H)
    ran = run_owner(story, 120)
    assert 1790 <= ran <= 1820
    assert story.reasons == [K.FLOW_SIGNAL_LOST]
    story.heal()
    story.after(3600)
    assert story.reasons == [K.FLOW_SIGNAL_LOST], "a good zero of a standing pump proves nothing"


def test_the_time_without_a_signal_adds_up_over_short_runs() -> None:
    story = pumping().unhurried()
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    for _ in range(5):
        story.after(300).stop()
        story.after(600).start()
    assert story.permitted
    story.after(310)
    assert story.reasons[0] is K.FLOW_SIGNAL_LOST


def test_water_seen_to_flow_proves_the_signal_and_a_flicker_does_not() -> None:
    story = pumping()
    for _ in range(15):
        story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
        story.after(110)
        story.heal()
        story.after(4)
    assert story.conditions[K.FLOW_SIGNAL_LOST] is Action.ALARM
    story.after(15)
    assert story.conditions == {}


def test_one_look_in_ten_seconds_proves_no_signal() -> None:
    """Every second scan finds it, ten seconds apart: nobody saw water flow for ten seconds."""
    story = pumping().unhurried()
    for scans in range(400):
        if scans % 2:
            story.heal()
        else:
            story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
        story.after(10)
    assert story.reasons == [K.FLOW_SIGNAL_LOST]


def test_an_acknowledged_signal_gets_a_trial_and_no_more() -> None:
    story = pumping().unhurried()
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    run_owner(story, 40)
    assert story.order(acknowledge(Latched.FLOW_SIGNAL_LOST)) is None
    assert story.permitted
    assert story.conditions[K.FLOW_SIGNAL_LOST] is Action.ALARM
    assert 290 <= run_owner(story, 30) <= 320
    assert story.reasons == [K.FLOW_SIGNAL_LOST]
    assert story.order(acknowledge(Latched.FLOW_SIGNAL_LOST)) is None
    story.heal()
    story.start()
    story.after(20)
    assert story.conditions == {}


def test_an_empty_pipe_never_prevents_a_start() -> None:
    story = standing_still().unhurried()
    story.lay(Fault.EMPTY_PIPE, *OF_FLOW_METER)
    story.after(2 * HOUR / 1000)
    assert story.permitted
    assert story.conditions == {}


def test_a_meter_lost_just_before_an_outage_does_not_cut_at_the_first_scan_after_it() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(90)
    story.power_off(3 * DAY)
    story.unhurried().after(1)
    assert story.conditions[K.FLOW_METER_SILENT] is Action.ALARM
    story.after(120 + 1680)
    assert story.permitted, "the minutes after the mains came back are not judged"
    story.after(40)
    assert story.reasons[0] is K.FLOW_METER_SILENT


# --- dry runs ----------------------------------------------------------------------------------


def test_a_dry_pump_is_cut_after_five_minutes_twice_retried_and_then_latched() -> None:
    story = pumping()
    story.dry = True
    begun = story.now_ms / 1000
    story.at(begun + 300)
    assert story.reasons == []
    story.at(begun + 301)
    assert story.reasons == [K.ENERGY_WITHOUT_WATER]
    cut_ms = story.now_ms
    story.unhurried()
    for _ in range(2):
        while story.reasons:
            story.after(1)
        assert 30 * MINUTE <= story.now_ms - cut_ms <= 30 * MINUTE + 20_000
        story.start()
        while story.permitted:
            story.after(1)
        cut_ms = story.now_ms
    story.after(2 * HOUR / 1000)
    assert story.reasons == [K.ENERGY_WITHOUT_WATER]
    assert story.order(acknowledge(Latched.ENERGY_WITHOUT_WATER)) is None
    assert story.permitted
    story.dry = False
    story.start()
    story.after(900)
    assert story.conditions == {}


def test_a_pump_that_delivers_again_is_not_latched_by_the_trips_of_last_week() -> None:
    story = pumping()
    for _ in range(4):
        story.dry = True
        story.start()
        story.after(310)
        assert K.ENERGY_WITHOUT_WATER in story.reasons
        assert not story.state.standing.conditions[0].latched
        story.dry = False
        story.site = replace(story.site, period_ms=120_000)
        story.after(DAY / 1000)
        story.site = replace(story.site, period_ms=1000)
        assert story.permitted


@pytest.mark.parametrize(
    ("power_w", "cut"), [(POWER_W // 2, True), (POWER_W * 31 // 100, True), (8_000, False)]
)
def test_a_dry_pump_draws_more_than_a_third_of_what_it_draws(*, power_w: int, cut: bool) -> None:
    story = pumping()
    story.dry, story.power_w = True, power_w
    story.after(400)
    assert (K.ENERGY_WITHOUT_WATER in story.conditions) is cut


def test_a_bypassed_flow_meter_shows_though_no_power_was_ever_learned() -> None:
    story = Story(dry=True).commission().after(2)
    story.start()
    story.after(600)
    assert story.reasons == [K.ENERGY_WITHOUT_WATER]


def test_a_flow_that_cannot_be_read_is_no_dry_run() -> None:
    story = pumping()
    story.dry = True
    story.lay(Fault.TIMEOUT, Quantity.FLOW_L_PER_H)
    story.after(900)
    assert K.ENERGY_WITHOUT_WATER not in story.conditions


def test_on_a_shared_power_meter_electricity_says_nothing_of_water() -> None:
    story = pumping()
    story.site = replace(story.site, shared_power_meter=True)
    story.dry = True
    story.after(900)
    assert story.reasons == []
    story.welded = True
    story.site = replace(story.site, run_on=False)
    story.journal_failing = True
    story.after(900)
    assert story.reasons == [K.JOURNAL_FAILING]
    assert K.RUNNING_WHILE_CUT not in story.conditions


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


def exhausted(*, welded: bool = False) -> Story:
    story = Story(welded=welded).commission(20_000).after(2)
    story.start()
    while story.permitted:
        story.after(1)
    return story


def test_a_welded_contactor_shows_ten_seconds_after_the_cut_and_stays_until_acknowledged() -> None:
    story = exhausted(welded=True)
    story.after(10)
    assert K.RUNNING_WHILE_CUT not in story.conditions
    story.after(1)
    assert K.RUNNING_WHILE_CUT in story.reasons
    story.welded = False
    story.stop()
    assert story.order(addition(500_000)) is None
    story.after(600)
    assert story.reasons == [K.RUNNING_WHILE_CUT]
    assert story.order(acknowledge(Latched.RUNNING_WHILE_CUT)) is None
    assert story.permitted


def test_water_that_flows_a_minute_after_the_cut_shows_without_a_power_meter() -> None:
    story = exhausted(welded=True)
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(60)
    assert K.RUNNING_WHILE_CUT not in story.conditions
    story.after(1)
    assert K.RUNNING_WHILE_CUT in story.reasons


def test_a_feedback_contact_tells_of_welded_contacts_without_any_meter() -> None:
    story = exhausted()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.contacts = Contacts(contactor_closed=True)
    story.after(12)
    assert K.RUNNING_WHILE_CUT in story.reasons


def test_the_sealed_bypass_explains_a_pump_that_runs_while_it_is_cut() -> None:
    story = exhausted(welded=True)
    story.contacts = Contacts(bypass_closed=True)
    withdrawn_l = story.withdrawn_l
    story.after(600)
    assert story.conditions[K.BYPASSED] is Action.ALARM
    assert K.RUNNING_WHILE_CUT not in story.conditions
    assert story.withdrawn_l > withdrawn_l + 10_000, "the totalizer accounts for it"
    story.contacts = Contacts(bypass_closed=False)
    story.after(1)
    assert K.BYPASSED not in story.conditions


def test_a_bypass_never_cuts() -> None:
    story = pumping()
    story.contacts = Contacts(bypass_closed=True)
    story.unhurried().after(3600)
    assert story.permitted


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
