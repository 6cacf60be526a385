"""Room rule: the owner's panel, a Unix stream of JSON lines. It carries words, it knows no well.

One request a line, one answer a line, in order: `{"do": "start"}` is answered with an object
that has `ok`. What is not understood is answered with `ok` false and an `error` that says what
to send; a line that does not end within its bound ends the connection.
"""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.simulator import doors

CLIENTS_MAX = 8
LINE_CHARACTERS_MAX = 4096
READ_CHARACTERS_MAX = 4096

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Panel:
    """Serves up to CLIENTS_MAX connections; the next one is let in when one leaves."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self.path = path
        self._answer = answer
        self._door = doors.listen(path, CLIENTS_MAX)
        self._clients: dict[int, socket.socket] = {}
        self._begun: dict[int, bytes] = {}

    def filenos(self) -> list[int]:
        doors_open = [self._door.fileno()] if len(self._clients) < CLIENTS_MAX else []
        return [*doors_open, *self._clients]

    def serve(self, ready: set[int]) -> None:
        for client in ready & self._clients.keys():
            self._take(client)
        if self._door.fileno() in ready:
            self._welcome()

    def close(self) -> None:
        for client in list(self._clients):
            self._leave(client)
        doors.close(self._door)

    def _welcome(self) -> None:
        try:
            connection, _ = self._door.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # it gave up before it was let in
        connection.settimeout(0)
        self._clients[connection.fileno()] = connection
        self._begun[connection.fileno()] = b""

    def _leave(self, client: int) -> None:
        self._clients.pop(client).close()
        del self._begun[client]

    def _take(self, client: int) -> None:
        try:
            octets = self._clients[client].recv(READ_CHARACTERS_MAX)
        except ConnectionError:
            octets = b""
        *lines, begun = (self._begun[client] + octets).split(b"\n")
        if not octets or len(begun) > LINE_CHARACTERS_MAX:
            self._leave(client)
            return
        self._begun[client] = begun
        answers = b"".join(_encoded(self._answered(line)) for line in lines)
        try:
            sent = self._clients[client].send(answers)
        except (BlockingIOError, ConnectionError):
            sent = -1
        if sent != len(answers):
            self._leave(client)  # it asks and never reads

    def _answered(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as why:
            return {"ok": False, "error": f"not JSON: {why}; send one object a line"}
        if not isinstance(request, dict):
            return {"ok": False, "error": 'send an object, such as {"do": "truth"}'}
        try:
            return {"ok": True, **self._answer(request)}
        except ValueError as why:
            return {"ok": False, "error": str(why)}


def _encoded(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"
