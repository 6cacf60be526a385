"""A level probe that answers now and then: told once, and over only when it answers again."""

from agent.core.model import Action, ConditionChanged, ConditionKind, Fault, Quantity
from tests.core.story import MINUTE, SECOND, Story
from tests.core.wells import protected_pumping

K = ConditionKind


def told(story: Story) -> list[bool]:
    """Each time that the condition was raised, and that it fell."""
    changes = story.of(ConditionChanged)
    return [one.raised for one in changes if one.kind is K.LEVEL_PROBE_SILENT]


def test_a_probe_that_answers_once_in_seven_minutes_is_told_once() -> None:
    """An answer is good for a minute, until the probe is asked again."""
    story = protected_pumping().unhurried()
    for _ in range(6):
        story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
        story.after(360)
        story.heal()
        story.after(60)
    assert told(story) == [True]
    assert story.conditions == {K.LEVEL_PROBE_SILENT: Action.WARN}
    assert story.permitted


def test_a_probe_that_answers_for_five_minutes_is_well_again() -> None:
    story = protected_pumping()
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    story.after(400)
    story.heal()
    story.after((5 * MINUTE) // SECOND)
    assert told(story) == [True]
    story.after(1)
    assert told(story) == [True, False]
    assert story.conditions == {}
