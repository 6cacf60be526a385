"""Room rule: what comes from this host's kernel and service manager. Knows no water.

The only file that asks the time. Elapsed time is CLOCK_BOOTTIME, not CLOCK_MONOTONIC: both run
from boot and are never set, but the monotonic one stands still while the host is suspended, and a
lease granted before a suspension must not be good after it. Calendar time is believed when the
kernel says that something disciplines it (adjtimex), never before the year this was built in.
"""

import ctypes
import errno
import os
import signal
import socket
import time
from pathlib import Path
from types import FrameType
from typing import Final, Literal, NamedTuple, Self

from agent.core.model import Moment

# 1 January 2026, 00:00 UTC: a clock that shows less has lost its battery or its network.
BUILT_UTC_MS: Final = 1_767_225_600_000

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR: Final = 5  # adjtimex's answer: the clock is not synchronised
_STA_UNSYNC: Final = 0x0040
BUSY_S: Final = 30


def monotonic_ms() -> int:
    """Milliseconds since boot, suspension included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def monotonic_us() -> int:
    """The same in microseconds: a character at 9600 baud takes 1042 of them."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


class HostClock:
    """The host's two clocks. Implements ports.Clock."""

    def __init__(self, trusted_when: Literal["synchronised", "always"]) -> None:
        self._always = trusted_when == "always"
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip()

    def now(self) -> Moment:
        utc_ms = time.time_ns() // 1_000_000
        trusted = utc_ms >= BUILT_UTC_MS and (self._always or synchronised())
        return Moment(utc_ms, monotonic_ms(), self._boot, trusted)

    def monotonic_ms(self) -> int:
        return monotonic_ms()


# --- is the clock disciplined ------------------------------------------------------------------


class _Timex(ctypes.Structure):
    """The front of the kernel's struct timex; what follows `status` is only given room.

    glibc's plain `adjtimex` uses C longs on 32-bit and 64-bit machines alike.
    """

    _fields_ = (
        ("modes", ctypes.c_uint),  # 0: read, change nothing
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 40),
    )


_libc = ctypes.CDLL(None, use_errno=True)


class Discipline(NamedTuple):
    """Whether something keeps the host's clock right, and how far it may be off at the most."""

    synchronised: bool
    error_ms: int


def synchronised() -> bool:
    """True when NTP or another source disciplines the host's clock. Needs no capability."""
    return discipline().synchronised


def discipline() -> Discipline:
    timex = _Timex()
    state = _libc.adjtimex(ctypes.byref(timex))
    if state < 0:
        number = ctypes.get_errno()
        # A sandbox with ProtectClock=yes refuses even to read: that is our unit file's fault.
        assert number != errno.EPERM, "adjtimex is forbidden here: set ProtectClock=no"
        raise OSError(number, os.strerror(number), "adjtimex")
    disciplined = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return Discipline(disciplined, timex.maxerror // 1000)


# --- the service manager -----------------------------------------------------------------------


class SystemdWatchdog:
    """Tells systemd of life over $NOTIFY_SOCKET. Implements ports.Watchdog.

    Every call is a no-op where there is no such socket.
    """

    def __init__(self, address: str | None = None) -> None:
        address = os.environ.get("NOTIFY_SOCKET") if address is None else address
        self._socket: socket.socket | None = None
        if not address:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(0)
        # A leading @ stands for NUL: an abstract socket, which has no file.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> None:
        self._tell(b"READY=1")

    def pet(self) -> None:
        self._tell(b"WATCHDOG=1")

    def busy(self) -> None:
        """A long work goes on, maybe before we are ready: be given BUSY_S from now for it."""
        self._tell(b"WATCHDOG=1\nEXTEND_TIMEOUT_USEC=%d" % (BUSY_S * 1_000_000))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, word: bytes) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(word, self._address)
        except OSError:
            # A manager that cannot hear us misses the word and acts on that. To end here would
            # stop a pump because of the manager.
            return


class StopRequest:
    """SIGTERM and SIGINT as a descriptor that becomes readable and stays so.

    For a loop that waits on descriptors; only the main thread may make one. A second signal
    finds the request standing and changes nothing.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self._handlers = {
            number: signal.signal(number, self._asked) for number in (signal.SIGTERM, signal.SIGINT)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._reader.fileno()

    def requested(self) -> bool:
        try:
            return bool(self._reader.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False

    def close(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            return  # asked thousands of times already
