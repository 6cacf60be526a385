"""Room rule: water that nobody metered, as stories. One story, one claim.

The pump lifts 90 m3 in an hour with 30 kW: 3 m3 per kWh, and that is the rate in force unless a
story says another. A flow meter that is only not read still counts; one that is `dead` does not.
"""

from dataclasses import replace

import pytest

from agent.core.model import (
    AllocateOrder,
    AllocationKind,
    BeginLimit,
    ConditionKind,
    Convert,
    Correct,
    CorrectOrder,
    Fault,
    InterruptionBegan,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    LayUpOrder,
    LimitOrder,
    OpenYear,
    Quantity,
    Refused,
    RemoveMeterOrder,
    Role,
    Session,
)
from agent.core.state import unmetered_l
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    POWER_W,
    SECOND,
    SITE,
    Story,
    plan,
    rate,
    utc_ms,
)

K = ConditionKind


def pumping(per_kwh: int = 3_000, *, allocated_l: int = 10_000_000) -> Story:
    """A well with a coefficient in force, whose pump has run for a minute."""
    story = Story().commission(allocated_l)
    if per_kwh:
        assert story.order(rate(per_kwh)) is None
    story.after(2).start()
    return story.after(60)


def silence(story: Story, seconds: float, *, dead: bool = False) -> int:
    """The flow meter is not read for so long; what the pump lifts meanwhile, in litres."""
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    before_ml = story.total_ml
    story.after(seconds)
    lifted_ml = story.total_ml - before_ml
    if dead:
        story.total_ml = before_ml
    story.heal()
    return lifted_ml // 1000


# --- it begins and ends ------------------------------------------------------------------------


def test_an_interruption_begins_with_what_was_last_known_and_ends_with_what_was_counted() -> None:
    story = pumping()
    last_l, last_ms = story.total_l, story.moment.utc_ms
    lifted_l = silence(story, 300)
    (began,) = story.of(InterruptionBegan)
    assert (began.from_utc_ms, began.total_l) == (last_ms, last_l)
    assert (began.cause, began.running) == (InterruptionCause.SILENT, True)
    assert began.policy is InterruptionPolicy.CONVERT
    story.after(1)
    (ended,) = story.of(InterruptionEnded)
    assert ended.from_utc_ms == last_ms
    assert ended.to_utc_ms == story.moment.utc_ms
    assert (ended.counted_l, ended.standing_l) == (lifted_l + 25, 0)
    assert ended.converted_l == pytest.approx(lifted_l, abs=100)


def test_a_silence_that_no_alarm_is_made_of_is_no_interruption() -> None:
    story = pumping()
    silence(story, 59)
    story.after(10)
    assert story.of(InterruptionBegan) == []
    assert story.of(Convert) == []


@pytest.mark.parametrize(
    ("step_ml", "cause"),
    [(70_000_000, InterruptionCause.JUMPED), (-70_000_000, InterruptionCause.REVERSED)],
)
def test_a_total_in_doubt_interrupts_at_once(step_ml: int, cause: InterruptionCause) -> None:
    story = pumping()
    story.total_ml += step_ml
    story.after(3)
    (began,) = story.of(InterruptionBegan)
    assert began.cause is cause


def test_without_a_coefficient_nothing_is_converted() -> None:
    story = pumping(per_kwh=0)
    silence(story, 1500)
    story.after(1)
    (began,) = story.of(InterruptionBegan)
    assert began.policy is InterruptionPolicy.CUT
    assert story.of(Convert) == []
    assert story.withdrawn_l == story.total_l - 500_000


@pytest.mark.parametrize("change", ["policy", "shared"])
def test_a_site_that_does_not_convert_does_not(change: str) -> None:
    story = pumping()
    if change == "policy":
        story.site = replace(SITE, on_interruption=InterruptionPolicy.CUT)
    else:
        story.site = replace(SITE, shared_power_meter=True)
    silence(story, 1500)
    story.after(1)
    assert story.of(InterruptionBegan)[0].policy is InterruptionPolicy.CUT
    assert story.of(Convert) == []


def test_a_coefficient_that_comes_in_force_amid_an_interruption_converts_all_of_it() -> None:
    story = pumping(per_kwh=0).unhurried()
    lifted_ml = story.total_ml
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    assert story.reasons == [ConditionKind.FLOW_METER_SILENT]
    assert story.order(rate()) is None
    story.after(200)
    assert story.permitted
    lifted_l = (story.total_ml - lifted_ml) // 1000
    assert story.state.ledger.converted_l == pytest.approx(lifted_l, abs=300)  # it coasts
    assert lifted_l > 40_000


