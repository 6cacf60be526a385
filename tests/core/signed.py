"""Room rule: the station to which platforms send signed commands. Claims nothing."""

import json

from agent import rows
from agent.core.state import State, account
from tests.core.story import Story, addition

ADD = addition(5_000)


def commissioned() -> Story:
    return Story().commission(100_000)


def allocated_l(story: Story) -> int:
    found = account(story.state, story.moment)
    assert found is not None
    return found.allocated_l


def restarted(story: Story) -> Story:
    """Control comes up again on what it had committed."""
    text = rows.dumps(rows.to_row(story.state))
    story.state = rows.from_row(State, json.loads(text))
    return story
