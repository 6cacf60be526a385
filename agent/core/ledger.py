"""Room rule: what a litre is, legally. Entries in, account out; no clock, no relay, no wire.

    withdrawn(year) = closed segments + (latest accepted total - start of the open segment)

The meter is the memory: the ledger never integrates a flow, it subtracts totals that the meter
itself kept. `post` folds one entry into the account; nothing else changes it. `judge` decides
whether a new total may be believed, by the table of DESIGN section 6.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from agent.core.model import (
    Allocate,
    AllocationKind,
    Balance,
    Entry,
    FitMeter,
    Moment,
    OpenYear,
    Role,
    RolledOver,
)

# --- the account -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Segment:
    """An unbroken stretch on one flow meter within one year.

    `wrapped_l` is what the totalizer lost by passing its modulus since the segment began.
    """

    serial: str
    start_l: int
    resolution_l: int
    modulus_l: int
    flow_max_l_per_h: int
    wrapped_l: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """The allocation of one plan year. A plan replaces the provisional allocation."""

    year: int
    plan_l: int | None = None
    adjusted_l: int = 0
    provisional_l: int | None = None
    provisional_until_utc_ms: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """The fold of all entries. `grants` holds the open year and those after it, in order."""

    segment: Segment | None = None
    power_serial: str | None = None
    year: int | None = None
    before_l: int = 0  # withdrawn in the open year before its first reading here
    closed_l: int = 0  # segments closed within the open year
    grants: tuple[Grant, ...] = ()


def post(ledger: Ledger, entry: Entry) -> Ledger:
    """The account after one more entry."""
    match entry:
        case Allocate():
            return _post_allocate(ledger, entry)
        case FitMeter():
            return _post_fit_meter(ledger, entry)
        case OpenYear():
            return _post_open_year(ledger, entry)
        case RolledOver():
            assert ledger.segment is not None, "a totalizer rolled over, but no meter is fitted"
            wrapped_l = ledger.segment.wrapped_l + entry.modulus_l
            return replace(ledger, segment=replace(ledger.segment, wrapped_l=wrapped_l))
    assert_never(entry)


def grant_of(ledger: Ledger, year: int) -> Grant:
    """What is allocated for a year; an empty grant when nothing is."""
    return next((grant for grant in ledger.grants if grant.year == year), Grant(year))


def allocated_l(grant: Grant, moment: Moment) -> int | None:
    """Litres allocated, or None when there is no allocation: not the same as zero litres.

    A provisional allocation ends at its expiry; an untrusted calendar does not end it early.
    """
    if grant.plan_l is not None:
        return grant.plan_l + grant.adjusted_l
    if grant.provisional_l is None:
        return None
    expired = moment.trusted and moment.utc_ms >= grant.provisional_until_utc_ms
    return None if expired else grant.provisional_l


def balance(ledger: Ledger, last_total_l: int | None, moment: Moment) -> Balance | None:
    """The account of the open year; None while no year is open or nothing is allocated."""
    if ledger.year is None:
        return None
    allocated = allocated_l(grant_of(ledger, ledger.year), moment)
    if allocated is None:
        return None
    return Balance(ledger.year, allocated, withdrawn_l(ledger, last_total_l))


def withdrawn_l(ledger: Ledger, last_total_l: int | None) -> int:
    """Litres withdrawn in the open year, up to the last accepted total."""
    return ledger.before_l + ledger.closed_l + _segment_l(ledger.segment, last_total_l)


def _segment_l(segment: Segment | None, total_l: int | None) -> int:
    if segment is None:
        return 0
    assert total_l is not None, "a fitted meter has an accepted total"
    return total_l - segment.start_l + segment.wrapped_l


def _post_allocate(ledger: Ledger, entry: Allocate) -> Ledger:
    grant = grant_of(ledger, entry.year)
    match entry.kind:
        case AllocationKind.PLAN:
            grant = replace(grant, plan_l=entry.volume_l)
        case AllocationKind.PROVISIONAL:
            assert entry.expires_utc_ms is not None, "a provisional allocation has an expiry"
            grant = replace(
                grant,
                provisional_l=entry.volume_l,
                provisional_until_utc_ms=entry.expires_utc_ms,
            )
        case AllocationKind.ADDITION:
            grant = replace(grant, adjusted_l=grant.adjusted_l + entry.volume_l)
        case AllocationKind.REDUCTION:
            grant = replace(grant, adjusted_l=grant.adjusted_l - entry.volume_l)
        case _:
            assert_never(entry.kind)
    others = tuple(other for other in ledger.grants if other.year != entry.year)
    grants = tuple(sorted((*others, grant), key=lambda one: one.year))
    return replace(ledger, grants=grants)


def _post_fit_meter(ledger: Ledger, entry: FitMeter) -> Ledger:
    match entry.role:
        case Role.POWER_METER:
            return replace(ledger, power_serial=entry.serial)
        case Role.FLOW_METER:
            segment = Segment(
                serial=entry.serial,
                start_l=entry.total,
                resolution_l=entry.resolution,
                modulus_l=entry.modulus,
                flow_max_l_per_h=entry.rate_max_per_h,
            )
            return replace(
                ledger,
                segment=segment,
                closed_l=ledger.closed_l + _segment_l(ledger.segment, entry.closed_total),
                before_l=ledger.before_l + (entry.withdrawn_before_l or 0),
            )
        case Role.LEVEL_PROBE:
            raise AssertionError("a level probe has no place in the ledger")
    assert_never(entry.role)


def _post_open_year(ledger: Ledger, entry: OpenYear) -> Ledger:
    grants = tuple(grant for grant in ledger.grants if grant.year >= entry.year)
    if entry.closes is None:
        return replace(ledger, year=entry.year, before_l=entry.withdrawn_before_l, grants=grants)
    assert ledger.segment is not None, "a year opens on a fitted meter"
    return replace(
        ledger,
        segment=replace(ledger.segment, start_l=entry.total_l, wrapped_l=0),
        year=entry.year,
        before_l=entry.withdrawn_before_l,
        closed_l=0,
        grants=grants,
    )


# --- the totalizer -----------------------------------------------------------------------------

# Drain-back through a closed pump and float rounding move a total back by no more than this.
BACKWARD_MAX_L = 1000
# A flow that is real may exceed the declared maximum by as much: meters and nameplates err.
MARGIN_PERCENT = 120
# Two steps of the meter's display are within what reading it at another instant explains.
RESOLUTIONS = 2


@dataclass(frozen=True, slots=True)
class Suspect:
    """A total that was not believed at once, and how many scans in a row agreed with it."""

    first_l: int
    latest_l: int
    scans: int


@dataclass(frozen=True, slots=True)
class Totalizer:
    """What is believed of the flow meter's total. `last_l` is the last accepted one.

    `runnable_ms` is the time since then in which the pump could have run; None when it cannot be
    told. `ruling` is what a technician must settle before totals count again.
    """

    last_l: int
    at: Moment
    runnable_ms: int | None = 0
    suspect: Suspect | None = None
    jumped: bool = False
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The total counts. `confirmed`: it had been withheld. `rolled_over`: it passed the modulus."""

    totalizer: Totalizer
    rolled_over: bool = False
    confirmed: bool = False
    bounded: bool = True


