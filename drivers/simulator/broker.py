"""Room rule: one MQTT broker as a child process, for demos and tests. Knows no topic or payload.

It is Mosquitto: docs/decisions/0002-demo-broker.md says why no other. Loopback only, no root, all
of its state in one private folder, so that a killed broker comes back with its sessions.
"""

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

from drivers import children

# How long a start may take: 17 ms measured, and a Raspberry Pi that is busy otherwise.
START_ATTEMPTS = 500
START_PAUSE_S = 0.02
STOP_S = 5.0
# Messages kept for a receiver that is away; a demo's whole life is a few thousand.
QUEUE_MAX = 100_000


class BrokerFailed(Exception):
    """The broker is not there or did not come up; the message says what to do."""


class Broker:
    """A broker on `port` of the loopback. Its sessions and retained messages outlive a kill."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> None:
        """Return once it accepts connections. BrokerFailed when it cannot."""
        assert self.pid is None, "the broker runs already"
        program = _program()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "mosquitto.conf"
        settings.write_text(self._settings(), encoding="utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = children.start(
                [program, "-c", str(settings)], output=log, errors=subprocess.STDOUT
            )
        self._wait_until_it_accepts(self._process)

    def stop(self) -> None:
        """An orderly end; a broker that does not go in time is killed."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
        self.kill()

    def kill(self) -> None:
        """The platform is gone from one instant to the next."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait_until_it_accepts(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(START_ATTEMPTS):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                # The pause ends at once when the broker dies: there is nothing more to wait for.
                try:
                    process.wait(START_PAUSE_S)
                except subprocess.TimeoutExpired:
                    continue
                break
            return
        self.kill()
        raise BrokerFailed(f"Mosquitto did not come up on port {self.port}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = (self.folder / "mosquitto.log").read_text("utf-8", "replace").splitlines()
        return lines[-1] if lines else f"it said nothing; see {self.folder}"

    def _settings(self) -> str:
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "connection_messages false",
            "set_tcp_nodelay true",
            f"max_queued_messages {QUEUE_MAX}",
            # Saved at every change: a broker that is killed forgets no session.
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # it would become `mosquitto`, which owns no private folder
        return "\n".join(lines) + "\n"


def free_port() -> int:
    """A loopback port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _program() -> str:
    # Debian keeps it in /usr/sbin, which is not in a user's PATH.
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise BrokerFailed(
            "Mosquitto, the demo's MQTT broker, is not installed on this host. "
            "Install it: sudo apt-get install mosquitto"
        )
    return found
