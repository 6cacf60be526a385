"""The relay process and its controller as real processes, which are killed and stopped."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import deadman
from agent import lease as controller
from agent.lease import Lease
from agent.ports import RelayGone

ROOT = Path(__file__).parents[2]
WAIT_S = 20.0
RELAY = """
import sys
from pathlib import Path
from agent.deadman import serve
from drivers.host import HostClock, StopRequest, SystemdWatchdog
from drivers.relay import SimulatedLine
with StopRequest() as stop:
    serve(lambda: SimulatedLine(Path(sys.argv[1])), Path(sys.argv[2]), HostClock("always"), stop,
          SystemdWatchdog())
"""
# Renews each time it is told to; says so.
CONTROLLER = """
import sys
from pathlib import Path
from agent.lease import Lease
lease = Lease(Path(sys.argv[1]))
for line in sys.stdin:
    lease.permit(int(line))
    print("permitted", flush=True)
"""


class House:
    """A relay process and a controller process, and the pin as the pump sees it."""

    def __init__(self, folder: Path) -> None:
        self.relay_socket = folder / "relay.sock"
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.door.bind(str(folder / "pin.sock"))
        self.door.listen(1)
        self.door.settimeout(WAIT_S)
        self.ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ready.bind(str(folder / "notify"))
        self.ready.settimeout(WAIT_S)
        environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify")}
        self.relay = subprocess.Popen(
            [sys.executable, "-c", RELAY, folder / "pin.sock", self.relay_socket],
            cwd=ROOT,
            env=environment,
        )
        self.pin, _ = self.door.accept()
        self.pin.settimeout(WAIT_S)
        self.levels: list[bytes] = []
        self.wait_for(b"0")
        assert self.ready.recv(64) == b"READY=1"
        self.controller = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, self.relay_socket],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def wait_for(self, level: bytes) -> None:
        """Answer the relay process's levels until `level` comes; b"" is the end of the stream."""
        while True:
            written = self._take()
            if written == level:
                return
            assert written, "the relay process let the pin go"

    def permit(self, lease_ms: int) -> None:
        """Have the controller renew, and serve the pin until it says that it has."""
        assert self.controller.stdin is not None
        assert self.controller.stdout is not None
        self.controller.stdin.write(f"{lease_ms}\n")
        self.controller.stdin.flush()
        while True:
            said = self.controller.stdout.fileno()
            readable, _, _ = select.select([self.pin.fileno(), said], [], [], WAIT_S)
            assert readable, "neither the pin nor the controller says anything"
            if said in readable:
                assert self.controller.stdout.readline() == "permitted\n"
                return
            assert self._take(), "the relay process let the pin go"

    def _take(self) -> bytes:
        """One level from the relay process, answered; b"" when it let the pin go."""
        try:
            level = self.pin.recv(1)
            self.levels.append(level)
            if level:
                self.pin.send(level)
        except ConnectionError:  # it ended with an answer unread
            return b""
        return level

    def close(self) -> None:
        for process in (self.controller, self.relay):
            process.kill()
            process.communicate(timeout=WAIT_S)
        for opened in (self.pin, self.door, self.ready):
            opened.close()


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    house = House(folder)
    try:
        yield house
    finally:
        house.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_stopped_controller_lets_the_lease_lapse(
    house: House, number: signal.Signals
) -> None:
    house.permit(1500)
    os.kill(house.controller.pid, number)
    house.wait_for(b"0")


def test_sigterm_cuts_and_ends_the_relay_process(house: House) -> None:
    house.permit(60_000)
    os.kill(house.relay.pid, signal.SIGTERM)
    house.wait_for(b"0")
    house.wait_for(b"")
    assert house.relay.wait(WAIT_S) == 0


def test_a_killed_relay_process_releases_the_simulated_line(house: House) -> None:
    house.permit(60_000)
    os.kill(house.relay.pid, signal.SIGKILL)
    house.wait_for(b"")


def test_a_stopped_relay_process_does_not_obey_a_stale_permit(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What control asked for while it was stopped was given up by control, and is void."""
    os.kill(house.relay.pid, signal.SIGSTOP)
    lease = Lease(house.relay_socket)
    for room in (deadman, controller):
        monkeypatch.setattr(room, "ANSWER_WITHIN_S", 0.01)
    with pytest.raises(RelayGone):
        lease.permit(60_000)
    for room in (deadman, controller):
        monkeypatch.setattr(room, "ANSWER_WITHIN_S", WAIT_S)
    os.kill(house.relay.pid, signal.SIGCONT)
    house.levels.clear()
    served = threading.Thread(target=house.wait_for, args=(b"",))
    served.start()
    later = Lease(house.relay_socket)
    assert not later.position().permitted
    later.close()
    os.kill(house.relay.pid, signal.SIGKILL)
    served.join(WAIT_S)
    assert b"1" not in house.levels
