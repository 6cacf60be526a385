"""Room rule: the state as its entries alone tell it, for when nothing else can be read.

The account and the stops are the fold of their entries, exactly, and what was latched is told by
the last record that changed it. Of everything else this is the safe beginning: the totals that the
entries carry, no permission; what is wrong is found anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from agent.core.accounting import aged, enter
from agent.core.interlock import Standing
from agent.core.ledger import Ledger, counted_l, used_wh
from agent.core.model import (
    Allocate,
    AllocateEnergy,
    BeginLimit,
    Condition,
    ConditionChanged,
    ConditionKind,
    Convert,
    Correct,
    Entry,
    FitMeter,
    InterruptionCause,
    InterruptionPolicy,
    LayUp,
    Limit,
    Moment,
    OpenYear,
    Override,
    Rate,
    Record,
    Released,
    RemoveMeter,
    Resume,
    RolledOver,
    Stopped,
    ThresholdSet,
    elapsed_ms,
)
from agent.core.posting import post
from agent.core.spent import LOST
from agent.core.state import Dated, Interruption, State, last_total_l, last_total_wh
from agent.core.totalizer import Totalizer


def ledger_of(records: Iterable[Record]) -> Ledger:
    """The account that entries make, in their order."""
    ledger = Ledger()
    for record in records:
        assert isinstance(record.body, Entry), "an account is made of entries"
        ledger = post(ledger, record.body)
    return ledger


def rebuilt(records: Iterable[Record], changes: Iterable[Record] = ()) -> State:
    """A state to go on from, when there is no checkpoint that can be read.

    `changes` are what became of conditions, oldest first: a latch is no entry, and ends as little.
    They also tell how late it is: what had ended by then does not come back with a bad clock.
    """
    changes = tuple(changes)
    state = State(spent=LOST)
    for record in records:
        assert isinstance(record.body, Entry), "an account is made of entries"
        moment = _moment(record)
        state = _later(state, moment)
        state = _followed(enter(state, record.body, moment), record.body, moment)
    known = (state.watermark, *(_moment(one) for one in changes if one.trusted))
    latest = max(filter(None, known), key=lambda one: one.utc_ms, default=None)
    return replace(state, watermark=latest, standing=Standing(conditions=_latched(changes)))


def reconciled(state: State, records: tuple[Record, ...]) -> State:
    """A checkpoint set right by the entries: they are the account, whatever it says."""
    told = rebuilt(records)
    if state.scanned_at is not None:
        told = replace(_later(told, state.scanned_at), scanned_at=state.scanned_at)
    one_series = state.ledger.segment == told.ledger.segment and state.totalizer is not None
    one_power = state.ledger.power == told.ledger.power
    told = replace(told, energy=state.energy) if one_power else told
    if one_series:
        at_total_wh = _by_another_account(state, told.ledger) if one_power else None
        told = replace(told, totalizer=state.totalizer, energy_at_total_wh=at_total_wh)
        told = _as_dated(state, told) if state.ledger.year == told.ledger.year else told
    return replace(
        told,
        standing=state.standing,
        permitted=state.permitted,
        cut_at=state.cut_at,
        cut_by_lapse=state.cut_by_lapse,
        lifting=state.lifting,
        clock=state.clock,
        watermark=state.watermark or told.watermark,
        seen_ids=state.seen_ids,
        spent=state.spent,
        ended_utc_ms=state.ended_utc_ms,
        declared=state.declared,
    )


def _as_dated(state: State, told: State) -> State:
    """What was known of instants in the same year and series, by another account of them."""
    was, now = state.ledger, told.ledger
    return replace(
        told,
        dated=_moved(state.dated, was, now),
        booted=_moved(state.booted, was, now),
        undated=state.undated,
        unread=_moved(state.unread, was, now),
        year_asked=state.year_asked,
    )


def _moved(one: Dated | None, was: Ledger, now: Ledger) -> Dated | None:
    if one is None:
        return None
    used, converted = one.used_wh if was.power == now.power else None, one.converted_l
    more_l = now.converted_l - was.converted_l
    return replace(
        one,
        counted_l=one.counted_l + now.closed_l - was.closed_l,
        used_wh=None if used is None else used + now.closed_wh - was.closed_wh,
        converted_l=None if converted is None else converted + more_l,
    )


def _by_another_account(state: State, ledger: Ledger) -> int | None:
    """What was used when the last water total was accepted, by another account of it."""
    if state.energy_at_total_wh is None:
        return None
    last_wh = last_total_wh(state)
    return state.energy_at_total_wh + used_wh(ledger, last_wh) - used_wh(state.ledger, last_wh)


def _moment(record: Record) -> Moment:
    """Of its boot nothing is known, but that the one now running is another."""
    return Moment(record.at_utc_ms, 0, f"record {record.number}", record.trusted)


def _latched(changes: Iterable[Record]) -> tuple[Condition, ...]:
    """What stood latched at the last word of each condition."""
    standing: dict[ConditionKind, Condition] = {}
    for record in changes:
        change = record.body
        assert isinstance(change, ConditionChanged), "a latch is told by what changed it"
        standing.pop(change.kind, None)
        if change.raised and change.latched:
            since, level = _moment(record), change.level
            condition = Condition(change.kind, since, change.action, latched=True, level=level)
            standing[change.kind] = condition
    return tuple(standing.values())


def _later(state: State, moment: Moment) -> State:
    passed_ms = None if state.scanned_at is None else elapsed_ms(state.scanned_at, moment)
    return replace(
        state,
        totalizer=aged(state.totalizer, passed_ms),
        energy=aged(state.energy, passed_ms),
    )


def _followed(state: State, entry: Entry, moment: Moment) -> State:
    """What else an entry tells: how far the totals had come, and when."""
    told = _told(entry)
    totalizer = _further(state.totalizer, told.total_l, moment, told.since_ms)
    energy = _further(state.energy, told.total_wh, moment)
    if isinstance(entry, OpenYear):
        # Its totals are those of an instant before it: they are no younger than what was known.
        totalizer, energy = _of_before(state.totalizer, totalizer), _of_before(state.energy, energy)
    state = replace(
        state,
        totalizer=totalizer,
        energy=energy,
        scanned_at=moment,
        watermark=moment if moment.trusted else state.watermark,
    )
    state = replace(state, energy_at_total_wh=_at_total_wh(state, entry, told, moment))
    return _interrupted(state, entry, moment) if isinstance(entry, Convert) else state


def _further(
    totalizer: Totalizer | None, total: int | None, moment: Moment, since_ms: int = 0
) -> Totalizer | None:
    if totalizer is None or total is None or total <= totalizer.last:
        return totalizer
    return Totalizer(total, moment, since_ms)


def _of_before(known: Totalizer | None, further: Totalizer | None) -> Totalizer | None:
    return known and further and replace(known, last=further.last)


@dataclass(frozen=True, slots=True)
class _Told:
    total_l: int | None = None
    total_wh: int | None = None
    since_ms: int = 0  # the total was accepted so long before the entry


def _told(entry: Entry) -> _Told:
    """The totals that an entry carries. Those of a meter that comes or goes are a series' own."""
    match entry:
        case Allocate() | Limit() | BeginLimit() | Rate():
            return _Told(entry.total_l)
        case Correct():
            return _Told(entry.total_l if entry.restart_total_l is None else None)
        case AllocateEnergy():
            return _Told(None, entry.total_wh)
        case Convert(ends=False):
            since_ms = max(entry.to_utc_ms - entry.from_utc_ms, 0)
            return _Told(entry.total_l, entry.total_wh, since_ms)
        case Convert() | LayUp() | Resume():
            return _Told(entry.total_l, entry.total_wh)
        case OpenYear():
            return _Told(entry.total_l, entry.energy_total_wh)
        case Override() | Stopped() | Released():
            return _Told(entry.total_l)
        case RolledOver() | FitMeter() | RemoveMeter() | ThresholdSet():
            return _Told()
    assert_never(entry)


