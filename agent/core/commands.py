"""Room rule: an order becomes entries, or one refusal with its reason. Changes nothing itself.

Whoever asks, and through whichever door, meets the same checks here. What an order needs of the
present (the account, the meters' readings, the moment) is passed in.
"""

from dataclasses import dataclass
from typing import assert_never

from agent.core.calendar import plan_year
from agent.core.ledger import (
    BACKWARD_MAX_L,
    RESOLUTIONS,
    Grant,
    Ledger,
    allocated_l,
    grant_of,
)
from agent.core.model import (
    Allocate,
    AllocateOrder,
    AllocationKind,
    Command,
    Entry,
    FitMeter,
    FitMeterOrder,
    Moment,
    Quality,
    Quantity,
    Reading,
    Refusal,
    Refused,
    Role,
    Site,
)

# Ten million cubic metres: far above any well, far below what a slip of units would produce.
VOLUME_MAX_L = 10_000_000_000
TEXT_MAX = 100
# A kilowatt-hour: what a display without decimals hides.
DISPLAY_TOLERANCE_WH = 1000


@dataclass(frozen=True, slots=True)
class Present:
    """What a command is judged against. `last_total_l` is None while no flow meter is fitted."""

    ledger: Ledger
    last_total_l: int | None
    readings: tuple[Reading, ...]
    moment: Moment
    site: Site
    seen_ids: tuple[str, ...] = ()
    ruling_awaited: bool = False  # the total jumped or went back: the same serial may be refitted


def judge_command(command: Command, present: Present) -> Entry | Refusal:
    """The entry that a command makes, or why it makes none."""
    if command.id in present.seen_ids:
        return Refusal(Refused.DUPLICATE, command.id)
    if command.not_after_utc_ms is not None and command.not_after_utc_ms < present.moment.utc_ms:
        return Refusal(Refused.EXPIRED)
    match command.order:
        case AllocateOrder():
            return _judge_allocate(command.order, command.actor, present)
        case FitMeterOrder():
            return _judge_fit_meter(command.order, command.actor, present)
    assert_never(command.order)


# --- allocate ----------------------------------------------------------------------------------


def _judge_allocate(order: AllocateOrder, author: str, present: Present) -> Entry | Refusal:
    refusal = (
        _refuse_document(order.document)
        or _refuse_year(order.year, present)
        or _refuse_volume(order.volume_l)
        or _refuse_kind(order, present)
    )
    return refusal or Allocate(
        year=order.year,
        kind=order.kind,
        volume_l=order.volume_l,
        document=order.document,
        author=author,
        total_l=present.last_total_l,
        expires_utc_ms=order.expires_utc_ms,
    )


def _refuse_document(document: str) -> Refusal | None:
    if document.strip() and len(document) <= TEXT_MAX:
        return None
    return Refusal(Refused.DOCUMENT_MISSING, document[:TEXT_MAX], f"1-{TEXT_MAX}")


def _refuse_year(year: int, present: Present) -> Refusal | None:
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


def _refuse_volume(volume_l: int) -> Refusal | None:
    if 0 < volume_l <= VOLUME_MAX_L:
        return None
    return Refusal(Refused.VOLUME_RANGE, str(volume_l), f"1-{VOLUME_MAX_L}")


def _refuse_kind(order: AllocateOrder, present: Present) -> Refusal | None:
    grant = grant_of(present.ledger, order.year)
    if order.kind is not AllocationKind.PROVISIONAL and order.expires_utc_ms is not None:
        return Refusal(Refused.EXPIRY_NOT_ALLOWED)
    match order.kind:
        case AllocationKind.PLAN:
            return (
                Refusal(Refused.PLAN_EXISTS, str(order.year)) if grant.plan_l is not None else None
            )
        case AllocationKind.PROVISIONAL:
            if grant.plan_l is not None:
                return Refusal(Refused.PLAN_EXISTS, str(order.year))
            if order.expires_utc_ms is None or order.expires_utc_ms <= present.moment.utc_ms:
                return Refusal(Refused.EXPIRY_MISSING)
            return None
        case AllocationKind.ADDITION | AllocationKind.REDUCTION:
            return _refuse_adjustment(order, allocated_l(grant, present.moment), grant)
    assert_never(order.kind)


