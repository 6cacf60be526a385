"""Room rule: orders about the station itself: thresholds, keys, what it sends. Moves no water."""

from dataclasses import dataclass
from typing import assert_never

from agent.core.keyring import KEYS_MAX, kid_of
from agent.core.model import (
    Command,
    KeyAdded,
    KeyOrder,
    KeyRevoked,
    Origin,
    PlatformKey,
    Refusal,
    Refused,
    ReportOrder,
    ResendOrder,
    RevokeKeyOrder,
    SetThresholdOrder,
    StationOrder,
    ThresholdSet,
)
from agent.core.present import Present, refuse_document, refuse_range, refuse_text
from agent.core.replacing import replace
from agent.core.state import State
from agent.core.thresholds import THRESHOLDS, highest, overlaid

NUMBER_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Obeyed:
    """An order whose effect is outside the account: the state after it, and what is written."""

    state: State
    bodies: tuple[KeyAdded | KeyRevoked, ...] = ()


def judge_station(
    order: StationOrder, command: Command, present: Present
) -> ThresholdSet | Obeyed | Refusal:
    match order:
        case SetThresholdOrder():
            return _set_threshold(order, command.actor, present)
        case ReportOrder():
            return Obeyed(replace(present.state, reports=present.state.reports + 1))
        case ResendOrder():
            return _resend(order, command, present)
        case KeyOrder():
            return _add_key(order, command.actor, present)
        case RevokeKeyOrder():
            return _revoke_key(order, command.actor, present)
    assert_never(order)


def _set_threshold(
    order: SetThresholdOrder, author: str, present: Present
) -> ThresholdSet | Refusal:
    bound = THRESHOLDS.get(order.name)
    if bound is None:
        return Refusal(Refused.THRESHOLD_UNKNOWN, order.name[:40], ", ".join(THRESHOLDS))
    refusal = refuse_document(order.document) or refuse_range(
        order.value, bound.low, highest(order.name, present.site), Refused.THRESHOLD_RANGE
    )
    if refusal is not None:
        return refusal
    was = bound.read(overlaid(present.site, present.state.thresholds))
    return ThresholdSet(order.name, order.value, was, order.document, author)


def _resend(order: ResendOrder, command: Command, present: Present) -> Obeyed | Refusal:
    """A platform asks for itself alone: another's data is paid by another."""
    platform = order.platform
    if command.origin is Origin.PLATFORM:
        platform = platform or command.actor
        if platform != command.actor:
            return Refusal(Refused.NOT_ALLOWED, platform, command.actor)
    refusal = _refuse_platform(platform, present)
    if refusal is None and not 1 <= order.first <= order.last <= NUMBER_MAX:
        refusal = Refusal(Refused.RESEND_RANGE, f"{order.first}-{order.last}", "1-")
    return refusal or Obeyed(present.state)


def _add_key(order: KeyOrder, author: str, present: Present) -> Obeyed | Refusal:
    """A platform has two keys at most: the one in use, and the one that takes its place."""
    kid = kid_of(order.public_key)
    refusal = _refuse_platform(order.platform, present) or refuse_document(order.document)
    if refusal is not None:
        return refusal
    if kid is None:
        return Refusal(Refused.KEY_UNREADABLE, order.public_key[:70])
    if any(one.kid == kid for one in present.keys):
        return Refusal(Refused.KEY_KNOWN, kid)
    valid = [one.kid for one in _valid(order.platform, present)]
    if order.replaces and order.replaces not in valid:
        return Refusal(Refused.KEY_UNKNOWN, order.replaces[:64], ", ".join(valid))
    if len(valid) - bool(order.replaces) >= KEYS_MAX:
        return Refusal(Refused.KEYS_FULL, ", ".join(valid), str(KEYS_MAX))
    revoked = KeyRevoked(order.platform, order.replaces, order.document, author)
    added = KeyAdded(order.platform, kid, order.public_key.lower(), order.document, author)
    return Obeyed(present.state, (revoked, added) if order.replaces else (added,))


def _revoke_key(order: RevokeKeyOrder, author: str, present: Present) -> Obeyed | Refusal:
    refusal = _refuse_platform(order.platform, present) or refuse_text(
        order.reason, Refused.REASON_MISSING
    )
    if refusal is not None:
        return refusal
    valid = [one.kid for one in _valid(order.platform, present)]
    if order.kid not in valid:
        return Refusal(Refused.KEY_UNKNOWN, order.kid[:64], ", ".join(valid))
    return Obeyed(present.state, (KeyRevoked(order.platform, order.kid, order.reason, author),))


def _valid(platform: str, present: Present) -> list[PlatformKey]:
    return [one for one in present.keys if one.platform == platform and not one.revoked]


def _refuse_platform(platform: str, present: Present) -> Refusal | None:
    known = [one.platform for one in present.site.granted]
    if platform in known:
        return None
    return Refusal(Refused.PLATFORM_UNKNOWN, platform[:40], ", ".join(known))
