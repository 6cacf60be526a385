"""Room rule: what is written down and sent.

A body is stored as a positional row in the order of its fields (`agent/rows.py`): a field may be
added at the end with a default, and never be moved, renamed in meaning or removed.
"""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.conditions import Action, ConditionKind
from agent.core.model.entries import Balance, Entry
from agent.core.model.health import Health
from agent.core.model.measure import Quantity, Reading
from agent.core.model.orders import Origin, RateMethod, Refusal, Refused
from agent.core.model.people import (
    AccountChanged,
    RelayTested,
    SetupNoted,
    VisitClosed,
    VisitOpened,
)
from agent.core.model.site import InterruptionPolicy


@dataclass(frozen=True, slots=True)
class Started:
    """Control came up. `relay_permitted` is what it found the relay doing."""

    version: str
    boot: str
    relay_permitted: bool


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


@dataclass(frozen=True, slots=True)
class RelayMoved:
    """An edge of the relay. `lapsed`: the lease ran out, nobody commanded it."""

    permitted: bool
    lapsed: bool
    reasons: tuple[ConditionKind, ...]
    withdrawn_l: int | None
    remaining_l: int | None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A total the ledger did not believe. `allowed_l` is how far forward was plausible.

    In litres; in watt-hours when it is the power meter's.
    """

    total_l: int
    last_total_l: int
    allowed_l: int
    quantity: Quantity = Quantity.FORWARD_TOTAL_L


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A withheld total was believed after all: it stayed, and was plausible.

    `bounded` is False when no clock could say how much time had passed, so that nothing but its
    staying spoke for it.
    """

    total_l: int
    last_total_l: int
    bounded: bool
    quantity: Quantity = Quantity.FORWARD_TOTAL_L


@dataclass(frozen=True, slots=True)
class Bridged:
    """The total moved while nobody read it for more than an hour, and was believed.

    `gap_ms` is None when no clock could tell. `bounded` is False when the electricity could not
    vouch for the water: no rate is in force, or the power meter was not read.
    """

    total_l: int
    last_total_l: int
    gap_ms: int | None
    energy_wh: int | None
    bounded: bool


class InterruptionCause(StrEnum):
    """Why water was not metered."""

    SILENT = "silent"
    JUMPED = "jumped"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class InterruptionBegan:
    """Metering interruption (计量中断): since `from_utc_ms` no total was accepted."""

    from_utc_ms: int
    cause: InterruptionCause
    running: bool  # the pump, as the power meter says
    policy: InterruptionPolicy
    total_l: int
    total_wh: int | None


@dataclass(frozen=True, slots=True)
class InterruptionEnded:
    """Metering goes on. `standing_l` of the converted volume stands: no totalizer counted it."""

    from_utc_ms: int
    to_utc_ms: int
    cause: InterruptionCause
    running: bool
    policy: InterruptionPolicy
    converted_l: int
    counted_l: int  # by the totalizer meanwhile
    standing_l: int


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The agent's own calendar was set; the host's was not."""

    now_utc_ms: int
    was_utc_ms: int
    reason: str
    author: str


@dataclass(frozen=True, slots=True)
class RatingBegan:
    total_l: int
    total_wh: int
    static_mm: int | None
    author: str


class RatingBroken(StrEnum):
    """Why a rating test came to nothing."""

    PUMP_STOPPED = "pump_stopped"
    NOT_METERED = "not_metered"


@dataclass(frozen=True, slots=True)
class RatingAborted:
    cause: RatingBroken
    lasted_ms: int | None


@dataclass(frozen=True, slots=True)
class RateProposed:
    """What a test or the well's own runs say the coefficient is. It is not in force."""

    litres_per_kwh: int
    method: RateMethod
    volume_l: int
    energy_wh: int
    lasted_ms: int
    static_mm: int | None = None
    dynamic_mm: int | None = None
    in_force: int | None = None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The checkpoint could not be read; the account was made again from its entries."""

    entries: int
    reason: str


class StartCause(StrEnum):
    """Why a pump run began."""

    OWNER = "owner"  # the relay was permitted, and its owner pressed the button
    WHILE_CUT = "while_cut"  # our relay was open: bypass, welded contacts, another pump
    UNSEEN = "unseen"  # it began while the agent was not looking
    YEAR = "year"  # it is the rest of a run that was split where a year began


class StopCause(StrEnum):
    """Why a pump run ended."""

    CUT = "cut"  # our relay opened
    OWNER = "owner"  # the relay was permitted: selector, button, thermal relay or grid
    UNSEEN = "unseen"  # it ended while the agent was not looking
    YEAR = "year"  # it was split where a year began


@dataclass(frozen=True, slots=True)
class Session:
    """One pump run (取水过程).

    `volume_l` is what was metered between the two totals, whatever happened to the meter
    meanwhile. `reasons` are those of the cut, when a cut ended it.
    """

    started_utc_ms: int
    stopped_utc_ms: int
    start_total_l: int
    stop_total_l: int
    start_energy_wh: int | None
    stop_energy_wh: int | None
    cause: StopCause
    remaining_l: int | None = None
    volume_l: int | None = None
    energy_wh: int | None = None
    litres_per_kwh: int | None = None
    start_cause: StartCause = StartCause.OWNER
    reasons: tuple[ConditionKind, ...] = ()
    metered: bool = True  # throughout: seen to its end, without a metering interruption


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
    said before.
    """

    previous_epoch: str
    previous_number: int
    previous_hash: str
    seen_number: int
    platform: str
    copied: int


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
