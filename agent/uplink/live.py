"""Room rule: what is said of now, and when: the live state to the platform, our health to the desk.

Pure: time is an argument.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

LONG_POLL_MS = 10_000  # a question that lost its meaning lingers at the desk for so long
REPORT_INTERVAL_MS = 2_000
TOLD_AT_ONCE = 4  # of Health's first fields
WORDS_MAX = 200  # the desk's bound for a text


@dataclass(slots=True)
class LiveState:
    """The state as this connection has it: at once when it changed, else at every interval."""

    interval_ms: int
    _revision: Any = None
    _sent_ms: int | None = None

    @property
    def sent(self) -> bool:
        return self._sent_ms is not None

    def begin(self) -> None:
        """A new connection knows nothing."""
        self._revision = self._sent_ms = None

    def question(self, now_ms: int) -> dict[str, Any]:
        """What to ask the desk. Without a revision it answers as soon as it has a state at all."""
        due_in_ms = self._due_in_ms(now_ms)
        if due_in_ms == 0:
            return {"revision": None, "wait_ms": LONG_POLL_MS}
        return {"revision": self._revision, "wait_ms": min(due_in_ms, LONG_POLL_MS)}

    def owed(self, revision: Any, now_ms: int) -> bool:
        """Is what the desk answered to be sent? If so it counts as sent."""
        if revision == self._revision and self._due_in_ms(now_ms) > 0:
            return False
        self._revision, self._sent_ms = revision, now_ms
        return True

    def _due_in_ms(self, now_ms: int) -> int:
        if self._sent_ms is None:
            return 0
        return max(0, self._sent_ms + self.interval_ms - now_ms)


class Health(NamedTuple):
    """What the desk is told: all before the counts at once, the counts by and by."""

    connected: bool
    fault: str  # a ports.LinkFault, or empty
    error: str
    warning: dict[str, Any] | None  # a Told of `certificate`, as JSON
    delivered: int
    batches: int
    bytes: int
    reconnects: int
    rejected: int
    foreign: int
    last_error: str
    last_error_utc_ms: int | None
    wire_bytes: int = 0
    began_ms: int = 0


@dataclass(slots=True)
class Report:
    """What the desk was told of our health."""

    _told: Health | None = None
    _told_ms: int = 0

    def forget(self) -> None:
        """A new desk was told nothing."""
        self._told = None

    def due(self, health: Health, now_ms: int) -> bool:
        """A change at once, mere progress every REPORT_INTERVAL_MS."""
        told = self._told
        if told is None or told[:TOLD_AT_ONCE] != health[:TOLD_AT_ONCE]:
            return True
        return told != health and now_ms - self._told_ms >= REPORT_INTERVAL_MS

    def told(self, health: Health, now_ms: int) -> None:
        self._told, self._told_ms = health, now_ms


def one_line(words: str) -> str:
    """What a broker or a library says, as the desk takes it."""
    return "".join(sign if sign.isprintable() else " " for sign in words)[:WORDS_MAX]
