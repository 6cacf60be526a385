"""Room rule: which order takes effect in which situation, as a table. One row proves one check.

situation      new            nothing is fitted yet          no clock      new, and no clock is believed
fitted         flow meter `f1`, 500 000 L     commissioned  and power meter `p1`, 70 000 Wh
provisional    50 000 L, for one more day     planned       100 000 L
dead meters    planned, neither is read       jumped        planned, the total is not believed

order          allocation: kind year volume, `for` so long (provisional), `by` its document
meter: fit role serial displayed, `before` what was withdrawn, `by` its document

outcome        the entry that is made, or why there is none and what would be accepted
"""  # noqa: E501  # a row is a line

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.model import (
    Allocate,
    AllocateOrder,
    AllocationKind,
    Command,
    ConditionKind,
    Fault,
    FitMeter,
    FitMeterOrder,
    Order,
    Origin,
    Role,
    Verdict,
)
from agent.core.orders import SEEN_IDS_MAX
from agent.core.present import TEXT_MAX
from tests.core.story import (
    DAY,
    OF_FLOW_METER,
    OF_POWER_METER,
    Story,
    addition,
    plan,
    provisional,
)
from tests.core.table import rows

TABLE = """
name                             situation     order                                        outcome

a plan                           commissioned  plan 2026 100000                             Allocate
a plan before anything is fitted new           plan 2026 100000                             Allocate
a plan after a provisional one   provisional   plan 2026 100000                             Allocate
a second plan                    planned       plan 2026 100000                             plan_exists
next year's plan beforehand      planned       plan 2027 100000                             Allocate
a plan for the last year         planned       plan 2025 100000                             year_closed 2026, 2027
a plan for the year after next   planned       plan 2028 100000                             year_too_far 2026, 2027
a plan while no year is known    no clock      plan 2026 100000                             clock_untrusted
the most that can be allocated   commissioned  plan 2026 10000000000                        Allocate
more than can be allocated       commissioned  plan 2026 10000000001                        volume_range 1-10000000000
nothing allocated                commissioned  plan 2026 0                                  volume_range 1-10000000000
less than nothing allocated      commissioned  plan 2026 -5                                 volume_range 1-10000000000
a plan without a document        commissioned  plan 2026 100000 by                          document_missing 1-100
a plan with too long a document  commissioned  plan 2026 100000 by {long}                   document_missing 1-100
a plan with the longest document commissioned  plan 2026 100000 by {longest}                Allocate
a plan that expires              commissioned  plan 2026 100000 for 1d                      expiry_not_allowed

a provisional allocation         commissioned  provisional 2026 50000 for 90d               Allocate
another provisional one          provisional   provisional 2026 60000 for 90d               Allocate
a provisional one beside a plan  planned       provisional 2026 50000 for 90d               plan_exists
a provisional one for ever       commissioned  provisional 2026 50000                       expiry_missing
a provisional one for ages       commissioned  provisional 2026 50000 for 5000d                 clock_range 1780272004000 - 2145887999999
a provisional one until now      commissioned  provisional 2026 50000 for 0s                expiry_missing

an addition                      planned       addition 2026 5000                           Allocate
an addition to nothing           commissioned  addition 2026 5000                           no_plan
an addition to a provisional one provisional   addition 2026 5000                           no_plan
an addition to the brim          planned       addition 2026 9999900000                     Allocate
an addition over the brim        planned       addition 2026 9999900001                     volume_range 0-9999900000
an addition that expires         planned       addition 2026 5000 for 1d                    expiry_not_allowed
a reduction                      planned       reduction 2026 5000                          Allocate
a reduction to nothing           planned       reduction 2026 100000                        Allocate
a reduction below nothing        planned       reduction 2026 100001                        reduction_too_large 1-100000
a reduction of nothing           commissioned  reduction 2026 5000                          no_plan

the first flow meter             new           fit flow_meter f1 500000 before 0            FitMeter
the first, no clock              no clock      fit flow_meter f1 500000 before 0            FitMeter
the first, taken over mid-year   new           fit flow_meter f1 500000 before 31000000     FitMeter
the first, and what was before?  new           fit flow_meter f1 500000                     withdrawn_before_missing
the first, absurd before         new           fit flow_meter f1 500000 before 10000000001  volume_range 0-10000000000
the first, negative before       new           fit flow_meter f1 500000 before -1           volume_range 0-10000000000
the display, a cubic metre off   new           fit flow_meter f1 499000 before 0            FitMeter
the display, a litre more        new           fit flow_meter f1 498999 before 0            display_disagrees 500000
the display, a litre more, above new           fit flow_meter f1 501001 before 0            display_disagrees 500000
a meter that is not read         dead meters   fit flow_meter f2 500000                     meter_not_read
a meter without a serial         new           fit flow_meter {blank} 500000 before 0       serial_missing 1-100
a meter with too long a serial   new           fit flow_meter {long} 500000 before 0        serial_missing 1-100
a meter without a document       new           fit flow_meter f1 500000 before 0 by         document_missing 1-100
another flow meter               planned       fit flow_meter f2 500000                     FitMeter
the same flow meter              planned       fit flow_meter f1 500000                     same_serial
the same one, after a jump       jumped        fit flow_meter f1 570000                     FitMeter
another one, after a jump        jumped        fit flow_meter f2 570000                     FitMeter
another, with what was before    planned       fit flow_meter f2 500000 before 0            withdrawn_before_not_allowed

the power meter                  fitted        fit power_meter p1 70000                     FitMeter
the power meter first            new           fit power_meter p1 70000                     FitMeter
the power meter, a kWh off       fitted        fit power_meter p1 71000                     FitMeter
the power meter, more off        fitted        fit power_meter p1 71001                     display_disagrees 70000
another power meter              planned       fit power_meter p2 70000                     FitMeter
the same power meter             planned       fit power_meter p1 70000                     same_serial
a power meter that is not read   dead meters   fit power_meter p2 70000                     meter_not_read
a power meter with water before  fitted        fit power_meter p1 70000 before 0            withdrawn_before_not_allowed
a level probe                    planned       fit level_probe l1 0                         role_not_fitted flow_meter, power_meter
"""  # noqa: E501  # a row is a line


