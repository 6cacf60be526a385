"""Room rule: how long to wait for one instrument, learned from what it took lately. Asks no clock.

The timeout follows the slowest of the last turnarounds and doubles with each that was in vain. An
instrument that sleeps without traffic takes the first request for a knock: that one waits no
longer than a wake-up needs.
"""

from collections import deque
from statistics import median

from drivers.profile import Profile

TURNAROUNDS_KEPT = 64
TIMEOUT_FACTOR = 3
# Below, the host's own hiccups would count as silence; above stands the profile's own.
TIMEOUT_MIN_MS = 200
DOUBLED_MAX = 32


class Patience:
    """With one instrument."""

    def __init__(self, profile: Profile) -> None:
        self._most_ms = profile.timeout_ms
        self._wake = profile.wake
        self._turnarounds: deque[int] = deque(maxlen=TURNAROUNDS_KEPT)
        self._doubled = 1
        self._now_ms = 0
        self._heard_ms: int | None = None  # when it last said anything
        self._knocks = False  # the next request may do no more than wake it

    def begin_scan(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._knocks = self._sleeps()

    @property
    def timeout_ms(self) -> int:
        """How long to wait for a reply to begin."""
        if self._knocks and self._wake is not None:
            return min(self._wake.patience_ms, self._most_ms)
        if not self._turnarounds:
            return self._most_ms
        learned_ms = TIMEOUT_FACTOR * self.slowest_ms * self._doubled
        return min(max(learned_ms, TIMEOUT_MIN_MS * self._doubled), self._most_ms)

    @property
    def slowest_ms(self) -> int:
        return max(self._turnarounds, default=0)

    @property
    def median_ms(self) -> int | None:
        return round(median(self._turnarounds)) if self._turnarounds else None

    @property
    def p99_ms(self) -> int | None:
        ranked = sorted(self._turnarounds)
        return ranked[len(ranked) * 99 // 100] if ranked else None

    def heard(self) -> None:
        """It said something, sense or not: it is awake."""
        self._heard_ms = self._now_ms
        self._knocks = False

    def replied(self, turnaround_ms: int | None) -> None:
        """None: not known."""
        self.heard()
        if turnaround_ms is not None:
            self._turnarounds.append(turnaround_ms)
        self._doubled = 1

    def knocked(self) -> bool:
        """Whether what stayed unanswered was the knock; the next request is none."""
        knocked, self._knocks = self._knocks, False
        return knocked

    def in_vain(self) -> None:
        """A whole timeout passed without a reply."""
        self._doubled = min(self._doubled * 2, DOUBLED_MAX)

    def _sleeps(self) -> bool:
        if self._wake is None:
            return False
        return self._heard_ms is None or self._now_ms - self._heard_ms >= self._wake.after_ms
