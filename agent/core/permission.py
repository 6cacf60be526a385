"""Room rule: from what was seen to whether the pump may run. Moves no relay, changes no account.

The facts of one scan (`facts`) go through the table (`rules`), and the gravest action decides. A
permit is a lease that water itself shortens: a scan that hangs cannot overshoot, because the lease
ends when what remains would be gone.
"""

from collections.abc import Mapping

from agent.core import override
from agent.core.authority import withdrawn_now_l
from agent.core.crosscheck import watch_checks
from agent.core.facts import (
    METERING,
    Evidence,
    converting,
    converting_signal,
    gather,
    margin_l,
    metered,
    run_on_left,
)
from agent.core.interlock import Present, assess, decide, time_left_ms
from agent.core.model import (
    Balance,
    ConditionKind,
    Decision,
    Exemption,
    Lapse,
    Moment,
    RelayMoved,
    Site,
    elapsed_ms,
)
from agent.core.protection import watch_motor
from agent.core.pump import coast_down_l, may_run, note_cut, running_flow_l_per_h
from agent.core.replacing import replace
from agent.core.rules import RULES
from agent.core.state import (
    MISSING_MAX,
    Seen,
    State,
    last_total_l,
    missing,
    seen_ms,
    unmetered_l,
)
from agent.core.supply import watch_supply

K = ConditionKind


def permit(
    site: Site, state: State, evidence: Evidence
) -> tuple[State, Decision, tuple[RelayMoved, ...]]:
    """Conditions, decision, and the edges of the relay that follow."""
    moment, account = evidence.moment, evidence.account
    lapse = opened_by(site, state, evidence.seen, moment)
    blamed = blame(lapse)
    if lapse is not None:
        state = _cut(state, moment, lapsed=bool(blamed), reasons=blamed)
    step_ms = seen_ms(site, state, moment)
    state = _watch(site, state, evidence, step_ms)
    facts = gather(site, state, evidence, step_ms)
    reckoned = _reckoned(site, state, evidence)
    present = Present(facts, moment, step_ms, site, _given(site, evidence))
    state = replace(state, standing=assess(RULES, state.standing, present))
    decision = decide(
        RULES,
        state.standing.conditions,
        _lease_ms(site, state, evidence),
        facts,
        _exemptions(site, state, evidence, reckoned),
    )
    edges = [] if lapse is None else [_edge(account, blamed, permitted=False, lapse=lapse)]
    if decision.permit != state.permitted:
        edges.append(_edge(account, decision.reasons, permitted=decision.permit))
        if not decision.permit:
            state = _cut(state, moment, lapsed=False, reasons=decision.reasons)
    return replace(state, permitted=decision.permit), decision, tuple(edges)


def opened_by(site: Site, state: State, seen: Seen, moment: Moment) -> Lapse | None:
    """What opened a relay that was permitted, as far as it can be known; None: it did not open."""
    if not _relay_opened(site, state, seen, moment):
        return None
    assert state.scanned_at is not None, "what was permitted was scanned"
    if state.scanned_at.boot != moment.boot:
        return Lapse.POWER
    if seen.relay_permitted is None or seen.relay_restarted:
        return Lapse.RELAY
    return Lapse.CONTROL


def blame(lapse: Lapse | None) -> tuple[ConditionKind, ...]:
    """Who was without power knows why the relay opened; nothing of the station's failed."""
    return () if lapse in (None, Lapse.POWER) else (K.LEASE_LAPSED,)


def _given(site: Site, evidence: Evidence) -> frozenset[ConditionKind]:
    """The latches that an entry of this scan releases, or that nobody could release any more."""
    water = {K.ALLOCATION_EXHAUSTED} if evidence.water_given else set()
    energy_given = evidence.energy_given or site.shared_power_meter
    return frozenset(water | ({K.ENERGY_EXHAUSTED} if energy_given else set()))


def _edge(
    account: Balance | None,
    reasons: tuple[ConditionKind, ...],
    *,
    permitted: bool,
    lapse: Lapse | None = None,
) -> RelayMoved:
    return RelayMoved(
        permitted=permitted,
        lapsed=lapse is not None,
        reasons=reasons,
        withdrawn_l=None if account is None else account.withdrawn_l,
        remaining_l=None if account is None else account.remaining_l,
        lapse=lapse,
    )


def _relay_opened(site: Site, state: State, seen: Seen, moment: Moment) -> bool:
    """Whether a relay that was permitted is so no longer.

    A question that was not answered says nothing: the relay holds its lease meanwhile. After a
    whole lease of silence it has opened, because nobody renewed it. What a control knows that was
    started just now may be older than a lease that was renewed until a moment ago.
    """
    if not state.permitted:
        return False
    if seen.relay_permitted is not None:
        return not seen.relay_permitted
    assert state.scanned_at is not None, "what was permitted was scanned"
    if state.scanned_at.boot != moment.boot:
        return True  # no lease outlives a boot
    renewed = state.scanned_at if seen.started is None else moment
    watches = state.standing.watches
    silent = next((one.since for one in watches if one.kind is K.RELAY_SILENT), renewed)
    silent_ms = elapsed_ms(silent, moment)
    return silent_ms is None or silent_ms >= site.lease_ms


def _cut(
    state: State, moment: Moment, *, lapsed: bool, reasons: tuple[ConditionKind, ...] = ()
) -> State:
    """The relay is open from now on; a running pump coasts."""
    totalizer = state.totalizer
    # From an old total on, more than coasting would be counted as coast-down.
    fresh = totalizer is not None and totalizer.at == moment
    pump = note_cut(state.pump, last_total_l(state) if fresh else None, reasons)
    return replace(state, permitted=False, cut_at=moment, cut_by_lapse=lapsed, pump=pump)


