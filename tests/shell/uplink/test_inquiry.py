"""Questions at the desk that lost their meaning: they linger there, and keep nothing waiting here.

The desk of these stories answers at once what need not wait, and nothing else ever. No time passes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from agent.desk.client import Reply
from agent.uplink.forward import Uplink, UplinkPolicy
from agent.uplink.inquiry import UNDER_WAY_MAX, Inquiry
from agent.uplink.link import Link
from agent.uplink.retry import DELAY_MIN_MS
from drivers.payload.json import JsonCodec
from drivers.simulator.platform import SimulatedPlatform
from tests.shell.uplink.conftest import HandClock

EPOCH = "9f1c33ab52d0e7c4"
TURNS = 20


class Desk:
    """One connection of it. `open` counts those that were not ended."""

    def __init__(self, told: "Told") -> None:
        self._told = told
        self._asked = 0
        self._answers: list[Reply] = []
        self._under_way = 0
        told.open += 1

    def call(self, method: str, fields: Mapping[str, Any], within_s: float, /) -> Any:
        assert not fields, f"{method} is asked without fields, for {within_s} s"
        return {"station": "W-1", "epoch": EPOCH, "number": 7}

    def post(self, method: str, fields: Mapping[str, Any]) -> int:
        self._asked += 1
        answer = self._told.answer(method, fields)
        self._under_way += 1
        assert self._under_way <= UNDER_WAY_MAX, "the desk would read no further"
        if answer is not None:
            self._answers.append(Reply(self._asked, answer))
        return self._asked

    def take(self) -> list[Reply]:
        answers, self._answers = self._answers, []
        self._under_way -= len(answers)
        return answers

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self._told.open -= 1


class Told:
    """What the desk was told, over all connections."""

    def __init__(self) -> None:
        self.reports: list[Mapping[str, Any]] = []
        self.open = 0

    def answer(self, method: str, fields: Mapping[str, Any]) -> Any:
        match method:
            case "report":
                self.reports.append(fields)
                return {}
            case "status" if fields["revision"] is None:
                return {"revision": 1, "state": {"head": [7, "00"], "at_utc_ms": 0}}
            case "records" if fields["wait_ms"] == 0:
                return {"epoch": EPOCH, "records": [], "head": [7, "00"]}
            case _:
                return None


@pytest.fixture
def platform() -> Iterator[SimulatedPlatform]:
    one = SimulatedPlatform()
    yield one
    one.close()


def test_a_link_that_comes_and_goes_is_told_each_time_and_gets_its_state_each_time(
    platform: SimulatedPlatform,
) -> None:
    told, clock = Told(), HandClock()
    policy = UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=600_000)
    inquiry = Inquiry(lambda: Desk(told))
    uplink = Uplink(platform, JsonCodec(), inquiry, policy, Link(lambda: 0))

    def turns() -> None:
        for _ in range(TURNS):
            uplink.begin(clock.at_ms)
            uplink.work(clock, readable=False, writable=True)

    for time in range(1, 21):
        platform.now.reachable = True
        clock.at_ms += DELAY_MIN_MS
        turns()
        assert (told.reports[-1]["connected"], len(platform.states)) == (True, time)
        platform.now.reachable = False
        turns()
        assert told.reports[-1]["connected"] is False
    assert told.open == 1


def test_only_what_was_dropped_makes_way() -> None:
    """Seven questions whose answers are wanted are waited for."""
    told = Told()
    inquiry = Inquiry(lambda: Desk(told))
    assert inquiry.open(0) is not None
    names = [f"question {n}" for n in range(UNDER_WAY_MAX)]
    for name in names:
        assert inquiry.ask("resend_wait", {}, 0, answer_to=name)
    assert not inquiry.ask("park", {}, 0)
    assert all(map(inquiry.under_way, names))
    inquiry.drop(names[0])
    assert not inquiry.ask("park", {}, 0)
    assert (inquiry.connected, inquiry.retry_in_ms(0), told.open) == (False, 0, 0)
    assert inquiry.open(0) is not None
    assert inquiry.ask("park", {}, 0)