def _refuse_adjustment(order: AllocateOrder, held_l: int | None, grant: Grant) -> Refusal | None:
    """An adjustment needs a plan to adjust; below what is withdrawn it is lawful, and cuts."""
    if grant.plan_l is None or held_l is None:
        return Refusal(Refused.NO_PLAN, str(order.year))
    if order.kind is AllocationKind.REDUCTION:
        if order.volume_l > held_l:
            return Refusal(Refused.REDUCTION_TOO_LARGE, str(order.volume_l), f"1-{held_l}")
        return None
    rest_l = VOLUME_MAX_L - held_l
    if order.volume_l > rest_l:
        return Refusal(Refused.VOLUME_RANGE, str(order.volume_l), f"0-{rest_l}")
    return None


# --- fit a meter -------------------------------------------------------------------------------


def _judge_fit_meter(order: FitMeterOrder, author: str, present: Present) -> Entry | Refusal:
    if not order.serial.strip() or len(order.serial) > TEXT_MAX:
        return Refusal(Refused.SERIAL_MISSING, order.serial[:TEXT_MAX], f"1-{TEXT_MAX}")
    if refusal := _refuse_document(order.document):
        return refusal
    match order.role:
        case Role.FLOW_METER:
            return _fit_flow_meter(order, author, present)
        case Role.POWER_METER:
            return _fit_power_meter(order, author, present)
        case Role.LEVEL_PROBE:
            roles = f"{Role.FLOW_METER}, {Role.POWER_METER}"
            return Refusal(Refused.ROLE_NOT_FITTED, order.role, roles)
    assert_never(order.role)


def _fit_flow_meter(order: FitMeterOrder, author: str, present: Present) -> Entry | Refusal:
    if refusal := _refuse_flow_meter(order, present):
        return refusal
    site = present.site
    tolerance_l = max(BACKWARD_MAX_L, RESOLUTIONS * site.flow_resolution_l)
    total_l = _displayed_total(order, present, Quantity.FORWARD_TOTAL_L, tolerance_l)
    if isinstance(total_l, Refusal):
        return total_l
    return FitMeter(
        role=order.role,
        serial=order.serial,
        total=total_l,
        closed_total=present.last_total_l,
        resolution=site.flow_resolution_l,
        modulus=site.flow_modulus_l,
        rate_max_per_h=site.flow_max_l_per_h,
        withdrawn_before_l=order.withdrawn_before_l,
        document=order.document,
        author=author,
    )


def _refuse_flow_meter(order: FitMeterOrder, present: Present) -> Refusal | None:
    fitted, before_l = present.ledger.segment, order.withdrawn_before_l
    if fitted is None:
        if before_l is None:
            return Refusal(Refused.WITHDRAWN_BEFORE_MISSING)
        if not 0 <= before_l <= VOLUME_MAX_L:
            return Refusal(Refused.VOLUME_RANGE, str(before_l), f"0-{VOLUME_MAX_L}")
        return None
    if before_l is not None:
        return Refusal(Refused.WITHDRAWN_BEFORE_NOT_ALLOWED, str(before_l))
    if fitted.serial == order.serial and not present.ruling_awaited:
        return Refusal(Refused.SAME_SERIAL, order.serial)
    return None


def _displayed_total(
    order: FitMeterOrder, present: Present, quantity: Quantity, tolerance: int
) -> int | Refusal:
    """What the wire says, if the meter's own display says the same."""
    for reading in present.readings:
        if reading.quantity is quantity and reading.quality is Quality.GOOD:
            assert reading.value is not None, "a good reading has a value"
            if abs(reading.value - order.displayed) <= tolerance:
                return reading.value
            return Refusal(Refused.DISPLAY_DISAGREES, str(order.displayed), str(reading.value))
    return Refusal(Refused.METER_NOT_READ, order.role)


def _fit_power_meter(order: FitMeterOrder, author: str, present: Present) -> Entry | Refusal:
    site = present.site
    if present.ledger.power_serial == order.serial:
        return Refusal(Refused.SAME_SERIAL, order.serial)
    if order.withdrawn_before_l is not None:
        return Refusal(Refused.WITHDRAWN_BEFORE_NOT_ALLOWED, str(order.withdrawn_before_l))
    tolerance_wh = max(DISPLAY_TOLERANCE_WH, RESOLUTIONS * site.energy_resolution_wh)
    total_wh = _displayed_total(order, present, Quantity.ENERGY_WH, tolerance_wh)
    if isinstance(total_wh, Refusal):
        return total_wh
    return FitMeter(
        role=order.role,
        serial=order.serial,
        total=total_wh,
        closed_total=None,
        resolution=site.energy_resolution_wh,
        modulus=site.energy_modulus_wh,
        rate_max_per_h=site.power_max_w,
        withdrawn_before_l=None,
        document=order.document,
        author=author,
    )
