"""Room rule: what the interlock does to the pump, as stories in time. One story, one claim.

The seconds are those of the story's own clock. Chapters: the right to pump, water that runs out,
short cycles, meters, the journal, the relay.
"""

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
    RelayMoved,
    Role,
    RolledOver,
    Sample,
    Session,
    StopCause,
    Withheld,
)
from agent.core.scan import scan
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

K = ConditionKind
# A cut may be late or early by no more than this: DESIGN section 7.
TOLERANCE_L = 1000


def pumping(allocated_l: int = 1_000_000) -> Story:
    """A commissioned well whose pump has run for a minute."""
    story = Story().commission(allocated_l).after(2)
    story.start()
    return story.after(60)


def moves(story: Story) -> list[tuple[bool, bool]]:
    """Each edge of the relay: permitted, lapsed."""
    return [(one.permitted, one.lapsed) for one in story.of(RelayMoved)]


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


# --- meters ------------------------------------------------------------------------------------


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


# --- the journal -------------------------------------------------------------------------------


def failing(story: Story, seconds: float) -> Story:
    story.journal_failing = True
    return story.after(seconds)


def test_a_failing_journal_alarms_and_lets_a_running_pump_run() -> None:
    story = failing(pumping(), 600)
    assert story.permitted
    assert story.conditions == {K.JOURNAL_FAILING: Action.ALARM}
    story.journal_failing = False
    story.after(1)
    assert story.conditions == {}
    assert story.state.journal_failed_at is None


def test_running_on_is_bounded_in_time() -> None:
    story = pumping(allocated_l=100_000_000)
    story.site = replace(SITE, run_on_ms=10 * MINUTE)
    begun = story.now_ms / 1000
    failing(story, 0).at(begun + 600)
    assert story.permitted
    story.at(begun + 601)
    assert story.reasons == [K.JOURNAL_FAILING]


def test_running_on_is_bounded_in_water() -> None:
    story = pumping(allocated_l=101_500)
    assert story.withdrawn_l == 1500
    failing(story, 200)
    assert story.permitted
    story.after(2)
    assert story.reasons[0] is K.JOURNAL_FAILING
    assert 5_000 <= story.withdrawn_l - 1_525 < 5_050


def test_the_policy_cut_cuts_at_once() -> None:
    story = pumping()
    story.site = replace(SITE, run_on=False)
    failing(story, 1)
    assert story.reasons == [K.JOURNAL_FAILING]


def test_a_start_that_cannot_write_stays_cut() -> None:
    story = pumping()
    story.stop()
    story.power_off(60_000)
    story.journal_written = False
    failing(story, 600)
    assert story.reasons == [K.JOURNAL_FAILING]
    story.journal_failing, story.journal_written = False, True
    story.after(1)
    assert story.permitted


def test_a_pump_that_was_cut_is_not_permitted_again_while_nothing_can_be_written() -> None:
    story = pumping()
    story.away(30_000)
    failing(story, 600)
    assert story.reasons == [K.JOURNAL_FAILING]


def test_a_relay_that_did_not_open_is_no_reason_to_permit_what_cannot_be_written() -> None:
    """Our cut did not reach the relay: a hold-off keeps cutting, and asks no disk."""
    story = pumping(allocated_l=20_000)
    while story.permitted:
        story.after(1)
    assert story.order(addition(100_000)) is None
    story.relay = True
    outcome = failing(story, 0).look()
    assert not outcome.decision.permit
    assert not outcome.durable


def test_a_rollover_waits_until_it_can_be_written() -> None:
    """It needs an entry. Until then its total is withheld, and recorded once, not every scan."""
    story = Story(total_ml=999_998_000_000).commission().after(2)
    story.start()
    story.after(30)
    withdrawn_l = story.withdrawn_l
    story.journal_failing = True
    while story.total_l < SITE.flow_modulus_l:
        story.after(1)
    story.total_ml -= SITE.flow_modulus_l * 1000
    story.after(60)
    assert story.of(RolledOver) == []
    assert len(story.of(Withheld)) == 1
    assert withdrawn_l < story.withdrawn_l <= 2000
    story.journal_failing = False
    while not story.of(RolledOver):
        story.after(1)
    assert story.outcomes[-1].durable
    assert story.withdrawn_l == SITE.flow_modulus_l - 999_998_000 + story.total_l


def test_running_on_without_an_allocation_is_not_running_on() -> None:
    story = failing(Story().at(5), 5)
    assert K.JOURNAL_FAILING in story.reasons


# --- the relay ---------------------------------------------------------------------------------


