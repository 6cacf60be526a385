"""A pump that was jogged between two scans: nobody saw it run, and its water is no creep."""

from dataclasses import replace

import pytest

from agent.core.model import Action, ConditionKind
from tests.core.story import SITE, Story

K = ConditionKind


def resting(flow_resolution_l: int = 1) -> Story:
    """Scanned every ten seconds, and at rest for half an hour."""
    site = replace(SITE, flow_resolution_l=flow_resolution_l)
    return Story(site=site, coast_ms=0).commission().unhurried().after(1800)


def jog(story: Story, lasts_ms: int) -> None:
    """From a little after one scan to before the next."""
    story.away(1000)
    story.start()
    story.away(lasts_ms)
    story.stop()
    story.away(9000 - lasts_ms)
    story.look()


def test_a_jog_between_two_scans_is_counted_and_is_no_creep() -> None:
    story = resting()
    before_l = story.withdrawn_l
    jog(story, 8000)
    assert story.withdrawn_l == before_l + 200
    assert story.conditions == {}


@pytest.mark.parametrize(("each_l", "creeps"), [(18, True), (19, False)])
def test_what_passes_at_once_is_creep_up_to_a_minute_of_the_least_flow(
    *, each_l: int, creeps: bool
) -> None:
    """Some meters show a new total once a minute: 16 litres at 1 m3/h, and two of its steps."""
    story = resting()
    for _ in range(10):
        story.total_ml += each_l * 1000
        story.after(60)
    assert story.conditions == ({K.IDLE_CREEP: Action.ALARM} if creeps else {})


def test_a_coarse_meter_that_creeps_steps_at_once() -> None:
    story = resting(flow_resolution_l=1000)
    for _ in range(2):
        story.total_ml += 1_000_000
        story.after(600)
    assert story.conditions == {K.IDLE_CREEP: Action.ALARM}