def _at_total_wh(state: State, entry: Entry, told: _Told, moment: Moment) -> int | None:
    """What was used at the last water total: as far as an entry tells both, and else nobody knows.

    An estimate begins at the last total, and tells how much was used since.
    """
    used = used_wh(state.ledger, last_total_wh(state))
    if isinstance(entry, Convert) and not entry.ends:
        return used - entry.energy_wh if state.interruption is None else state.energy_at_total_wh
    if None not in (told.total_l, told.total_wh, state.energy):
        return used
    moved = state.totalizer is not None and state.totalizer.at == moment
    return None if moved or isinstance(entry, OpenYear) else state.energy_at_total_wh


def _interrupted(state: State, entry: Convert, moment: Moment) -> State:
    """What was converted and has not been settled yet waits for the totalizer."""
    if entry.ends:
        return replace(state, interruption=None)
    now = state.interruption or Interruption(
        began=moment,
        cause=InterruptionCause.SILENT,
        running=True,
        policy=InterruptionPolicy.CONVERT,
        counted_l=counted_l(state.ledger, last_total_l(state)),
        used_wh=0,
        entered_at=moment,
    )
    return replace(
        state,
        interruption=replace(
            now,
            entered_at=moment,
            used_wh=used_wh(state.ledger, last_total_wh(state)),
            converted_l=now.converted_l + entry.volume_l,
        ),
    )
