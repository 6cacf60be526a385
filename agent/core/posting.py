"""Room rule: how one entry changes the account. Entries in, account out; judges none of them.

The account is the fold of its entries: the same entries in the same order give the same account,
on this controller or in an inspector's hands.
"""

from dataclasses import replace
from typing import assert_never

from agent.core.ledger import (
    Grant,
    Ledger,
    Past,
    Round,
    counted_l,
    grant_of,
    used_until,
    used_wh,
    withdrawn_l,
)
from agent.core.model import (
    Allocate,
    AllocateEnergy,
    AllocationKind,
    BeginLimit,
    Convert,
    Correct,
    Entry,
    FitMeter,
    LayUp,
    Limit,
    OpenYear,
    Override,
    Rate,
    Released,
    RemoveMeter,
    Resume,
    Role,
    RolledOver,
    Stopped,
    ThresholdSet,
)
from agent.core.totalizer import Segment

# Closed years whose accounts still take a correction.
PAST_YEARS_MAX = 5


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
        case ThresholdSet():
            return ledger  # it moves where a condition begins, and no water
        case Override():
            return ledger  # it lifts a bar and gives no water: what it takes counts
        case Stopped() | Released():
            return ledger  # they bar the pump, and move no water
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
        # What was corrected of an allocation goes with it when another one replaces it.
        case AllocationKind.PLAN:
            return replace(grant, plan=amount, adjusted=0)
        case AllocationKind.PROVISIONAL:
            assert expires_utc_ms is not None, "a provisional allocation has an expiry"
            return replace(
                grant, provisional=amount, provisional_until_utc_ms=expires_utc_ms, adjusted=0
            )
        case AllocationKind.ADDITION | AllocationKind.TRANSFER_IN | AllocationKind.CORRECTION:
            return replace(grant, adjusted=grant.adjusted + amount)
        case AllocationKind.REDUCTION | AllocationKind.TRANSFER_OUT:
            return replace(grant, adjusted=grant.adjusted - amount)
    assert_never(kind)


def _with_grant(grants: tuple[Grant, ...], grant: Grant) -> tuple[Grant, ...]:
    others = tuple(other for other in grants if other.year != grant.year)
    return tuple(sorted((*others, grant), key=lambda one: one.year))


def _post_limit(ledger: Ledger, entry: Limit) -> Ledger:
    """A limit that replaces one of its name goes on from where that began to count.

    But for one that was put off. One of which it is said what was withdrawn has begun.
    """
    was = next((one for one in ledger.rounds if _is(one, entry.year, entry.name)), None)
    told_l, begun_l = entry.withdrawn_before_l, None
    put_off = was is not None and entry.from_utc_ms > was.from_utc_ms
    if was is not None and not put_off and told_l in (0, was.before_l):
        begun_l = was.begun_l
    elif told_l > 0 and entry.year == ledger.year:
        begun_l = withdrawn_l(ledger, entry.total_l)
    one = Round(
        year=entry.year,
        name=entry.name,
        volume_l=entry.volume_l,
        from_utc_ms=entry.from_utc_ms,
        to_utc_ms=entry.to_utc_ms,
        before_l=entry.withdrawn_before_l,
        begun_l=begun_l,
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
                closed_wh=used_until(ledger, entry.closed_total),
                laid_up=_laid_up(ledger, entry.role, entry.closed_total, entry.total),
            )
        case Role.FLOW_METER:
            return replace(
                ledger,
                segment=segment,
                closed_l=counted_l(ledger, entry.closed_total),
                before_l=ledger.before_l + (entry.withdrawn_before_l or 0),
                taken_over=True,
                laid_up=_laid_up(ledger, entry.role, entry.closed_total, entry.total),
            )
        case Role.LEVEL_PROBE:
            raise AssertionError("a level probe has no place in the ledger")
    assert_never(entry.role)


def _laid_up(ledger: Ledger, role: Role, closed: int | None, begins: int | None) -> LayUp | None:
    """A series that ends and one that begins while a well is laid up: nothing moved by that."""
    laid_up, step = ledger.laid_up, (begins or 0) - (closed or 0)
    if laid_up is None:
        return None
    if role is Role.FLOW_METER:
        return replace(laid_up, total_l=laid_up.total_l + step)
    if laid_up.total_wh is None:
        return laid_up
    return replace(laid_up, total_wh=laid_up.total_wh + step)


def _post_remove_meter(ledger: Ledger, entry: RemoveMeter) -> Ledger:
    laid_up = _laid_up(ledger, entry.role, entry.total, None)
    match entry.role:
        case Role.POWER_METER:
            closed_wh = used_wh(ledger, entry.total)
            return replace(
                ledger, power=None, power_serial=None, closed_wh=closed_wh, laid_up=laid_up
            )
        case Role.FLOW_METER:
            closed_l = counted_l(ledger, entry.total)
            return replace(ledger, segment=None, closed_l=closed_l, laid_up=laid_up)
        case Role.LEVEL_PROBE:
            raise AssertionError("a level probe has no place in the ledger")
    assert_never(entry.role)


def _post_rolled_over(ledger: Ledger, entry: RolledOver) -> Ledger:
    flow = entry.role is Role.FLOW_METER
    segment = ledger.segment if flow else ledger.power
    assert segment is not None, "a totalizer rolled over, but no meter is fitted"
    rolled = replace(segment, wrapped=segment.wrapped + entry.modulus_l)
    ledger = replace(ledger, laid_up=_laid_up(ledger, entry.role, entry.modulus_l, None))
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
        closed_l=counted_l(ledger, entry.closed_total_l),
        segment=replace(ledger.segment, start=entry.restart_total_l, wrapped=0),
        laid_up=_laid_up(ledger, Role.FLOW_METER, entry.closed_total_l, entry.restart_total_l),
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
    # Without a total no power meter was fitted when the year began: one that is now counts for it.
    power = ledger.power
    if power is not None and entry.energy_total_wh is not None:
        power = replace(power, start=entry.energy_total_wh, wrapped=0)
    return replace(
        ledger,
        segment=replace(ledger.segment, start=entry.total_l, wrapped=0),
        year=entry.year,
        before_l=entry.withdrawn_before_l,
        closed_l=0,
        converted_l=entry.converted_l,
        corrected_l=0,
        power=power,
        closed_wh=0,
    )


def _with_past(ledger: Ledger, entry: OpenYear) -> tuple[Past, ...]:
    """And the account of the year that an opening closes, as it stood where the new one begins."""
    assert entry.closes is not None, "a year was open"
    assert ledger.segment is not None, "a year opens on a fitted meter"
    grant = grant_of(ledger.grants, entry.closes)
    granted = grant.provisional if grant.plan is None else grant.plan
    if entry.provisional_ended:
        granted = None  # an expired paper is no allowance
    closed = Past(
        year=entry.closes,
        allocated_l=None if granted is None else granted + grant.adjusted,
        withdrawn_l=withdrawn_l(ledger, entry.total_l) - entry.converted_l,
        used_wh=used_until(ledger, entry.energy_total_wh),
    )
    return (*ledger.past, closed)[-PAST_YEARS_MAX:]
