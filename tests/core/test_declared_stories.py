"""Room rule: settings that lost a part of the station, as stories in time. One story, one claim."""

from dataclasses import replace

import pytest

from agent.core.model import (
    AcknowledgeOrder,
    Action,
    ConditionChanged,
    ConditionKind,
    Latched,
    Refused,
)
from agent.core.state import MISSING_MAX, missing, missing_platforms
from tests.core.story import SITE, Story

K = ConditionKind
PARTS = ("bus meters", "platform division", "platform bureau")
ACKNOWLEDGE = AcknowledgeOrder(Latched.SETTINGS_INCOMPLETE, "the bureau has left")


def declaring(*parts: str, story: Story | None = None) -> Story:
    """Control starts on settings that name these."""
    story = story or Story().commission()
    story.site = replace(SITE, declared=parts)
    return story.after(2)


def test_the_first_settings_are_complete_and_more_of_them_are_too() -> None:
    story = declaring(*PARTS[:2])
    assert story.conditions == {}
    assert declaring(*PARTS, story=story).conditions == {}


@pytest.mark.parametrize("left", range(3))
def test_a_file_that_lost_its_end_is_a_warning_that_stops_no_pump(left: int) -> None:
    story = declaring(*PARTS[:left], story=declaring(*PARTS))
    assert story.conditions == {K.SETTINGS_INCOMPLETE: Action.WARN}
    assert missing(story.site, story.state) == PARTS[left:]
    assert story.permitted


def test_it_stands_over_restarts_until_the_file_is_whole() -> None:
    story = declaring(*PARTS[:1], story=declaring(*PARTS))
    story.power_off(60_000)
    assert K.SETTINGS_INCOMPLETE in story.after(400).conditions
    assert declaring(*PARTS, story=story).conditions == {}
    changes = [one for one in story.of(ConditionChanged) if one.kind is K.SETTINGS_INCOMPLETE]
    assert [one.raised for one in changes] == [True, False]


def test_who_says_that_it_is_meant_ends_it_until_something_else_is_lost() -> None:
    story = declaring(*PARTS[:2], story=declaring(*PARTS))
    assert story.order(ACKNOWLEDGE) is None
    assert story.after(1).conditions == {}
    assert missing(story.site, story.state) == ()
    assert story.order(ACKNOWLEDGE) is Refused.NOT_LATCHED
    story = declaring(*PARTS[:1], story=story)
    assert missing(story.site, story.state) == ("platform division",)


def test_what_is_missing_is_owed_to_platforms_alone() -> None:
    story = declaring(PARTS[2], story=declaring(*PARTS))
    assert missing_platforms(story.site, story.state) == ("division",)


def test_parts_that_were_renamed_again_and_again_are_remembered_up_to_a_bound() -> None:
    """Nobody acknowledges any of it; what is declared now is never forgotten for what is not."""
    story, others = declaring(*PARTS), ("platform division", "platform bureau")
    for number in range(MISSING_MAX + 2):
        story.site = replace(SITE, declared=(f"bus {number}", *others))
        story.after(1)
    newest = tuple(f"bus {number}" for number in range(1, MISSING_MAX + 1))
    assert missing(story.site, story.state) == newest
    assert story.after(5).state.declared == (*newest, f"bus {MISSING_MAX + 1}", *others)
