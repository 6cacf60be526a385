"""Room rule: the desk's language, newline-delimited JSON-RPC 2.0. Knows no socket and no record.

One line is one request or one answer. Several requests may be under way on one connection; the
`id` tells their answers apart. Both ends live by the bounds named here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.catalogue import Told

REQUEST_BYTES_MAX: Final = 64 * 1024
# A page ends early once its bodies pass this; with frames around them a line stays under twice it.
PAGE_BYTES_MAX: Final = 1024 * 1024
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
PAGE_RECORDS_MAX: Final = 1000
KINDS_MAX: Final = 40
WAIT_MS_MAX: Final = 30_000
# Requests under way on one connection.
OUTSTANDING_MAX: Final = 8
# Far beyond every litre and millisecond, and exact in every JSON reader.
INTEGER_MAX: Final = 2**53 - 1
# In the year 6429: beyond 9999 an instant can be written neither here nor at the other platform.
INSTANT_MAX_MS: Final = 2**47

UNREADABLE: Final = -32700
NO_REQUEST: Final = -32600
NO_METHOD: Final = -32601
BAD_FIELDS: Final = -32602
NOT_ALLOWED: Final = -32001
TOO_BUSY: Final = -32002
JOURNAL_FAILING: Final = -32003
TAKEN: Final = -32004  # another process is this client's uplink
NOT_SIGNED_IN: Final = -32005

RequestId = int | str | None


class Refused(Exception):
    """The request is answered with an error. `why` says where, what, and what to do.

    It is a sentence of the catalogue where a person may read it, and English where a program of
    ours has made a mistake.
    """

    def __init__(self, code: int, why: Told | str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and under which id the answer comes."""

    id: RequestId
    method: str
    fields: Mapping[str, Any]


class Lines:
    """Cuts a byte stream into lines; what is longer than the bound is Refused."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._begun = bytearray()
        self._searched = 0

    @property
    def begun(self) -> bool:
        """Part of a line is here and its end is not."""
        return bool(self._begun)

    def feed(self, more: bytes) -> list[bytes]:
        """The lines that `more` completes."""
        self._begun += more
        lines = []
        while (end := self._begun.find(b"\n", self._searched)) >= 0:
            self._bounded(end)
            lines.append(bytes(self._begun[:end]))
            del self._begun[: end + 1]
            self._searched = 0
        self._searched = len(self._begun)
        self._bounded(self._searched)
        return lines

    def _bounded(self, size: int) -> None:
        if size > self._bytes_max:
            raise Refused(
                UNREADABLE, f"a line is longer than {self._bytes_max} bytes: send shorter ones"
            )


def request(number: int, method: str, fields: Mapping[str, Any]) -> bytes:
    call = {"jsonrpc": "2.0", "id": number, "method": method, "params": dict(fields)}
    return json.dumps(call, separators=(",", ":")).encode() + b"\n"


def read_request(line: bytes) -> Request:
    """Refused when it is none; the id is then lost, and the answer carries null."""
    found = _read_object(line)
    number, method = found.get("id"), found.get("method")
    if type(number) not in (int, str) or len(str(number)) > 64:
        raise Refused(NO_REQUEST, "id must be a number or a text of at most 64 characters")
    if found.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise Refused(NO_REQUEST, 'a request has "jsonrpc":"2.0", an id, a method and params')
    fields = found.get("params", {})
    if not isinstance(fields, dict):
        raise Refused(BAD_FIELDS, "params must be an object of named fields")
    return Request(number, method, fields)


def answer(number: RequestId, result: bytes) -> bytes:
    """`result` is JSON text already: records are passed on as they were stored."""
    return b'{"jsonrpc":"2.0","id":%s,"result":%s}\n' % (json.dumps(number).encode(), result)


def refusal(number: RequestId, why: Refused) -> bytes:
    error: dict[str, Any] = {"code": why.code, "message": str(why)}
    if isinstance(why.why, Told):
        error["data"] = why.why.named()
    line = {"jsonrpc": "2.0", "id": number, "error": error}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def read_answer(line: bytes) -> tuple[RequestId, Any, Refused | None]:
    """Id, result and error of an answer. Refused when it is none."""
    found = _read_object(line)
    error = found.get("error")
    if error is None:
        return found.get("id"), found.get("result"), None
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (0, 0)
    if type(code) is not int or not isinstance(message, str):
        raise Refused(UNREADABLE, "an error has a code and a message")
    return found.get("id"), None, Refused(code, Told.of(error.get("data")) or message)


def _read_object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused(UNREADABLE, "a line must be one JSON object in UTF-8") from None
    if not isinstance(found, dict):
        raise Refused(NO_REQUEST, "a line must be one JSON object; lists are not taken")
    return found
