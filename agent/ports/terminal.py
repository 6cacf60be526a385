"""Room rule: the technician's terminal: octets to and from whoever sits there."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HungUp:
    """Nobody is at the other end, or nothing reaches him. `why` is one line for a human."""

    why: str


class TechnicianLine(Protocol):
    """Octets to and from one terminal. What the line does is a value; it never raises.

    Single-threaded: it works only inside its calls. After the first HungUp every call says so.
    """

    baud: int

    def read(self, within_ms: int) -> bytes | HungUp:
        """What has come, a bounded piece at a time; empty when nothing came within the time."""

    def write(self, octets: bytes, within_ms: int) -> int | HungUp:
        """How many were taken within the time, from the first on; 0 while the terminal stalls.

        Little is taken ahead of the wire, so that what follows an interruption is soon seen.
        """

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class NotThere:
    """The port cannot be had yet: no device, or somebody else's. `why` says what to do."""

    why: str


class TechnicianPort(Protocol):
    """Where a terminal may be plugged in, now or later."""

    def open(self, within_ms: int) -> TechnicianLine | NotThere:
        """The line as soon as it can be opened; NotThere when that was not within the time."""
