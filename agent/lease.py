"""Room rule: the lease as control sees it, and what both of its ends live by. Holds no line.

What is said over the socket stands in `agent.deadman`, which holds the other end.
"""

import errno
import re
import socket
import struct
from pathlib import Path
from typing import Final

from agent.ports import RelayGone, RelayPosition

# No controller may be trusted for longer. The settings allow no longer lease either.
LEASE_MAX_MS: Final = 120_000
ANSWER_BYTES_MAX: Final = 1024
ANSWER_WITHIN_S: Final = 0.25

_ANSWER: Final = re.compile(rb"(permitted|cut) (0|[1-9][0-9]{0,5})")


class Lease:
    """The relay process as control sees it. Implements ports.Relay.

    Each call is one message and one answer within a quarter of a second. A call that fails closes
    the connection, so that a late answer is never taken for another's; the next one opens it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def position(self) -> RelayPosition:
        return self._ask(b"ask")

    def permit(self, lease_ms: int) -> None:
        assert 1 <= lease_ms <= LEASE_MAX_MS, f"a lease of {lease_ms} ms"
        self._ask(b"permit %d" % lease_ms)

    def renew(self, lease_ms: int) -> None:
        assert 1 <= lease_ms <= LEASE_MAX_MS, f"a lease of {lease_ms} ms"
        self._ask(b"renew %d" % lease_ms)

    def cut(self) -> None:
        self._ask(b"cut")

    def process_id(self) -> int | None:
        if self._socket is None:
            return None
        size = struct.calcsize("3i")
        pid, _, _ = struct.unpack(
            "3i", self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
        return int(pid)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, message: bytes) -> RelayPosition:
        try:
            answer = self._exchange(message)
        except OSError as error:
            self.close()
            raise RelayGone(f"{self._path}: the relay process does not answer ({error})") from error
        told = _ANSWER.fullmatch(answer)
        if told is None:
            self.close()
            raise RelayGone(f"{self._path}: {answer.decode('utf-8', 'replace')}")
        return RelayPosition(told[1] == b"permitted", int(told[2]))

    def _exchange(self, message: bytes) -> bytes:
        if self._socket is not None:
            try:
                return self._send(self._socket, message)
            except ConnectionError:
                # The relay process was restarted, or let a newer controller in. To say the same
                # thing twice does no harm.
                self.close()
        self._socket = seqpacket()
        self._socket.settimeout(ANSWER_WITHIN_S)
        self._socket.connect(str(self._path))
        return self._send(self._socket, message)

    @staticmethod
    def _send(controller: socket.socket, message: bytes) -> bytes:
        controller.send(message)
        answer = controller.recv(ANSWER_BYTES_MAX)
        if not answer:
            raise ConnectionResetError(errno.ECONNRESET, "it closed the connection")
        return answer


def seqpacket() -> socket.socket:
    """A socket that keeps messages apart."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
