"""Room rule: the desk as the scan sees it, and the thread that serves it. Decides nothing.

One Unix socket per declared client: the socket is the identity. Everything the scan calls here
returns at once; a fault of ours in the thread reaches the scan with the next call and ends the
process.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from agent import threads
from agent.core.model import Command, PlatformKey, ResendOrder, TurnedAway, Verdict
from agent.desk.clients import Clients
from agent.desk.door import Door, opened
from agent.desk.gate import Gate, Proves
from agent.desk.inbox import Inbox
from agent.desk.inquiries import Inquiries
from agent.desk.people import Known, People
from agent.desk.room import Present, Room
from agent.journal import Ahead, Head, JournalDamaged, JournalFailed, Parked, Reader
from agent.pins import Verifier
from agent.ports import Finding, Inquiry
from agent.settings import ADMIN
from agent.status import UplinkPicture


class Desk:
    """Open from here to `close`. `sockets` names each declared client's socket, and the admin's.

    `consoles` are those of them at which people sign in; the others are uplinks.
    """

    def __init__(
        self,
        sockets: Mapping[str, Path],
        journal: Path,
        *,
        station: str,
        version: str,
        cursors: Mapping[str, int],
        buses: Sequence[str] = (),
        consoles: Sequence[str] = (),
        proves: Proves | None = None,
        language: str = "zh",
    ) -> None:
        with ExitStack() as undo:
            listening = {name: opened(name, path, undo) for name, path in sockets.items()}
            reader = Reader(journal)
            undo.callback(reader.close)
            self._inbox = Inbox()
            self._inquiries = Inquiries(buses)
            self._present = Present(reader.head())
            self._people = People()
            self._gate = Gate(station, language, proves)
            uplinks = [name for name in sockets if name != ADMIN and name not in consoles]
            self._clients = Clients(uplinks, cursors, reader)
            self._room = Room(
                station=station,
                version=version,
                reader=reader,
                clients=self._clients,
                inbox=self._inbox,
                inquiries=self._inquiries,
                present=self._present,
                people=self._people,
                consoles=frozenset(consoles),
                gate=self._gate,
            )
            self._undo = undo.pop_all()
        self._key: object = None
        self._dropped = 0
        self._fault: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._on_fault)
        self._closing = asyncio.Event()
        self._thread = threads.begin("desk", partial(self._run, listening))

    def take(self, at_most: int) -> tuple[Command, ...]:
        """The oldest commands that wait to be judged."""
        self._assert_alive()
        return self._inbox.take(at_most)

    def put_back(self, commands: Sequence[Command]) -> None:
        """They were taken but not written down; the next `take` brings them again."""
        self._inbox.put_back(commands)

    def answer(self, verdicts: Sequence[Verdict]) -> None:
        """Tell who asked. Only after the commit that holds the verdicts."""
        self._inbox.answer(verdicts, self._obeyed)

    def stops(self) -> tuple[Command, ...]:
        """The stops that wait to be judged, held or not."""
        return self._inbox.stops()

    def hold(self, stops: Sequence[Command]) -> None:
        """These are obeyed, although they cannot be written down yet."""
        self._inbox.hold(stops)

    def tell_held(self, verdicts: Sequence[Verdict]) -> None:
        """Tell who asked for those. A platform waits: its broker keeps the stop meanwhile."""
        self._inbox.tell_held(verdicts)

    def restore(self, held: Sequence[Command]) -> None:
        """Stops that were held when control ended."""
        self._inbox.restore(held)

    def know_keys(self, keys: tuple[PlatformKey, ...]) -> None:
        """Whose signatures count from now on."""
        self._gate.know(keys)

    def turned_away(self) -> tuple[TurnedAway, ...]:
        """What the desk refused since the last call, for the scan to write down."""
        return self._gate.take()

    def turn_back(self, away: Sequence[TurnedAway]) -> None:
        """They were taken but not written down."""
        for one in away:
            self._gate.turn_away(one)

    def inquiry(self, within_ms: int = 0) -> Inquiry | None:
        """The technician's question that has waited longest; waits so long for one."""
        self._assert_alive()
        return self._inquiries.oldest(within_ms)

    def found(self, question: Inquiry, finding: Finding) -> None:
        """Tell who asked it."""
        self._inquiries.answer(question, finding)

    def know(self, known: Mapping[str, Known]) -> None:
        """These accounts may sign in from now on. Before the verdict that says so."""
        self._people.know(known)

    def verifier(self, pin_id: str) -> Verifier:
        """By what a new PIN is recognised whose number a command has brought."""
        return self._people.verifier(pin_id)

    def committed(self, head: Head) -> None:
        """The journal has grown: whoever waits for records is woken. Any thread."""
        self._call(lambda: self._on_committed(head))

    def publish(self, state: dict[str, Any], key: object, latest_utc_ms: int | None = None) -> None:
        """The live state. Whoever waits for it is woken when `key` is not as it was.

        `latest_utc_ms` is the calendar by which orders expire, None where none can be vouched for.
        """
        changed = self._present.state is None or key != self._key
        self._key = key
        self._assert_alive()
        self._present.state = state
        self._present.latest_utc_ms = latest_utc_ms
        if changed:  # else nobody waits, and the desk's thread is not woken every second
            self._call(self._on_changed)

    def cursors(self) -> Mapping[str, int]:
        """How far each uplink has moved, committed or not."""
        return self._clients.cursors()

    def ahead(self) -> Ahead | None:
        """Which platform holds more than this journal; None as long as none does."""
        return self._present.ahead

    def parked(self) -> tuple[Parked, ...]:
        """Parked records that the journal does not hold yet."""
        return self._clients.to_park()

    def uplinks(self) -> Mapping[str, UplinkPicture]:
        """What each uplink last said of itself."""
        return self._clients.uplinks()

    @property
    def dropped(self) -> int:
        """Connections ended because their client broke a bound."""
        return self._dropped

    def close(self) -> None:
        """Hang up on everyone and take the sockets away."""
        self._call(self._closing.set)
        self._thread.result()
        self._undo.close()

    def _assert_alive(self) -> None:
        if self._thread.done():
            self._thread.result()  # raises what ended it
            raise AssertionError("the desk was closed")

    def _call(self, what: Callable[[], object]) -> None:
        self._assert_alive()
        self._loop.call_soon_threadsafe(what)

    def _run(self, listening: Mapping[str, socket.socket]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(listening))

    async def _serve(self, listening: Mapping[str, socket.socket]) -> None:
        try:
            async with asyncio.TaskGroup() as sessions:
                sessions.create_task(self._end())
                for name, one in listening.items():
                    door = Door(name, self._room, sessions, self._closing, self._on_dropped)
                    await asyncio.start_unix_server(door.greet, sock=one)
        except* _Closed:
            pass

    async def _end(self) -> NoReturn:
        """Return from serving: because control asked for it, or because of a fault of ours."""
        await self._closing.wait()
        raise self._fault or _Closed

    def _on_fault(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What asyncio would log and forget. A lack of descriptors passes: it accepts later."""
        fault = context.get("exception") or AssertionError(context["message"])
        if not isinstance(fault, OSError):
            self._fault = fault
            self._closing.set()

    def _obeyed(self, command: Command) -> None:
        """The only order that is the desk's own to carry out."""
        if isinstance(command.order, ResendOrder):
            platform = command.order.platform or command.actor
            self._call(partial(self._resend, platform, command.order))

    def _resend(self, platform: str, order: ResendOrder) -> None:
        last = min(order.last, self._present.head.number)
        if order.first <= last:
            self._clients.resend(platform, order.first, last)
            self._present.resends.ring()

    def _on_dropped(self) -> None:
        self._dropped += 1

    def _on_committed(self, head: Head) -> None:
        self._present.head = head
        # A file that cannot be read now is asked again after the next commit.
        with suppress(JournalFailed, JournalDamaged):
            self._clients.settle()
        self._present.committed.ring()

    def _on_changed(self) -> None:
        # Begins anywhere, so that what a client remembers from before a restart is not current.
        self._present.revision = (self._present.revision or secrets.randbelow(2**31)) + 1
        self._present.published.ring()


class _Closed(Exception):
    """Control asked for it: every session is cancelled."""
