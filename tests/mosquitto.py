"""Room rule: a real Mosquitto of one test, on a loopback port. No assertion about our code."""

import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = "/usr/sbin/mosquitto"
STARTS_MAX = 5  # a port found free may be taken by a parallel test before Mosquitto binds it

# Few lines, so that the pipe they are written to never fills: nobody reads it after the start.
QUIET = ("log_dest stderr", "log_type information", "connection_messages false")
OPEN = ("allow_anonymous true",)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker; its port and its store survive a kill and a start."""

    def __init__(
        self, folder: Path, options: tuple[str, ...] = OPEN, port: int | None = None
    ) -> None:
        """`port`: that of a broker that is down and comes back as this one."""
        self._file = folder / "mosquitto.conf"
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._claimed = port is not None
        self.port = port or free_port()

    def reconfigure(self, options: tuple[str, ...]) -> None:
        """Another broker at the same port: what was wrong is put right, or the reverse."""
        self.stop()
        self._options = options
        self.start()

    def start(self) -> Self:
        """Return when it listens: it says so."""
        for _ in range(STARTS_MAX):
            if self._listens():
                self._claimed = True
                return self
            self.kill()
            assert not self._claimed, f"port {self.port} was taken while the broker was down"
            self.port = free_port()
        raise AssertionError("Mosquitto did not start")

    def _listens(self) -> bool:
        lines = (f"listener {self.port} 127.0.0.1", "user root", *QUIET, *self._options)
        self._file.write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(self._file)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        return any("running" in line for line in self._process.stderr)

    def freeze(self) -> None:
        """The kernel keeps its sockets and takes bytes; nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM: it saves its store, when it has one."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
