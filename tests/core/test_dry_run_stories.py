"""Room rule: a pump that draws power while no water is seen to flow, as stories in time.

Either the water is not there, or its signal is lost.
"""

from dataclasses import replace

import pytest

from agent.core.crosscheck import SIGNAL_FAULTS
from agent.core.model import Action, ConditionKind, Fault, Latched, Quantity
from tests.core.crosschecked import acknowledge, pumping, standing_still
from tests.core.story import DAY, HOUR, MINUTE, OF_FLOW_METER, POWER_W, Story

K = ConditionKind


def run_owner(story: Story, minutes: int) -> int:
    """An owner who presses the button whenever the pump may run; seconds that it ran."""
    ran_ms, until_ms = 0, story.now_ms + minutes * MINUTE
    while story.now_ms < until_ms:
        if not story.running:
            story.start()
        ran_ms += story.site.period_ms if story.running else 0
        story.after(1)
    return ran_ms // 1000


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