@pytest.mark.parametrize("first", ["power", "flow", "both"])
def test_electricity_of_water_that_was_metered_is_not_converted_when_it_is_read_at_last(
    first: str,
) -> None:
    """The power meter was silent for an hour of pumping before the flow meter was."""
    story = pumping().unhurried()
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(3600)
    metered_l = story.withdrawn_l
    assert metered_l > 90_000
    story.stop()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(100 if first != "power" else 0)
    story.faults = dict.fromkeys(OF_FLOW_METER, Fault.TIMEOUT) if first == "power" else {}
    story.after(15 * 60)
    story.heal()
    story.after(20)
    assert story.of(InterruptionEnded)[0].converted_l == 0
    assert story.of(Convert) == []
    assert story.withdrawn_l == story.total_l - 500_000


def test_electricity_that_no_scan_of_this_boot_read_stands_in_for_no_water() -> None:
    story = pumping()
    story.stop()
    story.power_off(HOUR, trusted=False)
    story.lay(Fault.INVALID, Quantity.ENERGY_WH)
    story.unhurried().after(600).start()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    assert story.reasons == [ConditionKind.FLOW_METER_SILENT]


def test_a_well_that_is_laid_up_is_not_interrupted() -> None:
    story = Story().commission().after(60)
    assert story.order(LayUpOrder("winter 3")) is None
    silence(story, 900)
    assert story.of(InterruptionBegan) == []


def test_time_in_which_the_power_was_off_is_no_silence_of_the_flow_meter() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(30)
    story.power_off(HOUR)
    story.after(50)
    assert story.of(InterruptionBegan) == []
    story.after(20)
    assert len(story.of(InterruptionBegan)) == 1


# --- water is reckoned from electricity --------------------------------------------------------


def test_water_is_reckoned_while_it_is_not_metered_and_flagged() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(60 + 25 * 60)
    entries = story.of(Convert)
    assert len(entries) == 2, "one every ten minutes, not one a scan"
    assert all((one.rate_version, one.litres_per_kwh) == (1, 3000) for one in entries)
    assert not any(one.ends for one in entries)
    reckoned_l = sum(one.volume_l for one in entries)
    assert story.withdrawn_l == before_l + reckoned_l
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.withdrawn_l == story.withdrawn_l
    assert entries[0].to_utc_ms == entries[1].from_utc_ms


def test_metered_water_wins_and_is_not_counted_twice() -> None:
    story = pumping()
    silence(story, 25 * 60)
    assert story.state.ledger.converted_l > 20_000
    story.after(1)
    assert story.withdrawn_l == story.total_l - 500_000
    last = story.of(Convert)[-1]
    assert last.ends
    assert sum(one.volume_l for one in story.of(Convert)) == 0


@pytest.mark.parametrize("per_kwh", [2_500, 3_900])
def test_a_coefficient_that_is_off_by_what_one_may_be_does_not_stand_against_the_meter(
    per_kwh: int,
) -> None:
    story = pumping(per_kwh)
    silence(story, 25 * 60)
    story.after(1)
    assert story.withdrawn_l == story.total_l - 500_000


def test_an_estimate_stands_for_water_that_a_dead_meter_did_not_count() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    lifted_l = silence(story, 25 * 60, dead=True)
    story.after(1)
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == pytest.approx(lifted_l, abs=100)
    assert story.withdrawn_l == pytest.approx(before_l + lifted_l, abs=100)
    assert story.state.ledger.converted_l == ended.standing_l


def test_an_estimate_stands_for_the_part_that_a_meter_missed() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    half_l = silence(story, 15 * 60)
    assert half_l > 0
    counted_ml = story.total_ml
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(15 * 60)
    story.total_ml = counted_ml
    story.heal()
    story.after(1)
    assert story.withdrawn_l == pytest.approx(before_l + 2 * half_l, abs=200)


def test_a_short_interruption_of_a_dead_meter_is_reckoned_at_its_end() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    lifted_l = silence(story, 5 * 60, dead=True)
    assert story.of(Convert) == []
    story.after(1)
    (entry,) = story.of(Convert)
    assert entry.ends
    assert story.withdrawn_l == pytest.approx(before_l + lifted_l, abs=100)


def test_a_pump_that_stood_still_is_reckoned_to_nothing() -> None:
    story = pumping()
    story.stop()
    story.after(10)
    silence(story, 45 * 60)
    story.after(1)
    assert story.of(Convert) == []
    assert story.of(InterruptionBegan)[0].running is False
    assert story.of(InterruptionEnded)[0].converted_l == 0


