"""What the desk's tests share: a real journal, a real desk in its thread, real sockets."""

import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent import signing
from agent.core.model import Capability, Grant, PlatformKey, Sample
from agent.desk.client import Client, DeskRefused, Reply
from agent.desk.server import Desk
from agent.journal import Journal, Parked, Stamped, Transaction
from tests.core.story import Story
from tests.shell.desk.signing_station import STATION, Prover, Station

WAIT_S = 20.0


@dataclass
class House:
    """A journal and its desk, as control holds them, with sockets short enough for the kernel."""

    folder: Path
    journal: Journal
    desk: Desk
    clients: list[Client] = field(default_factory=list)

    def client(self, name: str) -> Client:
        opened = Client(self.path(name))
        self.clients.append(opened)
        return opened

    def raw(self, name: str) -> socket.socket:
        """A connection without manners."""
        opened = socket.socket(socket.AF_UNIX)
        opened.settimeout(WAIT_S)
        opened.connect(str(self.path(name)))
        return opened

    def path(self, name: str) -> Path:
        return self.folder / "desk" / f"{name}.sock"

    def write(
        self,
        count: int,
        cursors: Mapping[str, int] | None = None,
        parked: Sequence[Parked] = (),
    ) -> None:
        """As a scan does: append, then tell the desk."""
        first = self.journal.head.number + 1
        bodies = [sample(n) for n in range(first, first + count)]
        self.desk.committed(self.journal.append(Transaction(bodies, None, cursors or {}, parked)))


def taken(client: Client) -> list[Reply]:
    """Wait until something has arrived."""
    assert select.select([client], [], [], WAIT_S)[0]
    return client.take()


def refused(client: Client, method: str, fields: dict[str, Any]) -> DeskRefused:
    with pytest.raises(DeskRefused) as caught:
        client.call(method, fields, WAIT_S)
    return caught.value


def sample(n: int) -> Stamped:
    body = Sample(n, 1, 2, 3, None, permitted=True, allocated_l=None, withdrawn_l=n)
    return Stamped(1_767_200_000_000 + n, trusted=n % 2 == 0, body=body)


def opened(folder: Path) -> House:
    journal = Journal.open(folder / "journal.db")
    names = ("admin", "division", "region")
    desk = Desk(
        {name: folder / "desk" / f"{name}.sock" for name in names},
        folder / "journal.db",
        station="w-1",
        version="0.1.0",
        cursors=journal.cursors(),
        buses=["meters"],
    )
    return House(folder, journal, desk)


def closed(house: House) -> None:
    for client in house.clients:
        client.close()
    house.desk.close()
    house.journal.close()


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    one = opened(folder)
    yield one
    closed(one)


@pytest.fixture
def station(folder: Path) -> Iterator[Station]:
    journal, prover = Journal.open(folder / "journal.db"), Prover()
    names = ("admin", "division", "bureau", "console-front")
    desk = Desk(
        {name: folder / f"{name}.sock" for name in names},
        folder / "journal.db",
        station=STATION,
        version="1",
        cursors={},
        consoles=("console-front",),
        proves=prover,
        language="en",
    )
    story = Story()
    granted = (
        Grant("division", frozenset(Capability) - {Capability.OVERRIDE}),
        Grant("bureau", frozenset({Capability.RESEND, Capability.REPORT})),
    )
    story.site = replace(story.site, granted=granted)
    story.commission(100_000)
    one = Station(folder, desk, journal, prover, story)
    known = []
    for name in ("division", "bureau", "revoked"):
        one.keys[name] = folder / f"{name}.pem"
        one.keys[name].write_text(signing.new_pair()[0])
        platform = "division" if name == "revoked" else name
        public = signing.public_of(one.keys[name])
        known.append(PlatformKey(platform, one.kid(name), public, revoked=name == "revoked"))
    one.keys["stranger"] = folder / "stranger.pem"
    one.keys["stranger"].write_text(signing.new_pair()[0])
    desk.know_keys(tuple(known))
    yield one
    for client in one.clients.values():
        client.close()
    desk.close()
    journal.close()
