"""Room rule: what had been counted at an instant, which is seldom an instant of a scan.

It lies between two accepted totals whose instants are known, and is apportioned by time, or by
electricity where scans read that alone, and flagged. Where no clock can tell, it says so.
"""

from dataclasses import dataclass

from agent.core import calendar
from agent.core.crosscheck import ENERGY_STEPS_MIN
from agent.core.ledger import counted_l, used_wh
from agent.core.model import Moment, Quantity, Reading, Site
from agent.core.pump import good_value
from agent.core.replacing import replace
from agent.core.state import AWAY_PERIODS, Dated, State, last_total_wh
from agent.core.totalizer import RESOLUTIONS


@dataclass(frozen=True, slots=True)
class Found:
    """What the closing year had counted, used and converted when the next one began.

    `converted_l` None: nobody can tell, and all of it is the closing year's.
    """

    counted_l: int
    used_wh: int | None
    apportioned: bool
    converted_l: int | None = None


def date(site: Site, state: State, moment: Moment, readings: tuple[Reading, ...]) -> State:
    """Remember what was counted at this instant, for the year that begins while nobody looks."""
    now = dated_now(state, moment, readings)
    believed = moment.trusted and calendar.plan_year(site, moment.utc_ms) == state.ledger.year
    if now is None:
        return _looked(state, moment) if believed else state
    booted, undated = state.booted, state.undated
    if booted is None or booted.at.boot != moment.boot:
        undated = undated or _was_never_dated(state)
        booted = now
    if not believed:
        unread = _settled(site, state, now)
        return replace(state, booted=booted, undated=undated, unread=unread)
    return replace(state, booted=booted, dated=now, undated=False, unread=None)


def dated_now(state: State, moment: Moment, readings: tuple[Reading, ...]) -> Dated | None:
    """This scan's counts, if it accepted a total."""
    if state.totalizer is None or good_value(readings, Quantity.FORWARD_TOTAL_L) is None:
        return None
    used = None if state.energy is None else used_wh(state.ledger, state.energy.last)
    counted = counted_l(state.ledger, state.totalizer.last)
    return Dated(counted, used, moment, state.ledger.converted_l)


def counted_at(site: Site, state: State, now: Dated, utc_ms: int) -> Found | None:
    """What was counted at an instant before `now`; None when no clock can tell."""
    earlier, booted, undated = state.dated, state.booted, state.undated
    if earlier is None:
        return Found(now.counted_l, now.used_wh, apportioned=True)
    unread = _settled(site, state, now)
    if unread is not None and unread.at.utc_ms <= utc_ms:
        earlier = unread
    if earlier.at.boot == now.at.boot:
        return _between(site, earlier, now, utc_ms)
    if booted is None or booted.at.boot != now.at.boot:
        booted, undated = now, undated or _was_never_dated(state)
    # This boot is dated now, so what it counted before can be dated as well.
    dark_ms = now.at.monotonic_ms - booted.at.monotonic_ms
    booted = replace(booted, at=replace(now.at, utc_ms=now.at.utc_ms - dark_ms))
    if utc_ms >= booted.at.utc_ms:
        return _between(site, booted, now, utc_ms)
    still = booted.counted_l - earlier.counted_l <= RESOLUTIONS * site.flow_resolution_l
    if undated and not still:
        return None
    return _between(site, earlier, booted, utc_ms)


def _settled(site: Site, state: State, now: Dated) -> Dated | None:
    """What had flowed when the open year was last looked at, though its total was not read.

    As much of all that flowed as of the electricity; None where that cannot tell, or is too coarse.
    """
    earlier, unread = state.dated, state.unread
    if earlier is None or unread is None or unread.converted_l is not None:
        return unread
    used_now = used_wh(state.ledger, last_total_wh(state))
    used, used_then = (minus(one, earlier.used_wh) for one in (used_now, unread.used_wh))
    if used is None or used_then is None or site.shared_power_meter:
        return None
    if used < ENERGY_STEPS_MIN * site.energy_resolution_wh:
        return None
    flowed_l, converted_l = now.counted_l - earlier.counted_l, now.converted_l or 0
    before_l = converted_l if earlier.converted_l is None else earlier.converted_l
    return replace(
        unread,
        counted_l=earlier.counted_l + flowed_l * used_then // used,
        converted_l=before_l + (converted_l - before_l) * used_then // used,
    )


def _between(site: Site, earlier: Dated, later: Dated, utc_ms: int) -> Found:
    """By time between two instants. It is no guess when scans saw the year begin."""
    span_ms = max(later.at.utc_ms - earlier.at.utc_ms, 1)
    into_ms = min(max(utc_ms - earlier.at.utc_ms, 0), span_ms)

    def then(before: int, after: int) -> int:
        return before + (after - before) * into_ms // span_ms

    used, converted = later.used_wh, later.converted_l
    if used is not None and earlier.used_wh is not None:
        used = then(earlier.used_wh, used)
    if converted is not None and earlier.converted_l is not None:
        converted = then(earlier.converted_l, converted)
    return Found(
        then(earlier.counted_l, later.counted_l),
        used,
        apportioned=span_ms > AWAY_PERIODS * site.period_ms,
        converted_l=converted,
    )


def _looked(state: State, moment: Moment) -> State:
    """Electricity tells of the water that no total tells of: how much of it had flowed by now."""
    if state.dated is None or (state.energy is not None and state.energy.at != moment):
        return state
    used = used_wh(state.ledger, last_total_wh(state))
    return replace(state, unread=Dated(state.dated.counted_l, used, moment))


def _was_never_dated(state: State) -> bool:
    """Whether the boot before this one counted water at instants that nobody knows."""
    if state.booted is None or state.dated is None:
        return False
    return state.booted.at.boot != state.dated.at.boot


def minus(now: int | None, then: int | None) -> int | None:
    return None if now is None or then is None else now - then
