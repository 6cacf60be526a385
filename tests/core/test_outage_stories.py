"""Outages, three a day, where the power meter stays up: they are no fault of the grid's voltage."""

from agent.core.model import Action, ConditionChanged, ConditionKind
from tests.core.story import Story
from tests.core.wells import AMPERES, VOLTS, protected_pumping

K = ConditionKind
PROTECTIONS = {K.UNDER_VOLTAGE, K.PHASE_LOSS}


def fail(story: Story, *volts_mv: int) -> None:
    """The pump stops, and what is left on the wires is induction."""
    story.stop()
    story.beside |= dict(zip(VOLTS, volts_mv, strict=True)) | dict.fromkeys(AMPERES, 0)


def come_back(story: Story) -> None:
    story.beside |= dict.fromkeys(VOLTS, 225_000)


def test_three_outages_in_a_day_lock_no_pump() -> None:
    story = protected_pumping(*PROTECTIONS)
    for _ in range(3):
        fail(story, 400, 3_000, 2_500)
        story.after(60)
        assert story.conditions == {K.MAINS_FAILED: Action.ALARM}
        come_back(story)
        assert story.after(130).conditions == {}
    assert not PROTECTIONS & {one.kind for one in story.of(ConditionChanged)}


def test_a_voltage_that_was_too_low_is_not_healed_by_an_outage() -> None:
    story = protected_pumping(K.UNDER_VOLTAGE)
    story.beside |= dict.fromkeys(VOLTS, 180_000)
    story.after(12)
    assert story.reasons[0] is K.UNDER_VOLTAGE
    fail(story, 0, 0, 0)
    story.after(600)
    come_back(story)
    story.after(290)
    assert story.reasons == [K.UNDER_VOLTAGE]
    assert story.after(20).permitted
