"""Room rule: an order that gives or takes water or electricity becomes an entry, or a refusal.

Water and electricity follow one set of rules; what differs is told by `_Wish`.
"""

from dataclasses import dataclass
from typing import assert_never

from agent.core.calendar import plan_year, reckoned, year_span_ms
from agent.core.ledger import Grant, allocated, grant_of, used_wh, withdrawn_l
from agent.core.model import (
    Allocate,
    AllocateEnergy,
    AllocateEnergyOrder,
    AllocateOrder,
    AllocationKind,
    Limit,
    LimitOrder,
    Refusal,
    Refused,
)
from agent.core.present import (
    VOLUME_MAX_L,
    Present,
    refuse_document,
    refuse_range,
    refuse_text,
)
from agent.core.state import unmetered_l

ENERGY_MAX_WH = 10_000_000_000
# Of one year: a limit for each month, and as many rounds beside them.
LIMITS_MAX = 24


def judge_allocate(order: AllocateOrder, author: str, present: Present) -> Allocate | Refusal:
    closed = next((one for one in present.ledger.past if one.year == order.year), None)
    wish = _Wish(
        order.year,
        order.kind,
        order.volume_l,
        order.document,
        order.expires_utc_ms,
        grant=grant_of(present.ledger.grants, order.year),
        taken=_taken(order.year, present, _withdrawn_l(present)),
        most=VOLUME_MAX_L,
        out_of_range=Refused.VOLUME_RANGE,
        closed=None if closed is None else closed.allocated_l or 0,
    )
    return _refuse(wish, present) or Allocate(
        year=order.year,
        kind=order.kind,
        volume_l=order.volume_l,
        document=order.document,
        author=author,
        total_l=present.last_total_l,
        expires_utc_ms=order.expires_utc_ms,
    )


def _withdrawn_l(present: Present) -> int:
    """With what has flowed while the flow meter did not say so."""
    unmetered = unmetered_l(present.site, present.state, present.moment)
    return withdrawn_l(present.ledger, present.last_total_l) + unmetered


