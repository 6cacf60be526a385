"""Room rule: how one scan's totals reach the ledger.

`totalizer` says what may be believed; this room brings it the scan's readings, keeps the time it
measures plausibility by, and writes down what was withheld, confirmed, rolled over or bridged.
"""

from dataclasses import dataclass
from typing import assert_never

from agent.core import backflow, entered, thresholds
from agent.core.authority import stops_after
from agent.core.ledger import counted_l, used_wh
from agent.core.model import (
    Body,
    Bridged,
    Confirmed,
    Correct,
    Entry,
    Fault,
    FitMeter,
    Moment,
    Quality,
    Quantity,
    Reading,
    Released,
    RemoveMeter,
    Role,
    RolledOver,
    Site,
    Stopped,
    ThresholdSet,
    Withheld,
    elapsed_ms,
)
from agent.core.posting import post
from agent.core.pump import good_value
from agent.core.replacing import replace
from agent.core.state import State, away
from agent.core.totalizer import (
    NO_BOUND,
    RESOLUTIONS,
    Accepted,
    Bound,
    Held,
    Segment,
    Stood,
    Totalizer,
    judge,
)

# Unread for longer than this, and electricity must vouch for the water (DESIGN section 6).
GAP_MS = 3_600_000
# How much more water than the rate says a kilowatt-hour may have lifted.
RATE_MARGIN_PERCENT = 150


def pass_time(site: Site, state: State, moment: Moment, *, may_have_run: bool) -> State:
    """Count the time in which each total could have advanced since it was last accepted.

    Water could when the pump was seen to run at the last scan, when the power meter could not say,
    while the agent was away, and when this scan says so: it sees the pump run, or it is the first
    of a control that did not see what was before. Electricity always could. Where no clock can
    tell how long that was, the time is unknown, not zero.
    """
    if state.scanned_at is None:
        return state
    passed_ms = elapsed_ms(state.scanned_at, moment)
    ran = passed_ms is None or away(site, state, moment) or state.pump.could_run or may_have_run
    return replace(
        state,
        totalizer=aged(state.totalizer, passed_ms) if ran else state.totalizer,
        reverse=aged(state.reverse, passed_ms),
        energy=aged(state.energy, passed_ms),
    )


def aged(totalizer: Totalizer | None, passed_ms: int | None) -> Totalizer | None:
    """A total that could have advanced for so much longer; None: nobody knows how long."""
    if totalizer is None or totalizer.runnable_ms is None:
        return totalizer
    runnable_ms = None if passed_ms is None else totalizer.runnable_ms + passed_ms
    return replace(totalizer, runnable_ms=runnable_ms)


def enter(state: State, entry: Entry, moment: Moment) -> State:
    """Post an entry. A meter that is fitted, removed or ruled on begins or ends a series."""
    standing = entered.after(state.entered, entry)
    state = replace(state, ledger=post(state.ledger, entry), entered=standing)
    match entry:
        case FitMeter(role=Role.FLOW_METER):
            fitted = Totalizer(entry.total, moment)
            # The coast-down that another meter began to show is not to be had of this one.
            pump = replace(state.pump, cut_total_l=None)
            return replace(state, totalizer=fitted, reverse=None, backflow_l=0, pump=pump)
        case FitMeter(role=Role.POWER_METER):
            return replace(state, energy=Totalizer(entry.total, moment))
        case RemoveMeter(role=Role.FLOW_METER):
            return replace(state, totalizer=None, reverse=None, backflow_l=0)
        case RemoveMeter(role=Role.POWER_METER):
            return replace(state, energy=None)
        case Correct():
            return _corrected(state, entry, moment)
        case RolledOver(role=Role.FLOW_METER):
            return replace(state, totalizer=Totalizer(entry.total_l, moment))
        case RolledOver(role=Role.POWER_METER):
            return replace(state, energy=Totalizer(entry.total_l, moment))
        case Stopped() | Released():
            return replace(state, stops=stops_after(state.stops, entry))
        case ThresholdSet():
            return replace(state, thresholds=thresholds.after(state.thresholds, entry))
        case _:
            return state


def _corrected(state: State, entry: Correct, moment: Moment) -> State:
    """A ruling begins a series; a figure on paper is no water that an override gave."""
    if entry.restart_total_l is not None:
        return replace(state, totalizer=Totalizer(entry.restart_total_l, moment))
    if state.lifting is None or entry.year != state.ledger.year:
        return state
    withdrawn = state.lifting.withdrawn_l + entry.volume_l
    return replace(state, lifting=replace(state.lifting, withdrawn_l=withdrawn))


# --- totals ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Taken:
    """One total as judged: what is believed now, what is to be said, and the readings with it."""

    totalizer: Totalizer
    bodies: tuple[Body, ...]
    readings: tuple[Reading, ...]
    accepted: bool = False


def take_energy(
    site: Site, state: State, readings: tuple[Reading, ...], moment: Moment, *, may_enter: bool
) -> tuple[State, tuple[Body, ...], tuple[Reading, ...]]:
    """Judge the power meter's total: it is an account as well, and it vouches for the water."""
    if state.energy is None or state.ledger.power is None:
        return state, (), readings
    power = replace(state.ledger.power, rate_max_per_h=site.power_max_w)
    series = _Series(Role.POWER_METER, Quantity.ENERGY_WH, state.energy, power)
    taken = _take(site, series, readings, moment, may_enter=may_enter)
    return replace(_posted(state, taken), energy=taken.totalizer), taken.bodies, taken.readings


