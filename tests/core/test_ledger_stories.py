"""Room rule: rounds, runs, ratings and reverse flow, as stories. One story, one claim."""

from dataclasses import replace

import pytest

from agent.core.model import (
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    BeginLimit,
    BeginRatingOrder,
    ConditionKind,
    CorrectOrder,
    EndRatingOrder,
    Entry,
    Fault,
    LimitOrder,
    Quantity,
    RateMethod,
    RateProposed,
    RatingAborted,
    RatingBroken,
    Record,
    Refused,
    RemoveMeterOrder,
    Role,
    RolledOver,
    Session,
    StartCause,
    StopCause,
    Withheld,
)
from agent.core.posting import PAST_YEARS_MAX
from agent.core.rebuild import ledger_of
from agent.core.state import flow_reversed
from tests.core.story import (
    DAY,
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

K = ConditionKind


def pumping(allocated_l: int = 1_000_000) -> Story:
    story = Story().commission(allocated_l).after(2)
    story.start()
    return story.after(60)


# --- rounds ------------------------------------------------------------------------------------


def round_of(story: Story, volume_l: int, begins_s: float, ends_s: float, name: str = "1") -> None:
    begins, ends = (story.moment.utc_ms + int(one * 1000) for one in (begins_s, ends_s))
    order = LimitOrder(2026, name, volume_l, begins, ends, "l 1")
    assert story.order(order) is None


def test_a_round_counts_from_its_beginning_and_cuts_at_its_end() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 10_000, 300, 7_200)
    story.start()
    story.after(200)
    assert story.of(BeginLimit) == []
    before = story.outcomes[-1].balance
    assert before is not None
    assert before.usable_l == before.remaining_l
    story.after(120)
    (begun,) = story.of(BeginLimit)
    assert begun.withdrawn_l == pytest.approx(300 * 25, abs=60)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert (balance.limit_name, balance.usable_l) == ("1", balance.limit_remaining_l)
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    over_l = story.withdrawn_l - begun.withdrawn_l - 10_000
    assert -200 <= over_l <= 100


def test_the_next_round_gives_water_again() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 5_000, 0, 3_600, "first")
    round_of(story, 8_000, 3_600, 7_200, "second")
    story.start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    story.at(3_610)
    assert story.permitted
    assert [one.name for one in story.of(BeginLimit)] == ["first", "second"]
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l == 8_000


def test_after_the_last_round_the_years_remainder_counts() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 5_000, 0, 1_800)
    story.start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    story.at(1_900)
    assert story.permitted


def test_a_round_that_is_raised_goes_on_where_it_was() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 5_000, 0, 7_200)
    story.start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    before = story.outcomes[-1].balance
    assert before is not None
    assert before.limit_remaining_l is not None
    round_of(story, 9_000, 0, 7_200)
    after = story.outcomes[-1].balance
    assert after is not None
    assert after.limit_remaining_l == before.limit_remaining_l + 4_000
    assert K.ALLOCATION_EXHAUSTED not in story.reasons


def test_what_was_withdrawn_in_a_round_before_it_was_entered_counts() -> None:
    story = Story().commission(1_000_000).after(2)
    now = story.moment.utc_ms
    order = LimitOrder(2026, "1", 10_000, now - DAY, now + DAY, "l 1", 9_000)
    assert story.order(order) is None
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l == 1_000


def test_a_round_that_began_while_nobody_looked_counts_its_share() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 90_000, 6 * 3_600, 30 * 3_600)
    story.power_off(12 * HOUR)
    story.total_ml += 120_000_000
    story.after(1)
    (begun,) = story.of(BeginLimit)
    assert begun.withdrawn_l == pytest.approx(60_000, abs=50)


def test_rounds_end_with_their_year() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 23)).commission(1_000_000).after(2)
    assert story.order(plan(1_000_000, 2027)) is None
    round_of(story, 90_000, 0, 600)
    begins = utc_ms(2027, 1, 1)
    assert story.order(LimitOrder(2027, "jan", 5_000, begins, begins + DAY, "l 2")) is None
    story.at(3_610)
    assert [one.name for one in story.state.ledger.rounds] == ["jan"]
    assert [one.withdrawn_l for one in story.of(BeginLimit)] == [0, 0]


