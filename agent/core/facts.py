"""Room rule: what one scan found out, as facts that the table judges. Knows no action.

What the meters say of each other stands in `crosscheck`, of the pump in `protection`, of the mains
in `supply`; here the rest is added: the account, the orders that stand, the relay, the journal.
"""

from dataclasses import dataclass

from agent.core.attendance import on_trial
from agent.core.authority import stopped_by_platform, stopped_on_site
from agent.core.crosscheck import Sight, compare, flow_meter_lost
from agent.core.model import (
    Balance,
    ConditionKind,
    Exemption,
    InterruptionPolicy,
    Moment,
    Quantity,
    Reading,
    Site,
    elapsed_ms,
)
from agent.core.protection import Motor, protect
from agent.core.pump import View, coast_down_l, good_value, running_flow_l_per_h
from agent.core.replacing import replace
from agent.core.state import (
    Seen,
    State,
    flow_reversed,
    last_total_l,
    missing,
    moved_while_laid_up_l,
    policy_of,
    unmetered_l,
)
from agent.core.supply import Supply
from agent.core.terms import Facts
from agent.core.totalizer import tolerance

# How far what remains must rise above the warning's bound to end it, in percent.
HOURS_HYSTERESIS_PERCENT = 110
# What takes the place of a fresh meter, one at a time and each within its time.
METERING = (
    ConditionKind.FLOW_METER_SILENT,
    ConditionKind.FLOW_SIGNAL_LOST,
    ConditionKind.TOTAL_JUMPED,
    ConditionKind.TOTAL_REVERSED,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a permission is decided on, beside the state."""

    seen: Seen
    readings: tuple[Reading, ...]  # as the ledger judged them
    view: View
    account: Balance | None
    water_given: bool  # an entry of this scan raised the allocation, or opened a year
    moment: Moment
    energy_given: bool = False

    def sight(self, site: Site, state: State, supply: Supply, motor: Motor, step_ms: int) -> Sight:
        """What the cross-checks look at, in this scan's supply and motor."""
        return Sight(
            view=self.view,
            total_l=last_total_l(state) if metered(self) else None,
            energy_wh=good_value(self.readings, Quantity.ENERGY_WH),
            readings=self.readings,
            contacts=self.seen.contacts,
            site=site,
            step_ms=step_ms,
            running_ms=motor.running_ms,
            permitted=state.permitted,
            judged=supply.judged,
            rated_l_per_kwh=0 if state.ledger.rate is None else state.ledger.rate.litres_per_kwh,
        )


def metered(evidence: Evidence) -> bool:
    """Whether this scan's total was accepted."""
    return good_value(evidence.readings, Quantity.FORWARD_TOTAL_L) is not None


def gather(site: Site, state: State, evidence: Evidence, step_ms: int) -> Facts:
    """All facts of one scan."""
    facts = compare(
        _standing_facts(site, state, evidence),
        state.checks,
        evidence.sight(site, state, state.supply, state.motor, step_ms),
    )
    facts = protect(facts, state.motor, evidence.view, evidence.readings, site)
    if evidence.seen.relay_permitted is None and facts.power_while_cut:
        facts = replace(facts, power_while_cut=None)  # nobody says that it opened: its lease runs
    if not state.supply.judged:
        facts = replace(facts, level_unseen=None)  # its supply may be the mains that failed
    if state.supply.failed:
        # Mains that are away are neither too low nor short of a phase, and nothing healed.
        facts = replace(facts, phase_lost=None, voltage_low=None)
    return _add_winter(site, facts, state)


def _standing_facts(site: Site, state: State, evidence: Evidence) -> Facts:
    seen, account = evidence.seen, evidence.account
    recently_cut = _recently_cut(site, state, evidence.moment)
    facts = Facts(
        uncommissioned=state.ledger.segment is None or state.ledger.power_serial is None,
        stopped_on_site=stopped_on_site((*state.stops, *seen.held)),
        stopped_by_platform=stopped_by_platform((*state.stops, *seen.held)),
        unallocated=account is None,
        exhausted=account is not None and account.usable_l <= _kept_back_l(site, state, evidence),
        energy_exhausted=account is not None
        and not site.shared_power_meter
        and _is_spent(account.energy_remaining_wh),
        used_level_percent=_warning_step(site, account),
        remaining_low=account is not None
        and site.limits.warn_remaining_l > 0
        and account.remaining_l <= site.limits.warn_remaining_l,
        hours_low=_hours_low(site, state, evidence),
        overridden=state.lifting is not None,
        converting=converting(site, state, evidence) is not None,
        converting_signal=converting_signal(site, state, evidence) is not None,
        recently_cut=recently_cut,
        lapsed=recently_cut and state.cut_by_lapse,
        restarting=site.maintained and state.supply.hold_ms > 0,
        would_restart=site.maintained and state.supply.failed,
        journal_failing=seen.journal_failing,
        run_on_spent=seen.journal_failing and min(run_on_left(site, state, evidence)) <= 0,
        relay_cut=not state.permitted,
        relay_silent=seen.relay_permitted is None,
        clock_untrusted=not evidence.moment.trusted,
        mains_failed=state.supply.failed,
        uplink_stale=seen.uplink_stale,
        settings_incomplete=bool(missing(site, state)),
        year_unconfirmed=state.year_asked is not None,
        relay_on_trial=on_trial(state.people, evidence.moment),
        visit_open=state.people.visit is not None,
    )
    return _add_metering(site, facts, state, evidence)


def _add_metering(site: Site, facts: Facts, state: State, evidence: Evidence) -> Facts:
    """A total that jumped or went back has its own condition; the meter is not silent then.

    While the mains are away, what holds is not counted and what stands stays.
    """
    totalizer, judged = state.totalizer, state.supply.judged
    jumped = totalizer is not None and totalizer.jumped
    went_back = totalizer is not None and totalizer.reversed
    lost = not (jumped or went_back) and flow_meter_lost(evidence.readings)
    return replace(
        facts,
        total_jumped=None if jumped and not judged else jumped,
        total_reversed=None if went_back and not judged else went_back,
        flow_meter_lost=None if lost and not judged else lost,
        running_back=flow_reversed(site, state),
    )


def _add_winter(site: Site, facts: Facts, state: State) -> Facts:
    """A well that is laid up has no power: its meters are silent, and nobody is told."""
    if state.ledger.laid_up is None:
        return facts
    moved_l = moved_while_laid_up_l(state)
    return replace(
        facts,
        laid_up=True,
        moved_while_laid_up=moved_l > tolerance(site.flow_resolution_l),
        flow_meter_lost=False,
        flow_signal_lost=False,
        power_meter_lost=False,
        level_unseen=False,
        both_meters_lost=False,
    )


def _is_spent(remaining: int | None) -> bool:
    return remaining is not None and remaining <= 0


# --- water -------------------------------------------------------------------------------------


def margin_l(site: Site, state: State) -> int:
    """What a running pump would still take if it were cut at the next scan.

    At the declared maximum, not at the learned flow: a latch that was lost with the power, raised
    but not committed, is raised again by the same arithmetic, whatever was learned and lost.
    """
    flow_l_per_h = site.flow_max_l_per_h
    until_cut_ms = site.period_ms + site.cut_latency_ms
    return flow_l_per_h * until_cut_ms // 3_600_000 + coast_down_l(state.pump, flow_l_per_h)


def _kept_back_l(site: Site, state: State, evidence: Evidence) -> int:
    """The margin, and what has flowed while the flow meter did not say so."""
    return margin_l(site, state) + unmetered_l(site, state, evidence.moment)


def converting(site: Site, state: State, evidence: Evidence) -> Exemption | None:
    """What is left of the bounds within which water is reckoned from electricity (以电折水).

    None when it is not, or no longer: then a meter that is lost cuts.
    """
    now = state.interruption
    if now is None or now.policy is InterruptionPolicy.CUT:
        return None
    lasted_ms = elapsed_ms(now.began, evidence.moment) or 0
    return _left_to_convert(site, state, evidence, lasted_ms, now.converted_l)


def converting_signal(site: Site, state: State, evidence: Evidence) -> Exemption | None:
    """The same for a signal that is lost, also between its runs.

    Each is settled when the pump stands, and the next will be reckoned as well: what was kept back
    while the pump ran must not come over it when it stops. All of them are bounded as one.
    """
    lost = any(one.kind is ConditionKind.FLOW_SIGNAL_LOST for one in state.standing.conditions)
    if not lost:
        return converting(site, state, evidence)
    if policy_of(site, state) is InterruptionPolicy.CUT:
        return None
    now, moment = state.interruption, evidence.moment
    lasted_ms = 0 if now is None else elapsed_ms(now.began, moment) or 0
    flow_l_per_h = running_flow_l_per_h(state.pump, evidence.view, site)
    lifted_l = flow_l_per_h * _lost_ms(state) // 3_600_000 - unmetered_l(site, state, moment)
    converted_l = max(0 if now is None else now.converted_l, lifted_l)
    return _left_to_convert(site, state, evidence, lasted_ms, converted_l)


def _left_to_convert(
    site: Site, state: State, evidence: Evidence, lasted_ms: int, converted_l: int
) -> Exemption | None:
    account, moment = evidence.account, evidence.moment
    if account is None or not _electricity_counts(site, state, moment):
        return None
    left_ms = site.convert_max_ms - max(lasted_ms, _lost_ms(state))
    most_l = account.allocated_l * site.convert_max_percent // 100
    left_l = most_l - converted_l - unmetered_l(site, state, moment)
    if min(left_ms, left_l) <= 0:
        return None
    return Exemption(ConditionKind.FLOW_METER_SILENT, left_l, left_ms)


def _lost_ms(state: State) -> int:
    """How long scans have seen the flow meter fail.

    A signal is lost over many runs, which are bounded as one; and across a boot that no clock
    bridges nothing else can tell: no pump ran without power.
    """
    held = [one.held_ms for one in state.standing.watches if one.kind in METERING]
    return max(held, default=0)


def _electricity_counts(site: Site, state: State, moment: Moment) -> bool:
    """Whether there is electricity to reckon by: of this pump alone, read of late and believed."""
    energy = state.energy
    if site.shared_power_meter or energy is None or energy.in_doubt:
        return False
    unread_ms = elapsed_ms(energy.at, moment)
    late = unread_ms is None or unread_ms > site.both_meters_cut_ms
    return not (late and state.supply.judged)


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


def _hours_low(site: Site, state: State, evidence: Evidence) -> bool | None:
    """Whether what remains is pumped soon; neither, near the bound, while the flow wanders."""
    if evidence.account is None or site.limits.warn_pumping_ms == 0:
        return False
    flow_l_per_h = running_flow_l_per_h(state.pump, evidence.view, site)
    bound_l = flow_l_per_h * site.limits.warn_pumping_ms // 3_600_000
    if evidence.account.remaining_l <= bound_l:
        return True
    above = evidence.account.remaining_l * 100 > bound_l * HOURS_HYSTERESIS_PERCENT
    return False if above else None


# --- relay, journal ----------------------------------------------------------------------------


def _recently_cut(site: Site, state: State, moment: Moment) -> bool:
    if state.cut_at is None:
        return False
    since_ms = elapsed_ms(state.cut_at, moment)
    # Across a boot that no clock bridges, the starter has had its rest.
    return since_ms is not None and since_ms < site.short_cycle_ms


def run_on_left(site: Site, state: State, evidence: Evidence) -> tuple[int, int]:
    """Litres and milliseconds for which the pump may still run while nothing can be written."""
    begun, at_first_l, account = (
        state.journal_failed_at,
        state.journal_failed_remaining_l,
        evidence.account,
    )
    if not (site.run_on and evidence.seen.journal_written):
        return 0, 0
    if begun is None or at_first_l is None or account is None:
        return 0, 0
    failing_ms = elapsed_ms(begun, evidence.moment)
    # Nothing is entered meanwhile, so what is reckoned from electricity is in no account yet.
    taken_l = at_first_l - account.remaining_l + unmetered_l(site, state, evidence.moment)
    left_ms = 0 if failing_ms is None else site.run_on_ms - failing_ms
    return -(-at_first_l * site.run_on_percent // 100) - taken_l, left_ms
