"""Room rule: what allocations and their corrections make of an account, as stories.

One story, one claim: of the year that runs and of closed ones, in water and in electricity.
"""

import pytest

from agent.core.ledger import allocated, grant_of
from agent.core.model import (
    AllocateEnergy,
    AllocateEnergyOrder,
    AllocateOrder,
    AllocationKind,
    ConditionKind,
    CorrectOrder,
    OpenYear,
)
from agent.core.posting import PAST_YEARS_MAX
from tests.core.situations import (
    ENDS,
    A,
    R,
    commissioned,
    correct,
    give,
    new_year,
    planned,
    powered,
)
from tests.core.story import DAY, HOUR, MINUTE, Story, plan, provisional, utc_ms

K = ConditionKind


def test_both_halves_of_a_transfer_carry_its_document() -> None:
    giver, taker = planned(), planned()
    assert giver.order(AllocateOrder(2026, A.TRANSFER_OUT, 9_000, "transfer 12")) is None
    assert taker.order(AllocateOrder(2026, A.TRANSFER_IN, 9_000, "transfer 12")) is None
    given, taken = giver.outcomes[-1].balance, taker.outcomes[-1].balance
    assert given is not None
    assert taken is not None
    assert (given.allocated_l, taken.allocated_l) == (91_000, 109_000)


@pytest.mark.parametrize("year", [2026, 2027], ids=["this year", "next year"])
def test_a_plan_replaces_a_provisional_allocation_and_what_was_corrected_of_it(year: int) -> None:
    """A slip of the unit that was corrected in January must not shorten the plan of March."""
    story = commissioned()
    until_utc_ms = story.moment.utc_ms + DAY
    assert story.order(provisional(500_000, until_utc_ms, year)) is None
    assert story.order(give(A.CORRECTION, -450_000, year)) is None
    assert allocated(grant_of(story.state.ledger.grants, year), story.moment) == 50_000
    assert story.order(provisional(60_000, until_utc_ms, year)) is None
    assert allocated(grant_of(story.state.ledger.grants, year), story.moment) == 60_000
    assert story.order(give(A.CORRECTION, -10_000, year)) is None
    assert story.order(plan(100_000, year)) is None
    assert allocated(grant_of(story.state.ledger.grants, year), story.moment) == 100_000


def test_a_provisional_allocation_that_ended_takes_no_correction_whatever_the_clock_says() -> None:
    story = commissioned().unhurried()
    assert story.order(provisional(500_000, story.moment.utc_ms + HOUR)) is None
    story.after(3_700)
    assert story.order(give(A.CORRECTION, -5_000)) == "no_plan"
    story.trusted = False
    assert story.order(give(A.CORRECTION, -5_000)) == "no_plan"
    story.trusted, story.calendar_off_ms = True, -2 * HOUR
    assert story.order(give(A.CORRECTION, -5_000)) == "no_plan"


def test_a_correction_of_a_closed_year_changes_that_year_only() -> None:
    story = new_year()
    before = story.outcomes[-1].balance
    assert story.order(give(A.CORRECTION, -500)) is None
    assert story.order(correct(700)) is None
    (past,) = story.state.ledger.past
    assert (past.allocated_l, past.withdrawn_l) == (99_500, 30_700)
    assert story.outcomes[-1].balance == before


def test_a_closed_year_in_which_nothing_was_allocated_can_be_corrected() -> None:
    story = Story(begins_utc_ms=ENDS - MINUTE).at(1)
    assert story.fit(before_l=0) is None
    story.after(90)
    assert story.state.ledger.past[0].allocated_l is None
    assert story.order(give(A.CORRECTION, 500)) is None
    assert story.state.ledger.past[0].allocated_l == 500


def test_electricity_is_an_account_of_its_own() -> None:
    story = powered()
    story.after(2).start()
    story.after(600)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_allocated_wh == 50_000
    assert balance.energy_used_wh == story.energy_wh - 70_000
    assert balance.energy_remaining_wh == 50_000 - balance.energy_used_wh
    assert story.of(AllocateEnergy)[0].total_wh == 70_000
    assert planned().outcomes[-1].balance is not None


def test_a_balance_without_electricity_has_none_left() -> None:
    balance = planned().outcomes[-1].balance
    assert balance is not None
    assert balance.energy_remaining_wh is None


@pytest.mark.parametrize(
    ("until_ms", "allocated_l", "ended"), [(-MINUTE, None, True), (0, 90_000, False)]
)
def test_a_year_that_ended_on_an_expired_paper_alone_closes_with_nothing_allocated(
    until_ms: int, allocated_l: int | None, ended: bool
) -> None:
    """One that is valid to the last instant of the year still counts; so does a late correction."""
    story = Story(begins_utc_ms=ENDS - 3 * MINUTE).at(1)
    assert story.fit(serial="f1", before_l=30_000) is None
    assert story.fit(R.POWER_METER, serial="p1") is None
    assert story.order(provisional(90_000, ENDS + until_ms)) is None
    story.after(240)
    opened = story.of(OpenYear)[-1]
    assert (opened.closes, opened.provisional_ended) == (2026, ended)
    (past,) = story.state.ledger.past
    assert (past.allocated_l, past.withdrawn_l) == (allocated_l, 30_000)
    assert story.order(give(A.CORRECTION, 20_000, 2026)) is None
    assert story.state.ledger.past[0].allocated_l == (allocated_l or 0) + 20_000


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


def test_the_accounts_of_past_years_are_kept_as_long_as_they_may_be_corrected() -> None:
    story = Story(begins_utc_ms=utc_ms(2025, 12, 31, 23, 59)).commission(1_000_000)
    energy = AllocateEnergyOrder(2025, AllocationKind.PLAN, 1_000, "e 1")
    assert story.order(energy) is None
    for _ in range(PAST_YEARS_MAX + 2):
        story.power_off(365 * DAY)
        story.after(2)
    assert len(story.state.ledger.past) == PAST_YEARS_MAX
    assert story.state.ledger.energy_grants == ()
