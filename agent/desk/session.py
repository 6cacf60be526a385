"""Room rule: one connection at the desk, kept within bounds. Knows no method.

Whatever a client does (flood, stall, send half a line or a gigabyte, never read), it spends its
own allowance: others are served in between, and the scan does not wait for this thread.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NoReturn

from agent.desk import wire
from agent.desk.people import Seat
from agent.desk.room import Answer, Caller
from agent.desk.wire import Refused

READ_BYTES = 64 * 1024
# A line that was begun must end within this.
HALF_LINE_S = 10.0
# An answer must be taken within this; else the client is dropped.
STALL_S = 10.0
OUTPUT_BYTES = 64 * 1024
# What one client may cost in a second: a request is 1, and so is this much of an answer. A year's
# backlog, 526 pages of about 100 kB, takes 4 s at this pace and a third of a core (measured).
PACE_PER_S = 800.0
PACE_BURST = 100.0
PACE_BYTES = 25_000

Answering = Callable[[Caller, wire.Request], Awaitable[Answer]]


class Pace:
    """One client's allowance, shared by all its connections."""

    def __init__(self) -> None:
        self._spent_until_s = 0.0

    async def spend(self, cost: float) -> None:
        """Sleep as long as the client is ahead of its allowance; always let others in between."""
        now_s = asyncio.get_running_loop().time()
        self._spent_until_s = max(self._spent_until_s, now_s - PACE_BURST / PACE_PER_S)
        self._spent_until_s += cost / PACE_PER_S
        await asyncio.sleep(max(0.0, self._spent_until_s - now_s))


class Session:
    """Serves one connection until it ends. `run` returns whether its client broke a bound."""

    def __init__(
        self,
        client: str,
        answering: Answering,
        pace: Pace,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._caller = Caller(client, *_peer(writer.get_extra_info("socket")), Seat())
        self._answering = answering
        self._pace = pace
        self._reader = reader
        self._writer = writer
        self._lines = wire.Lines(wire.REQUEST_BYTES_MAX)
        self._waiting: deque[bytes] = deque()
        self._slots = asyncio.Semaphore(wire.OUTSTANDING_MAX)
        self._turn = asyncio.Lock()
        self._stalled = False
        writer.transport.set_write_buffer_limits(high=OUTPUT_BYTES)

    @property
    def pid(self) -> int:
        return self._caller.pid

    async def run(self) -> bool:
        dropped = False
        try:
            async with asyncio.TaskGroup() as under_way:
                under_way.create_task(self._serve_all(under_way))
        except* (TimeoutError, Refused):
            dropped = True
        except* (ConnectionError, _Ended):
            pass
        finally:
            self._writer.transport.abort()
        return dropped or self._stalled

    async def _serve_all(self, under_way: asyncio.TaskGroup) -> NoReturn:
        """Ends with an exception, which cancels what is under way: nobody is left to hear it."""
        try:
            while True:
                line = await self._line()
                # With all slots taken nothing is read: the client's own buffer fills.
                await self._slots.acquire()
                under_way.create_task(self._serve(line))
        except Refused as why:
            await self._write(None, _refused(why))
            raise

    async def _line(self) -> bytes:
        """The next request. TimeoutError when it was begun and its end does not come."""
        deadline: float | None = None
        while not self._waiting:
            if self._lines.begun and deadline is None:
                deadline = asyncio.get_running_loop().time() + HALF_LINE_S
            async with asyncio.timeout_at(deadline):
                more = await self._reader.read(READ_BYTES)
            if not more:
                raise _Ended
            self._waiting.extend(self._lines.feed(more))
        await self._pace.spend(1)
        return self._waiting.popleft()

    async def _serve(self, line: bytes) -> None:
        number: wire.RequestId = None
        try:
            request = wire.read_request(line)
            number = request.id
            answer = await self._answering(self._caller, request)
        except Refused as why:
            answer = _refused(why)
        await self._write(number, answer)
        self._slots.release()

    async def _write(self, number: wire.RequestId, answer: Answer) -> None:
        """One answer at a time; the next is made when this one has left."""
        async with self._turn:
            try:
                line = wire.answer(number, answer())
            except Refused as why:
                line = wire.refusal(number, why)
            self._writer.write(line)
            try:
                async with asyncio.timeout(STALL_S):
                    await self._writer.drain()
            except TimeoutError:
                self._stalled = True
                self._writer.transport.abort()
        await self._pace.spend(len(line) / PACE_BYTES)


class _Ended(Exception):
    """The client hung up."""


def _refused(why: Refused) -> Answer:
    def refuse() -> bytes:
        raise why

    return refuse


def _peer(connection: socket.socket) -> tuple[int, int]:
    """User and process at the other end, as the kernel saw them connect."""
    credentials = connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
    )
    pid, uid, _ = struct.unpack("3i", credentials)
    return int(uid), int(pid)
