"""Room rule: which order of the ledger takes effect in which situation, as a table.

One row proves one check. A situation is a well on 1 June 2026 at 08:00; the outcome is the entry
or record that is made, or why there is none and what would be accepted. The orders of fitting a
meter and of plain allocation stand in test_commands.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.entered import ENTERED_MAX
from agent.core.ledger import allocated, grant_of
from agent.core.model import (
    Action,
    AllocateEnergy,
    AllocateEnergyOrder,
    AllocateOrder,
    AllocationKind,
    BeginRatingOrder,
    ConditionKind,
    Correct,
    CorrectOrder,
    EndRatingOrder,
    Entry,
    Fault,
    FitMeterOrder,
    LayUp,
    LayUpOrder,
    LimitOrder,
    OpenYear,
    Order,
    Quantity,
    Rate,
    RateMethod,
    RateOrder,
    RateProposed,
    Record,
    RemoveMeter,
    RemoveMeterOrder,
    Resume,
    ResumeOrder,
    Role,
    Verdict,
)
from agent.core.rebuild import rebuilt
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    plan,
    provisional,
    rate,
    utc_ms,
)

A, R = AllocationKind, Role
MAX = 10_000_000_000
BEGINS, ENDS = utc_ms(2026, 1, 1), utc_ms(2027, 1, 1)
JUNE, JULY, AUGUST = (utc_ms(2026, month, 1) for month in (6, 7, 8))


# --- situations --------------------------------------------------------------------------------


def new() -> Story:
    return Story().at(1)


def no_clock() -> Story:
    return Story(trusted=False).at(1)


def commissioned() -> Story:
    story = new()
    assert story.fit(serial="f1", before_l=30_000) is None
    assert story.fit(R.POWER_METER, serial="p1") is None
    return story


def planned() -> Story:
    """100 000 L, of which 30 000 were withdrawn before the agent came."""
    story = commissioned()
    assert story.order(plan(100_000)) is None
    return story


def provisionally() -> Story:
    story = commissioned()
    assert story.order(provisional(50_000, story.moment.utc_ms + DAY)) is None
    return story


def over_plan() -> Story:
    story = commissioned()
    assert story.order(plan(20_000)) is None
    return story


def new_year() -> Story:
    """January 2027; 100 000 L were allocated for 2026 and 30 000 withdrawn."""
    story = Story(begins_utc_ms=ENDS - MINUTE).at(1)
    assert story.fit(serial="f1", before_l=30_000) is None
    assert story.fit(R.POWER_METER, serial="p1") is None
    assert story.order(plan(100_000)) is None
    assert story.order(plan(80_000, 2027)) is None
    return story.after(90)


def powered() -> Story:
    """An energy allocation of 50 kWh beside the water."""
    story = planned()
    assert story.order(AllocateEnergyOrder(2026, A.PLAN, 50_000, "e 1")) is None
    return story


def limited() -> Story:
    story = planned()
    assert story.order(LimitOrder(2026, "june", 40_000, JUNE, JULY, "l 1")) is None
    return story


def rated() -> Story:
    story = planned()
    assert story.order(rate()) is None
    return story


def pumping() -> Story:
    story = planned()
    story.after(2).start()
    return story.after(5)


def rating_now() -> Story:
    story = pumping()
    assert story.order(BeginRatingOrder(30_000)) is None
    return story


def laid_up() -> Story:
    story = planned()
    assert story.order(LayUpOrder("winter")) is None
    return story


def in_doubt() -> Story:
    story = planned()
    story.total_ml -= 100_000_000
    return story.after(3)


def in_doubt_unread() -> Story:
    story = in_doubt()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    return story


def dead_meters() -> Story:
    story = planned()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    return story


def net_only() -> Story:
    story = new()
    story.lay(Fault.NOT_READ, Quantity.FORWARD_TOTAL_L)
    story.beside = {Quantity.NET_TOTAL_L: 500_000}
    return story


def shared() -> Story:
    story = planned()
    story.site = replace(SITE, shared_power_meter=True)
    return story


def removed() -> Story:
    story = planned()
    assert story.order(RemoveMeterOrder(R.FLOW_METER, "f1", "form", 500_000)) is None
    return story


# --- the table ---------------------------------------------------------------------------------


def give(kind: AllocationKind, volume_l: int, year: int = 2026) -> AllocateOrder:
    return AllocateOrder(year, kind, volume_l, "no. 7")


def energy(kind: AllocationKind, energy_wh: int, year: int = 2026) -> AllocateEnergyOrder:
    return AllocateEnergyOrder(year, kind, energy_wh, "no. 7")


def limit(name: str, volume_l: int, begins: int, ends: int, before_l: int = 0) -> LimitOrder:
    return LimitOrder(2026, name, volume_l, begins, ends, "no. 7", before_l)


def remove(serial: str, displayed: int | None = None, role: Role = R.FLOW_METER) -> Order:
    return RemoveMeterOrder(role, serial, "form", displayed)


def correct(volume_l: int, year: int = 2026, reason: str = "tank") -> CorrectOrder:
    return CorrectOrder(year, volume_l, reason, "no. 7")


def coefficient(litres: int, static: int | None = None, dynamic: int | None = None) -> RateOrder:
    return RateOrder(litres, RateMethod.TEST, utc_ms(2026, 5, 1), "no. 7", static, dynamic)


TABLE: list[tuple[str, Callable[[], Story], Order, str]] = [
    # transfers and corrections of the allocation
    ("water comes in", planned, give(A.TRANSFER_IN, 9_000), "Allocate"),
    ("to a well without a plan", provisionally, give(A.TRANSFER_IN, 9_000), "no_plan"),
    ("more than can be", planned, give(A.TRANSFER_IN, MAX), f"volume_range 0-{MAX - 100_000}"),
    ("water goes out", planned, give(A.TRANSFER_OUT, 70_000), "Allocate"),
    ("that is gone", planned, give(A.TRANSFER_OUT, 70_001), "transfer_too_large 1-70000"),
    ("from an over-used well", over_plan, give(A.TRANSFER_OUT, 1), "transfer_too_large 0"),
    ("negative", planned, give(A.TRANSFER_OUT, -5), f"volume_range 1-{MAX}"),
    ("next year's", new_year, give(A.TRANSFER_OUT, 1, 2028), "no_plan"),
    ("a correction upward", planned, give(A.CORRECTION, 5_000), "Allocate"),
    ("a correction to nothing", planned, give(A.CORRECTION, -100_000), "Allocate"),
    ("below", planned, give(A.CORRECTION, -100_001), "correction_range -100000 .. 9999900000"),
    ("of nothing", planned, give(A.CORRECTION, 0), f"volume_range 1-{MAX}"),
    ("absurd", planned, give(A.CORRECTION, -MAX - 1), f"volume_range -{MAX} .. {MAX}"),
    ("of what is not there", commissioned, give(A.CORRECTION, 5), "no_plan"),
    ("of a provisional one", provisionally, give(A.CORRECTION, -5), "Allocate"),
    ("a closed year, a plan", new_year, give(A.PLAN, 5), "year_closed 2027, 2028"),
    ("a closed year, an addition", new_year, give(A.ADDITION, 5), "year_closed 2027, 2028"),
    ("a closed year, a correction", new_year, give(A.CORRECTION, -5), "Allocate"),
    ("too much", new_year, give(A.CORRECTION, -100_001), "correction_range -100000 .. 9999900000"),
    ("a year long closed", new_year, give(A.CORRECTION, -5, 2020), "year_closed 2027, 2028"),
    # electricity
    ("a plan of electricity", planned, energy(A.PLAN, 50_000), "AllocateEnergy"),
    ("a second one", powered, energy(A.PLAN, 50_000), "plan_exists"),
    ("more electricity", powered, energy(A.ADDITION, 5_000), "AllocateEnergy"),
    ("given away", powered, energy(A.TRANSFER_OUT, 50_000), "AllocateEnergy"),
    ("too much of it", powered, energy(A.TRANSFER_OUT, 50_001), "transfer_too_large 1-50000"),
    ("absurd electricity", planned, energy(A.PLAN, MAX + 1), f"energy_range 1-{MAX}"),
    ("none", planned, energy(A.PLAN, 0), f"energy_range 1-{MAX}"),
    ("a closed year's", new_year, energy(A.CORRECTION, -5), "year_closed 2027, 2028"),
    ("of a shared meter", shared, energy(A.PLAN, 50_000), "power_meter_shared"),
    # limits
    ("a round", planned, limit("june", 40_000, JUNE, JULY), "Limit"),
    ("a round of nothing", planned, limit("june", 0, JUNE, JULY), "Limit"),
    ("another value for it", limited, limit("june", 45_000, JUNE, JULY), "Limit"),
    ("the round after it", limited, limit("july", 40_000, JULY, AUGUST), "Limit"),
    ("two at once", limited, limit("x", 1, JULY - 1, AUGUST), "limit_overlaps june"),
    ("nameless", planned, limit(" ", 1, JUNE, JULY), "limit_name 1-100"),
    ("absurd", planned, limit("x", MAX + 1, JUNE, JULY), f"volume_range 0-{MAX}"),
    ("negative before", planned, limit("x", 1, JUNE, JULY, -1), f"volume_range 0-{MAX}"),
    ("told of what is to come", planned, limit("x", 1, JULY, AUGUST, 5), "volume_range 0"),
    ("back to front", planned, limit("x", 1, JULY, JUNE), f"limit_window {BEGINS} - {ENDS}"),
    ("too early", planned, limit("x", 1, BEGINS - 1, JULY), f"limit_window {BEGINS} - {ENDS}"),
    ("too late", planned, limit("x", 1, JULY, ENDS + 1), f"limit_window {BEGINS} - {ENDS}"),
    ("over", planned, limit("x", 1, BEGINS, JUNE), f"limit_window {BEGINS} - {ENDS}"),
    ("without a document", planned, replace(limit("x", 1, JUNE, JULY), document=""),
     "document_missing 1-100"),
    ("for a year far off", planned, replace(limit("x", 1, JUNE, JULY), year=2029),
     "year_too_far 2026, 2027"),
    # meters that come off
    ("it shows what is accepted", planned, remove("f1", 500_000), "RemoveMeter"),
    ("it shows nothing", planned, remove("f1"), "RemoveMeter"),
    ("it shows nothing and is dead", dead_meters, remove("f1"), "RemoveMeter"),
    ("its display rounds", planned, remove("f1", 499_000), "RemoveMeter"),
    ("below the last accepted", planned, remove("f1", 498_999), "total_range 500000-500035"),
    ("beyond what can be", planned, remove("f1", 501_036), "total_range 500000-500035"),
    ("another meter", planned, remove("f2", 500_000), "meter_not_fitted f1"),
    ("none is fitted", removed, remove("f1", 500_000), "meter_not_fitted"),
    ("none ever was", new, remove("f1", 500_000), "meter_not_fitted"),
    ("the power meter", planned, remove("p1", 70_000, R.POWER_METER), "RemoveMeter"),
    ("a level probe", planned, remove("l1", 1, R.LEVEL_PROBE),
     "role_not_fitted flow_meter, power_meter"),
    ("without a document", planned, RemoveMeterOrder(R.FLOW_METER, "f1", " "),
     "document_missing 1-100"),
    ("another one goes on", removed, FitMeterOrder(R.FLOW_METER, "f2", 500_000, "form"),
     "FitMeter"),
    ("the same one goes on", removed, FitMeterOrder(R.FLOW_METER, "f1", 500_000, "form"),
     "FitMeter"),
    ("what was before is known", removed, FitMeterOrder(R.FLOW_METER, "f2", 500_000, "form", 5),
     "withdrawn_before_not_allowed"),
    ("a meter that counts net", net_only, FitMeterOrder(R.FLOW_METER, "f1", 500_000, "form", 0),
     "net_not_legal forward_total_l"),
    # corrections of the withdrawal
    ("more was withdrawn", planned, correct(5_000), "Correct"),
    ("less was withdrawn", planned, correct(-30_000), "Correct"),
    ("less than nothing", planned, correct(-30_001), "correction_range -30000 .. 9999970000"),
    ("absurd", planned, correct(MAX), "correction_range -30000 .. 9999970000"),
    ("of nothing", planned, correct(0), "correction_range -30000 .. 9999970000"),
    ("of a year that is to come", planned, correct(5, 2027), "year_too_far 2026"),
    ("of a year nobody knows", planned, correct(5, 2020), "year_closed 2026"),
    ("of a closed year", new_year, correct(-30_000), "Correct"),
    ("too much of a closed year", new_year, correct(-30_001),
     "correction_range -30000 .. 9999970000"),
    ("nothing of a closed year", new_year, correct(0), "correction_range -30000 .. 9999970000"),
    ("without a reason", planned, correct(5, reason=""), "reason_missing 1-100"),
    ("without a document", planned, CorrectOrder(2026, 5, "tank", ""), "document_missing 1-100"),
    ("without a year", no_clock, correct(5), "clock_untrusted"),
    ("a ruling", in_doubt, correct(0), "Correct"),
    ("a ruling, and water", in_doubt, correct(700), "Correct"),
    ("a ruling on what is not read", in_doubt_unread, correct(0), "meter_not_read"),
    # coefficients
    ("the smallest", planned, coefficient(50), "Rate"),
    ("smaller", planned, coefficient(49), "rate_range 50-20000"),
    ("the largest", planned, coefficient(20_000), "Rate"),
    ("larger", planned, coefficient(20_001), "rate_range 50-20000"),
    ("with levels", planned, coefficient(3_000, 30_000, 38_000), "Rate"),
    ("upside down", planned, coefficient(3_000, 38_000, 30_000), "level_range 38000-1000000"),
    ("above ground", planned, coefficient(3_000, -1), "level_range 0-1000000"),
    ("the dynamic level alone", planned, coefficient(3_000, None, 38_000), "Rate"),
    ("measured tomorrow", planned, replace(rate(), measured_utc_ms=JULY), "measured_range *"),
    ("measured never", planned, replace(rate(), measured_utc_ms=0), "measured_range *"),
    ("when no clock can tell", no_clock, replace(rate(), measured_utc_ms=JULY), "Rate"),
    ("measured never, no clock", no_clock, replace(rate(), measured_utc_ms=0), "measured_range"),
    ("without a document", planned, replace(rate(), document=""), "document_missing 1-100"),
    ("of a shared meter", shared, rate(), "power_meter_shared"),
    # rating tests
    ("a test", pumping, BeginRatingOrder(30_000), "RatingBegan"),
    ("a test at rest", planned, BeginRatingOrder(), "pump_not_running"),
    ("a test of nothing", new, BeginRatingOrder(), "pump_not_running"),
    ("a test in the air", pumping, BeginRatingOrder(-1), "level_range 0-1000000"),
    ("a test of a shared meter", shared, BeginRatingOrder(), "power_meter_shared"),
    ("two tests", rating_now, BeginRatingOrder(), "rating_running"),
    ("the end of none", pumping, EndRatingOrder(), "rating_missing"),
    ("the end too early", rating_now, EndRatingOrder(), "rating_short 60"),
    # winter
    ("laid up", planned, LayUpOrder("winter"), "LayUp"),
    ("laid up twice", laid_up, LayUpOrder("winter"), "laid_up"),
    ("laid up while pumping", pumping, LayUpOrder("winter"), "pump_running"),
    ("laid up without a meter", new, LayUpOrder("winter"), "meter_not_read"),
    ("laid up by nobody", planned, LayUpOrder(""), "document_missing 1-100"),
    ("in use again", laid_up, ResumeOrder("spring"), "Resume"),
    ("that was in use", planned, ResumeOrder("spring"), "not_laid_up"),
    ("by nobody", laid_up, ResumeOrder(""), "document_missing 1-100"),
]  # fmt: skip


def outcome_of(story: Story) -> str:
    place = max(n for n, one in enumerate(story.records) if isinstance(one, Verdict))
    verdict, before = story.records[place], story.records[place - 1]
    assert isinstance(verdict, Verdict)
    if verdict.refusal:
        return f"{verdict.refusal.reason} {verdict.refusal.expected}".strip()
    return type(before).__name__


@pytest.mark.parametrize(
    ("situation", "order", "outcome"),
    [
        pytest.param(*row[1:], id=f"{type(row[2]).__name__} {row[0]} in {row[1].__name__}")
        for row in TABLE
    ],
)
def test_an_order_makes_one_entry_or_one_refusal(
    situation: Callable[[], Story], order: Order, outcome: str
) -> None:
    story = situation()
    ledger = story.state.ledger
    refused = story.order(order)
    found = outcome_of(story)
    expected = outcome.rstrip("*")
    assert found == outcome or (outcome.endswith("*") and found.startswith(expected))
    if refused:
        assert story.state.ledger == ledger, "a refusal changes nothing"


def test_limits_are_bounded_in_number() -> None:
    story = planned()
    for place in range(24):
        begins = JUNE + place * DAY
        assert story.order(limit(f"r{place}", 1, begins, begins + DAY)) is None
    assert story.order(limit("one more", 1, AUGUST, AUGUST + DAY)) == "limits_full"
    assert story.order(limit("r3", 5, JUNE + 3 * DAY, JUNE + 4 * DAY)) is None
    january = utc_ms(2027, 1, 1)
    beforehand = LimitOrder(2027, "january", 1, january, january + DAY, "no. 7")
    assert story.order(beforehand) is None


def test_a_limit_at_the_end_of_the_table_has_no_window() -> None:
    story = Story(begins_utc_ms=utc_ms(2037, 12, 1)).commission()
    first = utc_ms(2038, 1, 1)
    order = LimitOrder(2038, "x", 1, first, first + DAY, "no. 7")
    assert story.order(order) == "limit_window"


# --- what the entries say ----------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("situation", "order"),
    [
        (planned, give(A.ADDITION, 5_000)),
        (planned, give(A.REDUCTION, 5_000)),
        (planned, give(A.TRANSFER_IN, 5_000)),
        (planned, give(A.TRANSFER_OUT, 5_000)),
        (planned, give(A.CORRECTION, -5_000)),
        (new_year, give(A.CORRECTION, -5_000)),
        (powered, energy(A.ADDITION, 5_000)),
        (planned, correct(700)),
        (new_year, correct(700)),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_what_one_document_says_is_entered_once(
    situation: Callable[[], Story], order: AllocateOrder | AllocateEnergyOrder | CorrectOrder
) -> None:
    """Whoever did not hear the answer asks again, and his command has an id of its own."""
    story = situation()
    assert story.order(order) is None
    once = story.state.ledger
    assert story.order(order) == "entered_already"
    assert story.order(replace(order, document=f" {order.document}")) == "entered_already"
    assert story.state.ledger == once
    assert story.order(replace(order, document="another")) is None
    assert story.state.ledger != once


def test_another_year_amount_or_kind_by_one_document_is_another_entry() -> None:
    story = new_year()
    for order in (
        give(A.ADDITION, 5_000, 2027),
        give(A.ADDITION, 5_001, 2027),
        give(A.TRANSFER_IN, 5_000, 2027),
        give(A.CORRECTION, 5_000),
        give(A.CORRECTION, 5_000, 2027),
    ):
        assert story.order(order) is None


def test_what_was_entered_is_known_after_the_state_was_made_again_from_its_entries() -> None:
    story = planned()
    assert story.order(give(A.ADDITION, 5_000)) is None
    entries = [one for one in story.records if isinstance(one, Entry)]
    records = [Record(n, story.moment.utc_ms, True, one) for n, one in enumerate(entries, 1)]
    assert rebuilt(records).entered == story.state.entered != ()


@pytest.mark.parametrize(
    "replaced_by",
    [plan(100_000), provisional(50_000, AUGUST)],
    ids=str,
)
def test_what_went_with_the_allocation_that_was_replaced_may_be_entered_again(
    replaced_by: AllocateOrder,
) -> None:
    story = commissioned()
    assert story.order(provisional(40_000, JULY)) is None
    assert story.order(correct(700)) is None
    assert story.order(give(A.CORRECTION, 5_000)) is None
    assert story.order(replaced_by) is None
    assert grant_of(story.state.ledger.grants, 2026).adjusted == 0
    assert story.order(give(A.CORRECTION, 5_000)) is None
    assert story.order(give(A.CORRECTION, 5_000)) == "entered_already"
    assert story.order(correct(700)) == "entered_already"


def test_documents_beyond_the_bound_are_forgotten_and_the_newest_are_not() -> None:
    story = planned()
    for number in range(ENTERED_MAX + 1):
        assert story.order(replace(give(A.ADDITION, 5), document=str(number))) is None
    assert len(story.state.entered) == ENTERED_MAX
    assert story.order(replace(give(A.ADDITION, 5), document="1")) == "entered_already"


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


def test_an_exchanged_power_meter_loses_no_watt_hour() -> None:
    story = powered()
    story.after(2).start()
    story.after(120).stop()
    story.after(10)
    used = story.energy_wh - 70_000
    assert story.order(remove("p1", story.energy_wh, R.POWER_METER)) is None
    assert story.state.energy is None
    story.energy_mwh = 1_000_000
    assert story.fit(R.POWER_METER, serial="p2") is None
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == used
    story.energy_mwh += 5_000
    story.after(1)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == used + 5


def test_a_meter_is_removed_at_what_it_shows_and_no_litre_is_lost() -> None:
    """It died in the well's last second; its display still counts."""
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(5).stop()
    story.coasting_ms = 0
    assert story.order(remove("f1", story.total_l)) is None
    assert story.of(RemoveMeter)[0].total == story.total_l
    assert story.withdrawn_l == story.total_l - 500_000 + 30_000
    assert not story.permitted


