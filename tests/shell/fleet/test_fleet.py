"""Light stations with the real uplink: what a fleet measures is what stations really do."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from agent.fleet.course import Figures, Second
from agent.fleet.picture import svg
from agent.fleet.stations import FleetClock, Stations
from agent.fleet.well import RECORD_MS, Well
from agent.uplink.forward import UplinkPolicy
from drivers.host import HostClock
from drivers.mqtt import Broker, Receiver
from tests.links import subscribe
from tests.mosquitto import OPEN, Mosquitto
from tests.reconcile import Ledger

POLICY = UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=600_000)
TURNS_MAX = 2_000


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        yield undo.enter_context(Mosquitto(folder, (*OPEN, "max_queued_messages 0")))


def turn_until(
    stations: Stations, receiver: Receiver, ledger: Ledger, true: Callable[[], bool]
) -> None:
    for _ in range(TURNS_MAX):
        if true():
            return
        stations.turn()
        receiver.step(0)
        ledger.take(payload for _, payload, _ in receiver.take())
    raise AssertionError(f"not reached: {stations.owed}")


def test_after_an_outage_of_days_every_station_delivers_every_minute(broker: Mosquitto) -> None:
    stations, ledger = Stations(FleetClock(HostClock("always"))), Ledger()
    with ExitStack() as undo:
        undo.callback(stations.close)
        receiver = Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/+/records"])
        undo.enter_context(closing(subscribe(receiver)))
        stations.add(3, [broker.port], POLICY, seed=1)
        turn_until(stations, receiver, ledger, lambda: stations.connected == 3)
        broker.kill()
        turn_until(stations, receiver, ledger, lambda: stations.connected == 0)
        stations.clock.ahead_ms += 24 * 60 * RECORD_MS
        assert min(stations.owed.values()) >= 24 * 60
        broker.start()
        subscribe(receiver)
        turn_until(stations, receiver, ledger, lambda: max(stations.owed.values()) <= 1)
        turn_until(stations, receiver, ledger, lambda: len(ledger.records) >= 3 * 24 * 60)
    for (station, epoch), number in ledger.in_turn.items():
        assert ledger.missing(station, epoch, number) == []
        assert number >= 24 * 60
    assert (ledger.altered, ledger.late) == (0, 0)
    assert stations.attempts >= 6, "each of the three connected twice"


def test_a_well_writes_a_record_a_minute_and_answers_when_it_is_written() -> None:
    well = Well("w", begun_ms=0, begun_utc_ms=0)
    well.at(0)
    well.post("records", {"after": well.head, "limit": 9, "wait_ms": 90_000})
    assert well.take() == []
    assert well.due_ms() == RECORD_MS
    well.at(RECORD_MS)
    (reply,) = well.take()
    assert [row[0] for row in reply.result["records"]] == [2]


def test_the_picture_shows_the_backlog_and_every_second_of_it() -> None:
    figures = Figures(1, 1, morning=[Second(2, 0, 100), Second(0, 2, 40), Second(0, 2, 0)])
    drawn = svg(figures)
    assert drawn.startswith("<svg")
    assert drawn.count("<rect") == 1 + 3
    assert "from 100" in drawn
