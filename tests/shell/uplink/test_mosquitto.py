"""The uplink process against a real Mosquitto that dies, freezes, refuses and comes back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from drivers.mqtt import Broker, Receiver
from tests.links import subscribe
from tests.mosquitto import OPEN, Mosquitto
from tests.reconcile import Ledger
from tests.shell.uplink.conftest import STATION, House
from tests.shell.uplink.parts import Process

STEPS_MAX = 600  # of 50 ms: what a test may wait for the platform's side
KEEPS = (*OPEN, "max_queued_messages 0", "persistence true", "autosave_interval 1")


@pytest.fixture
def folder(house: House) -> Path:
    return house._folder


@pytest.fixture
def broker(folder: Path) -> Iterator[Mosquitto]:
    with Mosquitto(folder, (*KEEPS, f"persistence_location {folder}/")) as broker:
        yield broker


@pytest.fixture
def receiver(broker: Mosquitto) -> Iterator[Receiver]:
    with closing(Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/#"])) as receiver:
        yield subscribe(receiver)


@pytest.fixture
def process(folder: Path, broker: Mosquitto) -> Iterator[Process]:
    process = Process(folder / "a.sock", broker.port)
    yield process
    assert process.end() == 0, "an uplink that is asked to stop says goodbye"


def until(receiver: Receiver, ledger: Ledger, reached: Callable[[], bool]) -> list[bytes]:
    """Collect at the platform until something is so; the states that came on the way."""
    others: list[bytes] = []
    for _ in range(STEPS_MAX):
        receiver.step(0.05)
        messages = receiver.take()
        ledger.take(payload for topic, payload, _ in messages if topic.endswith("/records"))
        others += [payload for topic, payload, _ in messages if not topic.endswith("/records")]
        if reached():
            return others
    raise AssertionError(f"not reached; {len(ledger.records)} records, {ledger.in_turn}")


def assert_complete(house: House, ledger: Ledger, count: int) -> None:
    assert ledger.missing(STATION, house.epoch, count) == []
    assert ledger.altered == 0, "duplicates are exact copies"
    assert ledger.late == 0, "order is kept"
    assert ledger.in_turn[STATION, house.epoch] == count


def all_told(house: House, count: int) -> Callable[[], bool]:
    """The desk knows that everything was receipted, which is what the cursor is."""
    return lambda: house.desk.cursors().get("a") == count


def test_a_broker_killed_in_mid_drain_gets_again_what_it_had_not_acknowledged(
    house: House, broker: Mosquitto, receiver: Receiver, process: Process
) -> None:
    """What it had acknowledged and not yet passed on died with it: that loss is the broker's."""
    ledger = Ledger()
    house.samples(20_000)
    until(receiver, ledger, lambda: len(ledger.records) >= 2_000)
    broker.kill()
    until(receiver, ledger, lambda: not house.desk.uplinks()["a"].reported.connected)
    acknowledged = house.desk.cursors()["a"]
    assert acknowledged < 20_000, "it was killed in mid-drain"
    broker.start()
    subscribe(receiver)
    until(receiver, ledger, lambda: (STATION, house.epoch, 20_000) in ledger.records)
    assert all(n <= acknowledged for n in ledger.missing(STATION, house.epoch, 20_000))
    assert ledger.altered == 0
    assert ledger.late == 0


def test_a_broker_that_keeps_its_store_over_a_restart_loses_nothing(
    house: House, broker: Mosquitto, receiver: Receiver, process: Process
) -> None:
    ledger = Ledger()
    house.samples(20_000)
    until(receiver, ledger, lambda: len(ledger.records) >= 2_000)
    broker.stop()
    until(receiver, ledger, lambda: not house.desk.uplinks()["a"].reported.connected)
    broker.start()
    until(receiver, ledger, lambda: len(ledger.records) == 20_000)
    assert_complete(house, ledger, 20_000)


def test_an_uplink_killed_again_and_again_misses_nothing(
    house: House, receiver: Receiver, process: Process
) -> None:
    ledger = Ledger()
    for round_ in range(1, 6):
        house.samples(3_000)
        until(receiver, ledger, partial(ledger.holds, 3_000 * (round_ - 1) + 501))
        process.kill_and_restart()
    until(receiver, ledger, lambda: len(ledger.records) == 15_000)
    assert_complete(house, ledger, 15_000)


def test_a_frozen_broker_is_noticed_and_everything_arrives_after_the_thaw(
    house: House, broker: Mosquitto, receiver: Receiver, process: Process
) -> None:
    """A black hole: the socket takes bytes and nobody answers."""
    ledger = Ledger()
    house.samples(500)
    until(receiver, ledger, all_told(house, 500))
    broker.freeze()
    house.samples(500)
    until(receiver, Ledger(), lambda: not house.desk.uplinks()["a"].reported.connected)
    assert house.desk.uplinks()["a"].reported.error
    broker.thaw()
    until(receiver, ledger, lambda: len(ledger.records) == 1_000)
    assert_complete(house, ledger, 1_000)


def test_what_comes_while_the_receiver_is_away_waits_at_the_broker(
    house: House, broker: Mosquitto, receiver: Receiver, process: Process
) -> None:
    ledger = Ledger()
    house.samples(100)
    until(receiver, ledger, lambda: len(ledger.records) == 100)
    receiver.close()
    house.samples(900)
    with closing(Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/#"])) as returned:
        until(returned, ledger, lambda: len(ledger.records) == 1_000)
    assert_complete(house, ledger, 1_000)


def test_without_a_subscriber_no_cursor_moves_and_the_desk_is_told(
    house: House, broker: Mosquitto, process: Process
) -> None:
    """Mosquitto acknowledges and discards; its reason 0x10 is all there is to see."""
    house.samples(50)
    bystander = Receiver(Broker("127.0.0.1", broker.port, "other"), ["wells/W-1/state"])
    with closing(subscribe(bystander)):
        until(
            bystander, Ledger(), lambda: "no_consumer" in house.desk.uplinks()["a"].reported.error
        )
        assert house.desk.cursors().get("a", 0) == 0
        consumer = Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/#"])
        with closing(subscribe(consumer)):
            ledger = Ledger()
            until(consumer, ledger, lambda: len(ledger.records) == 50)
            until(consumer, ledger, lambda: not house.desk.uplinks()["a"].reported.error)
            assert_complete(house, ledger, 50)


def test_a_broker_that_is_down_at_the_start_is_no_error(house: House, folder: Path) -> None:
    with ExitStack() as undo:
        broker = Mosquitto(folder, OPEN)
        house.samples(10)
        process = Process(folder / "a.sock", broker.port)
        undo.callback(process.end)
        undo.enter_context(broker)
        receiver = Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/#"])
        undo.enter_context(closing(subscribe(receiver)))
        ledger = Ledger()
        until(receiver, ledger, lambda: len(ledger.records) == 10)
        assert_complete(house, ledger, 10)


def test_live_state_comes_first_and_soon_beside_a_backlog(
    house: House, receiver: Receiver, process: Process
) -> None:
    house.samples(30_000)
    ledger = Ledger()
    until(receiver, ledger, lambda: len(ledger.records) >= 1_000)
    house.publish(77)
    states = until(receiver, ledger, lambda: len(ledger.records) == 30_000)
    assert any(b'"key":77' in state for state in states)
    assert_complete(house, ledger, 30_000)
