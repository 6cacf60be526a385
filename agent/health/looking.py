"""Room rule: the thread that looks at the host, and writes the metrics. Judges nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from agent import threads
from agent.core.model import HostHealth, ModemHealth
from agent.ports import Host

# Prometheus asks every 15 to 60 s; a look and a page of metrics cost some milliseconds.
LOOK_S: Final = 30.0
FIRST_S: Final = 2.0

# Writes the picture as metrics; what is returned is why it could not, empty when it could.
Metrics = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. `metrics_fault`: why the metrics could not be written."""

    host: HostHealth
    modem: ModemHealth | None = None
    metrics_fault: str = ""


class Looking:
    """Looks from here to `close`. A fault of ours in the thread reaches the scan with `seen`."""

    def __init__(
        self, host: Host, metrics: Metrics | None = None, *, every_s: float = LOOK_S
    ) -> None:
        self._host = host
        self._metrics = metrics
        self._every_s = every_s
        self._seen: Seen | None = None
        self._picture: Mapping[str, Any] | None = None
        self._closing = Event()
        self._thread = threads.begin("health", self._run)

    def seen(self) -> Seen | None:
        """The newest look; None before the first."""
        if self._thread.done():
            self._thread.result()  # raises what ended it
            raise AssertionError("the look at the host was closed")
        return self._seen

    def show(self, picture: Mapping[str, Any]) -> None:
        """What the next metrics say. Never waits."""
        self._picture = picture

    def close(self) -> None:
        """Not waited for: a look may stand at a disk that does not answer."""
        self._closing.set()

    def _run(self) -> None:
        while True:
            host, modem = self._host.host(), self._host.modem()
            fault = ""
            if self._metrics is not None and (picture := self._picture) is not None:
                fault = self._metrics(picture)
            self._seen = Seen(host, modem, fault)
            # Until the first scan has shown something there are no metrics: they come soon.
            wait_s = self._every_s if self._picture is not None else min(FIRST_S, self._every_s)
            if self._closing.wait(wait_s):
                return