# --- situations --------------------------------------------------------------------------------


def new() -> Story:
    return Story().at(1)


def no_clock() -> Story:
    return Story(trusted=False).at(1)


def fitted() -> Story:
    story = new()
    assert story.fit(serial="f1", before_l=0) is None
    return story


def commissioned() -> Story:
    story = fitted()
    assert story.fit(Role.POWER_METER, serial="p1") is None
    return story


def provisionally() -> Story:
    story = commissioned()
    assert story.order(provisional(50_000, story.moment.utc_ms + DAY)) is None
    return story


def planned() -> Story:
    story = commissioned()
    assert story.order(plan(100_000)) is None
    return story


def dead_meters() -> Story:
    story = planned()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    return story


def jumped() -> Story:
    story = planned()
    story.total_ml += 70_000_000
    story.after(3)
    assert ConditionKind.TOTAL_JUMPED in story.conditions
    return story


SITUATIONS: dict[str, Callable[[], Story]] = {
    "new": new,
    "no clock": no_clock,
    "fitted": fitted,
    "commissioned": commissioned,
    "provisional": provisionally,
    "planned": planned,
    "dead meters": dead_meters,
    "jumped": jumped,
}


# --- orders ------------------------------------------------------------------------------------

TEXTS = {"{long}": "9" * (TEXT_MAX + 1), "{longest}": "9" * TEXT_MAX, "{blank}": " "}


def order_of(cell: str, story: Story) -> Order:
    """An order as the table writes it; `by` with nothing behind it is an empty document."""
    words, marked, document = cell.partition(" by")
    document = TEXTS.get(document.strip(), document.strip()) if marked else "no. 7"
    kind, *parts = words.split()
    if kind != "fit":
        year, volume, *lasting = parts
        until = story.now_ms + 1000 + duration_ms(lasting[1]) if lasting else None
        expires = None if until is None else story.begins_utc_ms + until
        return AllocateOrder(int(year), AllocationKind(kind), int(volume), document, expires)
    role, serial, displayed, *before = parts
    before_l = int(before[1]) if before else None
    return FitMeterOrder(Role(role), TEXTS.get(serial, serial), int(displayed), document, before_l)


def duration_ms(text: str) -> int:
    return {"s": 1000, "d": DAY}[text[-1]] * int(text[:-1])


def outcome_of(story: Story) -> str:
    verdict = story.of(Verdict)[-1]
    if verdict.refusal:
        return f"{verdict.refusal.reason} {verdict.refusal.expected}".strip()
    return type(story.records[story.records.index(verdict) - 1]).__name__


@pytest.mark.parametrize(
    ("situation", "order", "outcome"),
    [pytest.param(*cells[1:], id=cells[0]) for cells in rows(TABLE)],
)
def test_an_order_makes_one_entry_or_one_refusal(situation: str, order: str, outcome: str) -> None:
    story = SITUATIONS[situation]()
    ledger = story.state.ledger
    refused = story.order(order_of(order, story))
    assert outcome_of(story) == outcome
    if refused:
        assert story.state.ledger == ledger, "a refusal changes nothing"
        assert not isinstance(story.records[-3], Allocate | FitMeter)


# --- commands ----------------------------------------------------------------------------------


def entries(story: Story) -> int:
    return len(story.of(Allocate)) + len(story.of(FitMeter))


