"""Room rule: what a litre is, legally. Entries in, account out; no clock, no relay, no wire.

    withdrawn(year) = before the agent came + closed segments
                    + (latest accepted total - start of the open segment) + converted + corrections

The meter is the memory: the ledger never integrates a flow, it subtracts totals that the meter
itself kept. `post` folds one entry into the account; nothing else changes it.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from agent.core.model import (
    Allocate,
    AllocateEnergy,
    AllocationKind,
    Balance,
    BeginLimit,
    Convert,
    Correct,
    Entry,
    FitMeter,
    LayUp,
    Limit,
    Moment,
    OpenYear,
    Override,
    Rate,
    RemoveMeter,
    Resume,
    Role,
    RolledOver,
)
from agent.core.totalizer import Segment

# Closed years whose accounts still take a correction.
PAST_YEARS_MAX = 5


@dataclass(frozen=True, slots=True)
class Grant:
    """What is allocated for one plan year, in litres or in watt-hours.

    A plan replaces the provisional allocation. Corrections stand beside both.
    """

    year: int
    plan: int | None = None
    adjusted: int = 0
    provisional: int | None = None
    provisional_until_utc_ms: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """A limit within a year. `begun_l` is what the year had withdrawn when it began to count."""

    year: int
    name: str
    volume_l: int
    from_utc_ms: int
    to_utc_ms: int
    before_l: int = 0
    begun_l: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """The account of a year that is closed."""

    year: int
    allocated_l: int | None
    withdrawn_l: int
    used_wh: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The fold of all entries. `grants` holds the open year and those after it, in order."""

    segment: Segment | None = None
    power_serial: str | None = None
    year: int | None = None
    before_l: int = 0  # withdrawn in the open year before its first reading here
    closed_l: int = 0  # segments closed within the open year
    grants: tuple[Grant, ...] = ()
    taken_over: bool = False  # a first flow meter was fitted: what was before is known
    converted_l: int = 0  # reckoned from electricity within the open year
    corrected_l: int = 0
    power: Segment | None = None
    closed_wh: int = 0
    energy_grants: tuple[Grant, ...] = ()
    rounds: tuple[Round, ...] = ()
    rate: Rate | None = None
    laid_up: LayUp | None = None
    past: tuple[Past, ...] = ()


def post(ledger: Ledger, entry: Entry) -> Ledger:  # noqa: C901, PLR0912  # one line per kind
    """The account after one more entry."""
    match entry:
        case Allocate():
            return _post_allocate(ledger, entry)
        case AllocateEnergy():
            return _post_allocate_energy(ledger, entry)
        case Limit():
            return _post_limit(ledger, entry)
        case BeginLimit():
            return _post_begin_limit(ledger, entry)
        case FitMeter():
            return _post_fit_meter(ledger, entry)
        case RemoveMeter():
            return _post_remove_meter(ledger, entry)
        case Override():
            return ledger  # it lifts a bar and gives no water: what it takes counts
        case OpenYear():
            return _post_open_year(ledger, entry)
        case RolledOver():
            return _post_rolled_over(ledger, entry)
        case Correct():
            return _post_correct(ledger, entry)
        case Convert():
            return replace(ledger, converted_l=ledger.converted_l + entry.volume_l)
        case Rate():
            return replace(ledger, rate=entry)
        case LayUp():
            return replace(ledger, laid_up=entry)
        case Resume():
            return replace(ledger, laid_up=None)
    assert_never(entry)


# --- what the account says ---------------------------------------------------------------------


def grant_of(grants: tuple[Grant, ...], year: int) -> Grant:
    """What is allocated for a year; an empty grant when nothing is."""
    return next((grant for grant in grants if grant.year == year), Grant(year))