@dataclass(frozen=True, slots=True)
class Stood:
    """The total went back by no more than a meter may; the last accepted one stands."""

    totalizer: Totalizer


@dataclass(frozen=True, slots=True)
class Held:
    """The total is suspect and withheld. `fresh`: this is where the suspicion began."""

    totalizer: Totalizer
    allowed_l: int
    fresh: bool


Judgement = Accepted | Stood | Held


def allowed_forward_l(totalizer: Totalizer, segment: Segment, slack_ms: int) -> int:
    """How far forward the total may have moved since it was last accepted.

    `slack_ms` is the scan period: total and flow are read at different instants of a scan. When
    no clock can tell how long it was, only what the display's own steps explain is allowed.
    """
    steps_l = RESOLUTIONS * segment.resolution_l
    if totalizer.runnable_ms is None:
        return steps_l
    return _flow_l(segment, totalizer.runnable_ms + slack_ms) + steps_l


def judge(
    totalizer: Totalizer,
    segment: Segment,
    total_l: int,
    moment: Moment,
    *,
    slack_ms: int,
    confirm_scans: int,
) -> Judgement:
    """Whether a total that was read well may be believed: the table of DESIGN section 6."""
    allowed_l = allowed_forward_l(totalizer, segment, slack_ms)
    forward_l = total_l - totalizer.last_l
    if totalizer.reversed:
        return Held(totalizer, allowed_l, fresh=False)
    suspect = totalizer.suspect
    # Going on above a total that was too far ahead confirms it; coming back from a zero does not.
    confirms = suspect is not None and totalizer.last_l < suspect.first_l <= total_l
    if 0 <= forward_l <= allowed_l and not (totalizer.jumped and confirms):
        return Accepted(Totalizer(total_l, moment), confirmed=confirms)
    if -max(BACKWARD_MAX_L, RESOLUTIONS * segment.resolution_l) <= forward_l < 0:
        return Stood(Totalizer(totalizer.last_l, moment))
    if totalizer.jumped:
        return Held(_follow_jump(totalizer, total_l), allowed_l, fresh=False)
    held = _hold(totalizer, segment, total_l, allowed_l, slack_ms)
    assert held.totalizer.suspect is not None, "what is held is suspect"
    if held.totalizer.suspect.scans < confirm_scans:
        return held
    return _settle(held, segment, total_l, moment, allowed_l)


