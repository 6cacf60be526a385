"""Room rule: what a meter does to the pump when it is silent, wrong or exchanged, as stories."""

from dataclasses import replace

import pytest

from agent.core.crosscheck import SIGNAL_FAULTS
from agent.core.model import (
    Action,
    ConditionChanged,
    ConditionKind,
    Fault,
    Quantity,
    Refused,
    RemoveMeterOrder,
    Role,
    StopOrder,
)
from agent.core.scan import scan
from tests.core.story import (
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
)
from tests.core.wells import pumping

K = ConditionKind


def test_a_silent_flow_meter_alarms_after_a_minute_and_cuts_after_half_an_hour() -> None:
    story = pumping()
    begun = story.now_ms / 1000
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.at(begun + 60)
    assert K.FLOW_METER_SILENT not in story.conditions
    story.at(begun + 61)
    assert story.conditions[K.FLOW_METER_SILENT] is Action.ALARM
    assert story.permitted
    story.at(begun + 1800)
    assert story.permitted
    story.at(begun + 1801)
    assert story.reasons == [K.FLOW_METER_SILENT]
    story.heal()
    story.after(1)
    assert K.FLOW_METER_SILENT not in story.conditions
    assert story.withdrawn_l == story.total_l - 500_000, "the meter remembered what we missed"
    story.after(180)
    assert story.permitted


def test_a_flow_meter_that_answers_now_and_then_is_not_silent() -> None:
    story = pumping()
    for _ in range(40):
        story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
        story.after(50)
        story.heal()
        story.after(1)
    assert story.permitted
    assert not [one for one in story.of(ConditionChanged) if one.kind is K.FLOW_METER_SILENT]


def test_a_total_without_a_flow_is_not_enough() -> None:
    story = pumping()
    story.lay(Fault.INVALID, Quantity.FLOW_L_PER_H)
    story.after(62)
    assert story.conditions[K.FLOW_METER_SILENT] is Action.ALARM


def test_a_flow_meter_without_a_flow_register_is_lost() -> None:
    story = pumping()
    seen = story.seen()
    total_only = tuple(one for one in seen.readings if one.quantity is not Quantity.FLOW_L_PER_H)
    assert not [one for one in story.state.standing.watches if one.kind is K.FLOW_METER_SILENT]
    story.now_ms += 1000
    state = scan(SITE, story.state, replace(seen, moment=story.moment, readings=total_only)).state
    assert {one.kind for one in state.standing.watches} == {K.FLOW_METER_SILENT}


def test_both_meters_silent_cut_after_five_minutes() -> None:
    story = pumping()
    begun = story.now_ms / 1000
    story.lay(Fault.DISCONNECTED, *OF_FLOW_METER, *OF_POWER_METER)
    story.at(begun + 300)
    assert story.permitted
    assert story.conditions == {
        K.FLOW_METER_SILENT: Action.ALARM,
        K.POWER_METER_SILENT: Action.ALARM,
    }
    story.at(begun + 301)
    assert story.reasons == [K.BOTH_METERS_SILENT]


def test_a_silent_power_meter_alarms_and_never_cuts() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(32 * 60)
    assert story.permitted
    assert story.conditions == {K.POWER_METER_SILENT: Action.ALARM}


@pytest.mark.parametrize("fault", sorted(SIGNAL_FAULTS))
def test_an_empty_pipe_is_no_alarm_while_the_pump_stands_still(fault: Fault) -> None:
    story = pumping()
    story.stop()
    story.after(10)
    story.lay(fault, Quantity.FLOW_L_PER_H)
    story.after(32 * 60)
    assert story.permitted
    assert story.conditions == {}


def test_an_empty_pipe_is_an_alarm_once_the_pump_runs() -> None:
    story = pumping()
    story.stop()
    story.after(10)
    story.lay(Fault.EMPTY_PIPE, Quantity.FLOW_L_PER_H)
    story.after(600).start()
    story.after(30)
    assert story.conditions == {}, "a rising main takes its time to fill"
    story.after(32)
    assert story.conditions == {K.FLOW_SIGNAL_LOST: Action.ALARM}


def test_a_flow_meter_that_is_dead_is_an_alarm_though_the_pump_stands_still() -> None:
    story = pumping()
    story.stop()
    story.after(10)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(62)
    assert story.conditions == {K.FLOW_METER_SILENT: Action.ALARM}


@pytest.mark.parametrize(
    ("step_ml", "kind"), [(70_000_000, K.TOTAL_JUMPED), (-70_000_000, K.TOTAL_REVERSED)]
)
def test_a_total_that_is_not_believed_alarms_at_once_and_cuts_after_half_an_hour(
    step_ml: int, kind: ConditionKind
) -> None:
    story = pumping()
    withdrawn_l = story.withdrawn_l
    story.total_ml += step_ml
    story.after(3)
    assert story.conditions == {kind: Action.ALARM}
    story.after(1800)
    assert story.reasons == [kind]
    assert story.withdrawn_l == withdrawn_l, "neither counted nor forgotten: a technician rules"
    assert story.fit() is None, "the same meter, fitted again, is the ruling"
    assert kind not in story.conditions
    assert story.withdrawn_l == withdrawn_l
    story.after(180).start()
    story.after(60)
    assert story.withdrawn_l > withdrawn_l


def test_the_same_meter_is_not_fitted_again_without_need() -> None:
    assert pumping().fit() is Refused.SAME_SERIAL


def test_an_exchanged_meter_loses_no_litre() -> None:
    story = pumping()
    story.stop()
    story.after(10)
    withdrawn_l = story.withdrawn_l
    story.total_ml = 3_000_000
    assert story.fit(serial="new") is None
    assert story.withdrawn_l == withdrawn_l
    assert story.conditions == {}
    story.start()
    story.after(40)
    assert story.withdrawn_l == withdrawn_l + story.total_l - 3_000


def test_a_meter_exchanged_while_the_pump_coasts_teaches_no_coast_down() -> None:
    story = pumping().unhurried()
    assert story.order(StopOrder("exchange")) is None
    removal = RemoveMeterOrder(Role.FLOW_METER, "serial-flow_meter", "form 2")
    assert story.order(removal) is None
    story.total_ml = 900_000_000
    story.after(60)
    assert story.fit(serial="used elsewhere") is None
    story.after(60)
    assert story.state.pump.coast_l is None


def test_a_late_scan_at_the_start_of_the_pump_is_no_jump() -> None:
    """The pump starts just after a scan, and the next one is 4.5 s late: 135 L at full flow."""
    story = Story(flow_l_per_h=99_000).commission().after(60)
    story.start()
    for _ in range(9):
        story._pass(500)
    story.look()
    story.after(20)
    assert story.conditions == {}
    assert story.withdrawn_l == story.total_l - 500_000