def test_a_lease_that_lapsed_is_recorded_and_held_off() -> None:
    story = pumping()
    story.away(30_000)
    story.after(1)
    assert moves(story)[-1] == (False, True)
    assert story.of(RelayMoved)[-1].reasons == (K.LEASE_LAPSED,)
    assert story.reasons == [K.SHORT_CYCLE]
    assert story.conditions[K.LEASE_LAPSED] is Action.ALARM
    story.after(180)
    assert K.LEASE_LAPSED not in story.conditions
    assert moves(story)[-2:] == [(False, True), (True, False)]
    assert not story.running, "the starter fell out: its owner must press again"


def test_a_restart_of_control_within_the_lease_stops_no_pump() -> None:
    story = pumping()
    story.away(8_000)
    story.after(5)
    assert story.running
    assert moves(story) == [(True, False)]
    assert story.withdrawn_l == story.total_l - 500_000


def test_one_question_the_relay_did_not_answer_stops_no_pump() -> None:
    story = pumping()
    story.relay = None
    assert story.look().decision.permit
    assert story.conditions == {K.RELAY_SILENT: Action.ALARM}
    story.relay = True
    story.after(1)
    assert story.conditions == {}
    assert moves(story) == [(True, False)]


def test_a_relay_that_is_silent_for_a_whole_lease_has_cut() -> None:
    """Nobody renewed it, so it lapsed; that is written down though nobody could see it."""
    story = pumping()
    story.relay = None
    story.after(10)
    assert moves(story) == [(True, False)]
    story.after(1)
    assert moves(story) == [(True, False), (False, True)]
    assert story.reasons == [K.SHORT_CYCLE, K.RELAY_SILENT]


def test_a_relay_process_that_restarted_is_held_off() -> None:
    story = pumping()
    story.relay = None
    story.after(2)
    story.relay = False
    story.stop()
    story.after(1)
    assert moves(story) == [(True, False), (False, True)]
    assert story.reasons == [K.SHORT_CYCLE]


def test_a_relay_that_cannot_be_asked_is_permitted_nothing_new() -> None:
    story = Story(relay=None).commission().after(300)
    assert story.reasons == [K.RELAY_SILENT]
    assert moves(story) == []
    story.relay = False
    story.after(1)
    assert story.permitted


# --- runs --------------------------------------------------------------------------------------


def test_a_run_is_one_session_with_both_meters() -> None:
    story = pumping()
    story.stop()
    story.after(20)
    (run,) = story.of(Session)
    assert run.cause is StopCause.OWNER
    assert run.stop_total_l == story.total_l
    assert run.stop_total_l - run.start_total_l >= 1500
    assert run.start_energy_wh is not None
    assert run.stop_energy_wh is not None
    assert run.stop_energy_wh - run.start_energy_wh in range(480, 510)
    assert run.remaining_l == 1_000_000 - story.withdrawn_l


def test_a_run_that_we_cut_says_so() -> None:
    story = pumping(allocated_l=2_000).after(60)
    assert [one.cause for one in story.of(Session)] == [StopCause.CUT]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_run_that_ended_while_nobody_looked_says_so(*, trusted: bool) -> None:
    story = pumping()
    story.power_off(2 * HOUR, trusted=trusted)
    story.after(3)
    (run,) = story.of(Session)
    assert run.cause is StopCause.UNSEEN
    assert run.start_total_l in range(500_000, 500_030)
    assert run.stop_total_l == story.total_l
    assert run.started_utc_ms < run.stopped_utc_ms


def test_a_contactor_that_bounces_ends_no_run() -> None:
    story = pumping()
    story.stop()
    story.coasting_ms = 0
    story.after(2).start()
    story.after(60)
    assert story.of(Session) == []
    assert story.state.pump.run is not None


def test_a_run_with_silent_meters_is_not_cut_in_two() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(200)
    story.heal()
    story.after(10)
    assert story.of(Session) == []


# --- records -----------------------------------------------------------------------------------


def test_a_sample_is_written_once_per_interval_and_at_every_edge() -> None:
    story = Story().commission()
    story.records.clear()
    story.after(600)
    assert len(story.of(Sample)) == 10
    story.records.clear()
    assert story.order(addition(5)) is None
    assert len(story.of(Sample)) == 1


def test_a_sample_says_why_a_value_is_missing() -> None:
    story = pumping()
    story.lay(Fault.GARBLED, Quantity.FLOW_L_PER_H)
    story.after(61)
    sample = story.of(Sample)[-1]
    assert sample.flow_l_per_h is None
    assert [(one.quantity, one.fault) for one in sample.faults] == [
        (Quantity.FLOW_L_PER_H, Fault.GARBLED)
    ]