def take_total(
    site: Site, state: State, readings: tuple[Reading, ...], moment: Moment, *, may_enter: bool
) -> tuple[State, tuple[Body, ...], tuple[Reading, ...]]:
    """Judge the flow meter's forward total, after the energy. What is withheld is marked so."""
    last, segment = state.totalizer, state.ledger.segment
    if last is None or segment is None:
        return state, (), readings
    before_l = counted_l(state.ledger, last.last)
    segment = replace(segment, rate_max_per_h=site.flow_max_l_per_h)
    bound = _bound(site, state, last, moment)
    series = _Series(Role.FLOW_METER, Quantity.FORWARD_TOTAL_L, last, segment, bound)
    taken = _take(site, series, readings, moment, may_enter=may_enter)
    state = replace(_posted(state, taken), totalizer=taken.totalizer)
    bodies = taken.bodies
    if taken.accepted:
        bodies = (*bodies, *_bridged(state, last, segment, bound, moment))
        state = replace(state, energy_at_total_wh=_used_now_wh(site, state, moment))
    forward_l = counted_l(state.ledger, taken.totalizer.last) - before_l
    return backflow.watched(site, state, forward_l, readings, moment), bodies, taken.readings


@dataclass(frozen=True, slots=True)
class _Series:
    """What is judged, by the most that can be real: as the settings say it now, not when fitted."""

    role: Role
    quantity: Quantity
    totalizer: Totalizer
    segment: Segment
    bound: Bound = NO_BOUND


def _take(
    site: Site, series: _Series, readings: tuple[Reading, ...], moment: Moment, *, may_enter: bool
) -> _Taken:
    """A rollover needs an entry; while none may be made, its total is withheld."""
    total = good_value(readings, series.quantity)
    if total is None:
        return _Taken(series.totalizer, (), readings)
    judged = judge(
        series.totalizer,
        series.segment,
        total,
        moment,
        slack_ms=site.period_ms,
        confirm_scans=site.confirm_scans,
        bound=series.bound,
    )
    match judged:
        case Stood():
            return _Taken(judged.totalizer, (), readings)
        case Held():
            bodies = _withheld(series, judged, total)
            return _Taken(judged.totalizer, bodies, _marked(readings, series.quantity))
        case Accepted(rolled_over=True) if not may_enter:
            return _Taken(series.totalizer, (), _marked(readings, series.quantity))
        case Accepted():
            bodies = _believed(series, judged, total)
            return _Taken(judged.totalizer, bodies, readings, accepted=True)
    assert_never(judged)


def _posted(state: State, taken: _Taken) -> State:
    for body in taken.bodies:
        if isinstance(body, RolledOver):
            state = replace(state, ledger=post(state.ledger, body))
    return state


def _believed(series: _Series, accepted: Accepted, total: int) -> tuple[Body, ...]:
    """What is to be said of a total that was not simply the next one."""
    last = series.totalizer.last
    confirmed = Confirmed(total, last, accepted.bounded, series.quantity)
    rolled_over = RolledOver(last, total, series.segment.modulus, series.role)
    return (
        *((confirmed,) if accepted.confirmed else ()),
        *((rolled_over,) if accepted.rolled_over else ()),
    )


def _withheld(series: _Series, held: Held, total: int) -> tuple[Body, ...]:
    """Said once when the suspicion begins: a meter that babbles must not fill the card."""
    if series.totalizer.suspect is not None or not held.fresh:
        return ()
    return (Withheld(total, series.totalizer.last, held.allowed, series.quantity),)


def _marked(readings: tuple[Reading, ...], quantity: Quantity) -> tuple[Reading, ...]:
    """A total as suspect: it does not leave the station as if it were believed."""
    return tuple(
        replace(reading, quality=Quality.SUSPECT, fault=Fault.IMPLAUSIBLE)
        if reading.quantity is quantity
        else reading
        for reading in readings
    )


# --- what electricity says of water ------------------------------------------------------------


def _used_now_wh(site: Site, state: State, moment: Moment) -> int | None:
    """What is used when a water total is accepted; None where it was not read of late.

    What a silent power meter counts meanwhile has lifted water that is metered.
    """
    if state.energy is None:
        return None
    unread_ms = elapsed_ms(state.energy.at, moment)
    if unread_ms is None or unread_ms > site.flow_meter_alarm_ms:
        return None
    return used_wh(state.ledger, state.energy.last)


def _since_total_wh(state: State, moment: Moment) -> int | None:
    """Electricity used since a water total was last accepted; None when it was not read now."""
    if state.energy is None or state.energy.at != moment or state.energy_at_total_wh is None:
        return None
    return used_wh(state.ledger, state.energy.last) - state.energy_at_total_wh


def _bound(site: Site, state: State, last: Totalizer, moment: Moment) -> Bound:
    """After a long gap no more water is believed than the electricity used can have lifted."""
    gap_ms = elapsed_ms(last.at, moment)
    short = gap_ms is not None and gap_ms <= GAP_MS
    rate = state.ledger.rate
    if short or rate is None or site.shared_power_meter:
        return NO_BOUND
    energy_wh = _since_total_wh(state, moment)
    if energy_wh is None:
        return Bound(missing=True)
    return Bound(energy_wh * rate.litres_per_kwh * RATE_MARGIN_PERCENT // (1000 * 100))


def _bridged(
    state: State, last: Totalizer, segment: Segment, bound: Bound, moment: Moment
) -> tuple[Bridged, ...]:
    """Water that flowed while nobody read it is said, and what vouches for it."""
    gap_ms = elapsed_ms(last.at, moment)
    assert state.totalizer is not None, "a total was accepted"
    total = state.totalizer.last
    if gap_ms is not None and gap_ms <= GAP_MS:
        return ()
    if 0 <= total - last.last <= RESOLUTIONS * segment.resolution:
        return ()
    energy_wh = _since_total_wh(state, moment)
    return (Bridged(total, last.last, gap_ms, energy_wh, bounded=bound.most is not None),)