def test_a_round_of_a_year_that_nobody_saw_begin_counts_from_new_year() -> None:
    midnight = utc_ms(2027, 1, 1)
    story = Story(begins_utc_ms=midnight - 3 * HOUR).commission(10_000_000)
    assert story.order(plan(10_000_000, 2027)) is None
    assert story.order(LimitOrder(2027, "jan", 900_000, midnight, midnight + DAY, "l")) is None
    story.after(200)
    story.power_off(MINUTE, trusted=False)
    story.after(200).start()
    story.unhurried().after(5 * 3_600)
    story.trusted = True
    story.after(10)
    assert story.withdrawn_l > 100_000
    assert limit_l(story) == 900_000 - story.withdrawn_l


@pytest.mark.parametrize("told", ["nothing", "all of it"])
@pytest.mark.parametrize("begins_s", [-DAY // 1000, -60], ids=["as it was", "later"])
def test_a_round_that_is_raised_keeps_what_was_withdrawn_in_it(told: str, begins_s: int) -> None:
    story = Story().commission(1_000_000).after(2)
    now = story.moment.utc_ms
    assert story.order(LimitOrder(2026, "1", 20_000, now - DAY, now + DAY, "l 1", 9_000)) is None
    story.start()
    story.after(120)
    story.stop()
    story.after(10)
    taken_l = 20_000 - limit_l(story)
    assert taken_l == 9_000 + story.withdrawn_l
    before_l = 0 if told == "nothing" else taken_l
    raised = LimitOrder(2026, "1", 30_000, now + begins_s * 1000, now + DAY, "l 2", before_l)
    assert story.order(raised) is None
    assert limit_l(story) == 30_000 - taken_l
    story.start()
    story.after(10)
    assert limit_l(story) == 30_000 - 9_000 - story.withdrawn_l
    assert ledger_of(entries(story)) == story.state.ledger


def test_a_round_that_is_entered_twice_counts_on() -> None:
    """Whoever never heard the answer asks again."""
    story = Story().commission(1_000_000).after(2)
    now = story.moment.utc_ms
    order = LimitOrder(2026, "1", 20_000, now - DAY, now + DAY, "l 1", 9_000)
    assert story.order(order) is None
    story.start()
    story.after(120)
    story.stop()
    story.after(10)
    before_l = limit_l(story)
    assert story.order(order) is None
    assert limit_l(story) == before_l


def test_a_round_that_is_put_off_begins_to_count_when_it_does() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 20_000, 0, 7_200)
    story.start()
    story.after(120)
    round_of(story, 20_000, 600, 7_200)
    story.after(300)
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.limit_name == ""
    story.stop()
    story.after(400)
    assert limit_l(story) == 20_000


def test_a_round_with_the_name_of_one_that_is_over_begins_with_nothing() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 20_000, 0, 300)
    story.start()
    story.after(600)
    assert story.withdrawn_l > 10_000
    round_of(story, 20_000, -100, 7_200)
    assert limit_l(story) == 20_000


def test_a_round_that_is_entered_while_no_clock_is_believed_counts_at_once() -> None:
    """And what was told of it is not counted again when the time is known."""
    story = Story().commission(1_000_000).unhurried().after(20)
    begins = story.moment.utc_ms + HOUR
    story.power_off(MINUTE, trusted=False)
    story.after(200).start()
    story.after(2 * 3_600)
    before_l = story.withdrawn_l
    order = LimitOrder(2026, "1", 900_000, begins, begins + DAY, "l 1", 80_000)
    assert story.order(order) is None
    story.after(1_800)
    story.trusted = True
    story.after(10)
    assert limit_l(story) == pytest.approx(820_000 - (story.withdrawn_l - before_l), abs=300)


def limit_l(story: Story) -> int:
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l is not None
    return balance.limit_remaining_l


def entries(story: Story) -> list[Record]:
    found = (one for one in story.records if isinstance(one, Entry))
    return [Record(number, 0, True, one) for number, one in enumerate(found, 1)]


def test_a_correction_gives_an_exhausted_well_its_water_back() -> None:
    story = Story().commission(20_000).after(2)
    story.start()
    story.after(1_200)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    assert story.order(CorrectOrder(2026, 5_000, "a leak", "form 8")) is None
    assert story.order(CorrectOrder(2026, -4_000, "air", "form 9")) is None
    assert K.ALLOCATION_EXHAUSTED in story.reasons, "it is over plan still"
    assert story.order(CorrectOrder(2026, -6_000, "air", "form 10")) is None
    assert story.permitted


