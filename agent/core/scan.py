"""Room rule: the order of one scan, and nothing else: commands, ledger, interlock, records.

`scan` is the program: what was seen goes in; the next state, the records and the decision come
out. It is pure, so that a scan whose records could not be committed is thrown away and done again
without its commands, and nothing has happened.
"""

from dataclasses import dataclass, replace

from agent.core import calendar
from agent.core.accounting import enter, open_year, pass_time, take_energy, take_total
from agent.core.commands import judge_command
from agent.core.ledger import balance
from agent.core.model import (
    Balance,
    Body,
    Condition,
    ConditionChanged,
    Decision,
    Moment,
    OpenYear,
    Quality,
    Quantity,
    Reading,
    Refusal,
    RolledOver,
    Sample,
    Session,
    Site,
    Verdict,
    elapsed_ms,
)
from agent.core.permission import Evidence, permit
from agent.core.present import Present
from agent.core.pump import View, good_value, may_run, watch_pump
from agent.core.state import Seen, State, away, last_total_l, last_total_wh

# Ids of commands already judged; a platform repeats a message within minutes, not after so many.
SEEN_IDS_MAX = 64


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


def scan(site: Site, state: State, seen: Seen) -> Outcome:
    """One scan. While the journal fails, no command is taken and no entry is made."""
    assert not (seen.journal_failing and seen.commands), "a failing journal takes no command"
    moment = calendar.believe(state.watermark, seen.moment)
    may_enter = not seen.journal_failing
    before = state
    state = pass_time(site, state, moment, may_run=may_run(_view(seen.readings, state), site))
    state, answered = _take_commands(site, state, seen, moment)
    state, metered, readings = take_energy(site, state, seen.readings, moment, may_enter=may_enter)
    state, totalled, readings = take_total(site, state, readings, moment, may_enter=may_enter)
    totalled = (*metered, *totalled)
    opened: tuple[OpenYear, ...] = ()
    if may_enter:
        state, opened = open_year(site, before, state, moment, readings)
    view = _view(readings, state)
    state, ended = _watch_pump(site, before, state, view, moment)
    account = _account(state, moment)
    water_given = _gave_water(_account(before, moment), account)
    evidence = Evidence(seen, readings, view, account, water_given, moment)
    state, decision, edges = permit(site, state, evidence)
    bodies: tuple[Body, ...] = (
        *((seen.started,) if seen.started else ()),
        *answered,
        *totalled,
        *opened,
        *(
            replace(one, remaining_l=None if account is None else account.remaining_l)
            for one in ended
        ),
        *_changes(before.standing.conditions, state.standing.conditions),
        *edges,
    )
    if bodies or _sample_due(site, state, moment):
        state = replace(state, sampled_at=moment)
        bodies = (*bodies, _sample(readings, account, permitted=state.permitted))
    rolled_over = any(isinstance(one, RolledOver) for one in totalled)
    return Outcome(
        state=replace(
            state, scanned_at=moment, watermark=moment if moment.trusted else state.watermark
        ),
        bodies=bodies,
        decision=decision,
        readings=readings,
        balance=account,
        moment=moment,
        durable=bool(answered or opened or rolled_over) or any(one.permitted for one in edges),
    )


def _take_commands(
    site: Site, state: State, seen: Seen, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    """Judge each command against what the one before it left. An entry precedes its verdict."""
    bodies: list[Body] = []
    for command in seen.commands:
        judged = judge_command(
            command,
            Present(
                ledger=state.ledger,
                totalizer=state.totalizer,
                energy=state.energy,
                readings=seen.readings,
                moment=moment,
                site=site,
                seen_ids=state.seen_ids,
            ),
        )
        if isinstance(judged, Refusal):
            refusal = judged
        else:
            refusal = None
            state = enter(state, judged, moment)
            bodies.append(judged)
        if command.id not in state.seen_ids:  # a repeated id must not push the others out
            state = replace(state, seen_ids=(*state.seen_ids, command.id)[-SEEN_IDS_MAX:])
        bodies.append(
            Verdict(
                command_id=command.id,
                origin=command.origin,
                actor=command.actor,
                order=type(command.order).__name__,
                refusal=refusal,
                balance=_account(state, moment),
            )
        )
    return state, tuple(bodies)


def _account(state: State, moment: Moment) -> Balance | None:
    """The account as it stands; a clock that is not believed neither ends nor revives a grant."""
    dated = calendar.reckoned(state.watermark, moment)
    return balance(state.ledger, last_total_l(state), dated, last_total_wh(state))


def _gave_water(before: Balance | None, after: Balance | None) -> bool:
    """Whether an entry of this scan gave water: the only thing that releases an exhausted well."""
    if after is None:
        return False
    return before is None or after.year != before.year or after.allocated_l > before.allocated_l


def _view(readings: tuple[Reading, ...], state: State) -> View:
    """This scan's good values; the total is the accepted one, which may have stood."""
    read = good_value(readings, Quantity.FORWARD_TOTAL_L) is not None
    return View(
        total_l=last_total_l(state) if read and state.totalizer else None,
        energy_wh=_energy_wh(readings, state),
        flow_l_per_h=good_value(readings, Quantity.FLOW_L_PER_H),
        power_w=good_value(readings, Quantity.POWER_W),
    )


def _energy_wh(readings: tuple[Reading, ...], state: State) -> int | None:
    read_wh = good_value(readings, Quantity.ENERGY_WH)
    return read_wh if state.energy is None or read_wh is None else state.energy.last


def _watch_pump(
    site: Site, before: State, state: State, view: View, moment: Moment
) -> tuple[State, tuple[Session, ...]]:
    unseen = away(site, before, moment)
    pump, ended = watch_pump(
        state.pump, view, site, moment, permitted=before.permitted, unseen=unseen
    )
    return replace(state, pump=pump), (ended,) if ended else ()


# --- records -----------------------------------------------------------------------------------


def _changes(
    before: tuple[Condition, ...], after: tuple[Condition, ...]
) -> tuple[ConditionChanged, ...]:
    """What rose, changed its action or level, and fell, in the order of the table."""

    def said(one: Condition, *, raised: bool) -> ConditionChanged:
        return ConditionChanged(one.kind, raised, one.action, one.latched, one.level)

    was = {one.kind: said(one, raised=True) for one in before}
    now = {one.kind: said(one, raised=True) for one in after}
    fell = [said(one, raised=False) for one in before if one.kind not in now]
    rose = [change for kind, change in now.items() if was.get(kind) != change]
    return (*fell, *rose)


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
