"""Room rule: what a connection costs on the wire, as the kernel has counted it. Knows no MQTT.

A SIM is paid by the megabyte: TLS, acknowledgements and headers count. Linux tells the octets and
segments of each TCP connection (`struct tcp_info` of linux/tcp.h, which only ever grows at its
end); what the resolver asked, and an attempt that came to nothing, is not in it.
"""

import socket
import struct
from typing import Any, Final

TOLD_EVERY_MS: Final = 10_000
# IPv4 and TCP with its usual option of timestamps.
HEADER_OCTETS: Final = 20 + 32
# Acknowledged, received; segments out, segments in: from octet 120 on, since Linux 4.6.
_COUNTS: Final = struct.Struct("=120xQQII")


class Meter:
    """Read it before what may end the connection: a closed socket tells nothing any more."""

    def __init__(self) -> None:
        self._socket: Any = None  # a socket, or TLS around one
        self._seen = 0
        self._owed = 0
        self._told_ms = 0

    def begin(self, connection: Any, now_ms: int) -> None:
        """A new connection, of which all that it took to set it up counts."""
        self._socket, self._seen, self._told_ms = connection, 0, now_ms
        self.read(connection)

    def read(self, connection: Any) -> None:
        if connection is None or connection is not self._socket:
            return
        try:
            told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTS.size)
        except OSError:
            return  # it is closed, or no TCP at all
        if len(told) < _COUNTS.size:
            return
        acknowledged, received, segments_out, segments_in = _COUNTS.unpack(told)
        octets = acknowledged + received + (segments_out + segments_in) * HEADER_OCTETS
        self._owed += max(0, octets - self._seen)
        self._seen = max(octets, self._seen)

    def told(self, now_ms: int, *, over: bool) -> int:
        """What was not told yet; 0 while it is too early. `over`: nothing more will come."""
        if not over and now_ms - self._told_ms < TOLD_EVERY_MS:
            return 0
        owed, self._owed, self._told_ms = self._owed, 0, now_ms
        return owed
