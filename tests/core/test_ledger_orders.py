"""Room rule: which order of the ledger takes effect in which situation, as a table.

One row proves one check. The situations stand in situations.py; the outcome is the entry or record
that is made, or why there is none and what would be accepted. The orders of fitting a meter and of
plain allocation stand in test_commands.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.model import (
    BeginRatingOrder,
    CorrectOrder,
    EndRatingOrder,
    FitMeterOrder,
    LayUpOrder,
    LimitOrder,
    Order,
    RemoveMeterOrder,
    ResumeOrder,
    Verdict,
)
from tests.core.situations import (
    AUGUST,
    BEGINS,
    ENDS,
    JULY,
    JUNE,
    MAX,
    A,
    R,
    coefficient,
    commissioned,
    correct,
    dead_meters,
    energy,
    give,
    in_doubt,
    in_doubt_unread,
    laid_up,
    limit,
    limited,
    net_only,
    new,
    new_year,
    no_clock,
    over_plan,
    planned,
    powered,
    provisionally,
    pumping,
    rating_now,
    remove,
    removed,
    shared,
)
from tests.core.story import DAY, Story, rate, utc_ms

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
