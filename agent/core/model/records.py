"""Room rule: what is written down and sent.

A body is stored as a positional row in the order of its fields (`agent/rows.py`): a field may be
added at the end with a default, and never be moved, renamed in meaning or removed.
"""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.conditions import Action, ConditionKind
from agent.core.model.entries import Balance, Entry
from agent.core.model.health import Health
from agent.core.model.measure import Reading
from agent.core.model.metering import (
    Bridged,
    Confirmed,
    InterruptionBegan,
    InterruptionEnded,
    RateProposed,
    RatingAborted,
    RatingBegan,
    Session,
    Withheld,
)
from agent.core.model.people import (
    AccountChanged,
    RelayTested,
    SetupNoted,
    VisitClosed,
    VisitOpened,
)
from agent.core.model.refusals import Refusal, Refused
from agent.core.model.senders import Origin


@dataclass(frozen=True, slots=True)
class Started:
    """Control came up. `relay_permitted` is what it found the relay doing.

    `declared`: the parts of the station that its settings name. `settings_sha256` is of their
    file as it was read, in hex: another one than in the record before says that it was changed.
    """

    version: str
    boot: str
    relay_permitted: bool
    declared: tuple[str, ...] = ()
    settings_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the meters show, once per record interval and at every edge.

    A value that was not good is None, and `faults` says which, how and why.
    """

    forward_total_l: int | None
    flow_l_per_h: int | None
    energy_wh: int | None
    power_w: int | None
    level_mm: int | None
    permitted: bool
    allocated_l: int | None
    withdrawn_l: int | None
    faults: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a command. `refusal` None means it took effect."""

    command_id: str
    origin: Origin
    actor: str
    order: str  # the kind of order, as in the class name
    refusal: Refusal | None
    balance: Balance | None
    note: str = ""  # what the sender gave as the reason


@dataclass(frozen=True, slots=True)
class Measured:
    """A raw value that a condition rests on. Its unit stands last in its name."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    kind: ConditionKind
    raised: bool
    action: Action
    latched: bool
    level: int = 0
    evidence: tuple[Measured, ...] = ()


class Lapse(StrEnum):
    """Why a relay opened that nobody commanded."""

    POWER = "power"  # the controller was without power, or its host was restarted
    RELAY = "relay"  # the relay process was restarted, or fell silent
    CONTROL = "control"  # control was away or late, and the lease ran out


@dataclass(frozen=True, slots=True)
class RelayMoved:
    """An edge of the relay. `lapsed`: nobody commanded it; `lapse` says what happened.

    It is None in records of versions that did not know.
    """

    permitted: bool
    lapsed: bool
    reasons: tuple[ConditionKind, ...]
    withdrawn_l: int | None
    remaining_l: int | None
    lapse: Lapse | None = None


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The agent's own calendar was set; the host's was not."""

    now_utc_ms: int
    was_utc_ms: int
    reason: str
    author: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The checkpoint could not be read; the account was made again from its entries."""

    entries: int
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that could not be kept. Said, because a silent hole is a lie."""

    lost: int
    from_utc_ms: int
    to_utc_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The station's signature over the journal's head: it vouches for every record up to it.

    The last three are in hex. What is signed is said in `docs/journal.md`.
    """

    through: int
    hash: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """The numbers begin again at 1: this journal is an older copy (a restored card, a backup).

    `previous_...` is what it was and its newest record; `seen_number` is what `platform` holds,
    which is empty when the file itself showed that it is a copy. The next `copied` records were
    said before; among them is all that came after record `passed`. Of a version that did not say
    so it is None.
    """

    previous_epoch: str
    previous_number: int
    previous_hash: str
    seen_number: int
    platform: str
    copied: int
    passed: int | None = None


@dataclass(frozen=True, slots=True)
class RefusalsCounted:
    """So many more of the refusal whose verdict stands before: the same sender, the same reason."""

    actor: str
    reason: Refused
    count: int
    from_utc_ms: int
    to_utc_ms: int


@dataclass(frozen=True, slots=True)
class KeyAdded:
    """A platform signs with this key from now on. The key is public, and in hex."""

    platform: str
    kid: str
    public_key: str
    document: str
    author: str


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    platform: str
    kid: str
    reason: str
    author: str


Body = (
    Started
    | Sample
    | Verdict
    | ConditionChanged
    | RelayMoved
    | Withheld
    | Confirmed
    | Bridged
    | InterruptionBegan
    | InterruptionEnded
    | ClockSet
    | RatingBegan
    | RatingAborted
    | RateProposed
    | Rebuilt
    | Session
    | Gap
    | Seal
    | EpochBegan
    | AccountChanged
    | VisitOpened
    | VisitClosed
    | RelayTested
    | SetupNoted
    | Health
    | RefusalsCounted
    | KeyAdded
    | KeyRevoked
    | Entry
)


@dataclass(frozen=True, slots=True)
class Record:
    """A body with its place in the epoch: numbered 1, 2, 3 and so on."""

    number: int
    at_utc_ms: int
    trusted: bool
    body: Body
