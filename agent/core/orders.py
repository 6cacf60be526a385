"""Room rule: the commands of a scan, one after the other: judged, carried out, answered.

Each is judged against what the one before it left. What it makes precedes its verdict.
"""

from dataclasses import dataclass

from agent.core.accounting import enter
from agent.core.authority import Ordered
from agent.core.calendar import SetClock, latest_ms
from agent.core.commands import Deed, judge_command
from agent.core.keyring import changed
from agent.core.ledger import counted_l, used_wh
from agent.core.model import (
    AuthorityOrder,
    Body,
    ClockSet,
    Command,
    Moment,
    OpenYear,
    Order,
    Origin,
    RateProposed,
    RatingBegan,
    Refusal,
    SignInOrder,
    Site,
    Verdict,
)
from agent.core.people import Attended
from agent.core.present import Present
from agent.core.replacing import replace
from agent.core.spent import aged
from agent.core.state import Rating, Seen, State, account
from agent.core.station import Obeyed
from agent.core.tallies import closed, noted
from agent.core.warrants import used_up
from agent.core.years import confirm_year

# Ids of commands at the desk that were judged: who asks again does so within minutes.
SEEN_IDS_MAX = 64


@dataclass(frozen=True, slots=True)
class Taken:
    """What the commands of a scan came to. `durable`: something must be remembered for good."""

    state: State
    bodies: tuple[Body, ...]
    verdicts: tuple[Verdict, ...]  # of every command, written down or not
    durable: bool


def take_commands(site: Site, state: State, seen: Seen, moment: Moment) -> Taken:
    bodies: list[Body] = []
    verdicts: list[Verdict] = []
    tallies, counted = closed(state.tallies, moment)
    memory = aged(state.spent, moment, latest_ms(state.watermark, moment))
    state = replace(state, tallies=tallies, spent=memory)
    for command in seen.commands:
        state, made, verdict = _take(site, state, seen, command, moment)
        seen = replace(seen, keys=changed(seen.keys, made))
        state, written = _written(state, verdict, 1, moment)
        verdicts.append(verdict)
        bodies += (*made, *written)
    for away in seen.turned_away:
        verdict = Verdict(
            away.command_id, Origin.PLATFORM, away.actor, "", away.refusal, account(state, moment)
        )
        state, written = _written(state, verdict, away.count, moment)
        bodies += written
    used = state.spent.used != memory.used
    return Taken(state, (*bodies, *counted), tuple(verdicts), durable=used or bool(bodies))


def _written(
    state: State, verdict: Verdict, count: int, moment: Moment
) -> tuple[State, tuple[Verdict, ...]]:
    """Every verdict is written down, but for what a network may send without end."""
    if verdict.refusal is None or verdict.origin is not Origin.PLATFORM:
        return state, (verdict,)
    tallies, first = noted(state.tallies, verdict.actor, verdict.refusal.reason, count, moment)
    return replace(state, tallies=tallies), (verdict,) if first else ()


def _take(
    site: Site, state: State, seen: Seen, command: Command, moment: Moment
) -> tuple[State, tuple[Body, ...], Verdict]:
    present = Present(state, seen.readings, moment, seen.moment, site, seen.keys)
    judged = judge_command(command, present)
    refusal = _refusal(judged)
    bodies: tuple[Body, ...] = ()
    if not isinstance(judged, Refusal):
        state, bodies = _carry_out(site, state, judged, moment)
    signed = command.issued_utc_ms is not None
    if not signed and command.id not in state.seen_ids:
        # A repeated id must not push the others out.
        state = replace(state, seen_ids=(*state.seen_ids, command.id)[-SEEN_IDS_MAX:])
    state = used_up(state, command, None if refusal is None else refusal.reason)
    verdict = Verdict(
        command_id=command.id,
        origin=command.origin,
        actor=command.actor,
        order=type(command.order).__name__,
        refusal=refusal,
        balance=account(state, moment),
        note=_note(command.order),
    )
    return state, bodies, verdict


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
        case Obeyed():
            return deed.state, deed.bodies
        case Ordered():
            return deed.state, (deed.entry,) if deed.entry else ()
        case OpenYear():
            return confirm_year(site, state, moment, deed)
        case _:
            return enter(state, deed, moment), (deed,)


def _refusal(judged: Deed | Refusal) -> Refusal | None:
    """A sign-in that failed is refused, and yet it is counted."""
    if isinstance(judged, Attended):
        return judged.refusal
    return judged if isinstance(judged, Refusal) else None


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
