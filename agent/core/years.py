"""Room rule: where a plan year and a round begin to count. Believes no calendar by itself.

A year opens on a total that was accepted at a believed instant. What was counted when it began
is seldom seen exactly: it lies between two accepted totals whose instants are known, and is
apportioned by time, or by electricity where scans read that alone, and flagged. Where no clock
can tell, nobody guesses: a technician is asked.
"""

from dataclasses import dataclass

from agent.core import calendar
from agent.core.crosscheck import ENERGY_STEPS_MIN
from agent.core.ledger import (
    Ledger,
    Round,
    balance,
    counted_l,
    grant_of,
    round_at,
    used_wh,
    withdrawn_l,
)
from agent.core.model import (
    BeginLimit,
    Body,
    Entry,
    InterruptionPolicy,
    Moment,
    OpenYear,
    Quantity,
    Reading,
    Site,
)
from agent.core.posting import post
from agent.core.pump import Counts, good_value, split
from agent.core.replacing import replace
from agent.core.state import AWAY_PERIODS, Dated, State, last_total_wh, unmetered_l
from agent.core.totalizer import RESOLUTIONS


def open_years(
    site: Site, state: State, moment: Moment, readings: tuple[Reading, ...]
) -> tuple[State, tuple[Body, ...]]:
    """Open each plan year that has begun by a believed calendar, at a total accepted just now."""
    now = _dated_now(state, moment, readings)
    year = calendar.plan_year(site, moment.utc_ms) if moment.trusted else None
    if now is None or year is None:
        return state, ()
    if state.ledger.year is None:
        assert state.totalizer is not None, "a total was accepted"
        entry = OpenYear(year, None, state.totalizer.last, state.ledger.before_l)
        return replace(state, ledger=post(state.ledger, entry)), (entry,)
    bodies: list[Body] = []
    while (open_year := _open_year(state)) < year:
        begins = _Begin(open_year + 1, calendar.year_start_ms(site, open_year + 1))
        found = _counted_at(site, state, now, begins.utc_ms)
        if found is None:
            return replace(state, year_asked=begins.year), tuple(bodies)
        state, opened = _open(state, moment, begins, found)
        bodies += opened
        now = replace(
            now,
            counted_l=now.counted_l - found.counted_l,
            used_wh=_minus(now.used_wh, found.used_wh),
            converted_l=_minus(now.converted_l, found.converted_l),
        )
    return replace(state, year_asked=None), tuple(bodies)


def confirm_year(
    site: Site, state: State, moment: Moment, entry: OpenYear
) -> tuple[State, tuple[Body, ...]]:
    """Open the year that a technician was asked for, at the total that was told."""
    last_l = _last_l(state)
    counted = counted_l(state.ledger, last_l) - (last_l - entry.total_l)
    used = None if state.energy is None else _told_used_wh(state, counted)
    begins = _Begin(entry.year, calendar.year_start_ms(site, entry.year))
    found = _Found(counted, used, apportioned=True)
    state, bodies = _open(
        state, moment, begins, found, document=entry.document, author=entry.author
    )
    return replace(state, year_asked=None), bodies


@dataclass(frozen=True, slots=True)
class _Begin:
    year: int
    utc_ms: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What the closing year had counted, used and converted when the next one began.

    `converted_l` None: nobody can tell, and all of it is the closing year's.
    """

    counted_l: int
    used_wh: int | None
    apportioned: bool
    converted_l: int | None = None


def _open(
    state: State,
    moment: Moment,
    begins: _Begin,
    found: _Found,
    *,
    document: str = "",
    author: str = "",
) -> tuple[State, tuple[Body, ...]]:
    """Post the opening, and split the run that goes on over it."""
    before = state.ledger
    last_l = _last_l(state)
    total_l = last_l - (counted_l(before, last_l) - found.counted_l)
    total_wh = None
    if state.energy is not None and found.used_wh is not None:
        total_wh = state.energy.last - (used_wh(before, state.energy.last) - found.used_wh)
    entry = OpenYear(
        year=begins.year,
        closes=before.year,
        total_l=total_l,
        withdrawn_before_l=0,
        apportioned=found.apportioned,
        energy_total_wh=total_wh,
        document=document,
        author=author,
        provisional_ended=_provisional_ended(before, begins),
        converted_l=max(_minus(before.converted_l, found.converted_l) or 0, 0),
    )
    closing = Counts(total_l, found.counted_l, total_wh, found.used_wh)
    opening = Counts(total_l, 0, total_wh, None if total_wh is None else 0)
    began = replace(
        moment,
        utc_ms=begins.utc_ms,
        monotonic_ms=moment.monotonic_ms - (moment.utc_ms - begins.utc_ms),
    )
    pump, ended = split(state.pump, closing, opening, began)
    now_wh = last_total_wh(state)
    closed = replace(before, converted_l=before.converted_l - entry.converted_l)
    account = balance(closed, total_l, _last_instant(moment, begins), now_wh)
    remaining_l = None if account is None else account.remaining_l
    ledger = post(before, entry)
    at_total_wh, lifting = state.energy_at_total_wh, state.lifting
    if at_total_wh is not None:
        at_total_wh += used_wh(ledger, now_wh) - used_wh(before, now_wh)
    if lifting is not None:
        closed_l = withdrawn_l(before, last_l) - withdrawn_l(ledger, last_l)
        lifting = replace(lifting, withdrawn_l=lifting.withdrawn_l - closed_l)
    state = replace(
        state,
        ledger=ledger,
        pump=pump,
        lifting=lifting,
        energy_at_total_wh=at_total_wh,
        dated=Dated(0, opening.used_wh, began, 0),
        unread=None,
    )
    return state, (*(replace(one, remaining_l=remaining_l) for one in ended), entry)


def _last_instant(moment: Moment, begins: _Begin) -> Moment:
    """Of the year that closes: what is allocated to its end still counts then."""
    return replace(moment, utc_ms=begins.utc_ms - 1)


def _provisional_ended(ledger: Ledger, begins: _Begin) -> bool:
    """Whether the closing year ended with nothing but a provisional allocation that was over."""
    assert ledger.year is not None, "a year is open"
    grant = grant_of(ledger.grants, ledger.year)
    provisional_alone = grant.plan is None and grant.provisional is not None
    return provisional_alone and grant.provisional_until_utc_ms < begins.utc_ms


def _open_year(state: State) -> int:
    assert state.ledger.year is not None, "a year is open"
    return state.ledger.year


def _last_l(state: State) -> int:
    assert state.totalizer is not None, "a year opens on a fitted meter"
    return state.totalizer.last


# --- when the year began -----------------------------------------------------------------------


def _dated_now(state: State, moment: Moment, readings: tuple[Reading, ...]) -> Dated | None:
    """This scan's counts, if it accepted a total."""
    if state.totalizer is None or good_value(readings, Quantity.FORWARD_TOTAL_L) is None:
        return None
    used = None if state.energy is None else used_wh(state.ledger, state.energy.last)
    counted = counted_l(state.ledger, state.totalizer.last)
    return Dated(counted, used, moment, state.ledger.converted_l)


