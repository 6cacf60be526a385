"""Room rule: what the desk knows of each declared client. Serves nothing itself.

Its cursor and its parked records are promises that the scan's next transaction makes durable;
until then they are here. A crash in between repeats records and loses none.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import NamedTuple

from agent.catalogue import Told
from agent.desk.wire import BAD_FIELDS, TAKEN, TOO_BUSY, Refused
from agent.journal import Parked, Reader
from agent.status import Reported, UplinkPicture

NOT_RUNNING = Reported()
# Parked records that wait for the next transaction.
PARKED_PENDING_MAX = 1000
# Ranges of one platform that wait to be sent again.
RESENDS_MAX = 8


class Resend(NamedTuple):
    """Records that somebody wants sent to a platform once more, ends included."""

    id: int
    first: int
    last: int


@dataclass(slots=True)
class _Client:
    cursor: int
    parked: int
    connections: Counter[int] = field(default_factory=Counter)  # by process
    uplink: int | None = None  # the process that forwards
    reported: Reported = NOT_RUNNING
    to_park: dict[int, Parked] = field(default_factory=dict)
    resends: deque[Resend] = field(default_factory=deque)


class Clients:
    """Changed in the desk's thread, read by the scan."""

    def __init__(self, names: Iterable[str], cursors: Mapping[str, int], reader: Reader) -> None:
        parked = reader.parked()
        self._lock = Lock()
        self._reader = reader
        self._resends = 0
        self._clients = {name: _Client(cursors.get(name, 0), parked.get(name, 0)) for name in names}

    def cursors(self) -> Mapping[str, int]:
        with self._lock:
            return {name: client.cursor for name, client in self._clients.items()}

    def to_park(self) -> tuple[Parked, ...]:
        """What is not in the journal yet; said again until it is."""
        with self._lock:
            return tuple(park for one in self._clients.values() for park in one.to_park.values())

    def uplinks(self) -> Mapping[str, UplinkPicture]:
        with self._lock:
            return {
                name: UplinkPicture(
                    cursor=client.cursor,
                    parked=client.parked,
                    reported=client.reported,
                )
                for name, client in self._clients.items()
            }

    def cursor(self, name: str) -> int:
        return self._clients[name].cursor

    def move(self, name: str, number: int, head: int) -> None:
        """Forward, and not past the newest record. Refused otherwise."""
        client = self._clients[name]
        if number < client.cursor:
            raise Refused(
                BAD_FIELDS, f"the cursor is at {client.cursor}, it goes forward: not to {number}"
            )
        if number > head:
            raise Refused(BAD_FIELDS, f"the newest record is {head}: the cursor cannot be {number}")
        with self._lock:
            client.cursor = number

    def park(self, park: Parked, head: int) -> None:
        """Remember a record that a platform rejects; once, however often it is said."""
        client = self._clients[park.client]
        if not 1 <= park.number <= head:
            raise Refused(BAD_FIELDS, f"there is no record {park.number}: the newest is {head}")
        if park.number in client.to_park or self._reader.is_parked(park.client, park.number):
            return
        if len(client.to_park) >= PARKED_PENDING_MAX:
            raise Refused(TOO_BUSY, "too many parked records wait for the disk: try again later")
        with self._lock:
            client.to_park[park.number] = park
            client.parked += 1

    def settle(self) -> None:
        """Forget what the journal now holds."""
        for park in self.to_park():
            if self._reader.is_parked(park.client, park.number):
                with self._lock:
                    del self._clients[park.client].to_park[park.number]

    def report(self, name: str, reported: Reported) -> None:
        with self._lock:
            self._clients[name].reported = reported

    def refuse_resend(self, name: str, last: int, head: int) -> None:
        """Refused when no such platform is declared, or no such record is there yet."""
        client = self._clients.get(name)
        if client is None:
            known = ", ".join(sorted(self._clients)) or "none"
            unknown = Told("desk_refused.no_platform", name=ascii(name), known=known)
            raise Refused(BAD_FIELDS, unknown)
        if last > head:
            raise Refused(BAD_FIELDS, Told("desk_refused.no_record", last=last, newest=head))
        if len(client.resends) >= RESENDS_MAX:
            raise Refused(TOO_BUSY, Told("desk_refused.ranges_wait", most=RESENDS_MAX))

    def resend(self, name: str, first: int, last: int) -> None:
        """Remember it for the uplink; what is one range too many is given up."""
        client = self._clients[name]
        if len(client.resends) < RESENDS_MAX:
            self._resends += 1
            client.resends.append(Resend(self._resends, first, last))

    def next_resend(self, name: str) -> Resend | None:
        waiting = self._clients[name].resends
        return waiting[0] if waiting else None

    def resent(self, name: str, number: int) -> None:
        """It is done; what a control before this one ordered is no longer known."""
        waiting = self._clients[name].resends
        if waiting and waiting[0].id == number:
            waiting.popleft()

    def take_place(self, name: str, pid: int) -> None:
        """Two processes that forward for one platform send everything twice: Refused."""
        client = self._clients[name]
        if client.uplink not in (None, pid) and client.uplink in client.connections:
            raise Refused(TAKEN, Told("desk_refused.uplink_taken", name=name, pid=client.uplink))
        client.uplink = pid

    def came(self, name: str, pid: int) -> None:
        with self._lock:
            client = self._clients.get(name)
            if client is not None:
                client.connections[pid] += 1
                if client.connections.total() == 1:
                    client.reported = replace(client.reported, fault=None, error="")

    def went(self, name: str, pid: int) -> None:
        """With its last connection goes what it said of itself."""
        with self._lock:
            client = self._clients.get(name)
            if client is not None:
                client.connections -= Counter([pid])  # a process with none left is not in it
                if not client.connections:
                    fault, error = NOT_RUNNING.fault, NOT_RUNNING.error
                    client.reported = replace(
                        client.reported, connected=False, fault=fault, error=error
                    )