def judge_allocate_energy(
    order: AllocateEnergyOrder, author: str, present: Present
) -> AllocateEnergy | Refusal:
    if present.site.shared_power_meter:
        return Refusal(Refused.POWER_METER_SHARED)
    wish = _Wish(
        order.year,
        order.kind,
        order.energy_wh,
        order.document,
        order.expires_utc_ms,
        grant=grant_of(present.ledger.energy_grants, order.year),
        taken=_taken(order.year, present, used_wh(present.ledger, present.last_total_wh)),
        most=ENERGY_MAX_WH,
        out_of_range=Refused.ENERGY_RANGE,
    )
    return _refuse(wish, present) or AllocateEnergy(
        year=order.year,
        kind=order.kind,
        energy_wh=order.energy_wh,
        document=order.document,
        author=author,
        total_wh=present.last_total_wh,
        expires_utc_ms=order.expires_utc_ms,
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """An allocation that is asked for, in litres or watt-hours.

    `taken` is what its year has taken already. `closed` is what was allocated for a year that is
    closed and may still be corrected.
    """

    year: int
    kind: AllocationKind
    amount: int
    document: str
    expires_utc_ms: int | None
    grant: Grant
    taken: int
    most: int
    out_of_range: Refused
    closed: int | None = None


def _taken(year: int, present: Present, in_open_year: int) -> int:
    """Nothing has been taken of a year that is not open."""
    return in_open_year if present.ledger.year == year else 0


def _refuse(wish: _Wish, present: Present) -> Refusal | None:
    return (
        refuse_document(wish.document)
        or _refuse_year(wish, present)
        or _refuse_amount(wish)
        or _refuse_kind(wish, present)
    )


def _refuse_year(wish: _Wish, present: Present) -> Refusal | None:
    """A year that is closed takes corrections, as long as its account is kept."""
    if wish.closed is not None and wish.kind is AllocationKind.CORRECTION:
        return None
    return refuse_year(wish.year, present)


def refuse_year(year: int, present: Present) -> Refusal | None:
    """The open year, or the one after it: next year's plan may be entered beforehand."""
    open_year = present.ledger.year
    if open_year is None and present.moment.trusted:
        open_year = plan_year(present.site, present.moment.utc_ms)
    if open_year is None:
        return Refusal(Refused.CLOCK_UNTRUSTED, str(year))
    if year < open_year:
        return Refusal(Refused.YEAR_CLOSED, str(year), f"{open_year}, {open_year + 1}")
    if year > open_year + 1:
        return Refusal(Refused.YEAR_TOO_FAR, str(year), f"{open_year}, {open_year + 1}")
    return None


def _refuse_amount(wish: _Wish) -> Refusal | None:
    """Only a correction may be negative, and none is nothing."""
    if wish.kind is AllocationKind.CORRECTION and wish.amount != 0:
        return refuse_range(wish.amount, -wish.most, wish.most, wish.out_of_range)
    return refuse_range(wish.amount, 1, wish.most, wish.out_of_range)


def _refuse_kind(wish: _Wish, present: Present) -> Refusal | None:
    kind = wish.kind
    if kind is not AllocationKind.PROVISIONAL and wish.expires_utc_ms is not None:
        return Refusal(Refused.EXPIRY_NOT_ALLOWED)
    match kind:
        case AllocationKind.PLAN | AllocationKind.PROVISIONAL:
            if wish.grant.plan is not None:
                return Refusal(Refused.PLAN_EXISTS, str(wish.year))
            if kind is AllocationKind.PLAN:
                return None
            return _refuse_expiry(wish.expires_utc_ms, present)
        case AllocationKind.CORRECTION:
            held = wish.closed
            if held is None:
                dated = reckoned(present.state.watermark, present.moment)
                held = allocated(wish.grant, dated, present.state.ended_utc_ms)
            return _refuse_correction(wish, held)
        case (
            AllocationKind.ADDITION
            | AllocationKind.REDUCTION
            | AllocationKind.TRANSFER_IN
            | AllocationKind.TRANSFER_OUT
        ):
            if wish.grant.plan is None:
                return Refusal(Refused.NO_PLAN, str(wish.year))
            return _refuse_adjustment(wish, wish.grant.plan + wish.grant.adjusted)
    assert_never(kind)


def _refuse_expiry(expires_utc_ms: int | None, present: Present) -> Refusal | None:
    """A day that no calendar has can be neither shown nor sent, and would stay in the record."""
    latest_ms = max(present.latest_ms or 0, present.state.ended_utc_ms)
    if expires_utc_ms is None or expires_utc_ms <= latest_ms:
        return Refusal(Refused.EXPIRY_MISSING)
    _, end_ms = present.site.year_starts[-1]
    if expires_utc_ms < end_ms:
        return None
    return Refusal(Refused.CLOCK_RANGE, str(expires_utc_ms), f"{latest_ms} - {end_ms - 1}")


def _refuse_correction(wish: _Wish, held: int | None) -> Refusal | None:
    if held is None:
        return Refusal(Refused.NO_PLAN, str(wish.year))
    return refuse_range(wish.amount, -held, wish.most - held, Refused.CORRECTION_RANGE)


def _refuse_adjustment(wish: _Wish, held: int) -> Refusal | None:
    """A reduction below what is withdrawn is lawful, and cuts.

    Water that is gone cannot be given away: a transfer out takes of what remains only.
    """
    if wish.kind is AllocationKind.REDUCTION:
        return _refuse_more_than(held, wish, Refused.REDUCTION_TOO_LARGE)
    if wish.kind is AllocationKind.TRANSFER_OUT:
        return _refuse_more_than(max(held - wish.taken, 0), wish, Refused.TRANSFER_TOO_LARGE)
    return refuse_range(wish.amount, 0, wish.most - held, wish.out_of_range)


def _refuse_more_than(most: int, wish: _Wish, reason: Refused) -> Refusal | None:
    if wish.amount <= most:
        return None
    return Refusal(reason, str(wish.amount), f"1-{most}" if most else "0")


# --- limits within a year ----------------------------------------------------------------------


def judge_limit(order: LimitOrder, author: str, present: Present) -> Limit | Refusal:
    refusal = (
        refuse_document(order.document)
        or refuse_text(order.name, Refused.LIMIT_NAME)
        or refuse_year(order.year, present)
        or refuse_range(order.volume_l, 0, VOLUME_MAX_L, Refused.VOLUME_RANGE)
        or _refuse_before(order, present)
        or _refuse_window(order, present)
        or _refuse_place(order, present)
    )
    return refusal or Limit(
        year=order.year,
        name=order.name,
        volume_l=order.volume_l,
        from_utc_ms=order.from_utc_ms,
        to_utc_ms=order.to_utc_ms,
        document=order.document,
        author=author,
        total_l=present.last_total_l,
        withdrawn_before_l=order.withdrawn_before_l or _carried_l(order, present),
    )


def _carried_l(order: LimitOrder, present: Present) -> int:
    """What the limit of this name had counted already, where another one takes its place.

    One that was over before this begins has nothing but the name with it in common.
    """
    ledger = present.ledger
    was = next(
        (one for one in ledger.rounds if (one.year, one.name) == (order.year, order.name)), None
    )
    begun = order.from_utc_ms <= (present.latest_ms or 0)
    if was is None or not begun or was.to_utc_ms <= order.from_utc_ms:
        return 0
    withdrawn = withdrawn_l(ledger, present.last_total_l)
    since_l = 0 if was.begun_l is None else withdrawn - was.begun_l
    return max(was.before_l + since_l, 0)


def _refuse_before(order: LimitOrder, present: Present) -> Refusal | None:
    """Nothing was withdrawn in a round that is yet to come."""
    moment = present.moment
    to_come = moment.trusted and order.from_utc_ms > moment.utc_ms
    if to_come and order.withdrawn_before_l > 0:
        return Refusal(Refused.VOLUME_RANGE, str(order.withdrawn_before_l), "0")
    return refuse_range(order.withdrawn_before_l, 0, VOLUME_MAX_L, Refused.VOLUME_RANGE)


def _refuse_window(order: LimitOrder, present: Present) -> Refusal | None:
    """A limit lies within its year, and is not over."""
    given = f"{order.from_utc_ms} - {order.to_utc_ms}"
    span = year_span_ms(present.site, order.year)
    if span is None:
        return Refusal(Refused.LIMIT_WINDOW, given)
    begins_ms, ends_ms = span
    within = begins_ms <= order.from_utc_ms < order.to_utc_ms <= ends_ms
    if within and order.to_utc_ms > (present.latest_ms or 0):
        return None
    return Refusal(Refused.LIMIT_WINDOW, given, f"{begins_ms} - {ends_ms}")


def _refuse_place(order: LimitOrder, present: Present) -> Refusal | None:
    others = [
        one for one in present.ledger.rounds if (one.year, one.name) != (order.year, order.name)
    ]
    for other in others:
        if other.from_utc_ms < order.to_utc_ms and order.from_utc_ms < other.to_utc_ms:
            return Refusal(Refused.LIMIT_OVERLAPS, order.name, other.name)
    if sum(one.year == order.year for one in others) >= LIMITS_MAX:
        return Refusal(Refused.LIMITS_FULL, order.name, str(LIMITS_MAX))
    return None
