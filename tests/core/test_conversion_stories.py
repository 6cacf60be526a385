"""Room rule: water that is reckoned from electricity, and what becomes of it, as stories.

One story, one claim. The well is that of unmetered.py.
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
    InterruptionEnded,
    InterruptionPolicy,
    LimitOrder,
    OpenYear,
    Refused,
    RemoveMeterOrder,
    Role,
)
from tests.core.story import DAY, HOUR, MINUTE, OF_FLOW_METER, SITE, Story, plan, rate, utc_ms
from tests.core.unmetered import pumping, silence


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