@pytest.mark.parametrize(
    ("wire_l", "displayed_l", "removed_at_l"),
    [
        (500_020, None, 500_020),
        (500_035, None, 500_035),  # as far as it can have come
        (500_036, None, 500_000),
        (499_999, None, 500_000),
        (500_000, 500_400, 500_000),
        (500_020, 500_000, 500_020),
        (500_020, 501_020, 500_020),  # a thousand litres apart is rounding
        (500_020, 501_021, 501_021),
        (None, 500_400, 500_400),
        (None, 499_500, 500_000),
        (None, None, 500_000),
    ],
)
def test_a_meter_is_removed_at_the_wires_word_where_display_and_wire_agree(
    wire_l: int | None, displayed_l: int | None, removed_at_l: int
) -> None:
    story = planned()
    if wire_l is None:
        story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    else:
        story.total_ml = wire_l * 1000
    assert story.order(remove("f1", displayed_l)) is None
    assert story.of(RemoveMeter)[0].total == removed_at_l


def test_after_a_dark_boot_only_the_display_knows_where_a_meter_came_to() -> None:
    story = planned()
    story.power_off(90 * DAY, trusted=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    assert story.order(remove("f1", 900_000)) is None
    assert story.withdrawn_l == 430_000


def test_a_ruling_begins_a_new_stretch_and_adds_what_neither_counted() -> None:
    story = in_doubt()
    assert story.order(correct(700)) is None
    (entry,) = story.of(Correct)
    assert (entry.closed_total_l, entry.restart_total_l) == (500_000, 400_000)
    assert story.withdrawn_l == 30_700
    story.after(1)
    story.total_ml += 20_000
    story.after(1)
    assert story.withdrawn_l == 30_720


def test_the_power_meter_can_be_fitted_again_when_its_total_is_in_doubt() -> None:
    story = powered()
    story.energy_mwh = 3_000_000
    story.after(3)
    energy = story.state.energy
    assert energy is not None
    assert energy.reversed
    assert story.fit(R.POWER_METER, serial="p1") is None
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == 0


def test_coefficients_are_versioned() -> None:
    story = rated()
    assert story.order(coefficient(2_500, 30_000, 38_000)) is None
    first, second = story.of(Rate)
    assert (first.version, second.version) == (1, 2)
    assert second.author == "li"
    assert story.state.ledger.rate == second


def test_a_laid_up_well_says_what_moved_meanwhile() -> None:
    story = laid_up()
    story.power_off(90 * DAY)
    story.total_ml += 40_000_000
    story.energy_mwh += 2_000_000
    story.after(3)
    assert story.order(ResumeOrder("spring")) is None
    (down,), (up,) = story.of(LayUp), story.of(Resume)
    assert (down.total_l, down.total_wh) == (500_000, 70_000)
    assert (up.moved_l, up.moved_wh) == (40_000, 2_000)


def test_a_laid_up_well_is_cut_and_its_silent_meters_alarm_nobody() -> None:
    story = laid_up()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(40 * 60)
    assert story.conditions == {ConditionKind.LAID_UP: Action.CUT}
    story.heal()
    assert story.order(ResumeOrder("spring")) is None
    assert ConditionKind.LAID_UP not in story.conditions


@pytest.mark.parametrize(("moved_l", "alarms"), [(1_000, False), (1_001, True)])
def test_a_total_that_moved_while_the_well_was_laid_up_alarms(
    moved_l: int, *, alarms: bool
) -> None:
    story = laid_up()
    story.power_off(90 * DAY)
    story.total_ml += moved_l * 1000
    story.after(3)
    assert (ConditionKind.MOVED_WHILE_LAID_UP in story.conditions) is alarms
    assert story.order(ResumeOrder("spring")) is None
    assert ConditionKind.MOVED_WHILE_LAID_UP not in story.conditions


def test_a_laid_up_well_without_a_power_meter_says_what_it_can() -> None:
    story = new()
    assert story.fit(before_l=0) is None
    assert story.order(LayUpOrder("winter")) is None
    assert story.order(RemoveMeterOrder(R.FLOW_METER, "serial-flow_meter", "form")) is None
    assert story.order(ResumeOrder("spring")) == "meter_not_read"
    assert story.fit(serial="f2") is None
    assert story.order(ResumeOrder("spring")) is None
    assert story.of(Resume)[0].moved_wh is None


def test_a_meter_that_is_exchanged_while_the_well_is_laid_up_moved_nothing() -> None:
    story = laid_up()
    story.total_ml += 5_000
    story.energy_mwh += 40_000
    story.after(5)
    story.total_ml = 7_000_000_000
    assert story.fit(serial="f2") is None
    serial = story.state.ledger.power_serial or ""
    assert story.order(RemoveMeterOrder(R.POWER_METER, serial, "form")) is None
    story.energy_mwh = 900_000
    assert story.fit(R.POWER_METER, serial="p2") is None
    story.total_ml += 3_000
    story.after(5)
    assert ConditionKind.MOVED_WHILE_LAID_UP not in story.conditions
    assert story.order(ResumeOrder("spring")) is None
    (up,) = story.of(Resume)
    assert (up.moved_l, up.moved_wh) == (8, 40)


# --- rating tests ------------------------------------------------------------------------------


def test_a_rating_test_proposes_and_changes_nothing() -> None:
    story = rated()
    assert story.order(plan(1, 2027)) is None
    assert story.order(give(A.ADDITION, 10**9)) is None
    story.after(200).start()
    story.after(60)
    assert story.order(BeginRatingOrder(30_000)) is None
    begun_l = story.total_l
    story.after(HOUR // 1000)
    story.beside = {Quantity.LEVEL_MM: 38_500}
    assert story.order(EndRatingOrder()) is None
    (found,) = story.of(RateProposed)
    assert found.method is RateMethod.TEST
    assert found.litres_per_kwh == pytest.approx(3_000, abs=5)
    assert found.volume_l == pytest.approx(story.total_l - begun_l, abs=60)
    assert found.lasted_ms >= HOUR
    assert (found.static_mm, found.dynamic_mm) == (30_000, 38_500)
    assert found.in_force == 3_000
    assert story.state.ledger.rate is not None
    assert story.state.ledger.rate.version == 1
    assert story.state.rating is None


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
