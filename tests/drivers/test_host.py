"""The host's clock, and what the service manager is told."""

import ctypes
import os
import select
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import host
from drivers.host import HostClock, StopRequest, SystemdWatchdog


def test_monotonic_time_counts_from_boot_with_suspension() -> None:
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000  # noqa: TID251 - the reference
    now = HostClock("always").monotonic_ms()
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000  # noqa: TID251 - the reference
    assert before <= now <= after


def test_a_moment_names_this_boot() -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert HostClock("always").now().boot == boot


@pytest.mark.parametrize("disciplined", [True, False])
def test_trust_follows_the_kernel_unless_the_site_says_always(
    monkeypatch: pytest.MonkeyPatch, *, disciplined: bool
) -> None:
    monkeypatch.setattr(host, "synchronised", lambda: disciplined)
    assert HostClock("synchronised").now().trusted is disciplined
    assert HostClock("always").now().trusted is True


def test_a_clock_before_the_build_year_is_never_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "synchronised", lambda: True)
    monkeypatch.setattr(time, "time_ns", lambda: (host.BUILT_UTC_MS - 1) * 1_000_000)
    assert HostClock("synchronised").now().trusted is False
    assert HostClock("always").now().trusted is False


def test_the_kernel_is_asked_in_its_own_layout() -> None:
    """What adjtimex writes is where we read it: its limits are those of the kernel.

    On an unsynchronised host both the return code and the flag say so, on a synchronised one
    neither; were the layout wrong, they would disagree.
    """
    timex = host._Timex()
    state = host._libc.adjtimex(ctypes.byref(timex))
    assert state >= 0
    assert abs(timex.freq) <= 512_000 << 16
    assert timex.maxerror >= 0
    assert (state == host._TIME_ERROR) == bool(timex.status & host._STA_UNSYNC)
    assert host.synchronised() is (state != host._TIME_ERROR)


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's end of the notify socket, and $NOTIFY_SOCKET as it writes it."""
    with (
        tempfile.TemporaryDirectory(prefix="wk") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        path = f"{folder}/notify"
        listener.bind(path if request.param == "file" else "\0" + path)
        listener.settimeout(10)
        yield listener, path if request.param == "file" else "@" + path


def test_the_service_manager_is_told_of_life(
    manager: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, address = manager
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    watchdog = SystemdWatchdog()
    watchdog.ready()
    watchdog.pet()
    watchdog.busy()
    told = [listener.recv(64) for _ in range(3)]
    longer = b"WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000"
    assert told == [b"READY=1", b"WATCHDOG=1", longer]
    watchdog.close()


def test_without_a_service_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    watchdog = SystemdWatchdog()
    assert watchdog._socket is None
    watchdog.ready()
    watchdog.pet()


def test_a_manager_that_does_not_listen_stops_nobody(tmp_path: Path) -> None:
    watchdog = SystemdWatchdog(str(tmp_path / "nobody"))
    watchdog.ready()
    watchdog.pet()
    watchdog.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_wakes_whoever_waits_and_stays_requested(number: signal.Signals) -> None:
    with StopRequest() as stop:
        assert not stop.requested()
        os.kill(os.getpid(), number)
        readable, _, _ = select.select([stop], [], [], 10)
        assert readable == [stop]
        assert stop.requested()
        assert stop.requested()


def test_a_closed_stop_request_gives_the_signals_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    StopRequest().close()
    assert signal.getsignal(signal.SIGTERM) is before
