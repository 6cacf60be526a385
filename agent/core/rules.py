"""Room rule: the policy, as one table. How it is worked through stands in `interlock`.

Read a line as: this condition; does this to the pump once this fact has held so long; and this is
what ends it. Gravest first: a decision gives its reasons in this order. docs/conditions.md is
printed from here.
"""

from agent.core.model import Action, ConditionKind, Site
from agent.core.terms import Ends, Facts, Rule, Stage, Switch

WARN, ALARM, HOLD_OFF, CUT = Action.WARN, Action.ALARM, Action.HOLD_OFF, Action.CUT
K = ConditionKind
# A visit that is open for so long was forgotten.
VISIT_RECALLED_MS = 24 * 3_600_000
# A level probe is asked once a minute: one answer that went missing is no silence.
UNSEEN_MS = 5 * 60_000


def _enabled(kind: ConditionKind) -> Switch:
    """Where the site says that this protection cuts."""
    return lambda site: kind in site.limits.cuts


def _cuts_when_exhausted(site: Site) -> bool:
    return site.limits.on_exhausted_cut


def _alarm_ms(site: Site) -> int:
    return site.flow_meter_alarm_ms


def _interrupted_ms(site: Site) -> int:
    return site.flow_meter_cut_ms


def _protection_ms(site: Site) -> int:
    return site.limits.protection_ms


def _healthy_ms(site: Site) -> int:
    return site.limits.healthy_ms


def _converting(facts: Facts) -> bool:
    return facts.converting