# --- runs --------------------------------------------------------------------------------------


def test_the_water_of_the_first_scan_belongs_to_the_run() -> None:
    story = Story(coast_ms=0).commission().after(60)
    story.start()
    story.after(300).stop()
    story.after(10)
    (run,) = story.of(Session)
    assert run.start_total_l == 500_000
    assert run.volume_l == story.total_l - 500_000 == run.stop_total_l - run.start_total_l
    assert run.start_energy_wh == 70_000
    assert run.energy_wh == story.energy_wh - 70_000
    assert run.litres_per_kwh == pytest.approx(3_000, abs=20)
    assert (run.start_cause, run.cause) == (StartCause.OWNER, StopCause.OWNER)
    assert run.reasons == ()


def test_a_run_that_was_cut_says_why() -> None:
    story = pumping(allocated_l=4_000).after(200)
    (run,) = story.of(Session)
    assert (run.cause, run.reasons) == (StopCause.CUT, (K.ALLOCATION_EXHAUSTED,))


def test_a_run_while_the_relay_was_open_says_so() -> None:
    story = Story().after(60)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    story.after(10)
    story.running = True
    for _ in range(30):
        story._pass(1000)
        story.running = True
        story.look()
    story.stop()
    story.after(20)
    (run,) = story.of(Session)
    assert run.start_cause is StartCause.WHILE_CUT


def test_a_run_that_began_while_nobody_looked_says_so_and_has_all_its_water() -> None:
    story = Story(coast_ms=0).commission().after(60)
    story.start()
    story.lease_until_ms += 10 * MINUTE
    story.away(5 * MINUTE)
    story.after(30).stop()
    story.after(10)
    (run,) = story.of(Session)
    assert run.start_cause is StartCause.UNSEEN
    assert run.volume_l == story.total_l - 500_000


def test_water_that_flowed_while_control_was_restarted_is_believed() -> None:
    """It had seen a pump at rest, and its scans are ten seconds apart: no long absence."""
    story = Story(coast_ms=0).commission().unhurried().after(60)
    story.start()
    story.away(30_000)
    story.stop()
    story.away(10_000)
    story.restarted = True
    story.after(10)
    assert story.of(Withheld) == []
    assert story.withdrawn_l == story.total_l - 500_000 > 0


def test_a_largest_flow_that_the_settings_corrected_counts_from_then_on() -> None:
    """The meter was fitted by another nameplate; nobody fits it again for that."""
    small = replace(SITE, flow_max_l_per_h=50_000, power_max_w=15_000, lease_ms=90_000)
    story = Story(site=small).commission().after(2)
    story.start()
    story.after(5)
    story.site = replace(small, flow_max_l_per_h=100_000, power_max_w=55_000)
    story.away(60_000)
    story.restarted = True
    story.after(5)
    assert story.of(Withheld) == []
    assert story.withdrawn_l == story.total_l - 500_000 > 1_500


def test_a_run_counts_through_a_rollover() -> None:
    story = Story(total_ml=999_998_000_000, coast_ms=0).commission(10**9).after(2)
    story.start()
    for _ in range(200):
        story._pass(1000)
        story.total_ml %= 1_000_000_000_000
        story.look()
    story.stop()
    story.after(10)
    (run,) = story.of(Session)
    assert len(story.of(RolledOver)) == 1
    assert run.volume_l == 2_000 + story.total_l
    assert run.stop_total_l < run.start_total_l


def test_a_run_without_electricity_has_no_ratio() -> None:
    story = Story(coast_ms=0).commission().after(10)
    story.lay(Fault.TIMEOUT, Quantity.ENERGY_WH)
    story.after(2).start()
    story.after(60)
    story.heal()
    story.after(60).stop()
    story.after(10)
    (run,) = story.of(Session)
    assert (run.energy_wh, run.litres_per_kwh) == (None, None)


# --- rating tests that fail, and what the runs themselves say ----------------------------------


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


# --- reverse flow ------------------------------------------------------------------------------


def reversed_for(story: Story, seconds: int, *, forward: bool = False) -> None:
    """Water goes back through the meter; the forward total stands unless `forward`."""
    for _ in range(seconds):
        story.beside[Quantity.REVERSE_TOTAL_L] += 25
        story._pass(1000)
        story.total_ml -= 0 if forward else 25_000
        story.look()