def test_an_exchanged_meter_leaves_the_estimate_standing() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    lifted_l = silence(story, 15 * 60)
    story.stop()
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    story.after(1)
    assert story.withdrawn_l == pytest.approx(before_l + lifted_l, abs=100)
    assert story.of(InterruptionEnded)[0].standing_l == story.state.ledger.converted_l


def test_a_power_meter_that_is_fitted_meanwhile_converts_its_own_electricity_alone() -> None:
    """What the year had used until the meter before it was removed has lifted metered water."""
    story = pumping().after(600)
    story.stop()
    story.after(10)
    before_l = story.withdrawn_l
    removal = RemoveMeterOrder(Role.POWER_METER, "serial-power_meter", "form 2")
    assert story.order(removal) is None
    story.after(10)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(90)
    assert story.fit(Role.POWER_METER, serial="p2") is None
    story.after(15 * 60)
    story.heal()
    story.after(2)
    assert len(story.of(InterruptionEnded)) == 1
    assert story.of(Convert) == []
    assert story.withdrawn_l == before_l


def test_what_a_removed_meter_shows_takes_the_estimate_back() -> None:
    """It was only not read; its display says what it counted."""
    story = pumping()
    silence(story, 15 * 60)
    story.stop()
    story.coasting_ms = 0
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    shown_l = story.total_l
    removal = RemoveMeterOrder(Role.FLOW_METER, "serial-flow_meter", "form 2", shown_l)
    assert story.order(removal) is None
    story.heal()
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    story.after(1)
    assert story.state.ledger.converted_l == 0
    assert story.withdrawn_l == shown_l - 500_000


def test_a_ruling_leaves_the_estimate_standing() -> None:
    story = pumping()
    story.total_ml -= 70_000_000
    story.after(15 * 60)
    assert story.of(InterruptionEnded) == []
    assert story.order(CorrectOrder(2026, 0, "reset by a storm", "form 9")) is None
    (ruling,) = story.of(Correct)
    assert ruling.restart_total_l is not None
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == story.state.ledger.converted_l > 0
    story.after(60)
    assert story.conditions == {}


def test_a_year_opens_on_a_total_after_the_estimate_was_settled() -> None:
    """What was reckoned in December is taken back in December."""
    midnight = utc_ms(2027, 1, 1)
    story = Story(begins_utc_ms=midnight - HOUR).commission(10_000_000)
    assert story.order(rate()) is None
    assert story.order(plan(10_000_000, 2027)) is None
    story.after(2).start()
    story.after(45 * 60)
    silence(story, 20 * 60)
    story.after(1)
    assert story.state.ledger.year == 2027
    assert story.state.ledger.converted_l == 0
    (past,) = story.state.ledger.past
    assert past.withdrawn_l + story.withdrawn_l == story.total_l - 500_000
    assert story.withdrawn_l == pytest.approx(25 * (20 * 60 - 15 * 60 + 10), abs=500)


def test_what_was_reckoned_over_new_year_is_of_the_year_in_which_it_flowed() -> None:
    midnight = utc_ms(2027, 1, 1)
    story = Story(begins_utc_ms=midnight - 30 * MINUTE).commission(10_000_000)
    assert story.order(rate()) is None
    assert story.order(plan(10_000_000, 2027)) is None
    story.after(2).start()
    story.at(20 * 60)
    before_l = story.withdrawn_l
    lifted_l = silence(story, 40 * 60, dead=True)
    story.stop()
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    (past,) = story.state.ledger.past
    assert past.withdrawn_l == pytest.approx(before_l + 10 * 60 * 25, abs=100)
    assert past.withdrawn_l + story.withdrawn_l == pytest.approx(before_l + lifted_l, abs=100)
    assert story.of(OpenYear)[-1].converted_l == story.state.ledger.converted_l > 0
    assert story.of(OpenYear)[-1].apportioned


