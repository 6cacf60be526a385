"""Room rule: an order about a meter becomes an entry, or a refusal with what would be accepted.

A meter joins the ledger at what the wire says, if its own display says the same, and leaves it at
what its display says, if that is where it can have come to.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from agent.core.ledger import withdrawn_l
from agent.core.model import (
    Correct,
    CorrectOrder,
    FitMeter,
    FitMeterOrder,
    Quantity,
    Refusal,
    Refused,
    RemoveMeter,
    RemoveMeterOrder,
    Role,
)
from agent.core.present import (
    VOLUME_MAX_L,
    Present,
    read_total,
    refuse_document,
    refuse_range,
    refuse_text,
    refuse_unread,
)
from agent.core.totalizer import RESOLUTIONS, Segment, Totalizer, allowed_forward, tolerance

# A kilowatt-hour: what a display without decimals hides.
DISPLAY_TOLERANCE_WH = 1000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a meter goes: what is fitted there, and what its site says one must be like."""

    quantity: Quantity
    fitted: Segment | None
    totalizer: Totalizer | None
    resolution: int
    modulus: int
    rate_max_per_h: int
    tolerance: int


def _place(role: Role, present: Present) -> _Place | Refusal:
    site = present.site
    match role:
        case Role.FLOW_METER:
            return _Place(
                Quantity.FORWARD_TOTAL_L,
                present.ledger.segment,
                present.totalizer,
                resolution=site.flow_resolution_l,
                modulus=site.flow_modulus_l,
                rate_max_per_h=site.flow_max_l_per_h,
                tolerance=tolerance(site.flow_resolution_l),
            )
        case Role.POWER_METER:
            return _Place(
                Quantity.ENERGY_WH,
                present.ledger.power,
                present.energy,
                resolution=site.energy_resolution_wh,
                modulus=site.energy_modulus_wh,
                rate_max_per_h=site.power_max_w,
                tolerance=max(DISPLAY_TOLERANCE_WH, RESOLUTIONS * site.energy_resolution_wh),
            )
        case Role.LEVEL_PROBE:
            roles = f"{Role.FLOW_METER}, {Role.POWER_METER}"
            return Refusal(Refused.ROLE_NOT_FITTED, role, roles)
    assert_never(role)


# --- fit ---------------------------------------------------------------------------------------


def judge_fit_meter(order: FitMeterOrder, author: str, present: Present) -> FitMeter | Refusal:
    refusal = refuse_text(order.serial, Refused.SERIAL_MISSING) or refuse_document(order.document)
    if refusal:
        return refusal
    place = _place(order.role, present)
    if isinstance(place, Refusal):
        return place
    refusal = _refuse_before(order, present) or _refuse_same(order, place)
    if refusal:
        return refusal
    total = read_total(present, place.quantity)
    if total is None:
        return refuse_unread(present, order.role)
    if abs(total - order.displayed) > place.tolerance:
        return Refusal(Refused.DISPLAY_DISAGREES, str(order.displayed), str(total))
    return FitMeter(
        role=order.role,
        serial=order.serial,
        total=total,
        closed_total=None if place.totalizer is None else place.totalizer.last,
        resolution=place.resolution,
        modulus=place.modulus,
        rate_max_per_h=place.rate_max_per_h,
        withdrawn_before_l=order.withdrawn_before_l,
        document=order.document,
        author=author,
    )


def _refuse_before(order: FitMeterOrder, present: Present) -> Refusal | None:
    """What was withdrawn before is told once: with the first flow meter of the station."""
    before_l = order.withdrawn_before_l
    if order.role is Role.FLOW_METER and not present.ledger.taken_over:
        if before_l is None:
            return Refusal(Refused.WITHDRAWN_BEFORE_MISSING)
        return refuse_range(before_l, 0, VOLUME_MAX_L, Refused.VOLUME_RANGE)
    if before_l is not None:
        return Refusal(Refused.WITHDRAWN_BEFORE_NOT_ALLOWED, str(before_l))
    return None


