"""What control tells the relay of a scan that permits: to begin, to go on, and for how long."""

from types import SimpleNamespace
from typing import Any

import pytest

from agent.control.applying import permit, shown
from agent.core.scan import Outcome
from agent.core.state import Seen
from agent.ports import RelayGone, RelayPosition
from tests.core.story import SITE, Story


class Told:
    """A relay that notes what it is told, and the clock of whoever tells it."""

    def __init__(self, waited_ms: int, outcome: Outcome) -> None:
        self.now_ms = outcome.moment.monotonic_ms + waited_ms
        self.words: list[tuple[str, int]] = []

    def monotonic_ms(self) -> int:
        return self.now_ms

    def permit(self, lease_ms: int) -> None:
        self.words.append(("permit", lease_ms))

    def renew(self, lease_ms: int) -> None:
        self.words.append(("renew", lease_ms))


def told(outcome: Outcome, waited_ms: int = 0) -> list[tuple[str, int]]:
    relay = Told(waited_ms, outcome)
    organs: Any = SimpleNamespace(relay=relay, clock=relay)
    permit(organs, outcome)
    return relay.words


def test_only_the_scan_that_wrote_the_edge_down_begins_a_permission() -> None:
    story = Story().commission()
    assert told(story.outcomes[-1]) == [("permit", SITE.lease_ms)]
    for _ in range(3):
        story.after(1)
        assert told(story.outcomes[-1]) == [("renew", SITE.lease_ms)]


@pytest.mark.parametrize("waited_ms", [1, 400, SITE.lease_ms - 1])
def test_the_lease_counts_from_the_moment_that_was_judged(waited_ms: int) -> None:
    story = Story().commission().after(1)
    assert told(story.outcomes[-1], waited_ms) == [("renew", SITE.lease_ms - waited_ms)]


@pytest.mark.parametrize("waited_ms", [SITE.lease_ms, SITE.lease_ms + 1, 10 * SITE.lease_ms])
def test_a_decision_as_old_as_its_lease_is_told_to_nobody(waited_ms: int) -> None:
    """Not even the edge: control stood still between writing it down and telling it."""
    story = Story().commission()
    assert told(story.outcomes[-1], waited_ms) == []


class Standing:
    """A relay that stands where it stands, or does not answer."""

    def __init__(self, *, permitted: bool | None) -> None:
        self.permitted = permitted

    def position(self) -> RelayPosition:
        if self.permitted is None:
            raise RelayGone("gone")
        return RelayPosition(self.permitted, 0)


@pytest.mark.parametrize("now", [True, False, None])
def test_whoever_is_answered_sees_the_relay_as_his_order_left_it(*, now: bool | None) -> None:
    """A release that was obeyed was followed by "permitted, and the relay is open" for a scan."""
    story = Story().commission()
    before = Seen(story.outcomes[-1].moment, (), relay_permitted=False)
    relay: Any = Standing(permitted=now)
    assert shown(relay, story.outcomes[-1], before) is now
    story.after(1)
    assert shown(relay, story.outcomes[-1], before) is False
