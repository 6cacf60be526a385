"""Room rule: the order of one scan, and nothing else: commands, ledger, interlock, records.

`scan` is the program: what was seen goes in; the next state, the records and the decision come
out. It is pure, so that a scan whose records could not be committed is thrown away and done again
without its commands, and nothing has happened.
"""

from dataclasses import dataclass

from agent.core import calendar
from agent.core.accounting import pass_time, take_energy, take_total
from agent.core.crosscheck import evidence, without_signal
from agent.core.dating import date
from agent.core.facts import Evidence
from agent.core.interruptions import watch_metering
from agent.core.ledger import expired
from agent.core.model import (
    Balance,
    Body,
    Condition,
    ConditionChanged,
    Decision,
    Entry,
    Moment,
    Quality,
    Quantity,
    Reading,
    Sample,
    Session,
    Site,
    Verdict,
    elapsed_ms,
)
from agent.core.orders import take_commands
from agent.core.permission import blame, opened_by, permit
from agent.core.pump import Counts, View, good_value, may_run, note_cut, powered, watch_pump
from agent.core.ratings import learn, watch_test
from agent.core.replacing import replace
from agent.core.state import Seen, State, account, away, counts
from agent.core.thresholds import overlaid
from agent.core.years import begin_round, open_years


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scan leads to. `durable`: nothing of it may be applied before it is committed."""

    state: State
    bodies: tuple[Body, ...]
    decision: Decision
    readings: tuple[Reading, ...]  # as the ledger judged them
    balance: Balance | None
    moment: Moment  # as believed
    durable: bool
    verdicts: tuple[Verdict, ...] = ()  # one for each command


def scan(site: Site, state: State, seen: Seen) -> Outcome:
    """One scan. While the journal fails, no command is taken and no entry is made."""
    assert not (seen.journal_failing and seen.commands), "a failing journal takes no command"
    site = overlaid(site, state.thresholds)
    moment = calendar.believe(state.watermark, state.clock, seen.moment)
    before = state
    ran = seen.started is not None or may_run(_meters(seen.readings), site)
    state = pass_time(site, state, moment, may_have_run=ran)
    taken = take_commands(site, state, seen, moment)
    state = taken.state
    were = counts(state, before.scanned_at, moment)
    state, accounted, readings = _account_for(site, state, seen, moment)
    view = _view(readings, state, were, moment)
    state = _lay_cut(site, before, state, seen, moment)
    state, ended = _watch_pump(site, before, state, view, moment)
    ended = tuple(replace(one, remaining_l=_remaining_l(state, moment)) for one in ended)
    # A meter of other loads as well says nothing of what this pump lifts.
    state, proposed = learn(state, () if site.shared_power_meter else ended)
    state, aborted = watch_test(site, state, moment)
    balance = account(state, moment)
    was = account(before, before.scanned_at or moment)
    found = Evidence(
        seen,
        readings,
        view,
        balance,
        _gave_water(was, balance),
        moment,
        energy_given=_gave_energy(was, balance),
    )
    state, decision, edges = permit(site, state, found)
    bodies: tuple[Body, ...] = (
        *(one for one in (seen.started, seen.rebuilt) if one),
        *taken.bodies,
        *accounted,
        *ended,
        *proposed,
        *aborted,
        *_changes(before, state, seen.readings),
        *edges,
    )
    if bodies or _sample_due(site, state, moment):
        state = replace(state, sampled_at=moment)
        bodies = (*bodies, _sample(readings, balance, permitted=state.permitted))
    if seen.health is not None:
        bodies = (*bodies, seen.health)
    return Outcome(
        state=_passed(site, state, seen, moment, readings),
        bodies=bodies,
        decision=decision,
        readings=readings,
        balance=balance,
        moment=moment,
        verdicts=taken.verdicts,
        durable=taken.durable
        or any(isinstance(one, Entry) for one in accounted)
        or any(one.permitted for one in edges),
    )


def _account_for(
    site: Site, state: State, seen: Seen, moment: Moment
) -> tuple[State, tuple[Body, ...], tuple[Reading, ...]]:
    """The totals, then what begins with them. While nothing may be entered, nothing begins."""
    may_enter = not seen.journal_failing
    readings = without_signal(seen.readings, _meters(seen.readings), seen.contacts, site)
    state, metered, readings = take_energy(site, state, readings, moment, may_enter=may_enter)
    state, totalled, readings = take_total(site, state, readings, moment, may_enter=may_enter)
    running = powered(_meters(readings), site) is True
    state, interrupted = watch_metering(site, state, moment, running=running, may_enter=may_enter)
    metered = (*metered, *totalled, *interrupted)
    if not may_enter:
        return state, metered, readings
    state, opened = open_years(site, state, moment, readings)
    state, begun = begin_round(site, state, moment, readings)
    return state, (*metered, *opened, *begun), readings


def _passed(
    site: Site, state: State, seen: Seen, moment: Moment, readings: tuple[Reading, ...]
) -> State:
    """What this scan leaves to the next about time."""
    host_is_believed = seen.moment.trusted and moment.utc_ms == seen.moment.utc_ms
    dated = calendar.reckoned(state.watermark, moment)
    ended = [
        one.provisional_until_utc_ms
        for one in (*state.ledger.grants, *state.ledger.energy_grants)
        if expired(one, dated)
    ]
    return replace(
        date(site, state, moment, readings),
        scanned_at=moment,
        watermark=calendar.advance(state.watermark, moment),
        clock=None if host_is_believed else state.clock,
        ended_utc_ms=max((*ended, state.ended_utc_ms)),
    )


def _remaining_l(state: State, moment: Moment) -> int | None:
    balance = account(state, moment)
    return None if balance is None else balance.remaining_l


def _gave_water(before: Balance | None, after: Balance | None) -> bool:
    """Whether an entry of this scan gave water: the only thing that releases an exhausted well.

    What is taken off the withdrawn gives it back.
    """
    if after is None:
        return False
    if before is None or after.year != before.year or after.limit_name != before.limit_name:
        return True
    return (
        after.allocated_l > before.allocated_l
        or after.remaining_l > before.remaining_l
        or _more(before.limit_remaining_l, after.limit_remaining_l)
    )


def _gave_energy(before: Balance | None, after: Balance | None) -> bool:
    """The same for electricity; a provisional allocation that ended gave none by that."""
    if after is None:
        return False
    if before is None or after.year != before.year:
        return True
    return (after.energy_allocated_wh or 0) > (before.energy_allocated_wh or 0)


def _more(before_l: int | None, after_l: int | None) -> bool:
    return before_l is not None and after_l is not None and after_l > before_l


def _meters(readings: tuple[Reading, ...]) -> View:
    """What the meters say of the pump, before their totals are judged."""
    return View(
        counts=None,
        before=None,
        flow_l_per_h=good_value(readings, Quantity.FLOW_L_PER_H),
        power_w=good_value(readings, Quantity.POWER_W),
    )


def _view(readings: tuple[Reading, ...], state: State, were: Counts | None, moment: Moment) -> View:
    """This scan's good values; the totals are the accepted ones, which may have stood."""
    interrupted = state.interruption is not None
    read = interrupted or good_value(readings, Quantity.FORWARD_TOTAL_L) is not None
    return replace(
        _meters(readings),
        counts=counts(state, moment) if read else None,
        before=were,
        interrupted=interrupted,
    )