def allocated(grant: Grant, moment: Moment, ended_utc_ms: int = 0) -> int | None:
    """What is allocated, or None when nothing is: not the same as zero.

    A provisional allocation ends at its expiry. An untrusted calendar does not end it early; one
    that ended up to `ended_utc_ms` stays ended, whatever the calendar says now.
    """
    if grant.plan is not None:
        return grant.plan + grant.adjusted
    if grant.provisional is None:
        return None
    return None if expired(grant, moment, ended_utc_ms) else grant.provisional + grant.adjusted


def expired(grant: Grant, moment: Moment, ended_utc_ms: int = 0) -> bool:
    until_utc_ms = grant.provisional_until_utc_ms
    return until_utc_ms <= ended_utc_ms or (moment.trusted and until_utc_ms <= moment.utc_ms)


def balance(
    ledger: Ledger,
    last_total_l: int | None,
    moment: Moment,
    last_total_wh: int | None = None,
    ended_utc_ms: int = 0,
) -> Balance | None:
    """The account of the open year; None while no year is open or nothing is allocated."""
    if ledger.year is None:
        return None
    allocated_l = allocated(grant_of(ledger.grants, ledger.year), moment, ended_utc_ms)
    if allocated_l is None:
        return None
    withdrawn = withdrawn_l(ledger, last_total_l)
    energy_wh = allocated(grant_of(ledger.energy_grants, ledger.year), moment, ended_utc_ms)
    round_ = _round_now(ledger, moment)
    return Balance(
        year=ledger.year,
        allocated_l=allocated_l,
        withdrawn_l=withdrawn,
        limit_name="" if round_ is None else round_.name,
        limit_remaining_l=None if round_ is None else _left_l(round_, withdrawn),
        energy_allocated_wh=energy_wh,
        energy_used_wh=None if energy_wh is None else used_wh(ledger, last_total_wh),
    )


def withdrawn_l(ledger: Ledger, last_total_l: int | None) -> int:
    """Litres withdrawn in the open year, up to the last accepted total."""
    beside_l = ledger.before_l + ledger.converted_l + ledger.corrected_l
    return beside_l + counted_l(ledger, last_total_l)


def counted_l(ledger: Ledger, last_total_l: int | None) -> int:
    """Litres that totalizers counted here in the open year, up to the last accepted total."""
    return ledger.closed_l + _counted(ledger.segment, last_total_l)


def used_wh(ledger: Ledger, last_total_wh: int | None) -> int:
    """Watt-hours used in the open year, up to the last accepted total of the power meter."""
    return ledger.closed_wh + _counted(ledger.power, last_total_wh)


def round_at(ledger: Ledger, utc_ms: int) -> Round | None:
    """The round of the open year that runs at an instant."""
    return next(
        (
            one
            for one in ledger.rounds
            if one.year == ledger.year and one.from_utc_ms <= utc_ms < one.to_utc_ms
        ),
        None,
    )


def _round_now(ledger: Ledger, moment: Moment) -> Round | None:
    return round_at(ledger, moment.utc_ms) if moment.trusted else None


def _left_l(round_: Round, withdrawn: int) -> int:
    """What a round has left. Before it has begun to count, all that was not taken before it."""
    begun_l = withdrawn if round_.begun_l is None else round_.begun_l
    return round_.volume_l - round_.before_l - (withdrawn - begun_l)


def _counted(segment: Segment | None, total: int | None) -> int:
    if segment is None:
        return 0
    assert total is not None, "a fitted meter has an accepted total"
    return total - segment.start + segment.wrapped


# --- allocations -------------------------------------------------------------------------------


def _post_allocate(ledger: Ledger, entry: Allocate) -> Ledger:
    if ledger.year is not None and entry.year < ledger.year:
        return _correct_past(ledger, entry.year, allocated_l=entry.volume_l)
    grant = _granted(
        grant_of(ledger.grants, entry.year), entry.kind, entry.volume_l, entry.expires_utc_ms
    )
    return replace(ledger, grants=_with_grant(ledger.grants, grant))


