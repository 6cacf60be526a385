"""Room rule: what answers at the desk are made of, and who asks. Answers nothing itself."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.desk.clients import Clients
from agent.desk.inbox import Inbox
from agent.desk.inquiries import Inquiries
from agent.desk.people import People, Seat
from agent.journal import Ahead, Head, Reader

if TYPE_CHECKING:
    from agent.desk.gate import Gate


Result = dict[str, Any]
# Made when it is its turn to be written.
Answer = Callable[[], bytes]


class Caller(NamedTuple):
    """Through which socket, who the kernel says is at its other end, and who signed in."""

    client: str
    uid: int
    pid: int
    seat: Seat


class Bell:
    """Wakes everyone who waits now; who comes later waits for the next ring."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def heard_until(self, changed: Callable[[], bool], wait_ms: int) -> None:
        """Return when `changed`, or when the wait is over."""
        try:
            async with asyncio.timeout(wait_ms / 1000):
                while not changed():
                    await self._event.wait()
        except TimeoutError:
            return


@dataclass(slots=True)
class Present:
    """What the scan told last. `revision` 0 means: nothing yet."""

    head: Head
    ahead: Ahead | None = None  # a platform holds more than the journal
    state: dict[str, Any] | None = None
    latest_utc_ms: int | None = None  # by which orders expire; the state's own may have gone back
    revision: int = 0
    committed: Bell = field(default_factory=Bell)
    published: Bell = field(default_factory=Bell)
    resends: Bell = field(default_factory=Bell)


@dataclass(frozen=True, slots=True)
class Room:
    """All that answers are made of."""

    station: str
    version: str
    reader: Reader
    clients: Clients
    inbox: Inbox
    inquiries: Inquiries
    present: Present
    people: People
    consoles: frozenset[str]
    gate: "Gate"
