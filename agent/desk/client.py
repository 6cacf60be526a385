"""Room rule: the asking end of the desk. Loads neither database nor server: memory counts.

`call` waits for its answer and is for commands; `post` and `take` never wait and are for a loop
that selects on `fileno()`.
"""

import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from agent.catalogue import Told
from agent.desk import wire

# The socket's buffer is far larger than all requests that may be under way; a desk that leaves
# them unread for so long is stuck.
SEND_S = 5.0
READ_BYTES = 64 * 1024


class DeskGone(Exception):
    """Nobody is at the desk, or it hung up."""


class DeskRefused(Exception):
    """The desk answered with an error; `code` is JSON-RPC's."""

    def __init__(self, code: int, why: Told | str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why

    @property
    def asker_is_wrong(self) -> bool:
        """What was asked cannot be granted as it stands; to ask again would not help."""
        return self.code == wire.BAD_FIELDS


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the request that `post` numbered `id`. `error` None means it was granted."""

    id: int
    result: Any
    error: DeskRefused | None = None


class Client:
    """One connection. DeskGone from any method ends it: close, and come again later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = wire.Lines(wire.ANSWER_BYTES_MAX)
        self._numbered = 0
        self._arrived: list[Reply] = []
        self._hung_up: str | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # At once or not at all: a control that is stopped lets callers queue, and no longer queue.
        self._socket.settimeout(0)
        try:
            self._socket.connect(str(path))
        except BlockingIOError as error:
            self._socket.close()
            raise self._gone("it lets nobody in: is control stopped?") from error
        except OSError as error:
            self._socket.close()
            raise self._gone(error.strerror or str(error)) from error

    def call(self, method: str, fields: Mapping[str, Any], within_s: float) -> Any:
        """The result. DeskRefused when it is an error, DeskGone after `within_s` of silence."""
        return self.answer(self.post(method, fields), method, within_s)

    def answer(self, number: int, method: str, within_s: float) -> Any:
        """Wait for the answer to what was posted, as `call` does. The others stay for later."""
        while True:
            for reply in self._arrived:
                if reply.id == number:
                    self._arrived.remove(reply)
                    if reply.error is not None:
                        raise reply.error
                    return reply.result
            if self._hung_up is not None:
                raise self._gone(self._hung_up)
            if not select.select([self._socket], [], [], within_s)[0]:
                raise self._gone(f"no answer to {method} within {within_s:g} s")
            self._read()

    def post(self, method: str, fields: Mapping[str, Any]) -> int:
        """Ask, and do not wait; the id under which `take` will bring the answer."""
        self._numbered += 1
        left = memoryview(wire.request(self._numbered, method, fields))
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                if not select.select([], [self._socket], [], SEND_S)[1]:
                    raise self._gone(f"it did not read for {SEND_S:g} s") from None
            except OSError as error:
                raise self._gone(error.strerror or str(error)) from error
        return self._numbered

    def take(self) -> list[Reply]:
        """The answers that have arrived. DeskGone once it hung up and all were taken."""
        self._read()
        arrived, self._arrived = self._arrived, []
        if not arrived and self._hung_up is not None:
            raise self._gone(self._hung_up)
        return arrived

    def fileno(self) -> int:
        """Readable when there is something to take."""
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        """All that is there, and no more than one answer's worth: the rest waits for its turn."""
        taken = 0
        while self._hung_up is None and taken < wire.ANSWER_BYTES_MAX:
            try:
                more = self._socket.recv(READ_BYTES)
                taken += len(more)
                self._arrived += [_reply(line) for line in self._lines.feed(more)]
            except BlockingIOError:
                return
            except (OSError, wire.Refused) as error:
                self._hung_up = str(error)
            else:
                self._hung_up = None if more else "it hung up"

    def _gone(self, why: str) -> DeskGone:
        return DeskGone(f"{self._path}: {why}")


def _reply(line: bytes) -> Reply:
    number, result, error = wire.read_answer(line)
    refused = None if error is None else DeskRefused(error.code, error.why)
    return Reply(number if isinstance(number, int) else 0, result, refused)
