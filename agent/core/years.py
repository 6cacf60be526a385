"""Room rule: where a plan year and a round begin to count. Believes no calendar by itself.

A year opens on a total that was accepted at a believed instant. Where no clock can tell what was
counted when it began, nobody guesses: a technician is asked.
"""

from dataclasses import dataclass

from agent.core import calendar
from agent.core.dating import Found, counted_at, dated_now, minus
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
    Reading,
    Site,
)
from agent.core.posting import post
from agent.core.pump import Counts, split
from agent.core.replacing import replace
from agent.core.state import Dated, State, last_total_wh, unmetered_l


def open_years(
    site: Site, state: State, moment: Moment, readings: tuple[Reading, ...]
) -> tuple[State, tuple[Body, ...]]:
    """Open each plan year that has begun by a believed calendar, at a total accepted just now."""
    now = dated_now(state, moment, readings)
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
        found = counted_at(site, state, now, begins.utc_ms)
        if found is None:
            return replace(state, year_asked=begins.year), tuple(bodies)
        state, opened = _open(state, moment, begins, found)
        bodies += opened
        now = replace(
            now,
            counted_l=now.counted_l - found.counted_l,
            used_wh=minus(now.used_wh, found.used_wh),
            converted_l=minus(now.converted_l, found.converted_l),
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
    found = Found(counted, used, apportioned=True)
    state, bodies = _open(
        state, moment, begins, found, document=entry.document, author=entry.author
    )
    return replace(state, year_asked=None), bodies


@dataclass(frozen=True, slots=True)
class _Begin:
    year: int
    utc_ms: int


def _open(
    state: State,
    moment: Moment,
    begins: _Begin,
    found: Found,
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
        converted_l=max(minus(before.converted_l, found.converted_l) or 0, 0),
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


# --- rounds ----------------------------------------------------------------------------------


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
    now, reckoned_l = dated_now(state, moment, readings), 0
    if now is None and _converts(state):
        reckoned_l = unmetered_l(site, state, moment)
        counted = counted_l(state.ledger, _last_l(state))
        now = Dated(counted, None, moment, state.ledger.converted_l + reckoned_l)
    if now is None:
        return None
    found = None
    if state.dated is not None and state.dated.at.utc_ms <= one.from_utc_ms:
        found = counted_at(site, state, now, one.from_utc_ms)
    since_l = 0
    if found is not None:
        converted = minus(now.converted_l, found.converted_l) or 0
        # What was told of it is among what was counted since it began.
        since_l = max(now.counted_l - found.counted_l + converted - one.before_l, 0)
    return withdrawn_l(state.ledger, _last_l(state)) + reckoned_l - since_l


def _converts(state: State) -> bool:
    """Whether water is reckoned, because it is not metered: a round does not wait for its end."""
    now = state.interruption
    fitted = state.totalizer is not None
    return fitted and now is not None and now.policy is InterruptionPolicy.CONVERT
