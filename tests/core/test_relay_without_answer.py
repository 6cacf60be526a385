"""A relay process that does not answer holds its lease: a pump that runs so long is not welded."""

from agent.core.model import ConditionKind, StopOrder
from tests.core.story import Story
from tests.core.wells import pumping

K = ConditionKind


def stopped() -> Story:
    """A stop is ordered while the relay process hangs, and its lease has fifteen seconds to run."""
    story = pumping()
    story.relay, story.welded = None, True
    assert story.order(StopOrder("somebody is in the well")) is None
    return story.after(14)


def test_a_pump_that_runs_to_the_end_of_a_silent_relays_lease_latches_nothing() -> None:
    story = stopped()
    story.relay, story.welded = False, False
    story.stop()
    story.after(30)
    assert K.RUNNING_WHILE_CUT not in story.conditions


def test_a_pump_that_runs_though_the_relay_says_that_it_opened_is_told() -> None:
    story = stopped()
    story.relay = False
    assert K.RUNNING_WHILE_CUT not in story.after(9).conditions
    assert K.RUNNING_WHILE_CUT in story.after(2).conditions
