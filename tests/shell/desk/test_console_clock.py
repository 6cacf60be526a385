"""What a console orders is worth half a minute, whatever has become of the calendar."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agent.control.applying import publish
from agent.control.organs import Loop, Organs
from agent.core.scan import Outcome
from agent.desk.client import Client
from agent.ports import RelayPosition
from agent.status import Identity
from tests.core.story import DAY, HOUR
from tests.shell.desk.test_consoles import PIN, WAIT_S, Control, first, order, seat


class Shown(Control):
    """As control does it, the picture too."""

    def _show(self, outcome: Outcome) -> None:
        nothing = SimpleNamespace(standings=lambda: (), counters=lambda: ())
        relay = SimpleNamespace(position=lambda: RelayPosition(permitted=True, lease_ms=0))
        organs = SimpleNamespace(
            desk=self.desk,
            book=self.book,
            keys=(),
            meters=nothing,
            relay=relay,
            inputs=None,
            health=None,
        )
        loop = SimpleNamespace(
            committed=SimpleNamespace(head=self.journal.head), writer=SimpleNamespace(failing=None)
        )
        seen = self.story.seen()
        publish(cast("Organs", organs), _IDENTITY, cast("Loop", loop), outcome, seen)


_IDENTITY = Identity("w-1", "机井", "0.1.0", "e")


@pytest.fixture
def control(folder: Path) -> Iterator[Shown]:
    one = Shown(folder)
    yield one
    one.close()


def scans(control: Control, count: int) -> None:
    """Wait until so many more have passed."""
    until = len(control.story.outcomes) + count
    while len(control.story.outcomes) < until:
        control._ended.wait(0.01)


@pytest.mark.parametrize("boots", [True, False])
def test_at_a_console_orders_are_taken_also_where_the_calendar_went_back(
    control: Shown, boots: bool
) -> None:
    """Found with a dead clock battery: nobody could sign in to set the clock, nor stop the pump."""
    story = control.story
    with seat(control) as ask:
        first(ask)
        control.commits = False
        if boots:
            story.power_off(HOUR, trusted=False)
        story.calendar_off_ms = -50 * 365 * DAY if boots else -HOUR
        control.commits = True
        scans(control, 2)
        assert ask("sign_in", account="li", pin=PIN)["refusal"] is None
        assert ask("command", **order("StopOrder", reason="x"))["verdict"]["refusal"] is None


@pytest.mark.parametrize(("later_ms", "refused"), [(25_000, None), (31_000, "expired")])
@pytest.mark.parametrize("back_ms", [0, HOUR])
def test_what_waits_too_long_is_worth_nothing_and_no_step_back_revives_it(
    control: Shown, later_ms: int, refused: str | None, back_ms: int
) -> None:
    with Client(control.folder / "desk" / "console-front.sock") as client:
        first(lambda method, **fields: client.call(method, fields, WAIT_S))
        control.commits = False
        asked = client.post("command", order("StopOrder", reason="x"))
        client.call("hello", {}, WAIT_S)  # it is in its place
        control.story.calendar_off_ms = -back_ms
        control.story.now_ms += later_ms
        control.commits = True
        refusal = client.answer(asked, "command", WAIT_S)["verdict"]["refusal"]
    assert (refusal and refusal["reason"]) == refused
