"""Room rule: what one scan hands from room to room, in stories of a few scans.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.interlock import Standing
from agent.core.model import (
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    Condition,
    ConditionChanged,
    ConditionKind,
    Fault,
    InterruptionBegan,
    LimitOrder,
    Measured,
    Order,
    Quantity,
    RemoveMeterOrder,
    Role,
    Sample,
    Session,
)
from tests.core.story import OF_FLOW_METER, Story, addition, reduction, utc_ms

K = ConditionKind


def test_a_condition_that_goes_on_standing_is_said_once() -> None:
    story = Story().at(5)
    assert [(one.kind, one.raised) for one in story.of(ConditionChanged)] == [
        (K.NOT_COMMISSIONED, True),
        (K.NOT_ALLOCATED, True),
    ]


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_run_that_began_while_water_was_not_metered_says_so(*, interrupted: bool) -> None:
    story = Story(coast_ms=0).commission(10**8).after(2)
    if interrupted:
        story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
        story.after(61)
    story.start()
    story.after(5)
    story.heal()
    story.after(5).stop()
    story.after(5)
    (run,) = story.of(Session)
    assert run.metered is not interrupted
    assert (run.litres_per_kwh is None) is interrupted


@pytest.mark.parametrize(("pumping", "unread"), [(True, False), (False, False), (True, True)])
def test_an_interruption_says_whether_the_pump_was_seen_to_draw_power(
    *, pumping: bool, unread: bool
) -> None:
    story = Story().commission(10**8).after(2)
    if pumping:
        story.start()
    story.after(3).lay(Fault.TIMEOUT, *OF_FLOW_METER)
    if unread:
        story.lay(Fault.TIMEOUT, Quantity.POWER_W)
    story.after(61)
    (began,) = story.of(InterruptionBegan)
    assert began.running is (pumping and not unread)


def test_taking_the_power_meter_away_gives_no_electricity() -> None:
    story = Story().commission(10**8)
    assert story.order(AllocateEnergyOrder(2026, AllocationKind.PLAN, 10, "e 1")) is None
    story.energy_mwh += 20_000
    story.after(2)
    assert K.ENERGY_EXHAUSTED in story.conditions
    removed = RemoveMeterOrder(Role.POWER_METER, "serial-power_meter", "form no. 2")
    assert story.order(removed) is None
    story.after(2)
    assert K.ENERGY_EXHAUSTED in story.conditions


# --- what releases an exhausted well -----------------------------------------------------------

BOTH = (K.ALLOCATION_EXHAUSTED, K.ENERGY_EXHAUSTED)


def energy(kind: AllocationKind, energy_wh: int) -> AllocateEnergyOrder:
    return AllocateEnergyOrder(2026, kind, energy_wh, "e 1")


def limit(volume_l: int, name: str = "june") -> LimitOrder:
    return LimitOrder(2026, name, volume_l, utc_ms(2026, 6, 1), utc_ms(2026, 7, 1), "l 1")


@pytest.mark.parametrize(
    ("order", "released"),
    [
        (None, set()),
        (addition(1), {K.ALLOCATION_EXHAUSTED}),
        (reduction(1), set()),
        (limit(501), {K.ALLOCATION_EXHAUSTED}),
        (limit(500), set()),
        (limit(499), set()),
        (energy(AllocationKind.ADDITION, 1), {K.ENERGY_EXHAUSTED}),
        (energy(AllocationKind.REDUCTION, 1), set()),
    ],
)
def test_a_latch_falls_to_an_entry_that_gives_and_to_nothing_else(
    order: Order | None, released: set[K]
) -> None:
    """Both stood latched when the controller was replaced: by the account, neither need."""
    story = Story().commission(10**8)
    for one in (energy(AllocationKind.PLAN, 10**6), limit(500)):
        assert story.order(one) is None
    story.after(2)
    stood = tuple(Condition(one, story.moment, Action.CUT, latched=True) for one in BOTH)
    story.state = replace(story.state, standing=Standing(conditions=stood))
    assert order is None or story.order(order) is None
    story.after(2)
    assert set(BOTH) - set(story.conditions) == released


def test_a_round_that_is_over_or_begins_gives_what_it_gives() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 7, 1) - 8_000).commission(10**8)
    assert story.order(limit(500)) is None
    story.after(1)
    stood = (Condition(K.ALLOCATION_EXHAUSTED, story.moment, Action.CUT, latched=True),)
    story.state = replace(story.state, standing=Standing(conditions=stood))
    assert story.after(1).conditions == {K.ALLOCATION_EXHAUSTED: Action.CUT}
    story.at(8)
    assert K.ALLOCATION_EXHAUSTED not in story.conditions


def test_a_provisional_allocation_that_ends_gives_no_electricity_by_that() -> None:
    story = Story().commission(10**8).after(2)
    until_ms = story.moment.utc_ms + 60_000
    order = replace(energy(AllocationKind.PROVISIONAL, 10), expires_utc_ms=until_ms)
    assert story.order(order) is None
    story.energy_mwh += 20_000
    story.after(2)
    assert K.ENERGY_EXHAUSTED in story.reasons
    story.after(120)
    assert K.ENERGY_EXHAUSTED in story.reasons
    assert story.order(energy(AllocationKind.PLAN, 10**6)) is None
    assert K.ENERGY_EXHAUSTED not in story.reasons


def test_the_first_watt_hour_that_is_allotted_is_one() -> None:
    story = Story().commission(10**8).after(2)
    stood = (Condition(K.ENERGY_EXHAUSTED, story.moment, Action.CUT, latched=True),)
    story.state = replace(story.state, standing=Standing(conditions=stood))
    assert story.order(energy(AllocationKind.PLAN, 1)) is None
    assert K.ENERGY_EXHAUSTED not in story.conditions


# --- what is written down ----------------------------------------------------------------------


@pytest.mark.parametrize(("passed_ms", "due"), [(59_499, False), (59_500, True)])
def test_a_minutes_sample_is_due_half_a_scan_early(passed_ms: int, *, due: bool) -> None:
    story = Story().commission(10**8).after(2)
    story.at(story.now_ms // 1000 + 61)
    sampled = story.state.sampled_at
    assert sampled is not None
    story.records.clear()
    story.now_ms = sampled.monotonic_ms + passed_ms
    story.look()
    assert len(story.of(Sample)) == due


def test_a_condition_that_rests_on_values_is_written_down_with_them() -> None:
    story = Story().commission(10**8).after(2)
    story.other_flow_l_per_h = 20_000
    story.after(61)
    changes = story.of(ConditionChanged)
    (change,) = (one for one in changes if one.kind is K.WATER_WITHOUT_ENERGY)
    assert change.evidence == (
        Measured(Quantity.FORWARD_TOTAL_L, story.total_l),
        Measured(Quantity.FLOW_L_PER_H, 20_000),
        Measured(Quantity.ENERGY_WH, story.energy_wh),
        Measured(Quantity.POWER_W, 0),
    )