def _post_allocate_energy(ledger: Ledger, entry: AllocateEnergy) -> Ledger:
    grant = _granted(
        grant_of(ledger.energy_grants, entry.year),
        entry.kind,
        entry.energy_wh,
        entry.expires_utc_ms,
    )
    return replace(ledger, energy_grants=_with_grant(ledger.energy_grants, grant))


def _granted(grant: Grant, kind: AllocationKind, amount: int, expires_utc_ms: int | None) -> Grant:
    match kind:
        case AllocationKind.PLAN:
            return replace(grant, plan=amount)
        case AllocationKind.PROVISIONAL:
            assert expires_utc_ms is not None, "a provisional allocation has an expiry"
            return replace(grant, provisional=amount, provisional_until_utc_ms=expires_utc_ms)
        case AllocationKind.ADDITION | AllocationKind.TRANSFER_IN | AllocationKind.CORRECTION:
            return replace(grant, adjusted=grant.adjusted + amount)
        case AllocationKind.REDUCTION | AllocationKind.TRANSFER_OUT:
            return replace(grant, adjusted=grant.adjusted - amount)
    assert_never(kind)


def _with_grant(grants: tuple[Grant, ...], grant: Grant) -> tuple[Grant, ...]:
    others = tuple(other for other in grants if other.year != grant.year)
    return tuple(sorted((*others, grant), key=lambda one: one.year))


def _post_limit(ledger: Ledger, entry: Limit) -> Ledger:
    """A limit that replaces one of its name goes on from where that began to count."""
    was = next((one for one in ledger.rounds if _is(one, entry.year, entry.name)), None)
    one = Round(
        year=entry.year,
        name=entry.name,
        volume_l=entry.volume_l,
        from_utc_ms=entry.from_utc_ms,
        to_utc_ms=entry.to_utc_ms,
        before_l=entry.withdrawn_before_l,
        begun_l=None if was is None else was.begun_l,
    )
    others = (other for other in ledger.rounds if not _is(other, entry.year, entry.name))
    return replace(ledger, rounds=tuple(sorted((*others, one), key=lambda one: one.from_utc_ms)))


def _post_begin_limit(ledger: Ledger, entry: BeginLimit) -> Ledger:
    rounds = tuple(
        replace(one, begun_l=entry.withdrawn_l) if _is(one, entry.year, entry.name) else one
        for one in ledger.rounds
    )
    return replace(ledger, rounds=rounds)


def _is(one: Round, year: int, name: str) -> bool:
    return (one.year, one.name) == (year, name)


# --- meters ------------------------------------------------------------------------------------


def _post_fit_meter(ledger: Ledger, entry: FitMeter) -> Ledger:
    segment = Segment(
        serial=entry.serial,
        start=entry.total,
        resolution=entry.resolution,
        modulus=entry.modulus,
        rate_max_per_h=entry.rate_max_per_h,
    )
    match entry.role:
        case Role.POWER_METER:
            return replace(
                ledger,
                power=segment,
                power_serial=entry.serial,
                closed_wh=ledger.closed_wh + _counted_until(ledger.power, entry.closed_total),
            )
        case Role.FLOW_METER:
            return replace(
                ledger,
                segment=segment,
                closed_l=ledger.closed_l + _counted(ledger.segment, entry.closed_total),
                before_l=ledger.before_l + (entry.withdrawn_before_l or 0),
                taken_over=True,
            )
        case Role.LEVEL_PROBE:
            raise AssertionError("a level probe has no place in the ledger")
    assert_never(entry.role)


def _counted_until(segment: Segment | None, total: int | None) -> int:
    """As `_counted`; an entry of an older version did not say where the power meter stood."""
    return 0 if total is None else _counted(segment, total)


def _post_remove_meter(ledger: Ledger, entry: RemoveMeter) -> Ledger:
    match entry.role:
        case Role.POWER_METER:
            used = ledger.closed_wh + _counted(ledger.power, entry.total)
            return replace(ledger, power=None, power_serial=None, closed_wh=used)
        case Role.FLOW_METER:
            counted = ledger.closed_l + _counted(ledger.segment, entry.total)
            return replace(ledger, segment=None, closed_l=counted)
        case Role.LEVEL_PROBE:
            raise AssertionError("a level probe has no place in the ledger")
    assert_never(entry.role)


