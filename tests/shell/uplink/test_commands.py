"""A platform's commands on their way through an uplink: in order, once, and never beyond bounds."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from agent.core.model import Started
from agent.ports import Commanded, CommandsDropped
from agent.uplink.commands import AGAIN_MS, PER_S, QUEUE_MAX, TELL_MS, TRIES_MAX, Commands
from agent.uplink.forward import Uplink
from agent.uplink.inquiry import Inquiry
from drivers.payload.json import JsonCodec
from drivers.simulator.platform import SimulatedPlatform
from tests.shell.uplink.conftest import House

SECOND = 1000
ACCEPTED = {"result": {"id": "x", "accepted": True}, "words": ""}
SILENT = {"result": None, "words": "Nothing is proved"}


class Desk:
    """Our end of the desk, answered by hand."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.waiting: set[str] = set()

    def under_way(self, method: str) -> bool:
        return method in self.waiting

    def ask(self, method: str, fields: Mapping[str, Any], now_ms: int, *, may_refuse: bool) -> bool:
        assert may_refuse, f"a refusal of {method} at {now_ms} must not end the connection"
        self.asked.append((method, fields))
        self.waiting.add(method)
        return True

    @property
    def tokens(self) -> list[str]:
        return [fields["token"] for method, fields in self.asked if method == "signed_command"]


class Rig:
    def __init__(self) -> None:
        self.platform = SimulatedPlatform()
        self.platform.connect()
        self.platform.step(readable=True, writable=True, monotonic_ms=0)
        self.desk = Desk()
        self.commands = Commands(self.platform, JsonCodec())
        self.now_ms = 0

    def ask(self, after_ms: int = 0) -> None:
        self.now_ms += after_ms
        self.commands.ask(cast("Inquiry", self.desk), self.now_ms)

    def answered(self, answer: dict[str, Any] = ACCEPTED) -> None:
        self.desk.waiting.discard("signed_command")
        self.commands.answered(answer)

    def refused(self) -> None:
        self.desk.waiting.discard("signed_command")


@pytest.fixture
def rig() -> Iterator[Rig]:
    one = Rig()
    yield one
    one.platform.close()


def test_commands_are_asked_one_after_the_other_and_settled_with_their_verdict(rig: Rig) -> None:
    for token in (7, 8):
        rig.commands.take(Commanded(token, b"t%d\n" % token))
    rig.ask()
    rig.ask(SECOND)
    assert (rig.desk.tokens, rig.platform.settled) == (["t7"], [])
    rig.answered()
    assert rig.platform.settled == [7]
    assert rig.platform.results == [b'{"id":"x","accepted":true}']
    rig.ask()
    rig.answered(SILENT)
    assert (rig.desk.tokens, rig.platform.settled) == (["t7", "t8"], [7, 8])
    assert len(rig.platform.results) == 1


def test_no_more_than_so_many_a_second_reach_the_desk(rig: Rig) -> None:
    for token in range(QUEUE_MAX):
        rig.commands.take(Commanded(token, b"t"))
    for _ in range(100):
        rig.ask(20)
        if "signed_command" in rig.desk.waiting:
            rig.answered()
    assert len(rig.desk.tokens) == 2 * PER_S


def test_what_does_not_fit_is_dropped_settled_and_counted(rig: Rig) -> None:
    for token in range(10_000):
        rig.commands.take(Commanded(token, b"t"))
    assert len(rig.platform.settled) == 10_000 - QUEUE_MAX
    rig.commands.drop(CommandsDropped(3, oversized=True))
    rig.ask()
    rig.desk.waiting.discard("turned_away")
    rig.ask()
    assert ("turned_away", {"reason": "too_many", "count": 9_980}) in rig.desk.asked
    rig.ask(TELL_MS)
    told = [fields for method, fields in rig.desk.asked if method == "turned_away"]
    assert told[1:] == [{"reason": "oversized", "count": 3}]
    rig.desk.waiting.clear()
    rig.ask(TELL_MS)
    assert len([1 for method, _ in rig.desk.asked if method == "turned_away"]) == 2


def test_a_busy_desk_is_asked_again_and_not_for_ever(rig: Rig) -> None:
    rig.commands.take(Commanded(7, b"t7"))
    rig.commands.take(Commanded(8, b"t8"))
    rig.ask()
    for _ in range(TRIES_MAX):
        rig.refused()
        rig.ask()
        rig.ask(AGAIN_MS)
    assert rig.desk.tokens == ["t7"] * TRIES_MAX + ["t8"]
    assert rig.platform.settled == [7]


def test_a_lost_link_forgets_what_was_not_settled(rig: Rig) -> None:
    rig.commands.take(Commanded(7, b"t7"))
    rig.ask()
    rig.commands.link_lost()
    rig.answered()
    assert (rig.platform.settled, rig.platform.results) == ([], [])
    rig.commands.take(Commanded(9, b"t7", retained=True))
    rig.ask(SECOND)
    assert rig.desk.asked[-1] == ("signed_command", {"token": "t7", "retained": True})


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"a\nb", b"\x00", "é".encode()])
def test_whatever_comes_can_be_asked(rig: Rig, payload: bytes) -> None:
    rig.commands.take(Commanded(7, payload))
    rig.ask()
    (token,) = rig.desk.tokens
    assert token.isprintable()
    assert token != ""


@pytest.mark.usefixtures("short_turns")
def test_a_desk_that_can_check_nothing_loses_no_link_and_no_record(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    """The desk of this house refuses every command: records and state go on."""
    house.samples(3)
    house.delivered(uplink, 3)
    platform.command(5, b"a.b.c")
    house.write(Started("1", "boot", relay_permitted=True))
    house.delivered(uplink, 4)
    assert platform.attempts == 1
    assert platform.settled == []
