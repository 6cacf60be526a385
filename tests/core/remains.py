"""Room rule: what a story leaves in the journal, as a rebuild is given it. Claims nothing."""

from typing import Any

from agent import rows
from agent.core.model import Body, ConditionChanged, Entry, Record
from tests.core.story import Story


def record(number: int, body: Body, *, at_utc_ms: int, trusted: bool = True) -> Record:
    return Record(number, at_utc_ms, trusted, body)


def entries_of(story: Story) -> tuple[Record, ...]:
    return _records_of(story, Entry)


def changes_of(story: Story) -> tuple[Record, ...]:
    return _records_of(story, ConditionChanged)


def _records_of(story: Story, kind: Any) -> tuple[Record, ...]:
    """As the journal gives them back: stored, read, stamped with their scan's moment."""
    found: list[Record] = []
    for outcome in story.outcomes:
        for body in outcome.bodies:
            if isinstance(body, kind):
                stored = rows.decode_body(*rows.encode_body(body))
                moment = outcome.moment
                one = Record(len(found) + 1, moment.utc_ms, moment.trusted, stored)
                found.append(one)
    return tuple(found)