@pytest.mark.parametrize("dead", [True, False])
def test_a_round_that_begins_while_water_is_reckoned_counts_it(*, dead: bool) -> None:
    story = pumping()
    begins = story.moment.utc_ms + 10 * MINUTE
    june = LimitOrder(2026, "june", 20_000, begins, begins + DAY, "no. 7")
    assert story.order(june) is None
    story.after(5 * 60)
    before_ml = story.total_ml
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(10 * 60)
    taken_l = story.of(BeginLimit)[0].withdrawn_l
    assert taken_l == pytest.approx(before_ml // 1000 - 500_000 + 5 * 60 * 25, abs=100)
    assert story.running
    story.after(9 * 60)
    assert ConditionKind.ALLOCATION_EXHAUSTED in story.reasons
    if dead:
        story.total_ml = before_ml
    story.heal()
    story.after(60)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l == pytest.approx(0, abs=300)


def test_a_round_that_began_unseen_has_its_share_of_what_was_reckoned() -> None:
    story = pumping()
    begins = story.moment.utc_ms + 10 * MINUTE
    june = LimitOrder(2026, "june", 90_000, begins, begins + DAY, "no. 7")
    assert story.order(june) is None
    story.trusted = False
    story.after(5 * 60)
    silence(story, 20 * 60, dead=True)
    story.trusted = True
    story.after(1)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l == pytest.approx(90_000 - 15 * 60 * 25, abs=300)


def test_water_that_nobody_metered_cannot_be_given_away() -> None:
    story = pumping(allocated_l=100_000)
    story.site = replace(SITE, on_interruption=InterruptionPolicy.CUT)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(20 * 60)
    gift = AllocateOrder(2026, AllocationKind.TRANSFER_OUT, 80_000, "t 1")
    assert story.order(gift) is Refused.TRANSFER_TOO_LARGE
    assert story.order(replace(gift, volume_l=60_000)) is None


# --- and what may not be forgotten meanwhile ---------------------------------------------------


def test_water_that_is_not_entered_yet_is_kept_back_from_the_permit() -> None:
    """The allocation ends while the flow meter is silent; electricity says when."""
    story = pumping(allocated_l=20_000)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    while story.permitted:
        story.after(1)
    assert 20_000 - 1_000 < story.total_l - 500_000 <= 20_000
    assert story.now_ms < 20 * MINUTE


def test_a_journal_that_fails_enters_nothing_and_loses_nothing() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.journal_failing = True
    story.after(15 * 60)
    story.heal()
    story.after(5)
    assert story.of(Convert) == []
    assert story.of(InterruptionEnded) == []
    story.journal_failing = False
    story.after(1)
    assert len(story.of(InterruptionEnded)) == 1
    assert story.withdrawn_l == story.total_l - 500_000


def test_nothing_is_unmetered_where_nothing_can_be_reckoned() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(30)
    state, moment = story.state, story.moment
    assert unmetered_l(SITE, state, moment) == pytest.approx(30 * 25, abs=60)
    assert unmetered_l(replace(SITE, shared_power_meter=True), state, moment) == 0
    assert unmetered_l(SITE, replace(state, energy=None), moment) == 0
    assert unmetered_l(SITE, replace(state, energy_at_total_wh=None), moment) == 0


def test_a_power_meter_that_is_declared_shared_meanwhile_converts_no_more() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(15 * 60)
    converted_l = story.state.ledger.converted_l
    assert converted_l > 0
    story.site = replace(SITE, shared_power_meter=True)
    story.after(14 * 60)
    assert story.state.ledger.converted_l == converted_l
    story.after(2 * 60)
    assert not story.permitted
    story.heal()
    story.after(1)
    assert story.withdrawn_l == story.total_l - 500_000


def test_a_site_that_stops_converting_meanwhile_cuts_as_others_do() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    assert story.permitted
    story.site = replace(SITE, on_interruption=InterruptionPolicy.CUT)
    story.after(1)
    assert story.reasons == [K.FLOW_METER_SILENT]


def test_a_run_with_an_interruption_in_it_says_so_and_teaches_nothing() -> None:
    story = pumping()
    silence(story, 300)
    story.after(10).stop()
    story.after(20)
    (run,) = story.of(Session)
    assert not run.metered
    assert story.state.learned.energy_wh == 0


def test_a_run_ends_when_its_power_does_though_no_total_is_read() -> None:
    """It is settled by what was metered until then, and its time is its own."""
    story = pumping()
    silence(story, 300)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(120).stop()
    story.after(60)
    (run,) = story.of(Session)
    assert not run.metered
    assert run.litres_per_kwh is None
    story.after(HOUR // SECOND)
    story.heal()
    story.after(10)
    assert story.of(Session) == [run]


def test_a_run_that_begins_unmetered_says_so_and_has_its_own_time_and_energy() -> None:
    story = Story().commission()
    story.after(10)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(120)
    began = story.moment.utc_ms
    story.start()
    story.after(600)
    story.heal()
    story.after(60).stop()
    story.after(20)
    (run,) = story.of(Session)
    assert not run.metered
    assert abs(run.started_utc_ms - began) <= 2 * SECOND
    assert run.energy_wh == pytest.approx(660 * POWER_W // 3600, abs=50)
    assert run.litres_per_kwh is None


def test_an_interruption_outlasts_a_power_meter_that_is_silent_as_well() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, Quantity.ENERGY_WH)
    story.after(120)
    story.faults.pop(Quantity.ENERGY_WH)
    story.after(10 * 60)
    reckoned_l = story.withdrawn_l - before_l + unmetered_l(SITE, story.state, story.moment)
    assert reckoned_l == pytest.approx(12 * 1500, abs=100)


# --- a signal that is lost ---------------------------------------------------------------------


def blind(story: Story, seconds: float, *, counts: bool) -> int:
    """The meter has no signal, and its total can be read; what the pump lifts, in litres."""
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    before_ml, lifted_ml = story.total_ml, 0
    for _ in range(int(seconds)):
        story.after(1)
        if not counts:
            lifted_ml += story.total_ml - before_ml
            story.total_ml = before_ml
    return (lifted_ml or story.total_ml - before_ml) // 1000


def test_water_that_passes_without_a_signal_is_an_interruption_and_is_converted() -> None:
    """The total is read in good order all the while: it stands still, and is not believed."""
    story = pumping()
    last_l = story.total_l
    lifted_l = blind(story, 2400, counts=False)
    (began,) = story.of(InterruptionBegan)
    assert (began.cause, began.total_l) == (InterruptionCause.SILENT, last_l)
    assert story.permitted, "it is converted, so it need not cut after half an hour"
    story.heal()
    story.after(1)
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == pytest.approx(lifted_l, abs=100)
    assert story.withdrawn_l == pytest.approx(last_l - 500_000 + lifted_l, abs=150)


def test_a_meter_that_counted_on_without_a_trustworthy_signal_wins_over_the_estimate() -> None:
    story = pumping(per_kwh=3_300)
    blind(story, 1500, counts=True)
    assert story.of(Convert)
    story.heal()
    story.after(1)
    assert story.of(InterruptionEnded)[0].standing_l == 0
    assert story.withdrawn_l == story.total_l - 500_000


def test_a_run_without_a_signal_is_settled_when_the_pump_stands() -> None:
    story = pumping()
    lifted_l = blind(story, 900, counts=False)
    story.coast_ms = 0
    story.stop()
    story.after(10)
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == pytest.approx(lifted_l, abs=100)
    once_l = story.withdrawn_l
    story.heal()
    story.after(5)
    assert story.withdrawn_l == once_l


def test_a_pipe_that_drained_while_the_pump_stands_interrupts_nothing() -> None:
    story = pumping()
    story.stop()
    story.after(10)
    story.lay(Fault.EMPTY_PIPE, Quantity.FLOW_L_PER_H)
    story.after(900)
    assert story.of(InterruptionBegan) == []
    assert story.state.totalizer is not None
    assert story.state.totalizer.at == story.moment


def test_a_main_that_fills_within_a_minute_is_no_interruption_and_every_litre_counts() -> None:
    story = pumping()
    blind(story, 59, counts=True)
    story.heal()
    story.after(1)
    assert story.of(InterruptionBegan) == []
    assert story.withdrawn_l == story.total_l - 500_000


def test_without_the_power_meters_word_a_blind_flow_meter_is_not_believed_either() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    blind(story, 62, counts=False)
    assert len(story.of(InterruptionBegan)) == 1


def test_a_total_that_was_bad_before_keeps_its_own_reason() -> None:
    story = pumping()
    story.lay(Fault.GARBLED, Quantity.FORWARD_TOTAL_L)
    blind(story, 1, counts=True)
    shown = {one.quantity: one.fault for one in story.outcomes[-1].readings}
    assert shown[Quantity.FORWARD_TOTAL_L] is Fault.GARBLED


def test_a_permit_says_what_is_left_of_the_bounds_of_conversion() -> None:
    """Five percent of the plan, less what was entered, less what flowed since."""
    story = pumping()
    silence_began_ms = story.now_ms
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(1500)
    entered_l = sum(one.volume_l for one in story.of(Convert))
    since_l = unmetered_l(story.site, story.state, story.moment)
    assert min(entered_l, since_l) > 0
    (exempt,) = story.outcomes[-1].decision.exceptions
    assert exempt.volume_l == 500_000 - entered_l - since_l
    assert exempt.time_ms == 72 * HOUR - (story.now_ms - silence_began_ms)
