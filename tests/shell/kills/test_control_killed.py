"""Control dies at every write, sync and send: what it had promised to anybody is in its journal.

A promise is what left the process: a verdict that was answered, a head that a client was shown, a
permission that the relay process holds. They are noted here, outside of whoever dies.
"""

import os
import select
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agent import threads
from agent.core.model import Quantity, RelayMoved, Role, Verdict
from agent.deadman import serve
from agent.desk.client import Client, DeskGone
from agent.journal import Reader
from agent.lease import Lease
from agent.rows import decode_body
from drivers.host import HostClock
from tests.shell.kills.condemned import Condemned
from tests.shell.kills.doomed import SHOWN, SaysOpen

ROUNDS = 20
YEAR = 2026
# Up to which one of its calls a life gets within a second: the first to die of, the second, ...
# Odd numbers, so that in the end each is met by a control that goes on and one that begins.
DEADLY = {"pwrite64": 25, "fdatasync": 13, "sendto": 9, "recvfrom": 9}
TOGETHER = 2  # orders under way
WAIT_S = 20.0


@dataclass
class Ledger:
    """What was promised, kept where no death reaches it."""

    verdicts: set[str] = field(default_factory=set)
    heads: dict[int, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def promises(self) -> int:
        return len(self.verdicts) + len(self.heads)

    def next_order(self) -> dict[str, Any]:
        number = next(self._numbers)
        fields = {"year": YEAR, "kind": "addition", "volume_l": 1, "document": f"no. {number}"}
        return _command(f"c{number}", "AllocateOrder", fields)


class Visitor:
    """An administrator and an uplink at one life's desk, until it is gone."""

    def __init__(self, folder: Path, ledger: Ledger, undo: ExitStack) -> None:
        self._ledger = ledger
        self._admin = undo.enter_context(Client(folder / "admin.sock"))
        self._uplink = undo.enter_context(Client(folder / "a.sock"))
        self._asked: dict[int, str] = {}
        for _ in range(TOGETHER):
            self._order()
        self._uplink.post("records", {"after": max(ledger.heads, default=0), "wait_ms": 5000})

    def filenos(self) -> list[int]:
        return [self._admin.fileno(), self._uplink.fileno()]

    def listen(self) -> None:
        for reply in self._admin.take():
            number = self._asked.pop(reply.id)
            assert reply.error is None, reply.error
            assert reply.result["verdict"]["refusal"] is None, reply.result
            self._ledger.verdicts.add(number)
            self._order()
        for reply in self._uplink.take():
            if "head" in (reply.result or {}):
                number, digest = reply.result["head"]
                self._ledger.heads[number] = digest
                epoch = reply.result["epoch"]
                self._uplink.post("move_cursor", {"epoch": epoch, "number": number})
                self._uplink.post("records", {"after": number, "wait_ms": 5000})

    def _order(self) -> None:
        asked = self._ledger.next_order()
        self._asked[self._admin.post("command", asked)] = asked["id"]


@dataclass
class Relay:
    """The relay process's own code, holding a line that only remembers its level."""

    level: bool = False

    def drive(self, *, permitted: bool) -> None:
        self.level = permitted

    def permitted(self) -> bool:
        return self.level

    def close(self) -> None:
        self.level = False


@contextmanager
def relay_held(folder: Path) -> Iterator[Relay]:
    relay, (stop, end) = Relay(), os.pipe()
    held, path = threading.Event(), folder / "relay.sock"

    class Ready(SaysOpen):
        def ready(self) -> None:
            held.set()

    with os.fdopen(stop) as stopping:
        clock = HostClock("always")
        thread = threads.begin(
            "relay", lambda: serve(lambda: relay, path, clock, stopping, Ready())
        )
        assert held.wait(WAIT_S)
        yield relay
        os.close(end)  # readable: the end
        thread.result(WAIT_S)


def live(condemned: Condemned, folder: Path, ledger: Ledger) -> str:
    """One life, from its beginning to its end: where it died, or `lived`."""
    with ExitStack() as undo:
        visitor: Visitor | None = None
        while True:
            visits = [] if visitor is None else visitor.filenos()
            ready = select.select([condemned.fileno(), *visits], [], [], WAIT_S)[0]
            assert ready, "it neither lives nor dies"
            try:
                if visitor is not None:
                    visitor.listen()
            except DeskGone:
                visitor = None
            for line in condemned.heard() if condemned.fileno() in ready else ():
                if line != "open":
                    return line.removeprefix("died ")
                with suppress(DeskGone):
                    visitor = Visitor(folder, ledger, undo)


def commission(condemned: Condemned, folder: Path) -> None:
    """Both meters and a plan: from here on the relay is permitted."""
    shown = {quantity: value for _, quantity, value in SHOWN}
    meters = ((Role.FLOW_METER, Quantity.FORWARD_TOTAL_L), (Role.POWER_METER, Quantity.ENERGY_WH))
    condemned.order("none", 0)
    assert condemned.heard() == ["open"]
    with Client(folder / "admin.sock") as client:
        for role, quantity in meters:
            before = {"withdrawn_before_l": 0} if role is Role.FLOW_METER else {}
            fields = {
                "role": role,
                "serial": "1",
                "displayed": shown[quantity],
                "document": "no. 1",
            }
            order(client, "FitMeterOrder", fields | before)
        plan = {"year": YEAR, "kind": "plan", "volume_l": 1_000_000, "document": "no. 1"}
        order(client, "AllocateOrder", plan)
    assert condemned.heard() == ["lived"]


def order(client: Client, kind: str, fields: dict[str, Any]) -> None:
    verdict = client.call(
        "command", _command(f"{kind} {fields.get('role')}", kind, fields), WAIT_S
    )["verdict"]
    assert verdict["refusal"] is None, verdict


def _command(number: str, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"actor": "li", "id": number, "order": kind, "fields": fields}


def check(folder: Path, ledger: Ledger, *, permitted: bool) -> None:
    """All that was promised is there, and the chain holds from the first record to the last."""
    with closing(Reader(folder / "journal.db")) as reader:
        for _ in reader.verify():
            pass
        for number, digest in ledger.heads.items():
            found = reader.hash_of(number)
            assert found is not None, f"record {number} was shown and is lost"
            assert found.hex() == digest, f"record {number} was shown and is another now"
        bodies = [decode_body(row.kind, row.body) for row in reader.page(0, 1 << 30).rows
                  if row.kind in {"verdict", "relay_moved"}]  # fmt: skip
    kept = {one.command_id for one in bodies if isinstance(one, Verdict)}
    assert ledger.verdicts <= kept, f"answered and lost: {ledger.verdicts - kept}"
    moves = [one.permitted for one in bodies if isinstance(one, RelayMoved)]
    written = moves[-1:] == [True]
    assert written or not permitted, "the relay permits, and nobody wrote down that it does"


def test_what_control_promised_is_there_wherever_it_died(
    folder: Path, soak: int, record_property: Callable[[str, object], None]
) -> None:
    ledger, places = Ledger(), Counter[str]()
    with relay_held(folder) as relay, closing(Condemned("control", folder)) as condemned:
        commission(condemned, folder)
        for turn in range(ROUNDS * soak):
            for call, most in DEADLY.items():
                condemned.order(call, 1 + turn % most)
                places[live(condemned, folder, ledger)] += 1
                # Every other time the next control is the first to open what was left behind.
                if turn % 2:
                    check(folder, ledger, permitted=relay.level)
                    with closing(Lease(folder / "relay.sock")) as lease:
                        lease.cut()  # the next one has to begin a permission
        condemned.order("none", 0)
        assert live(condemned, folder, ledger) == "lived"
        check(folder, ledger, permitted=relay.level)
    kills = places.total() - places["lived"]
    row = {"what": "control killed at a call", "trials": kills, "promised": ledger.promises}
    record_property("soak: kills and power cuts", {**row, "lost": 0, "unreadable": 0})
    assert kills > ROUNDS * soak * len(DEADLY) * 3 // 4, places
    assert ledger.promises > kills, "the dead had promised something"
    for place in ("pwrite64 journal.db-wal", "fdatasync journal.db-wal", "sendto ask"):
        assert places[place] > 0, places
    assert sum(places[f"sendto {one}"] for one in ("permit", "renew", "jsonrpc")) > 0, places


def test_a_control_that_answers_before_the_disk_has_it_is_found_out(folder: Path) -> None:
    ledger = Ledger()
    with relay_held(folder) as relay, closing(Condemned("hasty", folder)) as condemned:
        commission(condemned, folder)

        def until_found_out() -> None:
            for turn in range(ROUNDS):
                condemned.order("pwrite64", 3 + turn)
                live(condemned, folder, ledger)
                check(folder, ledger, permitted=relay.level)

        with pytest.raises(AssertionError, match=r"answered and lost|nobody wrote down"):
            until_found_out()
