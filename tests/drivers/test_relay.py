"""What is particular to one kind of line; what both promise is in tests/ports/test_line.py."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ports import LineGone
from drivers import relay
from drivers.relay import GpioLine, SimulatedLine

WAIT_S = 10.0

OWNER = """
import sys
from pathlib import Path
from drivers.relay import SimulatedLine
line = SimulatedLine(Path(sys.argv[1]))
line.drive(permitted=True)
print("driven", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def pin() -> Iterator[socket.socket]:
    """A pin that is answered by hand."""
    with (
        tempfile.TemporaryDirectory(prefix="wk") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door,
    ):
        door.bind(f"{folder}/pin.sock")
        door.listen(1)
        door.settimeout(WAIT_S)
        yield door


def test_a_simulator_that_never_comes_is_named_within_a_bound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(relay, "CLAIM_ATTEMPTS_MAX", 3)
    monkeypatch.setattr(relay, "CLAIM_PAUSE_S", 0.0)
    with pytest.raises(LineGone, match=r"pin\.sock.*start `wellkeeper simulate`"):
        SimulatedLine(tmp_path / "pin.sock")


def test_a_pin_that_does_not_answer_is_gone(
    pin: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "CLAIM_ATTEMPTS_MAX", 1)
    monkeypatch.setattr(relay, "ANSWER_WITHIN_S", 0.01)
    with pytest.raises(LineGone, match="timed out"):
        SimulatedLine(Path(pin.getsockname()))


def test_kill_of_the_owner_releases_the_pin(pin: socket.socket) -> None:
    """SIGKILL runs no code of the owner: the end of the stream is all that the pin gets."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, pin.getsockname()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        stream, _ = pin.accept()
        stream.settimeout(WAIT_S)
        with stream:
            for level in (b"0", b"1"):
                assert stream.recv(1) == level
                stream.sendall(level)
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"driven\n"
            os.kill(owner.pid, signal.SIGKILL)
            assert stream.recv(1) == b""
    finally:
        owner.kill()
        owner.communicate(timeout=WAIT_S)


def test_a_host_without_gpio_is_told_what_to_look_at() -> None:
    """This test runs where there is no Raspberry Pi: the real gpiozero finds none."""
    with pytest.raises(LineGone, match=r"GPIO line 17 cannot be claimed.*\[relay\] line"):
        GpioLine(17, permits_at=True)
