"""Room rule: wells for stories of water against electricity. Claims nothing."""

from agent.core.model import AcknowledgeOrder, Latched
from tests.core.story import Story


def standing_still() -> Story:
    """A commissioned well whose pump was seen to deliver, and rests."""
    story = Story().commission(100_000_000).after(2)
    story.start()
    story.after(120).stop()
    return story.after(20)


def pumping() -> Story:
    story = standing_still()
    story.start()
    return story.after(60)


def acknowledge(kind: Latched) -> AcknowledgeOrder:
    return AcknowledgeOrder(kind, "seen to")


def exhausted(*, welded: bool = False) -> Story:
    story = Story(welded=welded).commission(20_000).after(2)
    story.start()
    while story.permitted:
        story.after(1)
    return story
