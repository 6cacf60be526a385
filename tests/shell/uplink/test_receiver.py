"""docs/examples/receiver.py as a platform would run it: killed, restarted, and nothing missing."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.mosquitto import OPEN, Mosquitto
from tests.shell.uplink.conftest import STATION, House
from tests.shell.uplink.parts import Process

RECEIVER = Path(__file__).parents[3] / "docs" / "examples" / "receiver.py"
WAITS_MAX = 400  # of 50 ms


@pytest.fixture
def broker(house: House) -> Iterator[Mosquitto]:
    with Mosquitto(house._folder, (*OPEN, "max_queued_messages 0")) as broker:
        yield broker


class Receiving:
    """The example as a process."""

    def __init__(self, port: int, file: Path) -> None:
        argv = [sys.executable, str(RECEIVER), "127.0.0.1", str(port), str(file)]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def says(self, words: str) -> str:
        """Read what it prints until a line has `words`."""
        assert self._process.stdout is not None
        return next(line for line in self._process.stdout if re.search(words, line))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def until(true: Callable[[], bool], process: Process) -> None:
    """Bounded, and woken early only by the death of the uplink."""
    for _ in range(WAITS_MAX):
        if true():
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            raise AssertionError("the uplink ended")
    raise AssertionError("not reached within the bound")


def test_the_example_stores_every_record_and_its_receipts_move_the_cursor(
    house: House, broker: Mosquitto
) -> None:
    """Killed in mid-drain, it finds what it had not acknowledged when it comes back."""
    file = house._folder / "platform.db"
    house.samples(20_000)
    first = Receiving(broker.port, file)
    process = Process(house._folder / "a.sock", broker.port, "receipts=True")
    first.says(f"{STATION} [1-9]")
    first.kill()
    second = Receiving(broker.port, file)
    try:
        assert second.says("20000").endswith("20000: 0 missing\n")
        until(lambda: house.desk.cursors().get("a") == 20_000, process)
    finally:
        second.kill()
        assert process.end() == 0
    with closing(sqlite3.connect(file)) as store:
        query = "SELECT count(*), min(number), max(number) FROM records WHERE station=? AND epoch=?"
        assert store.execute(query, (STATION, house.epoch)).fetchone() == (20_000, 1, 20_000)