def _counted_at(site: Site, state: State, now: Dated, utc_ms: int) -> _Found | None:
    """What was counted at an instant before `now`; None when no clock can tell."""
    earlier, booted, undated = state.dated, state.booted, state.undated
    if earlier is None:
        return _Found(now.counted_l, now.used_wh, apportioned=True)
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
    used, used_then = (_minus(one, earlier.used_wh) for one in (used_now, unread.used_wh))
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


def _between(site: Site, earlier: Dated, later: Dated, utc_ms: int) -> _Found:
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
    return _Found(
        then(earlier.counted_l, later.counted_l),
        used,
        apportioned=span_ms > AWAY_PERIODS * site.period_ms,
        converted_l=converted,
    )


def _told_used_wh(state: State, counted: int) -> int:
    """Electricity when the told total was reached: in proportion to the water since `dated`."""
    assert state.energy is not None, "a power meter is fitted"
    now_wh, now_l = (
        used_wh(state.ledger, state.energy.last),
        counted_l(state.ledger, _last_l(state)),
    )
    earlier = state.dated
    if earlier is None or earlier.used_wh is None or now_l <= earlier.counted_l:
        return now_wh
    share_l = counted - earlier.counted_l
    return earlier.used_wh + (now_wh - earlier.used_wh) * share_l // (now_l - earlier.counted_l)


def _minus(now: int | None, then: int | None) -> int | None:
    return None if now is None or then is None else now - then


# --- rounds and anchors ------------------------------------------------------------------------


def begin_round(
    site: Site, state: State, moment: Moment, readings: tuple[Reading, ...]
) -> tuple[State, tuple[Entry, ...]]:
    """The round that runs now begins to count, if it has not."""
    one = round_at(state.ledger, moment.utc_ms) if moment.trusted else None
    if one is None or one.begun_l is not None:
        return state, ()
    begun_l = _begun_l(site, state, one, moment, readings)
    if begun_l is None:
        return state, ()
    entry = BeginLimit(one.year, one.name, begun_l, _last_l(state))
    return replace(state, ledger=post(state.ledger, entry)), (entry,)


def _begun_l(
    site: Site, state: State, one: Round, moment: Moment, readings: tuple[Reading, ...]
) -> int | None:
    """What the year had withdrawn when a round began; None while nothing tells."""
    now, reckoned_l = _dated_now(state, moment, readings), 0
    if now is None and _converts(state):
        reckoned_l = unmetered_l(site, state, moment)
        counted = counted_l(state.ledger, _last_l(state))
        now = Dated(counted, None, moment, state.ledger.converted_l + reckoned_l)
    if now is None:
        return None
    found = None
    if state.dated is not None and state.dated.at.utc_ms <= one.from_utc_ms:
        found = _counted_at(site, state, now, one.from_utc_ms)
    since_l = 0
    if found is not None:
        converted = _minus(now.converted_l, found.converted_l) or 0
        # What was told of it is among what was counted since it began.
        since_l = max(now.counted_l - found.counted_l + converted - one.before_l, 0)
    return withdrawn_l(state.ledger, _last_l(state)) + reckoned_l - since_l


def _converts(state: State) -> bool:
    """Whether water is reckoned, because it is not metered: a round does not wait for its end."""
    now = state.interruption
    fitted = state.totalizer is not None
    return fitted and now is not None and now.policy is InterruptionPolicy.CONVERT


def date(site: Site, state: State, moment: Moment, readings: tuple[Reading, ...]) -> State:
    """Remember what was counted at this instant, for the year that begins while nobody looks."""
    now = _dated_now(state, moment, readings)
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
