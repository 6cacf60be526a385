"""Room rule: the commands of a scan, one after the other: judged, carried out, answered.

Each is judged against what the one before it left. What it makes precedes its verdict.
"""

from dataclasses import replace

from agent.core.accounting import enter
from agent.core.authority import Ordered
from agent.core.calendar import SetClock
from agent.core.commands import Deed, judge_command
from agent.core.ledger import counted_l, used_wh
from agent.core.model import (
    AuthorityOrder,
    Body,
    ClockSet,
    Command,
    Moment,
    OpenYear,
    Order,
    RateProposed,
    RatingBegan,
    Refusal,
    SignInOrder,
    Site,
    Verdict,
)
from agent.core.people import Attended
from agent.core.present import Present
from agent.core.state import Rating, Seen, State, account
from agent.core.years import confirm_year

# Ids of commands already judged; a platform repeats a message within minutes, not after so many.
SEEN_IDS_MAX = 64


def take_commands(
    site: Site, state: State, seen: Seen, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    bodies: list[Body] = []
    for command in seen.commands:
        state, said = _take(site, state, seen, command, moment)
        bodies += said
    return state, tuple(bodies)


def _take(
    site: Site, state: State, seen: Seen, command: Command, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    present = Present(state, seen.readings, moment, seen.moment, site)
    judged = judge_command(command, present)
    bodies: tuple[Body, ...] = ()
    if not isinstance(judged, Refusal):
        state, bodies = _carry_out(site, state, judged, moment)
    if command.id not in state.seen_ids:  # a repeated id must not push the others out
        state = replace(state, seen_ids=(*state.seen_ids, command.id)[-SEEN_IDS_MAX:])
    counted = judged.refusal if isinstance(judged, Attended) else None
    verdict = Verdict(
        command_id=command.id,
        origin=command.origin,
        actor=command.actor,
        order=type(command.order).__name__,
        refusal=judged if isinstance(judged, Refusal) else counted,
        balance=account(state, moment),
        note=_note(command.order),
    )
    return state, (*bodies, verdict)


def _carry_out(
    site: Site, state: State, deed: Deed, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    match deed:
        case ClockSet():
            return _set_clock(state, deed, moment), (deed,)
        case RatingBegan():
            return _begin_rating(state, deed, moment), (deed,)
        case RateProposed():
            return replace(state, rating=None), (deed,)
        case Attended():
            return replace(state, people=deed.people), deed.bodies
        case Ordered():
            return deed.state, (deed.entry,) if deed.entry else ()
        case OpenYear():
            return confirm_year(site, state, moment, deed)
        case _:
            return enter(state, deed, moment), (deed,)


def _note(order: Order) -> str:
    if isinstance(order, SignInOrder):
        return order.port
    return order.reason if isinstance(order, AuthorityOrder) else ""


def _set_clock(state: State, deed: ClockSet, moment: Moment) -> State:
    """From now on this is what monotonic time explains; whoever said so answers for it."""
    said = replace(moment, utc_ms=deed.now_utc_ms, trusted=True)
    clock = SetClock(deed.now_utc_ms, moment.monotonic_ms, moment.boot)
    return replace(state, clock=clock, watermark=said)


def _begin_rating(state: State, deed: RatingBegan, moment: Moment) -> State:
    rating = Rating(
        began=moment,
        year=state.ledger.year,
        counted_l=counted_l(state.ledger, deed.total_l),
        used_wh=used_wh(state.ledger, deed.total_wh),
        static_mm=deed.static_mm,
    )
    return replace(state, rating=rating)
