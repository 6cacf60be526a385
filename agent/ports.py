"""Room rule: what the agent needs of the world, as protocols. No implementation, no vendor's word.

Drivers import this module and `core.model`, and nothing else of the agent (contract 4). Each
port has one conformance suite in tests/ports, which the real adapter and the simulated one pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, NamedTuple, Protocol

from agent.catalogue import Told
from agent.core.model import Fault, HostHealth, ModemHealth, Moment, Reading, Role


class Clock(Protocol):
    def now(self) -> Moment:
        """The present instant on both clocks."""

    def monotonic_ms(self) -> int:
        """Milliseconds since boot; what deadlines and waits are made of."""


# --- meters --------------------------------------------------------------------------------------


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


class Host(Protocol):
    """How the computer is. A look may take as long as a slow disk: never one within a scan."""

    def host(self) -> HostHealth: ...

    def modem(self) -> ModemHealth | None:
        """None where nobody tells of one."""


# --- the relay -----------------------------------------------------------------------------------


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


# --- uplinks -------------------------------------------------------------------------------------


class RawRecord(NamedTuple):
    """A record as the journal holds it: `body` is the parsed positional row of its kind.

    None once the journal has given the body up.
    """

    number: int
    at_utc_ms: int
    trusted: bool
    kind: str
    body: list[Any] | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one epoch, oldest first, and the chain's head when they were read."""

    station: str
    epoch: str
    records: Sequence[RawRecord]
    head_number: int
    head_hash: str


class LinkFault(StrEnum):
    """What is wrong with a link. The catalogue has a sentence and a remedy for each (`link.*`)."""

    NOT_RUNNING = "not_running"
    UNRESOLVED = "unresolved"  # the broker's name
    REFUSED = "refused"  # nobody listens on that port
    UNREACHABLE = "unreachable"
    LOST = "lost"
    SILENT = "silent"  # connected, and no answer
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_TIME = "tls_time"
    TLS_NAME = "tls_name"
    TLS_FAILED = "tls_failed"
    FILE = "file"  # of ours: a certificate, a key
    NOT_AUTHORISED = "not_authorised"
    ENDED = "ended"  # by the platform, which says why
    RIVAL = "rival"
    TOO_LARGE = "too_large"
    LIMITS = "limits"  # what the broker allows is too little
    NO_CONSUMER = "no_consumer"
    FORBIDDEN = "forbidden"  # a topic
    NO_RECEIPT = "no_receipt"
    FOREIGN = "foreign"  # what it sends means nothing to us


class Answer(Enum):
    """What became of a batch. The three answers of an outbox."""

    ACCEPTED = "accepted"  # a receipt: the cursor may move
    REJECTED = "rejected"  # the platform refuses the content; never retried as it is
    KEPT = "kept"  # the link failed, or nobody consumes: keep and try again


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer to the batch that was sent with `token`. `why` is one line for a human."""

    token: int
    answer: Answer
    why: str = ""
    fault: LinkFault = LinkFault.ENDED


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link is established: send the state first, then the backlog.

    `window` is how many batches may be in flight, `batch_bytes_max` how large one may be.
    """

    window: int
    batch_bytes_max: int


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link is gone; everything in flight is KEPT. `why` is one line for a human.

    `rival`: another client took our name, and will again if we hurry.
    """

    why: str
    rival: bool = False
    fault: LinkFault = LinkFault.LOST


@dataclass(frozen=True, slots=True)
class LinkTrouble:
    """The link stands, but the platform refused something that is no batch (the state)."""

    why: str
    fault: LinkFault = LinkFault.FOREIGN


@dataclass(frozen=True, slots=True)
class Certificate:
    """`whose` is "station", "broker" or "authority"."""

    whose: str
    not_after_utc_ms: int


@dataclass(frozen=True, slots=True)
class CertificatesSeen:
    """All that this link depends on, as far as they are known; empty without TLS."""

    certificates: tuple[Certificate, ...]


class Word(Enum):
    """What a platform may tell us besides answers."""

    RECEIPT = "receipt"  # how far it has stored our records
    STATE = "state"  # the live state that it remembers of us, from before this link


@dataclass(frozen=True, slots=True)
class Heard:
    """Anybody may have written this: the codec says what it means, if anything."""

    word: Word
    payload: bytes


@dataclass(frozen=True, slots=True)
class Spent:
    """Octets on the wire since this was last said, both ways, headers included."""

    octets: int


@dataclass(frozen=True, slots=True)
class Commanded:
    """Somebody sent a command. Until it is settled it comes again, with this link or the next.

    `retained`: the broker had kept it for whoever subscribes.
    """

    token: int
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class CommandsDropped:
    """So many messages were not kept: they came too fast, or were too long to be commands."""

    count: int
    oversized: bool = False


LinkEvent = (
    Spent
    | LinkUp
    | LinkDown
    | LinkTrouble
    | Receipt
    | CertificatesSeen
    | Heard
    | Commanded
    | CommandsDropped
)


class Platform(Protocol):
    """One link to one platform. Single-threaded: it works only inside `step`."""

    def connect(self) -> None:
        """Begin to establish the link; LinkUp or LinkDown follows from `step`."""

    def fileno(self) -> int:
        """The descriptor to wait on, or -1 while there is none."""

    def wants_write(self) -> bool: ...

    def step(self, *, readable: bool, writable: bool, monotonic_ms: int) -> Sequence[LinkEvent]:
        """Do what can be done without waiting, and say what happened."""

    def send_records(self, payload: bytes) -> int:
        """Queue a batch and return its token. Only while the link is up and within its window."""

    def send_result(self, payload: bytes) -> None:
        """What became of a command. Best effort: its verdict is a record, too."""

    def settle(self, token: int) -> None:
        """A command was judged and need not come again. What an earlier link brought is void."""

    def send_state(self, payload: bytes) -> None:
        """Replace the retained live state. Best effort: the next state supersedes it."""

    def close(self) -> None:
        """Say goodbye (the last will is not sent) and release the socket."""


class Place(NamedTuple):
    """A record's number in its epoch, and the chain's hash there if it is known."""

    epoch: str
    number: int
    hash: str = ""


class Codec(Protocol):
    """A platform's payload format. Pure."""

    def encode_records(self, batch: Batch) -> bytes: ...

    def encode_state(self, state: dict[str, Any]) -> bytes: ...

    def encode_result(self, result: dict[str, Any]) -> bytes: ...

    def read_receipt(self, payload: bytes) -> Place | None:
        """The newest record up to which the platform has stored all; None when it is no receipt."""

    def read_head(self, payload: bytes) -> Place | None:
        """The head that a live state names; None when it is no live state."""


# --- the technician's terminal -------------------------------------------------------------------


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
