"""Room rule: what is read at the well, and what is said of how it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.core.model import Fault, Moment, Reading, Role


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of the requests to one instrument since start; turnarounds are the latest 64.

    `splits` is how many requests it refused as a block and now answers in parts. `serial` and
    `of_kind` are what it says of itself, None where it does not; `says` are its own status words.
    """

    role: Role
    bus: str
    unit: int
    requests: int
    timeouts: int
    garbled: int
    exceptions: int
    splits: int
    turnaround_median_ms: int | None
    turnaround_p99_ms: int | None
    timeout_ms: int
    resting: bool
    serial: str | None = None
    of_kind: bool | None = None
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BusStanding:
    """`trouble` is one line for a human, and says what to do; empty while the tty is open.

    `echoes`: the adapter hears itself. Its own words are skipped; said because it is wired so.
    """

    name: str
    connected: bool
    opened: int
    echoes: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A technician's question to any unit: registers by function 3 or 4, and never a write.

    `baud`, `parity` and `stop_bits` are the bus's own when None. `patience_ms` is how long the
    reply may take to begin.
    """

    bus: str
    unit: int
    function: int
    address: int
    count: int
    patience_ms: int
    baud: int | None = None
    parity: str | None = None
    stop_bits: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to an Inquiry: words, or an exception's code, or the fault that left neither."""

    words: tuple[int, ...] = ()
    exception: int | None = None
    fault: Fault | None = None
    turnaround_ms: int = 0


class Meters(Protocol):
    """Every instrument of the station, on however many buses."""

    def read(self, moment: Moment) -> tuple[Reading, ...]:
        """One reading per declared quantity, within the bus budget of one scan.

        Never raises for a fault of the wire or of an instrument: that is a bad Reading.
        """

    def counters(self) -> tuple[Counters, ...]:
        """How each instrument has answered, in the order of the declarations."""

    def standings(self) -> tuple[BusStanding, ...]:
        """How each bus stands."""

    def inquire(self, question: Inquiry, within_ms: int) -> Finding:
        """Ask between scans, and be back within the time whatever the line does.

        NOT_READ when the time is too short for the question; it may be asked again.
        """

    def close(self) -> None: ...


class Inputs(Protocol):
    """The dry contacts of the pump house: contactor feedback, door switch, mains present."""

    def read(self) -> Mapping[str, bool | None]:
        """Each declared input by its name: whether it is active; None when it cannot be read."""

    def close(self) -> None: ...
