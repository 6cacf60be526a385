"""Room rule: from what was seen to whether the pump may run. Moves no relay, changes no account.

The facts of one scan are gathered here, the interlock's table turns them into conditions, and the
gravest action decides. A permit is a lease that water itself shortens: a scan that hangs cannot
overshoot, because the lease ends when what remains would be gone.
"""

from dataclasses import dataclass, replace

from agent.core.interlock import Facts, K, assess, decide
from agent.core.model import (
    Balance,
    ConditionKind,
    Decision,
    Fault,
    Moment,
    Quality,
    Quantity,
    Reading,
    RelayMoved,
    Site,
    elapsed_ms,
)
from agent.core.pump import (
    View,
    coast_down_l,
    good_value,
    note_cut,
    powered,
    running_flow_l_per_h,
)
from agent.core.state import Seen, State, last_total_l, unmetered_l

# A pipe that is empty, or a signal that is lost, says nothing against a flow meter while the pump
# stands still: the column drains back, and the next run fills it.
SIGNAL_FAULTS = frozenset({Fault.EMPTY_PIPE, Fault.NO_SIGNAL})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a permission is decided on, beside the state."""

    seen: Seen
    readings: tuple[Reading, ...]  # as the ledger judged them
    view: View
    account: Balance | None
    water_given: bool  # an entry of this scan raised the allocation, or opened a year
    moment: Moment


def permit(
    site: Site, state: State, evidence: Evidence
) -> tuple[State, Decision, tuple[RelayMoved, ...]]:
    """Conditions, decision, and the edges of the relay that follow."""
    moment, account = evidence.moment, evidence.account
    lapsed = state.permitted and _relay_opened(site, state, evidence)
    if lapsed:
        state = _cut(state, moment)
    state = _note_journal(state, evidence)
    facts = _facts(site, state, evidence)
    released = {ConditionKind.ALLOCATION_EXHAUSTED} if evidence.water_given else set()
    standing = assess(state.standing, facts, moment, site, released=frozenset(released))
    decision = decide(
        standing.conditions, _lease_ms(site, state, evidence), relay_cut=facts.relay_cut
    )
    edges = [_edge(account, decision, permitted=False, lapsed=True)] if lapsed else []
    if decision.permit != state.permitted:
        edges.append(_edge(account, decision, permitted=decision.permit, lapsed=False))
        if not decision.permit:
            state = _cut(state, moment, decision.reasons)
    state = replace(state, standing=standing, permitted=decision.permit)
    return state, decision, tuple(edges)


def _edge(
    account: Balance | None, decision: Decision, *, permitted: bool, lapsed: bool
) -> RelayMoved:
    return RelayMoved(
        permitted=permitted,
        lapsed=lapsed,
        reasons=decision.reasons,
        withdrawn_l=None if account is None else account.withdrawn_l,
        remaining_l=None if account is None else account.remaining_l,
    )


def _relay_opened(site: Site, state: State, evidence: Evidence) -> bool:
    """Whether a relay that was permitted is so no longer.

    A question that was not answered says nothing: the relay holds its lease meanwhile. After a
    whole lease of silence it has opened, because nobody renewed it.
    """
    if evidence.seen.relay_permitted is not None:
        return not evidence.seen.relay_permitted
    watches = state.standing.watches
    silent = next((one.since for one in watches if one.kind is K.RELAY_SILENT), state.scanned_at)
    assert silent is not None, "what was permitted was scanned"
    silent_ms = elapsed_ms(silent, evidence.moment)
    return silent_ms is None or silent_ms >= site.lease_ms


def _cut(state: State, moment: Moment, reasons: tuple[ConditionKind, ...] = ()) -> State:
    """The relay is open from now on; a running pump coasts."""
    totalizer = state.totalizer
    # From an old total on, more than coasting would be counted as coast-down.
    fresh = totalizer is not None and totalizer.at == moment
    pump = note_cut(state.pump, last_total_l(state) if fresh else None, reasons)
    return replace(state, permitted=False, cut_at=moment, pump=pump)


def _facts(site: Site, state: State, evidence: Evidence) -> Facts:
    seen, account, view = evidence.seen, evidence.account, evidence.view
    totalizer = state.totalizer
    return Facts(
        uncommissioned=state.ledger.segment is None or state.ledger.power_serial is None,
        unallocated=account is None,
        exhausted=account is not None and account.usable_l <= _kept_back_l(site, state, evidence),
        used_level_percent=_warning_step(site, account),
        flow_meter_lost=_flow_meter_lost(site, state, evidence),
        power_meter_lost=view.power_w is None,
        total_jumped=totalizer is not None and totalizer.jumped,
        total_reversed=totalizer is not None and totalizer.reversed,
        recently_cut=_recently_cut(site, state, evidence.moment),
        journal_failing=seen.journal_failing,
        run_on_spent=seen.journal_failing and _run_on_spent(site, state, evidence),
        relay_cut=not state.permitted,
        relay_silent=seen.relay_permitted is None,
        clock_untrusted=not evidence.moment.trusted,
    )


# --- water -------------------------------------------------------------------------------------


def _margin_l(site: Site, state: State, view: View) -> int:
    """What a running pump would still take if it were cut at the next scan.

    The learned flow is used even while the pump stands, so that a latch that was lost with the
    power, raised but not committed, is raised again by the same arithmetic.
    """
    flow_l_per_h = running_flow_l_per_h(state.pump, view, site)
    until_cut_ms = site.period_ms + site.cut_latency_ms
    return flow_l_per_h * until_cut_ms // 3_600_000 + coast_down_l(state.pump, flow_l_per_h)


def _kept_back_l(site: Site, state: State, evidence: Evidence) -> int:
    """The margin, and what has flowed while the flow meter did not say so."""
    unmetered = unmetered_l(site, state, evidence.moment)
    return _margin_l(site, state, evidence.view) + unmetered


def _lease_ms(site: Site, state: State, evidence: Evidence) -> int:
    """The lease, or the time in which what remains would be gone, whichever is shorter."""
    if evidence.account is None:
        return 0
    flow_l_per_h = running_flow_l_per_h(state.pump, evidence.view, site)
    coast_l = coast_down_l(state.pump, flow_l_per_h)
    usable_l = evidence.account.usable_l - coast_l - unmetered_l(site, state, evidence.moment)
    return max(0, min(site.lease_ms, usable_l * 3_600_000 // flow_l_per_h))


def _warning_step(site: Site, account: Balance | None) -> int:
    """The highest warning step that was passed, in percent; 0 for none."""
    if account is None:
        return 0
    passed = [
        step
        for step in site.warn_percent
        if account.withdrawn_l * 100 >= account.allocated_l * step
    ]
    return max(passed, default=0)


# --- meters, relay, journal --------------------------------------------------------------------


def _flow_meter_lost(site: Site, state: State, evidence: Evidence) -> bool:
    """Whether this scan has no total to count by, or no flow to trust it by.

    A total that jumped or went back has a condition of its own.
    """
    totalizer = state.totalizer
    if totalizer is not None and (totalizer.jumped or totalizer.reversed):
        return False
    if good_value(evidence.readings, Quantity.FORWARD_TOTAL_L) is None:
        return True
    flow = next((one for one in evidence.readings if one.quantity is Quantity.FLOW_L_PER_H), None)
    if flow is None or flow.quality is Quality.GOOD:
        return flow is None
    standing_still = powered(evidence.view, site) is False
    return not (flow.fault in SIGNAL_FAULTS and standing_still)


def _recently_cut(site: Site, state: State, moment: Moment) -> bool:
    if state.cut_at is None:
        return False
    since_ms = elapsed_ms(state.cut_at, moment)
    # Across a boot that no clock bridges, the starter has had its rest.
    return since_ms is not None and since_ms < site.short_cycle_ms


def _note_journal(state: State, evidence: Evidence) -> State:
    """Remember when the journal began to fail and what remained then: both bound running on."""
    if not evidence.seen.journal_failing:
        return replace(state, journal_failed_at=None, journal_failed_remaining_l=None)
    if state.journal_failed_at is not None:
        return state
    remaining_l = None if evidence.account is None else evidence.account.remaining_l
    return replace(state, journal_failed_at=evidence.moment, journal_failed_remaining_l=remaining_l)


def _run_on_spent(site: Site, state: State, evidence: Evidence) -> bool:
    """Whether the pump may no longer run on memory and the totalizer alone."""
    begun, at_first_l, account = (
        state.journal_failed_at,
        state.journal_failed_remaining_l,
        evidence.account,
    )
    if not (site.run_on and evidence.seen.journal_written):
        return True
    if begun is None or at_first_l is None or account is None:
        return True
    failing_ms = elapsed_ms(begun, evidence.moment)
    taken_l = at_first_l - account.remaining_l
    too_long = failing_ms is None or failing_ms >= site.run_on_ms
    return too_long or taken_l * 100 >= at_first_l * site.run_on_percent
