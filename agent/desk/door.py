"""Room rule: one client's socket: who may connect to it, and how many at once. Reads no request."""

import asyncio
import grp
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from agent.catalogue import Told
from agent.desk import wire
from agent.desk.answers import answer
from agent.desk.room import Room
from agent.desk.session import Pace, Session
from agent.desk.wire import TOO_BUSY, Refused
from agent.settings.paths import SOCKET_BYTES_MAX

CONNECTIONS_MAX = 8  # of one client
SOCKET_MODE = 0o660
# A client's socket is its own group's, where the host has one (`wellkeeper apply` makes them).
GROUP = "wk-{client}"


class DeskBlocked(Told):
    """A socket of the desk cannot be opened; says which, why and what to do."""


def opened(client: str, path: Path, undo: ExitStack) -> socket.socket:
    """A socket that only its owner and its client's group may connect to; a stale one makes way.

    Without such a group it stays our own group's: then no user but ours comes in.
    """
    if len(os.fsencode(path)) > SOCKET_BYTES_MAX:
        raise DeskBlocked("desk.path_long", socket=path, most=SOCKET_BYTES_MAX)
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    undo.callback(one.close)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_socket():
            path.unlink()
        one.bind(str(path))
        undo.callback(path.unlink, missing_ok=True)
        with suppress(KeyError):
            os.chown(path, -1, grp.getgrnam(GROUP.format(client=client)).gr_gid)
        path.chmod(SOCKET_MODE)
        one.listen(CONNECTIONS_MAX)
    except OSError as error:
        raise DeskBlocked("relay.no_socket", socket=path, raw=error.strerror) from error
    return one


class Door:
    """One client's socket: at most so many connections, all on one allowance."""

    def __init__(
        self,
        client: str,
        room: Room,
        sessions: asyncio.TaskGroup,
        closing: asyncio.Event,
        on_dropped: Callable[[], None],
    ) -> None:
        self._client = client
        self._room = room
        self._sessions = sessions
        self._closing = closing
        self._on_dropped = on_dropped
        self._pace = Pace()
        self._open = 0

    def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closing.is_set():  # it was let in before, and nobody attends any more
            writer.close()
            return
        if self._open >= CONNECTIONS_MAX:
            busy = Told("desk_refused.connections", most=CONNECTIONS_MAX)
            writer.write(wire.refusal(None, Refused(TOO_BUSY, busy)))
            writer.close()
            self._on_dropped()
            return
        session = Session(self._client, partial(answer, self._room), self._pace, reader, writer)
        self._open += 1
        self._room.clients.came(self._client, session.pid)
        self._sessions.create_task(self._attend(session))

    async def _attend(self, session: Session) -> None:
        try:
            if await session.run():
                self._on_dropped()
        finally:
            self._open -= 1
            self._room.clients.went(self._client, session.pid)