# --- what is remembered ------------------------------------------------------------------------


def _watch(site: Site, state: State, evidence: Evidence, step_ms: int) -> State:
    """What this scan adds to the memories that facts are made of."""
    seen, view, moment = evidence.seen, evidence.view, evidence.moment
    booted = state.scanned_at is not None and state.scanned_at.boot != moment.boot
    supply = watch_supply(
        state.supply, view, evidence.readings, seen.contacts, site, step_ms=step_ms, booted=booted
    )
    # A pump may have run, or begun to, while no control was there: it did not creep, nor start up.
    looked_ms = step_ms if seen.started is None else 0
    motor = watch_motor(state.motor, view, evidence.readings, site, looked_ms)
    checks = watch_checks(state.checks, evidence.sight(site, state, supply, motor, looked_ms))
    state = replace(_note_journal(state, evidence), supply=supply, motor=motor, checks=checks)
    state = replace(state, declared=(*missing(site, state)[-MISSING_MAX:], *site.declared))
    return _spend_override(site, state, evidence, step_ms)


def _spend_override(site: Site, state: State, evidence: Evidence, step_ms: int) -> State:
    if state.lifting is None or state.scanned_at is None:
        return state
    # Across a boot that no clock bridges, only what scans saw counts: no pump ran without power.
    passed_ms = elapsed_ms(state.scanned_at, evidence.moment)
    flow_l_per_h = running_flow_l_per_h(state.pump, evidence.view, site)
    lifting = override.spend(
        state.lifting,
        passed_ms=step_ms if passed_ms is None else passed_ms,
        seen_ms=step_ms,
        withdrawn_l=withdrawn_now_l(state) if metered(evidence) else None,
        flow_l_per_h=flow_l_per_h if may_run(evidence.view, site) else 0,
    )
    if lifting is not None and _is_nearly_spent(site, state, lifting):
        lifting = None
    return replace(state, lifting=lifting)


def _is_nearly_spent(site: Site, state: State, lifting: override.Lifting) -> bool:
    """Whether the next scan would come too late to cut within the bounds: the lease would lapse."""
    until_cut_ms = site.period_ms + site.cut_latency_ms
    return lifting.left_ms <= until_cut_ms or lifting.left_l <= margin_l(site, state)


def _note_journal(state: State, evidence: Evidence) -> State:
    """Remember when the journal began to fail and what remained then: both bound running on."""
    if not evidence.seen.journal_failing and state.journal_failed_at is None:
        return state
    if not evidence.seen.journal_failing:
        return replace(state, journal_failed_at=None, journal_failed_remaining_l=None)
    if state.journal_failed_at is not None:
        return state
    remaining_l = None if evidence.account is None else evidence.account.remaining_l
    return replace(state, journal_failed_at=evidence.moment, journal_failed_remaining_l=remaining_l)


# --- the permit --------------------------------------------------------------------------------


def _lease_ms(site: Site, state: State, evidence: Evidence) -> int:
    """The lease, or the time in which what remains would be gone: less than none when it is."""
    flow_l_per_h = running_flow_l_per_h(state.pump, evidence.view, site)
    coast_l = coast_down_l(state.pump, flow_l_per_h)

    def time_ms(volume_l: int) -> int:
        return min(site.lease_ms, (volume_l - coast_l) * 3_600_000 // flow_l_per_h)

    account_ms = 0
    if evidence.account is not None:
        account_ms = time_ms(evidence.account.usable_l - unmetered_l(site, state, evidence.moment))
        if not site.limits.on_exhausted_cut:
            account_ms = site.lease_ms
    if state.lifting is None:
        return account_ms
    return max(account_ms, min(time_ms(state.lifting.left_l), state.lifting.left_ms))


def _reckoned(
    site: Site, state: State, evidence: Evidence
) -> Mapping[ConditionKind, Exemption | None]:
    """What stands in for each, as the facts have it: this scan's clocks are the next one's."""
    open_now = converting(site, state, evidence)
    signal = converting_signal(site, state, evidence)
    return {kind: signal if kind is K.FLOW_SIGNAL_LOST else open_now for kind in METERING}


def _exemptions(
    site: Site,
    state: State,
    evidence: Evidence,
    reckoned: Mapping[ConditionKind, Exemption | None],
) -> tuple[Exemption, ...]:
    """The bounded exceptions that a permit would rest on now."""
    found = []
    if state.lifting is not None:
        found.append(Exemption(K.OVERRIDE, state.lifting.left_l, state.lifting.left_ms))
    if evidence.seen.journal_failing:
        found.append(Exemption(K.JOURNAL_FAILING, *run_on_left(site, state, evidence)))
    flow_l_per_h = running_flow_l_per_h(state.pump, evidence.view, site)
    for rule in RULES:
        left_ms = time_left_ms(rule, state.standing, site) if rule.kind in METERING else None
        # Of a clock that has run out nothing is left to rest on, nor is it needed by a total.
        if left_ms is not None and (left_ms > 0 or not metered(evidence)):
            volume_l = flow_l_per_h * left_ms // 3_600_000
            found.append(reckoned[rule.kind] or Exemption(rule.kind, volume_l, left_ms))
    if not metered(evidence) and not any(one.kind in METERING for one in found):
        # No clock runs yet: the mains are just back, or a pipe is empty while the pump stands.
        left_ms = state.supply.settling_ms + site.flow_meter_cut_ms
        volume_l = flow_l_per_h * left_ms // 3_600_000
        found.append(Exemption(K.FLOW_METER_SILENT, volume_l, left_ms))
    return tuple(found)
