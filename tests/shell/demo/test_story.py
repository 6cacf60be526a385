"""How a story is told: it acts once, waits for what follows, and says where it is stuck."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from agent.demo import story
from agent.demo.sight import Sight
from agent.demo.story import STORY, Step, StoryStuck, tell
from agent.words import catalogue
from tests.shell.demo.sights import REST, condition, sight, state

BEAT_MS = 100


class Scripted:
    """A stage on which each look sees the next sight of a script; the last one stays."""

    def __init__(self, *sights: Sight, answers: bool = True) -> None:
        self._sights: Iterator[Sight] = iter(sights)
        self._seen = sights[0]
        self._now_ms = 0
        self._answers = answers
        self.done: list[str] = []

    def look(self) -> Sight:
        self._now_ms += BEAT_MS
        self._seen = next(self._sights, self._seen)
        return self._seen

    def say(self, words: str) -> None:
        self.done.append(f"say {words}")

    def monotonic_ms(self) -> int:
        return self._now_ms

    def order(self, kind: str, fields: Mapping[str, Any]) -> bool:
        self.done.append(f"{kind} {fields.get('volume_l', fields.get('role'))}")
        return self._answers

    def press(self, button: str) -> None:
        self.done.append(f"press {button}")

    def take_away(self, platform: str) -> None:
        self.done.append(f"take {platform}")

    def bring_back(self, platform: str) -> None:
        self.done.append(f"bring {platform}")

    def year(self) -> int:
        return 2026


def step(words: str) -> Step:
    return next(one for one in STORY if one.words == words)


UNSEEN = sight(None)
STANDING = sight(state(), pump=replace(REST, permitted=True))
RUNNING = sight(state(), pump=replace(REST, permitted=True, running=True, flow_l_per_h=79_000.0))
WARNED = sight(
    state(conditions=[condition("allocation_low", 80)]),
    pump=replace(REST, permitted=True, running=True, flow_l_per_h=80_000.0),
)
EXHAUSTED = sight(state(conditions=[condition("allocation_exhausted")]))


def with_plan(allocated_l: int, *, permitted: bool) -> Sight:
    balance = {"year": 2026, "allocated_l": allocated_l, "withdrawn_l": 0, "remaining_l": 0}
    return sight(state(balance=balance), pump=replace(REST, permitted=permitted))


def test_a_step_acts_once_and_ends_with_what_follows_from_it() -> None:
    stage = Scripted(STANDING, STANDING, STANDING, RUNNING)
    tell([replace(step("start"), again=None)], stage)
    assert stage.done == ["say start", "press start"]


def test_the_owner_presses_again_when_the_pump_dropped_out_and_the_relay_permits() -> None:
    """A relay process that was killed dropped the pump; permission alone starts nothing."""
    dropped = sight(state())
    stage = Scripted(RUNNING, RUNNING, dropped, STANDING, RUNNING, WARNED)
    tell([step("warned_80")], stage)
    assert stage.done == ["say warned_80", "press start"]


def test_nobody_presses_start_while_the_relay_is_open() -> None:
    stage = Scripted(RUNNING, RUNNING, EXHAUSTED)
    tell([step("exhausted")], stage)
    assert stage.done == ["say exhausted"]


def test_an_order_that_found_nobody_at_the_desk_is_given_again() -> None:
    empty, given = with_plan(0, permitted=False), with_plan(story.PLAN_L, permitted=True)
    stage = Scripted(empty, empty, UNSEEN, empty, empty, given, answers=False)
    tell([step("plan")], stage)
    assert stage.done == ["say plan", *["AllocateOrder 2600"] * 3]


def test_an_order_that_took_effect_although_its_answer_was_lost_is_not_given_twice() -> None:
    """An addition given twice would be water given twice."""
    before = with_plan(story.PLAN_L, permitted=False)
    after = with_plan(story.PLAN_L + story.ADDITION_L, permitted=False)
    permitted = with_plan(story.PLAN_L + story.ADDITION_L, permitted=True)
    stage = Scripted(before, before, UNSEEN, after, permitted, answers=False)
    tell([step("addition")], stage)
    assert stage.done == ["say addition", "AllocateOrder 1000"]


def test_a_meter_is_declared_with_what_its_own_display_shows() -> None:
    reading = {"quantity": "forward_total_l", "quality": "good", "value": 86_412_337}
    given: list[Mapping[str, Any]] = []

    class Noting(Scripted):
        def order(self, kind: str, fields: Mapping[str, Any]) -> bool:
            given.append(fields)
            return super().order(kind, fields)

    unread, read = sight(state()), sight(state(readings=[reading]))
    fitted = sight(state(instruments={"flow_meter": {}}))
    tell([step("fit_flow_meter")], Noting(unread, unread, read, fitted))
    assert [one["displayed"] for one in given] == [86_412_337]


def test_a_step_that_does_not_come_to_its_end_is_named() -> None:
    stage = Scripted(STANDING)
    with pytest.raises(StoryStuck) as stuck:
        tell(STORY, stage)
    assert stuck.value.step.words == "uncommissioned"
    assert stuck.value.sight == STANDING


def test_a_warning_that_nobody_looked_at_in_time_does_not_hold_up_the_story() -> None:
    stage = Scripted(RUNNING, RUNNING, EXHAUSTED)
    tell([step("warned_80"), step("warned_90"), step("warned_95")], stage)
    assert stage.done == ["say warned_80", "say warned_90", "say warned_95"]


def test_the_verdict_is_about_the_records_that_were_there_when_the_last_step_began() -> None:
    everything = sight(state(head=[3, "ab"]))
    later = sight(state(head=[9, "ab"]))
    begun = tell([step("delivered")], Scripted(everything, everything, later))
    assert begun.head == 3


@pytest.mark.parametrize("words", [one.words for one in STORY])
def test_every_step_has_its_sentence_and_its_bound(words: str) -> None:
    assert f"demo.{words}" in catalogue()
    assert 0 < step(words).within_s <= 90