def _post_rolled_over(ledger: Ledger, entry: RolledOver) -> Ledger:
    flow = entry.role is Role.FLOW_METER
    segment = ledger.segment if flow else ledger.power
    assert segment is not None, "a totalizer rolled over, but no meter is fitted"
    rolled = replace(segment, wrapped=segment.wrapped + entry.modulus_l)
    return replace(ledger, segment=rolled) if flow else replace(ledger, power=rolled)


# --- corrections and years ---------------------------------------------------------------------


def _post_correct(ledger: Ledger, entry: Correct) -> Ledger:
    if ledger.year is not None and entry.year < ledger.year:
        return _correct_past(ledger, entry.year, withdrawn_l=entry.volume_l)
    ledger = replace(ledger, corrected_l=ledger.corrected_l + entry.volume_l)
    if entry.restart_total_l is None:
        return ledger
    assert ledger.segment is not None, "a ruling needs a fitted meter"
    return replace(
        ledger,
        closed_l=ledger.closed_l + _counted(ledger.segment, entry.closed_total_l),
        segment=replace(ledger.segment, start=entry.restart_total_l, wrapped=0),
    )


def _correct_past(
    ledger: Ledger, year: int, *, allocated_l: int = 0, withdrawn_l: int = 0
) -> Ledger:
    past = tuple(
        replace(
            one,
            allocated_l=(one.allocated_l or 0) + allocated_l if allocated_l else one.allocated_l,
            withdrawn_l=one.withdrawn_l + withdrawn_l,
        )
        if one.year == year
        else one
        for one in ledger.past
    )
    return replace(ledger, past=past)


def _post_open_year(ledger: Ledger, entry: OpenYear) -> Ledger:
    """The account of the year before is closed; what it granted is set aside with it."""
    ledger = replace(
        ledger,
        grants=tuple(one for one in ledger.grants if one.year >= entry.year),
        energy_grants=tuple(one for one in ledger.energy_grants if one.year >= entry.year),
        rounds=tuple(one for one in ledger.rounds if one.year >= entry.year),
        past=ledger.past if entry.closes is None else _with_past(ledger, entry),
    )
    if entry.closes is None:
        return replace(ledger, year=entry.year, before_l=entry.withdrawn_before_l)
    assert ledger.segment is not None, "a year opens on a fitted meter"
    power, closed_wh = ledger.power, ledger.closed_wh
    if power is not None and entry.energy_total_wh is not None:
        power, closed_wh = replace(power, start=entry.energy_total_wh, wrapped=0), 0
    return replace(
        ledger,
        segment=replace(ledger.segment, start=entry.total_l, wrapped=0),
        year=entry.year,
        before_l=entry.withdrawn_before_l,
        closed_l=0,
        converted_l=0,
        corrected_l=0,
        power=power,
        closed_wh=closed_wh,
    )


def _with_past(ledger: Ledger, entry: OpenYear) -> tuple[Past, ...]:
    """And the account of the year that an opening closes, as it stood where the new one begins."""
    assert entry.closes is not None, "a year was open"
    assert ledger.segment is not None, "a year opens on a fitted meter"
    grant = grant_of(ledger.grants, entry.closes)
    granted = grant.provisional if grant.plan is None else grant.plan
    power = None if entry.energy_total_wh is None else ledger.power
    closed = Past(
        year=entry.closes,
        allocated_l=None if granted is None else granted + grant.adjusted,
        withdrawn_l=withdrawn_l(ledger, entry.total_l),
        used_wh=ledger.closed_wh + _counted(power, entry.energy_total_wh),
    )
    return (*ledger.past, closed)[-PAST_YEARS_MAX:]
