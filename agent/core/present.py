"""Room rule: what an order is judged against, and the refusals that every order shares."""

from dataclasses import dataclass

from agent.core import calendar
from agent.core.ledger import Ledger
from agent.core.model import (
    Moment,
    PlatformKey,
    Quality,
    Quantity,
    Reading,
    Refusal,
    Refused,
    Role,
    Site,
)
from agent.core.state import State, last_total_l, last_total_wh
from agent.core.totalizer import Totalizer

# Ten million cubic metres: far above any well, far below what a slip of units would produce.
VOLUME_MAX_L = 10_000_000_000
TEXT_MAX = 100


@dataclass(frozen=True, slots=True)
class Present:
    """What a command is judged against.

    `readings` are this scan's, not judged yet. `moment` is the instant as believed, `host` as the
    host said it.
    """

    state: State
    readings: tuple[Reading, ...]
    moment: Moment
    host: Moment
    site: Site
    keys: tuple[PlatformKey, ...] = ()

    @property
    def ledger(self) -> Ledger:
        return self.state.ledger

    @property
    def totalizer(self) -> Totalizer | None:
        return self.state.totalizer

    @property
    def energy(self) -> Totalizer | None:
        return self.state.energy

    @property
    def last_total_l(self) -> int | None:
        return last_total_l(self.state)

    @property
    def last_total_wh(self) -> int | None:
        return last_total_wh(self.state)

    @property
    def latest_ms(self) -> int | None:
        """The latest calendar that can be vouched for; None when there is none."""
        return calendar.latest_ms(self.state.watermark, self.moment)


def refuse_document(document: str) -> Refusal | None:
    return refuse_text(document, Refused.DOCUMENT_MISSING)


def refuse_text(text: str, reason: Refused) -> Refusal | None:
    """Every entry says who, why and by which document: in words that fit on a line."""
    if text.strip() and len(text) <= TEXT_MAX:
        return None
    return Refusal(reason, text[:TEXT_MAX], f"1-{TEXT_MAX}")


def refuse_range(value: int, low: int, high: int, reason: Refused) -> Refusal | None:
    if low <= value <= high:
        return None
    return Refusal(reason, str(value), f"{low}-{high}" if low >= 0 else f"{low} .. {high}")


def read_total(present: Present, quantity: Quantity) -> int | None:
    """What the wire says in this scan; None when it says nothing good."""
    return next(
        (
            one.value
            for one in present.readings
            if one.quantity is quantity and one.quality is Quality.GOOD
        ),
        None,
    )


def refuse_unread(present: Present, role: Role) -> Refusal:
    """A meter whose only total is a net one has no legal quantity to read."""
    if role is Role.FLOW_METER and read_total(present, Quantity.NET_TOTAL_L) is not None:
        return Refusal(Refused.NET_NOT_LEGAL, Quantity.NET_TOTAL_L, Quantity.FORWARD_TOTAL_L)
    return Refusal(Refused.METER_NOT_READ, role)