def _settle(
    held: Held, segment: Segment, total_l: int, moment: Moment, allowed_l: int
) -> Judgement:
    """A suspect total stayed for as many scans as were asked: what is it."""
    bounded = held.totalizer.runnable_ms is not None
    if total_l >= held.totalizer.last_l:
        if not bounded:
            return Accepted(Totalizer(total_l, moment), confirmed=True, bounded=False)
        return replace(held, totalizer=replace(held.totalizer, jumped=True))
    # Lower than the last one. Going forward through the modulus may explain it; across a boot
    # that no clock bridges, nothing bounds that step but half the modulus.
    through_l = segment.modulus_l - held.totalizer.last_l + total_l
    if 0 < through_l <= (allowed_l if bounded else segment.modulus_l // 2):
        return Accepted(
            Totalizer(total_l, moment), rolled_over=True, confirmed=True, bounded=bounded
        )
    return replace(held, totalizer=replace(held.totalizer, reversed=True))


def _hold(
    totalizer: Totalizer, segment: Segment, total_l: int, allowed_l: int, slack_ms: int
) -> Held:
    """Count the scans that agree; a total that fits no earlier one begins a new suspicion."""
    suspect = totalizer.suspect
    step_l = _flow_l(segment, 2 * slack_ms) + RESOLUTIONS * segment.resolution_l
    if suspect is not None and 0 <= total_l - suspect.latest_l <= step_l:
        grown = Suspect(suspect.first_l, total_l, suspect.scans + 1)
        return Held(replace(totalizer, suspect=grown), allowed_l, fresh=False)
    begun = replace(totalizer, suspect=Suspect(total_l, total_l, 1))
    return Held(begun, allowed_l, fresh=True)


def _follow_jump(totalizer: Totalizer, total_l: int) -> Totalizer:
    """While a jump stands, time alone never makes its totals plausible.

    What lies at or past the lowest total of the jump belongs to it; a total below that, and
    plausible, is the meter's old series come back, and ends it (in `judge`).
    """
    suspect = totalizer.suspect
    assert suspect is not None, "a jump stands on a suspect total"
    if total_l < totalizer.last_l:
        return totalizer
    first_l = min(suspect.first_l, total_l)
    return replace(totalizer, suspect=Suspect(first_l, total_l, suspect.scans + 1))


def _flow_l(segment: Segment, time_ms: int) -> int:
    """The most that can flow in a time, with the margin that meters and nameplates need."""
    return segment.flow_max_l_per_h * time_ms * MARGIN_PERCENT // (3_600_000 * 100)
