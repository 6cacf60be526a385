"""Room rule: the lease on the pump as control sees it, and the output as the relay process does."""

from typing import NamedTuple, Protocol

from agent.catalogue import Told


class RelayPosition(NamedTuple):
    """What the relay process says of its line. `lease_ms` is what is left; 0 when cut."""

    permitted: bool
    lease_ms: int


class RelayGone(Exception):
    """The relay process does not answer. The scan goes on: there is nothing left to hold."""


class Relay(Protocol):
    """The lease on the pump, as control sees it."""

    def position(self) -> RelayPosition:
        """RelayGone when the relay process does not answer in time."""

    def permit(self, lease_ms: int) -> None:
        """Begin to permit; it lapses by itself. RelayGone as above."""

    def renew(self, lease_ms: int) -> None:
        """Go on permitting; what has lapsed meanwhile stays so. RelayGone as above."""

    def cut(self) -> None:
        """Open the relay now. RelayGone as above."""

    def process_id(self) -> int | None:
        """Of the relay process that answered last; None when none has."""


class LineGone(Told):
    """The output cannot be claimed, driven or read; says why and what to do."""


class Line(Protocol):
    """One output that permits the pump. Owned by the relay process alone.

    Claiming it puts it at the cut level without a pulse. What the line does when its owner dies
    is the driver's to state, not to promise.
    """

    def drive(self, *, permitted: bool) -> None:
        """LineGone when it cannot be; the next call tries anew."""

    def permitted(self) -> bool:
        """The level read back from the line. LineGone as above."""

    def close(self) -> None:
        """Drive the cut level and let go."""
