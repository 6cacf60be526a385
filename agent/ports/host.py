"""Room rule: the computer as the agent needs it: its clock, watchdog and log."""

from collections.abc import Mapping
from typing import Protocol

from agent.core.model import Moment


class Clock(Protocol):
    def now(self) -> Moment:
        """The present instant on both clocks."""

    def monotonic_ms(self) -> int:
        """Milliseconds since boot; what deadlines and waits are made of."""


class Watchdog(Protocol):
    """The service manager, told of life. Every call is a no-op where there is none."""

    def ready(self) -> None: ...

    def pet(self) -> None: ...


class Log(Protocol):
    """The host's log. A no-op where there is none; never waits."""

    @property
    def heard(self) -> bool:
        """Whether anybody listens: what nobody hears need not be put in words."""

    def say(self, priority: int, words: str, facts: Mapping[str, str]) -> None: ...