RULES: tuple[Rule, ...] = (
    # --- the right to pump
    Rule(K.NOT_COMMISSIONED, (Stage(CUT, lambda f: f.uncommissioned),), Ends.ENTRY),
    Rule(K.STOPPED_ON_SITE, (Stage(CUT, lambda f: f.stopped_on_site),), Ends.RELEASE),
    Rule(K.STOPPED_BY_PLATFORM, (Stage(CUT, lambda f: f.stopped_by_platform),), Ends.RELEASE),
    # Its meters may be silent, so nobody may pump unmetered.
    Rule(K.LAID_UP, (Stage(CUT, lambda f: f.laid_up),), Ends.ENTRY),
    Rule(K.NOT_ALLOCATED, (Stage(CUT, lambda f: f.unallocated),), Ends.ENTRY, lifted=True),
    Rule(
        K.ALLOCATION_EXHAUSTED,
        (
            Stage(ALARM, lambda f: f.exhausted),
            Stage(CUT, lambda f: f.exhausted, on=_cuts_when_exhausted),
        ),
        Ends.WATER,
        lifted=True,
    ),
    Rule(
        K.ENERGY_EXHAUSTED,
        (
            Stage(ALARM, lambda f: f.energy_exhausted),
            Stage(CUT, lambda f: f.energy_exhausted, on=_cuts_when_exhausted),
        ),
        Ends.WATER,
        lifted=True,
    ),
    # --- the pump against the meters
    Rule(
        K.RUNNING_WHILE_CUT,
        (
            Stage(
                CUT,
                lambda f: f.power_while_cut,
                lambda site: site.limits.power_after_cut_ms,
                when="power",
            ),
            Stage(
                CUT,
                lambda f: f.flow_while_cut,
                lambda site: site.limits.flow_after_cut_ms,
                when="flow",
            ),
        ),
        Ends.ACKNOWLEDGED,
    ),
    Rule(
        K.ENERGY_WITHOUT_WATER,
        (Stage(CUT, lambda f: f.energy_without_water, lambda site: site.limits.dry_run_ms),),
        Ends.THIRD,
        rest=lambda site: site.limits.dry_run_retry_ms,
    ),
    # --- the pump's own protection: the starter protects the motor, so a site says whether to cut
    Rule(
        K.DRY_WELL,
        (
            Stage(ALARM, lambda f: f.level_low, _protection_ms),
            Stage(CUT, lambda f: f.level_low, _protection_ms, on=_enabled(K.DRY_WELL)),
        ),
        Ends.THIRD,
        rest=_healthy_ms,
    ),
    Rule(
        K.PHASE_LOSS,
        (
            Stage(ALARM, lambda f: f.phase_lost, _protection_ms),
            Stage(CUT, lambda f: f.phase_lost, _protection_ms, on=_enabled(K.PHASE_LOSS)),
        ),
        Ends.THIRD,
        rest=_healthy_ms,
    ),
    Rule(
        K.OVER_CURRENT,
        (
            Stage(ALARM, lambda f: f.current_high, _protection_ms),
            Stage(CUT, lambda f: f.current_high, _protection_ms, on=_enabled(K.OVER_CURRENT)),
        ),
        Ends.THIRD,
        rest=_healthy_ms,
    ),
    Rule(
        K.UNDER_VOLTAGE,
        (
            Stage(ALARM, lambda f: f.voltage_low, _protection_ms),
            Stage(CUT, lambda f: f.voltage_low, _protection_ms, on=_enabled(K.UNDER_VOLTAGE)),
        ),
        Ends.THIRD,
        rest=_healthy_ms,
    ),
    # --- metering; while the ledger converts, it alarms and does not cut
    Rule(
        K.BOTH_METERS_SILENT,
        (Stage(CUT, lambda f: f.both_meters_lost, lambda site: site.both_meters_cut_ms),),
        lifted=True,
    ),
    Rule(
        K.TOTAL_REVERSED,
        (
            Stage(ALARM, lambda f: f.total_reversed),
            Stage(
                CUT, lambda f: f.total_reversed, _interrupted_ms, _converting, when="unconverted"
            ),
        ),
        Ends.ENTRY,
        lifted=True,
    ),
    Rule(
        K.TOTAL_JUMPED,
        (
            Stage(ALARM, lambda f: f.total_jumped),
            Stage(CUT, lambda f: f.total_jumped, _interrupted_ms, _converting, when="unconverted"),
        ),
        Ends.ENTRY,
        lifted=True,
    ),
    Rule(
        K.FLOW_METER_SILENT,
        (
            Stage(ALARM, lambda f: f.flow_meter_lost, _alarm_ms),
            Stage(
                CUT, lambda f: f.flow_meter_lost, _interrupted_ms, _converting, when="unconverted"
            ),
        ),
        lifted=True,
    ),
    Rule(
        K.FLOW_SIGNAL_LOST,
        (
            Stage(ALARM, lambda f: f.flow_signal_lost, _alarm_ms),
            Stage(
                CUT,
                lambda f: f.flow_signal_lost,
                _interrupted_ms,
                unless=lambda f: f.converting_signal,
                when="unconverted",
            ),
        ),
        Ends.PROVEN,
        trial=lambda site: site.limits.flow_trial_ms,
        lifted=True,
    ),
    Rule(
        K.FLOW_REVERSED,
        (
            Stage(ALARM, lambda f: f.running_back, when="reverse_total"),
            Stage(
                ALARM, lambda f: f.reverse_flow, lambda site: site.limits.drain_back_ms, when="flow"
            ),
            Stage(
                ALARM,
                lambda f: f.pumping_backward,
                lambda site: site.limits.reverse_flow_ms,
                when="pumping",
            ),
            Stage(
                CUT,
                lambda f: f.pumping_backward,
                _interrupted_ms,
                unless=_converting,
                when="pumping",
            ),
        ),
        lifted=True,
    ),
    Rule(
        K.WATER_WITHOUT_ENERGY,
        (
            Stage(
                ALARM, lambda f: f.water_without_energy, lambda site: site.limits.unpowered_flow_ms
            ),
            Stage(
                CUT,
                lambda f: f.water_without_energy,
                lambda site: site.limits.unpowered_flow_ms,
                on=_enabled(K.WATER_WITHOUT_ENERGY),
            ),
        ),
    ),
    # --- the station itself
    Rule(
        K.JOURNAL_FAILING,
        (
            Stage(ALARM, lambda f: f.journal_failing),
            # A permit that cannot be written down is not given.
            Stage(HOLD_OFF, lambda f: f.journal_failing and f.relay_cut, when="cut"),
            Stage(CUT, lambda f: f.run_on_spent, when="run_on_spent"),
        ),
    ),
    Rule(
        K.RESTART_HOLD,
        (
            Stage(HOLD_OFF, lambda f: f.restarting),
            Stage(CUT, lambda f: f.would_restart, when="mains_failed"),
        ),
        Ends.TIME,
    ),
    Rule(K.RELAY_TEST, (Stage(CUT, lambda f: f.relay_on_trial),), Ends.TIME),
    Rule(K.SHORT_CYCLE, (Stage(HOLD_OFF, lambda f: f.recently_cut),), Ends.TIME),
    Rule(K.LEASE_LAPSED, (Stage(ALARM, lambda f: f.lapsed),), Ends.TIME),
    Rule(
        K.RELAY_SILENT,
        (
            Stage(ALARM, lambda f: f.relay_silent),
            # A permit that nobody is there to hold is not given.
            Stage(HOLD_OFF, lambda f: f.relay_silent and f.relay_cut, when="cut"),
        ),
    ),
    Rule(K.POWER_METER_SILENT, (Stage(ALARM, lambda f: f.power_meter_lost, _alarm_ms),)),
    # Its protection is blind meanwhile: what cannot be seen is never dry.
    # One that answers now and then is told once, and not at each answer.
    Rule(
        K.LEVEL_PROBE_SILENT,
        (Stage(WARN, lambda f: f.level_unseen, lambda _: UNSEEN_MS),),
        Ends.RESTED,
        rest=lambda _: UNSEEN_MS,
    ),
    # --- what the authority wants to know, and the pump does not mind
    Rule(K.BYPASSED, (Stage(ALARM, lambda f: f.bypassed),)),
    Rule(K.MAINS_FAILED, (Stage(ALARM, lambda f: f.mains_failed),)),
    Rule(K.IDLE_CREEP, (Stage(ALARM, lambda f: f.creeping),)),
    Rule(K.RATIO_OUT_OF_BAND, (Stage(ALARM, lambda f: f.ratio_off),)),
    Rule(K.MOVED_WHILE_LAID_UP, (Stage(ALARM, lambda f: f.moved_while_laid_up),), Ends.ENTRY),
    Rule(K.YEAR_UNCONFIRMED, (Stage(ALARM, lambda f: f.year_unconfirmed),), Ends.ENTRY),
    Rule(K.DOOR_OPEN, (Stage(WARN, lambda f: f.door_open),)),
    Rule(
        K.UPLINK_STALE,
        (Stage(WARN, lambda f: f.uplink_stale, lambda site: site.limits.uplink_stale_ms),),
    ),
    Rule(K.SETTINGS_INCOMPLETE, (Stage(WARN, lambda f: f.settings_incomplete),), Ends.ACCEPTED),
    Rule(K.CLOCK_UNTRUSTED, (Stage(WARN, lambda f: f.clock_untrusted),)),
    Rule(K.ALLOCATION_LOW, (Stage(WARN, lambda f: f.used_level_percent > 0),), Ends.ENTRY),
    Rule(K.REMAINING_LOW, (Stage(WARN, lambda f: f.remaining_low),), Ends.ENTRY),
    Rule(K.HOURS_LOW, (Stage(WARN, lambda f: f.hours_low),), Ends.ENTRY),
    Rule(
        K.VISIT_OPEN,
        (Stage(WARN, lambda f: f.visit_open, lambda _: VISIT_RECALLED_MS),),
        Ends.ENTRY,
    ),
    Rule(K.OVERRIDE, (Stage(WARN, lambda f: f.overridden),), Ends.TIME),
)

assert sorted(rule.kind for rule in RULES) == sorted(ConditionKind), "each has its rule"