def _lay_cut(site: Site, before: State, state: State, seen: Seen, moment: Moment) -> State:
    """A relay that opened by itself ended the run of a pump that was running until then."""
    blamed = blame(opened_by(site, before, seen, moment))
    return replace(state, pump=note_cut(state.pump, None, blamed)) if blamed else state


def _watch_pump(
    site: Site, before: State, state: State, view: View, moment: Moment
) -> tuple[State, tuple[Session, ...]]:
    unseen = away(site, before, moment)
    pump, ended = watch_pump(
        state.pump,
        view,
        site,
        moment,
        permitted=before.permitted,
        unseen=unseen,
        mains_failed=before.supply.failed,
    )
    return replace(state, pump=pump), (ended,) if ended else ()


# --- records -----------------------------------------------------------------------------------


def _changes(
    before: State, after: State, readings: tuple[Reading, ...]
) -> tuple[ConditionChanged, ...]:
    """What rose, changed its action or level, and fell, in the order of the table.

    Evidence is what the meters showed, before the ledger judged it.
    """

    def said(one: Condition, *, raised: bool) -> ConditionChanged:
        return ConditionChanged(one.kind, raised, one.action, one.latched, one.level)

    was = {one.kind: said(one, raised=True) for one in before.standing.conditions}
    now = {one.kind: said(one, raised=True) for one in after.standing.conditions}
    fell = [said(one, raised=False) for one in before.standing.conditions if one.kind not in now]
    rose = [change for kind, change in now.items() if was.get(kind) != change]
    return tuple(
        replace(one, evidence=evidence(one.kind, readings, after.checks)) for one in (*fell, *rose)
    )


def _sample_due(site: Site, state: State, moment: Moment) -> bool:
    since_ms = None if state.sampled_at is None else elapsed_ms(state.sampled_at, moment)
    # Half a period early is on time: a scan that comes a little late must not shift the series.
    return since_ms is None or since_ms >= site.record_interval_ms - site.period_ms // 2


def _sample(readings: tuple[Reading, ...], account: Balance | None, *, permitted: bool) -> Sample:
    return Sample(
        forward_total_l=good_value(readings, Quantity.FORWARD_TOTAL_L),
        flow_l_per_h=good_value(readings, Quantity.FLOW_L_PER_H),
        energy_wh=good_value(readings, Quantity.ENERGY_WH),
        power_w=good_value(readings, Quantity.POWER_W),
        level_mm=good_value(readings, Quantity.LEVEL_MM),
        permitted=permitted,
        allocated_l=None if account is None else account.allocated_l,
        withdrawn_l=None if account is None else account.withdrawn_l,
        faults=tuple(one for one in readings if one.quality is not Quality.GOOD),
    )
