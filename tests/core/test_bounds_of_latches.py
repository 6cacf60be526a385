"""Room rule: what ends a condition that stands: an acknowledgement, an entry, or a scan without it.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.interlock import (
    RESTING,
    Present,
    Standing,
    Trip,
    Watch,
    acknowledge,
    acknowledgeable,
    assess,
    decide,
    time_left_ms,
)
from agent.core.model import (
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    Condition,
    ConditionKind,
    Decision,
    Moment,
)
from agent.core.rules import RULES
from agent.core.terms import Facts
from tests.core.story import HOUR, MINUTE, SITE, Story, plan, utc_ms

K = ConditionKind
AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


def test_facts_that_say_nothing_raise_nothing_and_bar_nothing() -> None:
    """They are named so that a false one is health."""
    after = assess(RULES, Standing(), Present(Facts(), moment(), 1000, SITE))
    assert after == Standing(seen_ms=1000)
    assert decide(RULES, after.conditions, 1, Facts()).permit
    nothing = Decision(permit=False, reasons=(), lease_ms=0)
    assert decide(RULES, after.conditions, 0, Facts()) == nothing
    assert decide(RULES, after.conditions, -1, Facts()) == nothing


def test_an_acknowledgement_forgives_the_trips_of_its_own_condition_and_of_no_other() -> None:
    trips = (Trip(K.DRY_WELL, 1), Trip(K.PHASE_LOSS, 2), Trip(K.DRY_WELL, 3))
    after = acknowledge(RULES, Standing(trips=trips), K.DRY_WELL, SITE)
    assert after.trips == (Trip(K.PHASE_LOSS, 2),)


def test_a_latch_stands_into_a_year_without_a_plan_and_falls_with_the_plan() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 23) + 59 * MINUTE).commission(50)
    one_wh = AllocateEnergyOrder(2026, AllocationKind.PLAN, 1, "e 1")
    assert story.order(one_wh) is None
    story.energy_mwh += 20_000
    story.after(2)
    exhausted = {K.ALLOCATION_EXHAUSTED: Action.CUT, K.ENERGY_EXHAUSTED: Action.CUT}
    assert {one: story.conditions.get(one) for one in exhausted} == exhausted
    story.after(90)
    assert story.state.ledger.year == 2027
    assert K.NOT_ALLOCATED in story.conditions
    assert {one: story.conditions.get(one) for one in exhausted} == exhausted
    assert story.order(plan(10**6, 2027)) is None
    assert not exhausted.keys() & story.conditions.keys()


@pytest.mark.parametrize(
    ("held_ms", "cut_ms", "left_ms"),
    [
        (40 * MINUTE, 30 * MINUTE, 25 * MINUTE),  # five minutes are granted
        (10 * MINUTE, 30 * MINUTE, 10 * MINUTE),
        (10 * MINUTE, 5 * MINUTE, 0),
        (10 * MINUTE, 4 * MINUTE, 0),
    ],
)
def test_an_acknowledged_signal_is_granted_its_trial_and_no_more(
    held_ms: int, cut_ms: int, left_ms: int
) -> None:
    watches = (
        Watch(K.FLOW_SIGNAL_LOST, moment(), 0, held_ms),
        Watch(K.FLOW_SIGNAL_LOST, moment(), 1, held_ms),
        Watch(K.DRY_WELL, moment(), 0, held_ms),
    )
    site = replace(SITE, flow_meter_cut_ms=cut_ms)
    after = acknowledge(RULES, Standing(watches=watches), K.FLOW_SIGNAL_LOST, site)
    assert [one.held_ms for one in after.watches] == [held_ms, left_ms, held_ms]


def test_what_a_person_may_acknowledge_is_a_latch_or_a_protection_that_stands() -> None:
    def stands(kind: K, *, latched: bool) -> Condition:
        return Condition(kind, moment(), Action.CUT, latched=latched)

    conditions = (
        stands(K.FLOW_SIGNAL_LOST, latched=False),
        stands(K.RUNNING_WHILE_CUT, latched=True),
        stands(K.PHASE_LOSS, latched=False),
        stands(K.DRY_WELL, latched=True),
        stands(K.NOT_ALLOCATED, latched=False),
    )
    assert acknowledgeable(RULES, Standing(conditions=conditions)) == (
        K.RUNNING_WHILE_CUT,
        K.PHASE_LOSS,
        K.DRY_WELL,
    )


# --- clocks ------------------------------------------------------------------------------------


def test_a_rest_begins_when_the_last_fact_has_gone_and_one_that_is_broken_begins_anew() -> None:
    """A phase was lost for an hour; it must be back for five minutes, however long it was gone."""
    lost = tuple(Watch(K.PHASE_LOSS, moment(), stage, HOUR) for stage in (0, 1))
    raised = Condition(K.PHASE_LOSS, moment(), Action.ALARM, latched=False)
    standing = Standing(watches=lost, conditions=(raised,))

    def scan(step_ms: int, *, lost: bool) -> bool:
        nonlocal standing
        present = Present(Facts(phase_lost=lost), moment(), step_ms, SITE)
        standing = assess(RULES, standing, present)
        return bool(standing.conditions)

    assert scan(1000, lost=False)
    assert scan(5 * MINUTE - 1, lost=False)
    assert scan(1000, lost=True)
    assert scan(1000, lost=False)
    assert scan(5 * MINUTE - 1, lost=False)
    assert not scan(1, lost=False)


@pytest.mark.parametrize(
    ("kind", "watches", "left_ms"),
    [
        (K.FLOW_METER_SILENT, (), None),
        (K.FLOW_METER_SILENT, ((K.FLOW_METER_SILENT, 0, 10 * MINUTE),), None),  # it alarms
        (K.FLOW_METER_SILENT, ((K.FLOW_METER_SILENT, 1, 10 * MINUTE),), 20 * MINUTE),
        (K.FLOW_METER_SILENT, ((K.FLOW_METER_SILENT, 1, 30 * MINUTE + 1),), 0),
        (K.FLOW_METER_SILENT, ((K.TOTAL_JUMPED, 1, 10 * MINUTE),), None),
        (K.FLOW_METER_SILENT, ((K.FLOW_METER_SILENT, RESTING, MINUTE),), None),
        # Power for 4 s of 10, water for 4 s of 60: the first to be due cuts.
        (
            K.RUNNING_WHILE_CUT,
            ((K.RUNNING_WHILE_CUT, 0, 4_000), (K.RUNNING_WHILE_CUT, 1, 4_000)),
            6_000,
        ),
    ],
)
def test_a_condition_says_how_long_its_facts_may_hold_until_it_cuts(
    kind: K, watches: tuple[tuple[K, int, int], ...], left_ms: int | None
) -> None:
    (rule,) = (one for one in RULES if one.kind is kind)
    held = tuple(Watch(of, moment(), stage, held_ms) for of, stage, held_ms in watches)
    assert time_left_ms(rule, Standing(watches=held), SITE) == left_ms


@pytest.mark.parametrize(
    ("kind", "stood", "cuts", "stands"),
    [
        (K.ALLOCATION_EXHAUSTED, Action.CUT, False, Action.ALARM),
        (K.ALLOCATION_EXHAUSTED, Action.ALARM, True, Action.CUT),
        (K.DRY_WELL, Action.ALARM, True, Action.ALARM),
        (K.DRY_WELL, Action.CUT, False, Action.CUT),
    ],
)
def test_what_outlives_its_fact_does_what_it_did_but_for_water_that_does_as_its_site_says(
    kind: K, stood: Action, stands: Action, *, cuts: bool
) -> None:
    limits = replace(SITE.limits, on_exhausted_cut=cuts, cuts=(K.DRY_WELL,) if cuts else ())
    present = Present(Facts(), moment(), 1000, replace(SITE, limits=limits))
    before = Condition(kind, moment(), stood, latched=True)
    after = assess(RULES, Standing(conditions=(before,)), present)
    assert after.conditions == (replace(before, action=stands),)