def _refuse_same(order: FitMeterOrder, place: _Place) -> Refusal | None:
    """The meter that is fitted is fitted again only to settle a total that is in doubt."""
    if place.fitted is None or place.fitted.serial != order.serial:
        return None
    if place.totalizer is not None and place.totalizer.in_doubt:
        return None
    return Refusal(Refused.SAME_SERIAL, order.serial)


# --- remove ------------------------------------------------------------------------------------


def judge_remove_meter(
    order: RemoveMeterOrder, author: str, present: Present
) -> RemoveMeter | Refusal:
    if refusal := refuse_document(order.document):
        return refusal
    place = _place(order.role, present)
    if isinstance(place, Refusal):
        return place
    fitted, totalizer = place.fitted, place.totalizer
    if fitted is None or totalizer is None or fitted.serial != order.serial:
        return Refusal(
            Refused.METER_NOT_FITTED, order.serial, "" if fitted is None else fitted.serial
        )
    total = _final_total(order, place, fitted, totalizer, present)
    if isinstance(total, Refusal):
        return total
    return RemoveMeter(order.role, order.serial, total, order.document, author)


def _final_total(
    order: RemoveMeterOrder, place: _Place, fitted: Segment, totalizer: Totalizer, present: Present
) -> int | Refusal:
    """Where a meter came to: its display decides, the wire stands in for a display that is dead.

    Neither may lie below what was accepted, nor beyond what can have passed since.
    """
    last = totalizer.last
    if totalizer.runnable_ms is None:
        most = last + VOLUME_MAX_L
    else:
        real = replace(fitted, rate_max_per_h=place.rate_max_per_h)
        most = last + allowed_forward(totalizer, real, present.site.period_ms)
    read = read_total(present, place.quantity)
    read = read if read is not None and last <= read <= most else None
    if order.displayed is None:
        return last if read is None else read
    if not last - place.tolerance <= order.displayed <= most + place.tolerance:
        return Refusal(Refused.TOTAL_RANGE, str(order.displayed), f"{last}-{most}")
    if read is not None and abs(read - order.displayed) <= place.tolerance:
        return read
    return max(last, order.displayed)


# --- correct -----------------------------------------------------------------------------------


def judge_correct(order: CorrectOrder, author: str, present: Present) -> Correct | Refusal:
    ledger, totalizer = present.ledger, present.totalizer
    refusal = (
        refuse_document(order.document)
        or refuse_text(order.reason, Refused.REASON_MISSING)
        or _refuse_correction(order, present)
    )
    if refusal:
        return refusal
    entry = Correct(
        year=order.year,
        volume_l=order.volume_l,
        reason=order.reason,
        document=order.document,
        author=author,
        total_l=present.last_total_l,
    )
    if totalizer is None or not totalizer.in_doubt or order.year != ledger.year:
        return entry
    restart_l = read_total(present, Quantity.FORWARD_TOTAL_L)
    if restart_l is None:
        return refuse_unread(present, Role.FLOW_METER)
    return replace(entry, closed_total_l=totalizer.last, restart_total_l=restart_l)


def _refuse_correction(order: CorrectOrder, present: Present) -> Refusal | None:
    """No account goes below zero. Nothing is corrected by nothing, but to settle a doubt."""
    ledger, totalizer = present.ledger, present.totalizer
    if ledger.year is None:
        return Refusal(Refused.CLOCK_UNTRUSTED, str(order.year))
    withdrawn = {one.year: one.withdrawn_l for one in ledger.past}
    withdrawn[ledger.year] = withdrawn_l(ledger, present.last_total_l)
    if order.year not in withdrawn:
        reason = Refused.YEAR_CLOSED if order.year < ledger.year else Refused.YEAR_TOO_FAR
        return Refusal(reason, str(order.year), ", ".join(map(str, withdrawn)))
    in_doubt = totalizer is not None and totalizer.in_doubt and order.year == ledger.year
    low_l, high_l = -withdrawn[order.year], VOLUME_MAX_L - withdrawn[order.year]
    if order.volume_l == 0 and not in_doubt:
        return Refusal(Refused.CORRECTION_RANGE, "0", f"{low_l} .. {high_l}")
    return refuse_range(order.volume_l, low_l, high_l, Refused.CORRECTION_RANGE)
