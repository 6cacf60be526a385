"""Room rule: from the claims of a signed command to the command, or why it is none. Pure.

Whose signature it is was proved before; whether the order may take effect is judged by the scan.
"""

from collections.abc import Mapping
from typing import Any, Final

from agent.core.model import Command, Order, Origin, Refusal, Refused
from agent.desk.fields import ORDERS, Fields
from agent.desk.wire import Refused as Wrong

JTI_MAX: Final = 64
INSTANT_MAX_S: Final = 2**40  # far beyond every calendar, and exact in milliseconds
GIVEN_MAX: Final = 120
# An order's name in a command: `allocate` stands for AllocateOrder.
NAMES: Final[dict[str, str]] = {}


def _word(order: str) -> str:
    stem = order.removesuffix("Order")
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in stem).lstrip("_")


NAMES.update({_word(name): name for name in ORDERS})


def read_claims(claims: Mapping[str, Any], platform: str, station: str) -> Command | Refusal:
    """The command that `platform` has signed for this station."""
    if claims.get("iss") != platform:
        return Refusal(Refused.WRONG_ISSUER, _given(claims.get("iss")), platform)
    if claims.get("aud") != station:
        return Refusal(Refused.WRONG_AUDIENCE, _given(claims.get("aud")), station)
    given = dict(claims)
    if isinstance(given.get("order"), str):
        given["order"] = NAMES.get(given["order"], given["order"])
    fields = Fields({name: given[name] for name in given if name not in ("iss", "aud")})
    command_id = fields.text("jti", JTI_MAX)
    issued_s = fields.integer("iat", 0, INSTANT_MAX_S)
    until_s = fields.integer("exp", 0, INSTANT_MAX_S)
    order: Order | None = fields.order("order", "fields")
    try:
        fields.end()
    except Wrong as why:
        return Refusal(Refused.NO_COMMAND, str(why)[:GIVEN_MAX])
    if not command_id or order is None:
        return Refusal(Refused.NO_COMMAND, "jti must not be empty")
    return Command(
        command_id, Origin.PLATFORM, platform, order, until_s * 1000, issued_utc_ms=issued_s * 1000
    )


def id_of(claims: Mapping[str, Any]) -> str:
    """Under which id its sender waits for the result; empty when it has none that can be said."""
    command_id = claims.get("jti")
    if isinstance(command_id, str) and len(command_id) <= JTI_MAX and command_id.isprintable():
        return command_id
    return ""


def _given(value: object) -> str:
    """As it can be written down: half a surrogate pair cannot, and a line must stay one."""
    if not isinstance(value, str):
        return "-"
    return value[:64] if value.isprintable() else ascii(value)[:64]
