"""Room rule: one line to systemd's journal, with its facts as fields of their own. Knows no water.

The native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of NAME=value lines to a
socket; a value of several lines goes with its length. Everything here is a no-op where our errors
do not go to that journal: in the demo, at a shell, in a test.
"""

import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SOCKET: Final = Path("/run/systemd/journal/socket")
# A line is one fact; what is longer is cut.
VALUE_BYTES_MAX: Final = 2048
_STANDARD_ERROR: Final = 2


def is_heard(descriptor: int = _STANDARD_ERROR) -> bool:
    """Whether systemd's journal is at the other end, as $JOURNAL_STREAM says it."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Journald:
    """Implements ports.Log. `facts` stand in every line of this process."""

    def __init__(
        self, facts: Mapping[str, str], *, path: Path = SOCKET, heard: bool | None = None
    ) -> None:
        self._facts = dict(facts)
        self._path = str(path)
        self._socket: socket.socket | None = None
        if is_heard() if heard is None else heard:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(0)

    @property
    def heard(self) -> bool:
        return self._socket is not None

    def say(self, priority: int, words: str, facts: Mapping[str, str]) -> None:
        if self._socket is None:
            return
        fields = {"MESSAGE": words, "PRIORITY": str(priority), "SYSLOG_IDENTIFIER": "wellkeeper"}
        named = {
            f"WELLKEEPER_{name.upper()}": value for name, value in {**self._facts, **facts}.items()
        }
        datagram = b"".join(_field(name, value) for name, value in {**fields, **named}.items())
        try:
            self._socket.sendto(datagram, self._path)
        except OSError:
            # A journal that is restarting or full loses a line; what counts is in our own.
            return

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _field(name: str, value: str) -> bytes:
    octets = value.encode("utf-8", "replace")[:VALUE_BYTES_MAX]
    if b"\n" in octets:
        return name.encode() + b"\n" + struct.pack("<Q", len(octets)) + octets + b"\n"
    return name.encode() + b"=" + octets + b"\n"
