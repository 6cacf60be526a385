"""Commands over a real broker: what the link brings, and what comes again until it is settled."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from agent.ports import Commanded, CommandsDropped, LinkDown, LinkEvent, LinkUp
from drivers.mqtt import Broker, MqttConfig, MqttLink, Receiver
from drivers.mqtt.attempts import INCOMING_MAX
from drivers.mqtt.ears import MESSAGES_MAX
from drivers.mqtt.incoming import COMMAND_BYTES_MAX
from drivers.mqtt.sender import Sender
from tests.links import TURNS_MAX, WAIT_S, hear, listen, subscribe, turn
from tests.mosquitto import Mosquitto

Protocol = Literal["mqtt5", "mqtt311"]
COMMANDS, RESULTS = "wells/W-1/commands", "wells/W-1/results"


@pytest.fixture(params=["mqtt5", "mqtt311"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    found: Protocol = request.param
    return found


@pytest.fixture
def link(mosquitto: Mosquitto, protocol: Protocol) -> Iterator[MqttLink]:
    broker = Broker("127.0.0.1", mosquitto.port, "uplink", protocol=protocol)
    one = MqttLink(MqttConfig(broker, "W-1", "1.2", trust_puback=True))
    yield one
    one.close()


def up(link: MqttLink) -> list[LinkEvent]:
    """Until the broker has confirmed that we listen; what came with that."""
    link.connect()
    heard = hear(link, LinkUp)
    for _ in range(TURNS_MAX):
        assert link._traffic is not None
        if not link._traffic._asked:
            return heard
        heard += turn(link)
    raise AssertionError("no subscription within the bound")


def send(mosquitto: Mosquitto, *payloads: bytes, retain: bool = False, qos: int = 1) -> None:
    """As any client at that broker could."""
    broker = Broker("127.0.0.1", mosquitto.port, "sender")
    with closing(Receiver(broker, [RESULTS])) as any_client:
        subscribe(any_client)
        sent = [
            any_client._client.publish(COMMANDS, payload, qos=qos, retain=retain)
            for payload in payloads
        ]
        for _ in range(TURNS_MAX):
            if all(one.is_published() for one in sent):
                return
            any_client.step(WAIT_S)
    raise AssertionError("not published within the bound")


def commands(link: MqttLink, count: int, heard: Sequence[LinkEvent] = ()) -> list[Commanded]:
    """The next; `heard` is what has come already."""
    found = [one for one in heard if isinstance(one, Commanded)]
    if len(found) < count:
        more = hear(link, Commanded, count - len(found))
        found += [one for one in more if isinstance(one, Commanded)]
    return found


def test_a_command_comes_again_until_it_is_settled(mosquitto: Mosquitto, link: MqttLink) -> None:
    up(link)
    send(mosquitto, b"one", b"two")
    first, second = commands(link, 2)
    assert (first.payload, second.payload, first.retained) == (b"one", b"two", False)
    link.settle(first.token)
    turn(link)
    link._fall("a cut", LinkDown("").fault)
    hear(link, LinkDown)
    (again,) = commands(link, 1, up(link))
    assert again.payload == b"two"
    link.settle(second.token)  # of the link before: void
    link.settle(again.token)
    turn(link)
    link._fall("a cut", LinkDown("").fault)
    hear(link, LinkDown)
    up(link)
    send(mosquitto, b"three")
    assert [one.payload for one in commands(link, 1)] == [b"three"]


def test_what_was_sent_while_we_were_away_waits_at_the_broker(
    mosquitto: Mosquitto, link: MqttLink
) -> None:
    up(link)
    link._fall("a cut", LinkDown("").fault)
    hear(link, LinkDown)
    send(mosquitto, b"meanwhile")
    assert [one.payload for one in commands(link, 1, up(link))] == [b"meanwhile"]


def test_a_retained_message_says_so(mosquitto: Mosquitto, link: MqttLink) -> None:
    send(mosquitto, b"old", retain=True)
    (one,) = commands(link, 1, up(link))
    assert (one.payload, one.retained) == (b"old", True)


def test_a_message_too_long_for_a_command_is_not_kept(mosquitto: Mosquitto, link: MqttLink) -> None:
    up(link)
    send(mosquitto, b"x" * (COMMAND_BYTES_MAX + 1), b"y" * COMMAND_BYTES_MAX)
    heard = hear(link, Commanded)
    assert CommandsDropped(1, oversized=True) in heard
    assert [len(one.payload) for one in heard if isinstance(one, Commanded)] == [COMMAND_BYTES_MAX]


def test_a_message_too_long_for_anything_ends_no_link_for_ever(
    mosquitto: Mosquitto, link: MqttLink, protocol: Protocol
) -> None:
    up(link)
    send(mosquitto, b"x" * 5_000_000)
    send(mosquitto, b"after it")
    heard: list[LinkEvent] = []
    for _ in range(TURNS_MAX):
        heard += turn(link)
        if any(isinstance(one, LinkDown) for one in heard):
            assert protocol == "mqtt311"  # mqtt5 told the broker not to send it
            up(link)  # without what the broker had kept
            send(mosquitto, b"after it")
            heard.clear()
        if any(isinstance(one, Commanded) for one in heard):
            break
    assert [one.payload for one in commands(link, 1, heard)] == [b"after it"]


def test_the_broker_holds_back_what_we_have_not_settled(
    mosquitto: Mosquitto, link: MqttLink
) -> None:
    up(link)
    send(mosquitto, *(b"%d" % n for n in range(INCOMING_MAX + 5)))
    held = commands(link, INCOMING_MAX)
    assert len(held) == INCOMING_MAX
    for one in held:
        link.settle(one.token)
    rest = commands(link, 5)
    assert [one.payload for one in (*held, *rest)] == [b"%d" % n for n in range(INCOMING_MAX + 5)]


def test_a_flood_without_acknowledgements_comes_in_bounded_portions(
    mosquitto: Mosquitto, link: MqttLink
) -> None:
    up(link)
    send(mosquitto, *([b"x" * 100] * 900), qos=0)
    seen = 0
    for _ in range(TURNS_MAX):
        portion = [one for one in turn(link) if isinstance(one, Commanded)]
        assert len(portion) <= MESSAGES_MAX
        seen += len(portion)
        if seen > 5 * MESSAGES_MAX:
            return
    raise AssertionError(seen)


def test_a_result_reaches_who_sent(mosquitto: Mosquitto, link: MqttLink, folder: Path) -> None:
    up(link)
    broker = Broker("127.0.0.1", mosquitto.port, "platform")
    with closing(Sender(broker, COMMANDS, b"do it", RESULTS)) as sender:
        for _ in range(TURNS_MAX):
            sender.step(0.01)
            for event in turn(link, 0.01):
                if isinstance(event, Commanded):
                    link.send_result(b"done: " + event.payload)
                    link.settle(event.token)
            if found := sender.take():
                break
        assert (found, sender.sent, sender.error) == ([b"done: do it"], True, "")


def test_a_sender_says_why_nothing_will_come(folder: Path) -> None:
    with closing(Sender(Broker("127.0.0.1", 1, "platform"), COMMANDS, b"x", RESULTS)) as sender:
        sender.step(0.01)
        assert "127.0.0.1" in sender.error


def test_results_are_not_retained(mosquitto: Mosquitto, link: MqttLink) -> None:
    up(link)
    broker = Broker("127.0.0.1", mosquitto.port, "platform")
    with closing(Receiver(broker, [RESULTS])) as receiver:
        subscribe(receiver)
        link.send_result(b"done")
        turn(link)
        assert listen(receiver, bool) == [(RESULTS, b"done", False)]
