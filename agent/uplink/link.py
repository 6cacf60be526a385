"""Room rule: when the link may be tried and how much it may carry. Pure: time is an argument."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from agent.ports import LinkFault, LinkUp
from agent.uplink import retry

ANSWER_GOOD_MS = 500  # a receipt within it says that the link is not the bottleneck


class Trouble(NamedTuple):
    """`why` is what the network said, in its own words."""

    fault: LinkFault
    why: str


@dataclass(slots=True)
class Link:
    """What is known of one platform's link.

    `limits` None: down. The pace is the number of batches in flight, found by how soon they are
    answered: on a slow link the live state must not stand behind minutes of backlog. A hold is a
    platform that takes no batch for now (nobody consumes, or it refuses for the link's reasons).
    """

    draw: Callable[[], float]
    limits: LinkUp | None = None
    connecting: bool = False
    retry_at_ms: int = 0
    hold_until_ms: int = 0
    pace: int = 1
    trouble: Trouble | None = None  # of the link itself
    complaint: Trouble | None = None  # of what travels on it
    _up_since_ms: int | None = None
    _outage: retry.Outage | None = None
    _hold: retry.Outage | None = None

    @property
    def error(self) -> Trouble | None:
        return self.trouble or self.complaint

    def may_connect(self, now_ms: int) -> bool:
        return self.limits is None and not self.connecting and now_ms >= self.retry_at_ms

    def came_up(self, limits: LinkUp, now_ms: int) -> None:
        self.limits, self.connecting, self._up_since_ms = limits, False, now_ms
        self.pace = 1  # nobody may be listening: one batch finds out
        self.trouble = self.complaint = None
        self._release()

    def fell(self, trouble: Trouble, now_ms: int, *, rival: bool = False) -> None:
        self._outage = retry.failed(self._outage, self._up_since_ms, now_ms)
        if rival:
            self._outage = retry.taken_over(self._outage, now_ms)
            # Half of it is waited for certain: a draw near zero would take the name right back.
            draw = (1 + self.draw()) / 2
        else:
            draw = self.draw()
        self.retry_at_ms = now_ms + retry.delay_ms(self._outage, draw)
        self.limits, self.connecting, self._up_since_ms = None, False, None
        self.trouble, self.complaint = trouble, None
        self._release()

    def hold(self, trouble: Trouble, now_ms: int) -> None:
        self._hold = retry.failed(self._hold, None, now_ms)
        self.hold_until_ms = now_ms + retry.delay_ms(self._hold, self.draw())
        self.complaint, self.pace = trouble, 1

    def answered(self, latency_ms: int) -> None:
        """One more in flight while the answers are quick, half as many when they are not."""
        self.settled()
        quick = latency_ms <= ANSWER_GOOD_MS
        self.pace = self.pace + 1 if quick else max(1, self.pace // 2)

    def settled(self) -> None:
        """Whoever took no batch for a while has taken one."""
        if self._hold is not None:
            self.complaint = None
        self._release()

    def room(self, outstanding: int, now_ms: int) -> bool:
        """May one more batch go out?"""
        if self.limits is None or now_ms < self.hold_until_ms:
            return False
        return outstanding < min(self.pace, self.limits.window)

    def _release(self) -> None:
        self._hold, self.hold_until_ms = None, 0
