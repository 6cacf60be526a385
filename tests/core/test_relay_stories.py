"""Room rule: what the pump is permitted while the disk or the relay does not answer, as stories."""

from dataclasses import replace

from agent.core.model import (
    Action,
    ConditionKind,
    Lapse,
    RelayMoved,
    RolledOver,
    Withheld,
)
from tests.core.story import (
    HOUR,
    MINUTE,
    SITE,
    Story,
    addition,
)
from tests.core.wells import moves, pumping

K = ConditionKind


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


def test_a_relay_that_opened_with_the_power_blames_nobody() -> None:
    story = pumping()
    story.power_off(HOUR)
    story.after(1)
    moved = story.of(RelayMoved)[-1]
    assert (moved.lapsed, moved.lapse, moved.reasons) == (True, Lapse.POWER, ())
    assert K.LEASE_LAPSED not in story.conditions
    assert story.reasons == [K.SHORT_CYCLE]


def test_a_relay_process_that_was_restarted_is_named() -> None:
    story = pumping()
    story._open_relay()
    story.relay_restarted = True
    story.after(1)
    moved = story.of(RelayMoved)[-1]
    assert (moved.lapse, moved.reasons) == (Lapse.RELAY, (K.LEASE_LAPSED,))
    assert story.conditions[K.LEASE_LAPSED] is Action.ALARM


def test_a_relay_process_that_was_silent_for_a_whole_lease_is_named() -> None:
    story = pumping()
    story.relay = None
    story.after(15)
    lapsed = [one for one in story.of(RelayMoved) if one.lapsed]
    assert [one.lapse for one in lapsed] == [Lapse.RELAY]


def test_a_lease_that_lapsed_is_recorded_and_held_off() -> None:
    story = pumping()
    story.away(30_000)
    story.after(1)
    assert moves(story)[-1] == (False, True)
    assert story.of(RelayMoved)[-1].reasons == (K.LEASE_LAPSED,)
    assert story.of(RelayMoved)[-1].lapse is Lapse.CONTROL
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


def test_a_question_that_a_restarted_control_asks_in_vain_stops_no_pump() -> None:
    """What it knows is older than the lease, which the killed control had renewed since."""
    story = pumping()
    on_disk = story.state
    story.after(40).away(2000)
    story.state, story.restarted = on_disk, True
    story.relay = None
    assert story.look().decision.permit
    story.relay = True
    story.after(1)
    assert story.running
    assert moves(story) == [(True, False)]
    story.relay = None
    story.after(11)
    assert moves(story)[-1] == (False, True), "from its first question on, a lease and no longer"


def test_a_relay_that_is_silent_after_a_boot_holds_no_lease_of_the_one_before() -> None:
    story = pumping()
    story.power_off(5000)
    story.relay, story.restarted = None, True
    story.after(1)
    assert story.of(RelayMoved)[-1].lapse is Lapse.POWER
    assert not story.permitted


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
