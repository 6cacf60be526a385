"""What control lets the journal make room of: what every platform has, and who counts as one."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from agent.control.loop import _tend, _unheard
from agent.core.state import State
from agent.journal import Now
from tests.core.story import SITE, Story

KEPT = {"division": 90, "bureau": 40}


def passed(declared: tuple[str, ...], known: tuple[str, ...]) -> int:
    """Of a journal of 100 records: up to which one all that count have come."""
    heard: list[Now] = []
    names = {one.removeprefix("platform "): 0 for one in declared}
    desk = SimpleNamespace(cursors=lambda: {name: KEPT[name] for name in names})
    organs: Any = SimpleNamespace(desk=desk, journal=SimpleNamespace(cursors=lambda: KEPT))
    state = State(declared=known, scanned_at=Story().moment)
    head = SimpleNamespace(head=SimpleNamespace(number=100))
    writer = SimpleNamespace(tend=heard.append)
    loop: Any = SimpleNamespace(state=state, committed=head, writer=writer)
    _tend(organs, replace(SITE, declared=declared), loop, _unheard(organs))
    (now,) = heard
    return now.passed


BOTH = ("platform division", "platform bureau")


@pytest.mark.parametrize(
    ("declared", "known", "number"),
    [
        (BOTH, BOTH, 40),
        (BOTH[:1], BOTH, 40),  # it vanished: what it has not read is kept
        (BOTH[:1], BOTH[:1], 90),  # somebody said that it is meant
        ((), (), 100),
    ],
)
def test_a_platform_that_vanished_is_waited_for_until_it_is_acknowledged(
    declared: tuple[str, ...], known: tuple[str, ...], number: int
) -> None:
    assert passed(declared, known) == number
