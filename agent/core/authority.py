"""Room rule: who may stop, release, acknowledge and override. Changes the state, moves no relay.

Every order here has a sender and a reason, and both are kept. A stop is released by the same or a
higher authority: the table below says who that is. Who may ask for it at all was judged before,
by `rights`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from agent.core import interlock
from agent.core.ledger import withdrawn_l
from agent.core.model import (
    AcknowledgeOrder,
    AuthorityOrder,
    Command,
    ConditionKind,
    Limits,
    Origin,
    Override,
    OverrideOrder,
    Refusal,
    Refused,
    Released,
    ReleaseOrder,
    ReleaseOverrideOrder,
    Site,
    Stop,
    StopOrder,
    Stopped,
)
from agent.core.override import Lifting
from agent.core.rules import RULES
from agent.core.state import State, last_total_l

REASON_MAX = 100
# One stop for each sender; a station has a few platforms and a site.
STOPS_MAX = 8

# Who releases a stop, by where it came from. No platform releases a stop of the site: somebody may
# stand at the pump. A platform's stop is released by that platform (its signed order may be pasted
# at the console) or by root on this host, and both are recorded.
RELEASED_BY: dict[Origin, frozenset[Origin]] = {
    Origin.CONSOLE: frozenset({Origin.CONSOLE, Origin.ADMIN}),
    Origin.ADMIN: frozenset({Origin.ADMIN}),
    Origin.PLATFORM: frozenset({Origin.PLATFORM, Origin.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Ordered:
    """The state after an order that took effect at once, and the entry it made."""

    state: State
    entry: Override | None = None


def judge_authority(
    command: Command, order: AuthorityOrder, state: State, site: Site
) -> Ordered | Stopped | Released | Refusal:
    """What an order does, or why it does nothing."""
    if not order.reason.strip() or len(order.reason) > REASON_MAX:
        return Refusal(Refused.REASON_MISSING, order.reason[:REASON_MAX], f"1-{REASON_MAX}")
    match order:
        case StopOrder():
            return _stop(command, order, state)
        case ReleaseOrder():
            return _release(command, order, state)
        case AcknowledgeOrder():
            return _acknowledge(order, state, site)
        case OverrideOrder():
            return _override(command, order, state, site.limits)
        case ReleaseOverrideOrder():
            if state.lifting is None:
                return Refusal(Refused.NO_OVERRIDE)
            return Ordered(replace(state, lifting=None))
    assert_never(order)


def withdrawn_now_l(state: State) -> int:
    return withdrawn_l(state.ledger, last_total_l(state))


def stopped_on_site(stops: Iterable[Stop | Command]) -> bool:
    return any(one.origin is not Origin.PLATFORM for one in stops)


def stopped_by_platform(stops: Iterable[Stop | Command]) -> bool:
    return any(one.origin is Origin.PLATFORM for one in stops)


def stops_after(stops: tuple[Stop, ...], entry: Stopped | Released) -> tuple[Stop, ...]:
    """The stops that stand after one more entry: they are its fold, as the account is."""
    match entry:
        case Stopped():
            others = _of_others(stops, entry.origin, entry.actor)
            return (*others, Stop(entry.origin, entry.actor, entry.reason))
        case Released():
            return tuple(one for one in stops if one not in entry.stops)
    assert_never(entry)


def _stop(command: Command, order: StopOrder, state: State) -> Stopped | Refusal:
    """A second stop by the same sender replaces the first: each sender has one to release."""
    others = _of_others(state.stops, command.origin, command.actor)
    if len(others) >= STOPS_MAX:
        return Refusal(Refused.STOPS_FULL, str(len(others)), str(STOPS_MAX))
    return Stopped(command.origin, command.actor, order.reason, last_total_l(state))


def _of_others(stops: tuple[Stop, ...], origin: Origin, actor: str) -> tuple[Stop, ...]:
    """The site is one sender, whoever types; each platform is one."""
    return tuple(
        one
        for one in stops
        if one.origin is not origin or (origin is Origin.PLATFORM and one.actor != actor)
    )


def _may_release(stop: Stop, command: Command) -> bool:
    if command.origin not in RELEASED_BY[stop.origin]:
        return False
    return command.origin is not Origin.PLATFORM or stop.actor == command.actor


def _release(command: Command, order: ReleaseOrder, state: State) -> Released | Refusal:
    if not state.stops:
        return Refusal(Refused.NOT_STOPPED)
    lifted = tuple(one for one in state.stops if _may_release(one, command))
    if not lifted:
        who = ", ".join(f"{one.origin} {one.actor}" for one in state.stops)
        return Refusal(Refused.RELEASE_NOT_ALLOWED, command.actor, who)
    return Released(command.origin, command.actor, order.reason, last_total_l(state), lifted)


def _acknowledge(order: AcknowledgeOrder, state: State, site: Site) -> Ordered | Refusal:
    kind = ConditionKind(order.condition)
    open_to_it = interlock.acknowledgeable(RULES, state.standing)
    if kind not in open_to_it:
        return Refusal(Refused.NOT_LATCHED, kind, ", ".join(open_to_it) or "-")
    standing = interlock.acknowledge(RULES, state.standing, kind, site)
    if kind is ConditionKind.SETTINGS_INCOMPLETE:
        state = replace(state, declared=site.declared)
    return Ordered(replace(state, standing=standing))


def _override(
    command: Command, order: OverrideOrder, state: State, limits: Limits
) -> Ordered | Refusal:
    if state.lifting is not None:
        return Refusal(Refused.OVERRIDE_RUNS, state.lifting.use)
    if not 0 < order.volume_l <= limits.override_l:
        return Refusal(Refused.VOLUME_RANGE, str(order.volume_l), f"1-{limits.override_l}")
    if not 0 < order.lasts_ms <= limits.override_ms:
        return Refusal(Refused.OVERRIDE_TIME, str(order.lasts_ms), f"1-{limits.override_ms}")
    entry = Override(
        use=order.use,
        volume_l=order.volume_l,
        lasts_ms=order.lasts_ms,
        reason=order.reason,
        author=command.actor,
        total_l=last_total_l(state),
    )
    blind = state.totalizer is not None and state.totalizer.at != state.scanned_at
    lifting = Lifting(
        order.use, order.volume_l, order.lasts_ms, withdrawn_now_l(state), blind=blind
    )
    return Ordered(replace(state, lifting=lifting), entry)