def test_a_command_twice_is_a_command_once() -> None:
    story = planned()
    assert story.order(addition(5_000), "once") is None
    balance = story.outcomes[-1].balance
    assert story.order(addition(5_000), "once") == "duplicate"
    assert story.order(addition(7_000), "once") == "duplicate", "the id counts, not the order"
    assert story.outcomes[-1].balance == balance


def test_a_command_twice_in_one_scan_is_a_command_once() -> None:
    story = planned()
    before = entries(story)
    command = Command("once", Origin.PLATFORM, "a", addition(5_000))
    story.look(command, command)
    assert entries(story) == before + 1
    assert [one.refusal is None for one in story.of(Verdict)[-2:]] == [True, False]


def test_a_refused_command_is_not_tried_again_under_its_id() -> None:
    story = commissioned()
    assert story.order(addition(5_000), "early") == "no_plan"
    assert story.order(plan(100_000)) is None
    assert story.order(addition(5_000), "early") == "duplicate"


def test_repeating_one_command_does_not_push_another_out_of_memory() -> None:
    story = planned()
    assert story.order(addition(5_000), "first") is None
    assert story.order(addition(5_000), "second") is None
    for _ in range(SEEN_IDS_MAX):
        assert story.order(addition(5_000), "second") == "duplicate"
    assert story.order(addition(5_000), "first") == "duplicate"


def test_the_memory_of_ids_is_bounded() -> None:
    story = planned()
    for count in range(SEEN_IDS_MAX + 10):
        assert story.order(addition(1), f"id-{count}") is None
    assert len(story.state.seen_ids) == SEEN_IDS_MAX == 64
    assert story.state.seen_ids[-1] == f"id-{SEEN_IDS_MAX + 9}"


@pytest.mark.parametrize(("late_ms", "refused"), [(0, None), (1, "expired")])
def test_a_command_is_worth_nothing_after_its_time(late_ms: int, refused: str | None) -> None:
    story = planned()
    not_after = story.moment.utc_ms - late_ms
    story.look(Command("x", Origin.PLATFORM, "a", addition(5_000), not_after))
    refusal = story.of(Verdict)[-1].refusal
    assert (refusal and refusal.reason) == refused


def test_each_command_of_a_scan_is_judged_by_what_the_one_before_left() -> None:
    story = commissioned()
    orders = (addition(5_000), plan(100_000), addition(5_000), plan(1))
    story.look(*(Command(f"n{place}", Origin.ADMIN, "li", one) for place, one in enumerate(orders)))
    verdicts = story.of(Verdict)[-4:]
    assert [one.refusal and one.refusal.reason for one in verdicts] == [
        "no_plan",
        None,
        None,
        "plan_exists",
    ]
    assert [one.balance and one.balance.allocated_l for one in verdicts] == [
        None,
        100_000,
        105_000,
        105_000,
    ]


def test_an_entry_stands_alone_and_a_verdict_names_who_asked() -> None:
    story = planned()
    allocate, verdict = story.of(Allocate)[-1], story.of(Verdict)[-1]
    assert allocate == Allocate(2026, AllocationKind.PLAN, 100_000, "plan no. 7", "li", 500_000)
    assert (verdict.origin, verdict.actor, verdict.order) == (
        Origin.ADMIN,
        "li",
        "AllocateOrder",
    )
    meter = story.of(FitMeter)[0]
    assert (meter.total, meter.closed_total, meter.withdrawn_before_l) == (500_000, None, 0)
    assert (meter.resolution, meter.modulus, meter.rate_max_per_h) == (1, 1_000_000_000, 100_000)
    power = story.of(FitMeter)[1]
    assert (power.total, power.closed_total, power.withdrawn_before_l) == (70_000, None, None)
    assert (power.resolution, power.modulus, power.rate_max_per_h) == (10, 1_000_000_000, 55_000)


def test_a_meter_is_fitted_at_what_the_wire_says_not_at_what_was_typed() -> None:
    story = new()
    story.look(
        Command(
            "typed",
            Origin.ADMIN,
            "li",
            FitMeterOrder(Role.FLOW_METER, "f1", 499_400, "form", 0),
        )
    )
    assert story.of(FitMeter)[-1].total == 500_000


def test_the_largest_display_that_may_disagree_follows_the_resolution() -> None:
    story = new()
    story.site = replace(story.site, flow_resolution_l=10_000, energy_resolution_wh=5_000)
    order = FitMeterOrder(Role.FLOW_METER, "f1", 520_000, "form", 0)
    assert story.order(order) is None
    assert story.order(FitMeterOrder(Role.POWER_METER, "p1", 80_000, "form")) is None


def test_a_failing_journal_takes_no_command() -> None:
    story = planned()
    story.journal_failing = True
    with pytest.raises(AssertionError, match="takes no command"):
        story.look(Command("x", Origin.ADMIN, "li", addition(5_000)))
