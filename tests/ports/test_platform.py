"""One conformance suite for ports.Platform: MQTT 5 and 3.1.1 at a real Mosquitto, and in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Protocol

import pytest

from agent.ports import Answer, LinkDown, LinkUp, Platform, Receipt
from drivers.mqtt import Broker, MqttConfig, MqttLink, Receiver
from drivers.simulator.platform import SimulatedPlatform
from tests.links import hear, listen, subscribe, turn, unsubscribe
from tests.mosquitto import Mosquitto


class Rig(Protocol):
    """A platform, and what the test may do to the world around it."""

    platform: Platform

    def vanish(self) -> None: ...
    def come_back(self) -> None: ...
    def records(self, count: int) -> list[bytes]:
        """The batches a consumer got, once there are `count`."""

    def state(self, expected: bytes) -> bytes:
        """The retained state that a newcomer finds, once it is what is expected."""


class MqttRig:
    def __init__(self, protocol: Literal["mqtt5", "mqtt311"], undo: ExitStack) -> None:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        self._broker = undo.enter_context(Mosquitto(folder))
        self.platform: Platform = MqttLink(
            MqttConfig(
                Broker("127.0.0.1", self._broker.port, "uplink", protocol=protocol),
                station="W-1",
                version="1",
                trust_puback=True,
            )
        )
        undo.callback(self.platform.close)
        self._receiver = self._newcomer("consumer", "wells/W-1/records")
        undo.callback(self._receiver.close)

    def _newcomer(self, name: str, topic: str) -> Receiver:
        return subscribe(Receiver(Broker("127.0.0.1", self._broker.port, name), [topic]))

    def vanish(self) -> None:
        self._broker.kill()
        unsubscribe(self._receiver)

    def come_back(self) -> None:
        self._broker.start()
        subscribe(self._receiver)

    def records(self, count: int) -> list[bytes]:
        messages = listen(self._receiver, lambda heard: len(heard) >= count)
        return [payload for _, payload, _ in messages]

    def state(self, expected: bytes) -> bytes:
        newcomer = self._newcomer("newcomer", "wells/W-1/state")
        messages = listen(newcomer, lambda heard: bool(heard) and heard[-1][1] == expected)
        newcomer.close()
        return messages[-1][1]


class SimulatedRig:
    def __init__(self, undo: ExitStack) -> None:
        self._simulated = SimulatedPlatform()
        self.platform: Platform = self._simulated
        undo.callback(self.platform.close)

    def vanish(self) -> None:
        self._simulated.now.reachable = False

    def come_back(self) -> None:
        self._simulated.now.reachable = True

    def records(self, count: int) -> list[bytes]:
        assert len(self._simulated.received) >= count
        return self._simulated.received

    def state(self, expected: bytes) -> bytes:
        del expected
        return self._simulated.states[-1]


@pytest.fixture(params=["mqtt5", "mqtt311", "simulated"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with ExitStack() as undo:
        yield (SimulatedRig(undo) if request.param == "simulated" else MqttRig(request.param, undo))


def up(platform: Platform) -> LinkUp:
    platform.connect()
    event = hear(platform, LinkUp)[-1]
    assert isinstance(event, LinkUp)
    return event


def receipts(platform: Platform, count: int) -> list[Receipt]:
    return [event for event in hear(platform, Receipt, count) if isinstance(event, Receipt)]


def test_connecting_ends_in_a_link_with_room(rig: Rig) -> None:
    limits = up(rig.platform)
    assert limits.window >= 1
    assert limits.batch_bytes_max >= 1024


def test_a_batch_arrives_and_is_answered_with_its_token(rig: Rig) -> None:
    up(rig.platform)
    token = rig.platform.send_records(b"one batch")
    assert receipts(rig.platform, 1) == [Receipt(token, Answer.ACCEPTED)]
    assert rig.records(1) == [b"one batch"]


def test_a_full_window_arrives_in_order_and_each_is_answered(rig: Rig) -> None:
    limits = up(rig.platform)
    sent = [b"batch %d" % n for n in range(limits.window)]
    tokens = [rig.platform.send_records(payload) for payload in sent]
    answers = receipts(rig.platform, len(tokens))
    assert [(one.token, one.answer) for one in answers] == [(n, Answer.ACCEPTED) for n in tokens]
    assert rig.records(len(sent)) == sent


def test_the_largest_batch_that_is_allowed_passes(rig: Rig) -> None:
    limits = up(rig.platform)
    payload = b"x" * limits.batch_bytes_max
    rig.platform.send_records(payload)
    assert [one.answer for one in receipts(rig.platform, 1)] == [Answer.ACCEPTED]
    assert rig.records(1) == [payload]


def test_the_newest_state_is_what_a_newcomer_finds(rig: Rig) -> None:
    up(rig.platform)
    for state in (b"first", b"second", b"third"):
        rig.platform.send_state(state)
    rig.platform.send_records(b"behind the state")
    receipts(rig.platform, 1)
    assert rig.state(b"third") == b"third"


def test_a_platform_out_of_reach_is_a_link_that_is_down_with_a_reason(rig: Rig) -> None:
    rig.vanish()
    rig.platform.connect()
    event = hear(rig.platform, LinkDown)[-1]
    assert isinstance(event, LinkDown)
    assert event.why


def test_a_link_that_was_refused_can_be_tried_again(rig: Rig) -> None:
    rig.vanish()
    rig.platform.connect()
    hear(rig.platform, LinkDown)
    rig.come_back()
    up(rig.platform)
    rig.platform.send_records(b"at last")
    assert [one.answer for one in receipts(rig.platform, 1)] == [Answer.ACCEPTED]


def test_a_platform_that_dies_takes_the_link_down_once(rig: Rig) -> None:
    up(rig.platform)
    rig.vanish()
    hear(rig.platform, LinkDown)
    assert turn(rig.platform, wait_s=0) == []


def test_nothing_of_a_dead_link_is_answered_or_sent_on_the_next(rig: Rig) -> None:
    """What was in flight is the uplink's to send again: the driver sends nothing by itself."""
    up(rig.platform)
    rig.vanish()
    rig.platform.send_records(b"into the void")
    hear(rig.platform, LinkDown)
    rig.come_back()
    up(rig.platform)
    token = rig.platform.send_records(b"after it")
    assert receipts(rig.platform, 1) == [Receipt(token, Answer.ACCEPTED)]
    assert rig.records(1) == [b"after it"]


def test_a_state_for_a_link_that_is_down_is_dropped(rig: Rig) -> None:
    rig.platform.send_state(b"nobody is there")
    up(rig.platform)
    rig.platform.send_state(b"somebody is there")
    rig.platform.send_records(b"behind the state")
    receipts(rig.platform, 1)
    assert rig.state(b"somebody is there") == b"somebody is there"


def test_a_closed_link_can_be_closed_again(rig: Rig) -> None:
    up(rig.platform)
    rig.platform.close()
    rig.platform.close()
