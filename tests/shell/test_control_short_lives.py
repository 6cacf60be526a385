"""A control that dies again and again, seldom enough to be started each time, forgets no clock."""

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from agent import rows
from agent.control.applying import submit
from agent.core.model import ConditionKind, Contacts, Fault
from agent.core.state import State
from agent.journal import Transaction
from tests.core.story import MINUTE, OF_FLOW_METER, SECOND, SITE, Story
from tests.core.wells import pumping

K = ConditionKind
# Killed, and scanning again.
RESTART_MS = 2000


@dataclass
class Card:
    """The newest checkpoint, and how many were written."""

    state: bytes
    writes: int = 0

    def submit(self, transaction: Transaction) -> None:
        assert transaction.state is not None
        self.state, self.writes = transaction.state, self.writes + 1


def live(story: Story, card: Card, lasts_s: int) -> None:
    """One control, from the last checkpoint to its death; what it knew beside that is lost."""
    state = rows.from_row(State, json.loads(card.state))
    assert isinstance(state, State)
    story.state, story.restarted = state, True
    clock = SimpleNamespace(monotonic_ms=lambda: story.now_ms)
    desk = SimpleNamespace(cursors=dict, parked=tuple)
    organs: Any = SimpleNamespace(clock=clock, desk=desk)
    began_ms = story.now_ms
    loop: Any = SimpleNamespace(writer=card, handed_over_ms=began_ms, began_ms=began_ms)
    for _ in range(lasts_s):
        story.after(1)
        submit(organs, loop, story.outcomes[-1])
    story.away(RESTART_MS)


def lives(story: Story, lasts_s: int, within_s: int) -> Card:
    """One control after the other."""
    card = Card(rows.dumps(rows.to_row(story.state)))
    until_ms = story.now_ms + within_s * SECOND
    while story.now_ms < until_ms:
        live(story, card, lasts_s)
    return card


@pytest.mark.parametrize("lasts_s", [11, 30, 59, 61, 100])
def test_a_silent_flow_meter_cuts_in_twice_its_time_at_the_latest(lasts_s: int) -> None:
    story = pumping()
    story.site = replace(SITE, flow_meter_cut_ms=5 * MINUTE)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    lives(story, lasts_s, 10 * 60)
    assert story.reasons[0] is K.FLOW_METER_SILENT
    assert not story.running


@pytest.mark.parametrize("lasts_s", [11, 30])
def test_meters_are_judged_again_after_the_mains_came_back(lasts_s: int) -> None:
    story = pumping()
    story.stop()
    story.contacts = Contacts(mains_present=False)
    story.after(60)
    story.contacts = Contacts(mains_present=True)
    lives(story, lasts_s, 300)
    assert story.state.supply.judged


def test_a_control_that_lives_writes_no_more_than_the_minute_asks() -> None:
    story = pumping()
    assert lives(story, 600, 600).writes <= 10 + 12
