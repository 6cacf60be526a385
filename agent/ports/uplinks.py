"""Room rule: one link to one platform, and its payload. No transport's word, no platform's.

What the link does is an event; what becomes of a batch is one of the three answers of an outbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, NamedTuple, Protocol


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


class RecordNewer(Exception):
    """A record that this version does not know: a newer one wrote it, and was rolled back."""


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
    NEWER = "newer"  # a record of ours that this version does not know


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

    def encode_records(self, batch: Batch) -> bytes:
        """RecordNewer when this version does not know one of them."""

    def encode_state(self, state: dict[str, Any]) -> bytes: ...

    def encode_result(self, result: dict[str, Any]) -> bytes: ...

    def read_receipt(self, payload: bytes) -> Place | None:
        """The newest record up to which the platform has stored all; None when it is no receipt."""

    def read_head(self, payload: bytes) -> Place | None:
        """The head that a live state names; None when it is no live state."""
