"""Room rule: the people at the well: what they may be, what they order, and what came of it.

No PIN comes near here. An account has the number of its PIN (`pin_id`), which says nothing about
it: the desk compares PINs, and the scan hears only which number was proven.
"""

from dataclasses import dataclass
from enum import StrEnum


class Rank(StrEnum):
    """What a person at a console may do. Who comes through another door has the door's rights."""

    VIEWER = "viewer"
    TECHNICIAN = "technician"
    SUPERVISOR = "supervisor"


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may sign in at a console."""

    name: str
    rank: Rank
    language: Language
    pin_id: str


# --- what they order ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignInOrder:
    """Somebody at a console says who he is. `proof`: the number of the PIN that he knew, or ""."""

    account: str
    port: str
    proof: str


@dataclass(frozen=True, slots=True)
class FirstSupervisorOrder:
    """Open the first account of a station, before anybody can sign in."""

    name: str
    language: Language
    pin_id: str


@dataclass(frozen=True, slots=True)
class AccountOrder:
    """Open an account."""

    name: str
    rank: Rank
    language: Language
    pin_id: str


@dataclass(frozen=True, slots=True)
class RankOrder:
    """Give somebody who has an account another rank."""

    name: str
    rank: Rank


@dataclass(frozen=True, slots=True)
class RemoveAccountOrder:
    name: str


@dataclass(frozen=True, slots=True)
class ChangePinOrder:
    """Give an account another PIN. Whoever changes his own has proven the old one at the desk."""

    name: str
    pin_id: str
    own: bool


@dataclass(frozen=True, slots=True)
class VisitOpenOrder:
    """Somebody came to work on the well."""

    person: str
    cause: str


@dataclass(frozen=True, slots=True)
class VisitCloseOrder:
    """What he found and did: parts that were changed, seals that were put on."""

    findings: str
    parts: str = ""
    seals: str = ""


@dataclass(frozen=True, slots=True)
class RelayTestOrder:
    """Cut for a moment, to see that the pump stops. It never permits."""

    lasts_ms: int
    reason: str


class SetupStep(StrEnum):
    """The steps of a commissioning, in their order."""

    NAMEPLATE = "nameplate"
    CLOCK = "clock"
    BUS = "bus"
    FLOW_METER = "flow_meter"
    POWER_METER = "power_meter"
    PLAN = "plan"
    RELAY = "relay"
    WET_TEST = "wet_test"
    PLATFORMS = "platforms"
    BACKUP = "backup"
    SIGNATURE = "signature"


class SetupOutcome(StrEnum):
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SetupOrder:
    """What came of a step of the commissioning. What it changed, other orders have changed.

    `facts` are `name=value`, of what was seen and said. `curve` are the wet test's points, each
    of four numbers: milliseconds since its start, flow in l/h, power in W, total in litres.
    """

    step: SetupStep
    outcome: SetupOutcome
    reason: str = ""
    facts: tuple[str, ...] = ()
    curve: tuple[int, ...] = ()


# A console's own: made by the desk alone, which has compared a PIN or remembers a new one.
DeskOrder = SignInOrder | FirstSupervisorOrder | AccountOrder | ChangePinOrder
VisitOrder = VisitOpenOrder | VisitCloseOrder
PeopleOrder = DeskOrder | RankOrder | RemoveAccountOrder | VisitOrder | RelayTestOrder | SetupOrder


# --- what came of it ---------------------------------------------------------------------------


class AccountChange(StrEnum):
    OPENED = "opened"
    RANKED = "ranked"
    PIN_CHANGED = "pin_changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """`pin_id` tells one PIN of an account from the next, and says nothing about it."""

    change: AccountChange
    name: str
    rank: Rank
    language: Language
    pin_id: str
    author: str


@dataclass(frozen=True, slots=True)
class VisitOpened:
    person: str
    cause: str
    total_l: int | None
    total_wh: int | None
    author: str


@dataclass(frozen=True, slots=True)
class VisitClosed:
    person: str
    cause: str
    opened_utc_ms: int
    opened_total_l: int | None
    opened_total_wh: int | None
    total_l: int | None
    total_wh: int | None
    findings: str
    parts: str
    seals: str
    author: str


@dataclass(frozen=True, slots=True)
class RelayTested:
    """The relay was told to open for so long. What the pump did is in the records that follow."""

    lasts_ms: int
    permitted: bool  # before the test
    running: bool
    reason: str
    author: str


@dataclass(frozen=True, slots=True)
class SetupNoted:
    """A step of the commissioning, as `SetupOrder` told it."""

    step: SetupStep
    outcome: SetupOutcome
    reason: str
    facts: tuple[str, ...]
    author: str
    curve: tuple[int, ...] = ()
