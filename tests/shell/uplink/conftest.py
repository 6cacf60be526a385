"""A house for uplinks: real journal, real desk, and a clock that the test turns."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.core import model
from agent.core.model import Moment
from agent.desk.client import Client
from agent.desk.server import Desk
from agent.journal import Journal, Reader, Stamped, Transaction
from agent.ports import Platform
from agent.uplink import forward
from agent.uplink.forward import Uplink, UplinkPolicy
from agent.uplink.inquiry import Inquiry
from agent.uplink.link import Link
from drivers.payload.json import JsonCodec
from drivers.simulator.platform import SimulatedPlatform

STATION = "W-1"
AT_UTC_MS = 1_767_225_600_000
TURNS_MAX = 2_000


class HandClock:
    """Stands still until the test moves it: retries and intervals come when they are told."""

    def __init__(self) -> None:
        self.at_ms = 1_000_000

    def monotonic_ms(self) -> int:
        return self.at_ms

    def now(self) -> Moment:
        return Moment(AT_UTC_MS, self.at_ms, "boot", trusted=True)


class House:
    """Control's side of the desk, without the scan."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._desk: Desk | None = None
        self.clock = HandClock()
        self.journal = Journal.open(folder / "journal.db")
        self.open_desk()

    @property
    def epoch(self) -> str:
        return self.journal.epoch

    @property
    def desk(self) -> Desk:
        assert self._desk is not None
        return self._desk

    def open_desk(self) -> None:
        self._desk = Desk(
            {
                "a": self._folder / "a.sock",
                "b": self._folder / "b.sock",
                "admin": self._folder / "admin.sock",
            },
            self._folder / "journal.db",
            station=STATION,
            version="1",
            cursors=self.journal.cursors(),
        )
        self.publish(1)

    def close_desk(self, *, forget: bool = False) -> None:
        """Control goes. Unless it forgets (a power cut), the cursors are committed."""
        if self._desk is not None:
            cursors = {} if forget else self._desk.cursors()
            parked = () if forget else self._desk.parked()
            self.journal.append(Transaction(cursors=cursors, parked=parked))
            self._desk.close()
        self._desk = None

    def close(self) -> None:
        self.close_desk()
        self.journal.close()

    def replace_journal(self) -> None:
        """The card was exchanged: a new file, a new epoch."""
        self.close()
        for file in self._folder.glob("journal.db*"):
            file.unlink()
        self.journal = Journal.open(self._folder / "journal.db")

    def publish(self, key: int) -> None:
        number, digest = self.journal.head.number, self.journal.head.hash.hex()
        state = {
            "station": STATION,
            "epoch": self.epoch,
            "key": key,
            "head": [number, digest],
            "at_utc_ms": AT_UTC_MS,
        }
        self.desk.publish(state, key)

    def write(self, *bodies: model.Body) -> None:
        head = self.journal.append(
            Transaction(bodies=[Stamped(AT_UTC_MS, trusted=True, body=body) for body in bodies])
        )
        self.desk.committed(head)

    def samples(self, count: int) -> None:
        first = self.journal.head.number
        self.write(*(sample(first + n) for n in range(count)))

    def obey(self) -> None:
        """Wait for a command and let it take effect, as a scan does that has nothing against it."""
        for _ in range(TURNS_MAX):
            if taken := self.desk.take(1):
                break
            threading.Event().wait(0.005)
        (command,) = taken
        kind = type(command.order).__name__
        verdict = model.Verdict(command.id, command.origin, command.actor, kind, None, None)
        self.desk.answer([verdict])

    def parked(self) -> list[int]:
        self.journal.append(Transaction(parked=self.desk.parked()))
        reader = Reader(self._folder / "journal.db")
        found = [n for n in range(1, reader.head().number + 1) if reader.is_parked("a", n)]
        reader.close()
        return found

    def uplink(self, platform: Platform, policy: UplinkPolicy) -> Uplink:
        door = self._folder / "a.sock"
        return Uplink(platform, JsonCodec(), Inquiry(lambda: Client(door)), policy, Link(lambda: 0))

    def turn_until(self, uplink: Uplink, reached: Callable[[], bool]) -> None:
        for _ in range(TURNS_MAX):
            if reached():
                return
            uplink.turn(self.clock)
        raise AssertionError("not reached within the bound")

    def delivered(self, uplink: Uplink, number: int) -> None:
        """Until the desk knows that the platform has everything up to `number`."""
        self.turn_until(uplink, lambda: self.desk.cursors().get("a") == number)


def sample(n: int) -> model.Sample:
    return model.Sample(1_000 + n, 85_000, 2_000 + n, 22_000, None, True, 10_000, n)


@pytest.fixture
def house() -> Iterator[House]:
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        house = House(folder)
        undo.callback(house.close)
        yield house


@pytest.fixture
def policy() -> UplinkPolicy:
    return UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=600_000)


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that stands still, a turn in which nothing happens only costs time."""
    monkeypatch.setattr(forward, "TURN_MS", 20)


@pytest.fixture
def platform() -> SimulatedPlatform:
    return SimulatedPlatform()


@pytest.fixture
def uplink(house: House, platform: SimulatedPlatform, policy: UplinkPolicy) -> Iterator[Uplink]:
    uplink = house.uplink(platform, policy)
    yield uplink
    uplink.close(house.clock.monotonic_ms())
