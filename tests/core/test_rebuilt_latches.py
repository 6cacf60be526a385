"""Room rule: what stood latched or had ended is so again when only the records are left."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.model import (
    AcknowledgeOrder,
    Action,
    Condition,
    ConditionChanged,
    ConditionKind,
    Latched,
    Moment,
    Rebuilt,
    ReleaseOrder,
    Role,
    StopOrder,
)
from agent.core.rebuild import rebuilt
from agent.core.state import State
from tests.core.remains import changes_of, entries_of, record
from tests.core.story import HOUR, MINUTE, Story, addition, provisional

K = ConditionKind


def exhausted() -> Story:
    story = Story().commission(30_000).after(2)
    story.start()
    while story.permitted:
        story.after(1)
    return story.after(10)


def welded() -> Story:
    story = Story(welded=True).commission().after(2)
    story.start()
    assert story.after(60).order(StopOrder("work")) is None
    story.after(20).running = False
    assert story.order(ReleaseOrder("done")) is None
    return story.after(1)


def latched(state: State) -> list[tuple[ConditionKind, Action]]:
    return [(one.kind, one.action) for one in state.standing.conditions if one.latched]


@pytest.mark.parametrize("tell", [exhausted, welded])
def test_a_latch_is_there_again_when_nothing_but_the_records_is_left(
    tell: Callable[[], Story],
) -> None:
    story = tell()
    stood = latched(story.state)
    assert stood
    assert not story.permitted
    story.state = rebuilt(entries_of(story), changes_of(story))
    assert latched(story.state) == stood
    story.boot, story.booted_ms = "boot-2", story.now_ms
    story.after(900)
    assert latched(story.state) == stood
    assert not story.permitted


def test_a_latch_that_was_acknowledged_is_not_brought_back() -> None:
    story = welded()
    assert story.order(AcknowledgeOrder(Latched.RUNNING_WHILE_CUT, "relay exchanged")) is None
    state = rebuilt(entries_of(story), changes_of(story))
    assert state.standing.conditions == ()
    story.state = state
    story.after(200)
    assert story.permitted


def test_water_that_was_given_before_the_loss_counts_as_given() -> None:
    story = exhausted()
    assert story.order(addition(50_000)) is None
    story.after(200)
    story.state = rebuilt(entries_of(story), changes_of(story))
    story.after(2)
    assert story.permitted


def test_a_restored_latch_says_since_when_and_in_which_boot_nobody_knows() -> None:
    change = ConditionChanged(K.DRY_WELL, raised=True, action=Action.CUT, latched=True, level=3)
    (condition,) = rebuilt((), [record(7, change, at_utc_ms=5)]).standing.conditions
    since = Moment(5, 0, "record 7", trusted=True)
    assert condition == Condition(K.DRY_WELL, since, Action.CUT, latched=True, level=3)


@pytest.mark.parametrize(("raised", "is_latched"), [(True, False), (False, True)])
def test_what_fell_or_never_latched_is_found_anew(*, raised: bool, is_latched: bool) -> None:
    first = ConditionChanged(K.DRY_WELL, raised=True, action=Action.CUT, latched=True)
    then = ConditionChanged(K.DRY_WELL, raised=raised, action=Action.ALARM, latched=is_latched)
    changes = [record(1, first, at_utc_ms=5), record(2, then, at_utc_ms=6)]
    assert rebuilt((), changes).standing.conditions == ()


def test_what_is_no_change_of_a_condition_tells_no_latch() -> None:
    with pytest.raises(AssertionError, match="by what changed it"):
        rebuilt((), [record(1, Rebuilt(1, "x"), at_utc_ms=5)])


@settings(max_examples=15, deadline=None)
@given(back=st.integers(0, 70), coast_ms=st.sampled_from([0, 4000, 25_000]), runs=st.integers(0, 2))
def test_a_latch_that_was_raised_and_not_committed_is_raised_again(
    back: int, coast_ms: int, runs: int
) -> None:
    """Cut for want of water, and killed before it was written: whatever of the past is left."""
    story = Story(coast_ms=coast_ms).commission(40_000).after(2)
    for _ in range(runs):
        story.start()
        story.after(60).stop()
        story.after(240)
    story.start()
    while story.permitted:
        story.after(1)
    story.state = story.outcomes[-1 - back].state
    story.power_off(HOUR)
    story.after(250)
    assert K.ALLOCATION_EXHAUSTED in story.conditions
    assert not any(one.decision.permit for one in story.outcomes[-250:])


def test_a_provisional_allocation_that_ended_stays_so_when_only_records_are_left() -> None:
    """And the host came up without the time: the entries alone are all older than its end."""
    story = Story().at(1)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    assert story.order(provisional(900_000, story.moment.utc_ms + HOUR)) is None
    story.unhurried().after(3_700)
    assert K.NOT_ALLOCATED in story.reasons
    entries, changes = entries_of(story), changes_of(story)
    story.state = rebuilt(entries, changes)
    story.power_off(MINUTE, trusted=False)
    story.after(900)
    assert story.reasons == [K.NOT_ALLOCATED]
    late = rebuilt(entries, [replace(one, trusted=False) for one in changes])
    assert late.watermark == rebuilt(entries).watermark
