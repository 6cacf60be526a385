"""What the host knows of a serial adapter: names, delays, and who else has it open."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import adapter
from drivers.adapter import PortTaken, advice, refuse_taken

HOLDER = """
import fcntl, os, sys
tty = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
if sys.argv[2] == "locks":
    fcntl.flock(tty, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def port() -> Iterator[Path]:
    master, slave = os.openpty()
    yield Path(os.ttyname(slave))
    os.close(master)
    os.close(slave)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The kernel's folders, empty."""
    by_id, usb = tmp_path / "by-id", tmp_path / "usb-serial"
    by_id.mkdir()
    usb.mkdir()
    monkeypatch.setattr(adapter, "STABLE_NAMES", (by_id, tmp_path / "by-path"))
    monkeypatch.setattr(adapter, "USB_SERIAL", usb)
    return tmp_path


def hold(port: Path, how: str) -> subprocess.Popen[bytes]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(port), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_a_port_that_nobody_holds_is_not_refused(port: Path) -> None:
    refuse_taken(port)
    refuse_taken(Path("/dev/ttyUSB-absent"))


def test_a_port_that_another_program_locks_is_refused_with_its_name(port: Path) -> None:
    with hold(port, "locks") as holder:
        try:
            with pytest.raises(PortTaken, match=rf"in use by python.*process {holder.pid}.*stop"):
                refuse_taken(port)
        finally:
            holder.kill()


def test_a_program_that_locks_nothing_is_found_too(
    port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mbpoll and libmodbus lock nothing. On a pty this is not looked at: it has two ends."""
    with hold(port, "only opens") as holder:
        try:
            refuse_taken(port)
            monkeypatch.setattr(adapter, "PTYS", "/nowhere/")
            with pytest.raises(PortTaken, match=f"process {holder.pid}"):
                refuse_taken(port)
        finally:
            holder.kill()


def test_a_number_is_advised_against_and_its_stable_name_is_told(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host / "by-id" / "usb-FTDI-if00").symlink_to("/dev/ttyUSB0")
    monkeypatch.setattr(Path, "exists", lambda _: True)
    (told,) = advice(Path("/dev/ttyUSB0"))
    assert "changes when adapters are replugged" in told
    assert told.endswith(str(host / "by-id" / "usb-FTDI-if00"))
    (told,) = advice(Path("/dev/ttyUSB1"))
    assert "its name under /dev/serial/by-id" in told
    assert advice(host / "by-id" / "usb-FTDI-if00") == []


@pytest.mark.parametrize(("delay_ms", "said"), [(16, True), (2, True), (1, False)])
def test_an_adapter_that_holds_replies_back_is_said(
    host: Path, port: Path, *, delay_ms: int, said: bool
) -> None:
    chip = host / "usb-serial" / port.name
    chip.mkdir()
    (chip / "latency_timer").write_text(f"{delay_ms}\n")
    told = advice(port)
    assert bool(told) is said
    if said:
        assert f"holds each reply back for {delay_ms} ms" in told[0]
        assert "latency_timer" in told[0]


def test_a_port_that_is_not_there_is_said(host: Path) -> None:
    assert advice(host / "absent") == [
        f"{host / 'absent'} does not exist; is the adapter plugged in, and is the name right?"
    ]