def with_reverse(story: Story) -> Story:
    story.beside = {Quantity.REVERSE_TOTAL_L: 7_000}
    return story.after(1)


def test_a_meter_that_was_turned_round_is_seen_by_its_reverse_total() -> None:
    story = with_reverse(pumping())
    reversed_for(story, 40)
    assert not flow_reversed(SITE, story.state)
    assert K.FLOW_REVERSED not in story.conditions
    reversed_for(story, 2)
    assert flow_reversed(SITE, story.state)
    assert story.conditions[K.FLOW_REVERSED] is Action.ALARM
    assert story.withdrawn_l == story.total_l - 500_000, "the legal quantity is the forward total"


def test_a_column_that_drains_at_each_stop_reverses_nothing() -> None:
    story = with_reverse(pumping())
    for _ in range(5):
        story.stop()
        story.after(10)
        story.beside[Quantity.REVERSE_TOTAL_L] += 30
        story.after(10).start()
        story.after(60)
    assert not flow_reversed(SITE, story.state)


def test_a_meter_that_was_turned_back_is_well_again_after_a_few_cubic_metres() -> None:
    story = with_reverse(pumping())
    reversed_for(story, 1_000)
    story.after(41)
    assert not flow_reversed(SITE, story.state)


def test_water_that_flows_forward_makes_good_what_ran_back_and_no_more() -> None:
    story = with_reverse(pumping())
    assert story.state.backflow_l == 0
    reversed_for(story, 10)
    assert story.state.backflow_l == 250
    story.after(20)
    assert story.state.backflow_l == 0


def test_what_ran_back_through_the_old_meter_is_nothing_of_the_new_one() -> None:
    story = with_reverse(pumping())
    reversed_for(story, 10)
    story.stop()
    story.after(10)
    story.beside[Quantity.REVERSE_TOTAL_L] += 300
    story.after(1)
    assert story.state.backflow_l > 0
    assert story.fit(serial="another") is None
    assert story.state.backflow_l == 0


def test_a_forward_total_that_rolls_over_went_nowhere_back() -> None:
    story = with_reverse(Story(total_ml=999_999_000_000).commission(10**7).after(2))
    story.start()
    while story.total_l < SITE.flow_modulus_l:
        story.after(1)
    story.total_ml -= SITE.flow_modulus_l * 1000
    story.after(10)
    assert story.of(RolledOver)
    assert story.state.backflow_l == 0


def test_a_meter_that_is_no_longer_asked_for_what_ran_back_accuses_nobody() -> None:
    """The settings name another register table; what was told of the old one stands no more."""
    story = with_reverse(pumping())
    reversed_for(story, 60)
    assert story.conditions[K.FLOW_REVERSED] is Action.ALARM
    told_l = story.beside.pop(Quantity.REVERSE_TOTAL_L)
    story.restarted = True
    story.after(1)
    assert K.FLOW_REVERSED not in story.conditions
    story.beside[Quantity.REVERSE_TOTAL_L] = told_l + 5_000
    story.after(1)
    assert not flow_reversed(SITE, story.state)


def test_a_wild_reverse_total_alarms_nobody() -> None:
    story = with_reverse(pumping())
    for wild in (9_000_000, 9_000_000, 9_000_000, 7_000, 7_000, 7_000):
        story.beside[Quantity.REVERSE_TOTAL_L] = wild
        story.after(1)
        assert not flow_reversed(SITE, story.state)
    story.after(30)
    assert not flow_reversed(SITE, story.state)


# --- years -------------------------------------------------------------------------------------


def test_the_accounts_of_past_years_are_kept_as_long_as_they_may_be_corrected() -> None:
    story = Story(begins_utc_ms=utc_ms(2025, 12, 31, 23, 59)).commission(1_000_000)
    energy = AllocateEnergyOrder(2025, AllocationKind.PLAN, 1_000, "e 1")
    assert story.order(energy) is None
    for _ in range(PAST_YEARS_MAX + 2):
        story.power_off(365 * DAY)
        story.after(2)
    assert len(story.state.ledger.past) == PAST_YEARS_MAX
    assert story.state.ledger.energy_grants == ()
