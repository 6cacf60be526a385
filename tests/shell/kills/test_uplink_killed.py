"""An uplink that dies at every point of its work, and a control that forgets: nothing is lost.

What the journal holds is the promise; what a real Mosquitto gave its subscriber is the proof.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO

import pytest

from drivers.mqtt import Broker, Receiver
from tests.links import subscribe
from tests.mosquitto import OPEN, Mosquitto
from tests.reconcile import Ledger
from tests.shell.kills.mortal import POINTS
from tests.shell.uplink.conftest import STATION, House

SCRIPT = Path(__file__).parent / "mortal.py"
ROOT = Path(__file__).parents[3]
ROUNDS = 5  # of every point once
PASSED_MAX = 3
RECORDS = 90
STEPS_MAX = 400


@pytest.fixture
def house() -> Iterator[House]:
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        one = House(folder)
        undo.callback(one.close)
        yield one


@pytest.fixture
def broker(house: House) -> Iterator[Mosquitto]:
    with Mosquitto(house._folder, (*OPEN, "max_queued_messages 0")) as one:
        yield one


class Mortal:
    """Orders to `mortal.py`."""

    def __init__(self, door: Path, port: int) -> None:
        command = [sys.executable, str(SCRIPT), str(door), str(port)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def order(self, point: str, passed: int) -> None:
        self._pipe(self._process.stdin).write(f"{point} {passed}\n")
        self._pipe(self._process.stdin).flush()

    def outcome(self) -> str:
        return self._pipe(self._process.stdout).readline().strip()

    def close(self) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(20)
        self._pipe(self._process.stdout).close()

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def collect(receiver: Receiver, ledger: Ledger) -> None:
    receiver.step(0)
    while messages := receiver.take():
        ledger.take(payload for topic, payload, _ in messages if topic.endswith("/records"))
        receiver.step(0)


def test_every_record_arrives_in_order_whatever_the_uplink_dies_of(
    house: House,
    broker: Mosquitto,
    soak: int,
    record_property: Callable[[str, object], None],
) -> None:
    ledger, chance = Ledger(), random.Random(2026)
    kills = dict.fromkeys(POINTS, 0)
    with (
        closing(Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/#"])) as receiver,
        closing(Mortal(house._folder / "a.sock", broker.port)) as mortal,
    ):
        subscribe(receiver)
        for turn in range(ROUNDS * soak):
            for point in POINTS:
                house.samples(RECORDS)
                mortal.order(point, chance.randrange(PASSED_MAX))
                died = mortal.outcome() == "died"
                kills[point] += died
                collect(receiver, ledger)
            if turn % 2:
                # The power fails: cursors that were only promised are forgotten.
                house.close_desk(forget=True)
                house.open_desk()
        last = house.journal.head.number
        mortal.order("none", 0)
        for _ in range(STEPS_MAX):
            receiver.step(0.05)
            collect(receiver, ledger)
            if house.desk.cursors()["a"] == last:
                break
        collect(receiver, ledger)
        assert mortal.outcome() == "lived"
        collect(receiver, ledger)
    missing = ledger.missing(STATION, house.epoch, last)
    row = {"what": "uplink killed at its work", "trials": sum(kills.values()), "promised": last}
    record_property("soak: kills and power cuts", {**row, "lost": len(missing), "unreadable": 0})
    assert house.desk.cursors()["a"] == last
    assert missing == []
    assert ledger.in_turn[STATION, house.epoch] == last
    assert (ledger.altered, ledger.late) == (0, 0)
    # The deaths were real, and some of them made it say again what it had said.
    assert min(kills.values()) > 0, kills
    assert sum(kills.values()) >= len(POINTS) * ROUNDS * soak // 2, kills
    assert ledger.duplicates > 0
