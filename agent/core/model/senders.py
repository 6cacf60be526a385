"""Room rule: who asks, through which door and by what right. What is asked for is in `orders`."""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.orders import Order
from agent.core.model.people import Rank


class Origin(StrEnum):
    """Through which door a command came."""

    ADMIN = "admin"  # the desk's admin socket: root on this host
    CONSOLE = "console"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Command:
    """An order with its sender. `id` is unique; a command twice is a command once."""

    id: str
    origin: Origin
    actor: str
    order: Order
    not_after_utc_ms: int | None = None
    rank: Rank | None = None  # of the person at a console
    issued_utc_ms: int | None = None  # it is a signed one, of this instant
    held: bool = False  # a stop that was obeyed in time, and could not be written down yet


def is_supervisors(command: Command) -> bool:
    """Whether a supervisor's rights stand behind a command: root on this host has them."""
    return command.origin is Origin.ADMIN or command.rank is Rank.SUPERVISOR


class Capability(StrEnum):
    """What a platform may be granted in the station's settings; nothing is granted by itself."""

    ALLOCATE = "allocate"
    CORRECT = "correct"
    RATE = "rate"
    STOP = "stop"  # and release its own stops
    ACKNOWLEDGE = "acknowledge"
    OVERRIDE = "override"
    SET_CLOCK = "set_clock"
    SET_THRESHOLD = "set_threshold"
    RESEND = "resend"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """The public half of a key of a platform, in hex. `revoked`: it proves nothing any more."""

    platform: str
    kid: str
    public: str
    revoked: bool = False
