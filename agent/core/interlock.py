"""Room rule: facts in, conditions out, one decision. No ledger arithmetic, no relay, no clock.

`RULES` is the whole policy and is read as a table: which fact, after how long, does what to the
pump, and whether it latches. Facts are named so that a false one is health. The gravest action
wins. A latched condition outlives its fact; `scan` releases it when an entry says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.core.model import Action, Condition, ConditionKind, Decision, Moment, Site, elapsed_ms


@dataclass(frozen=True, slots=True)
class Facts:
    """What one scan found out. Every flag is false when all is well."""

    uncommissioned: bool = False
    unallocated: bool = False
    exhausted: bool = False
    used_level_percent: int = 0  # the highest warning step that was passed; 0 for none
    flow_meter_lost: bool = False
    power_meter_lost: bool = False
    total_jumped: bool = False
    total_reversed: bool = False
    recently_cut: bool = False
    journal_failing: bool = False
    run_on_spent: bool = False  # the journal fails, and the bounds of running on are used up
    relay_cut: bool = False
    relay_silent: bool = False
    clock_untrusted: bool = False


Fact = Callable[[Facts], bool]
Delay = Callable[[Site], int]


@dataclass(frozen=True, slots=True)
class Stage:
    """`action` stands once `fact` has held for `after` milliseconds."""

    action: Action
    fact: Fact
    after: Delay = lambda _site: 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `stages` are in rising gravity; the last that stands is taken."""

    kind: ConditionKind
    stages: tuple[Stage, ...]
    latches: bool = False


K = ConditionKind

# Gravest first: a decision gives its reasons in this order.
RULES: tuple[Rule, ...] = (
    Rule(K.NOT_COMMISSIONED, (Stage(Action.CUT, lambda f: f.uncommissioned),)),
    Rule(K.NOT_ALLOCATED, (Stage(Action.CUT, lambda f: f.unallocated),)),
    Rule(K.ALLOCATION_EXHAUSTED, (Stage(Action.CUT, lambda f: f.exhausted),), latches=True),
    Rule(
        K.BOTH_METERS_SILENT,
        (
            Stage(
                Action.CUT,
                lambda f: f.flow_meter_lost and f.power_meter_lost,
                lambda site: site.both_meters_cut_ms,
            ),
        ),
    ),
    Rule(
        K.TOTAL_REVERSED,
        (
            Stage(Action.ALARM, lambda f: f.total_reversed),
            Stage(Action.CUT, lambda f: f.total_reversed, lambda site: site.flow_meter_cut_ms),
        ),
    ),
    Rule(
        K.TOTAL_JUMPED,
        (
            Stage(Action.ALARM, lambda f: f.total_jumped),
            Stage(Action.CUT, lambda f: f.total_jumped, lambda site: site.flow_meter_cut_ms),
        ),
    ),
    Rule(
        K.FLOW_METER_SILENT,
        (
            Stage(Action.ALARM, lambda f: f.flow_meter_lost, lambda site: site.flow_meter_alarm_ms),
            Stage(Action.CUT, lambda f: f.flow_meter_lost, lambda site: site.flow_meter_cut_ms),
        ),
    ),
    Rule(
        K.JOURNAL_FAILING,
        (
            Stage(Action.ALARM, lambda f: f.journal_failing),
            # A permit that cannot be written down is not given.
            Stage(Action.HOLD_OFF, lambda f: f.journal_failing and f.relay_cut),
            Stage(Action.CUT, lambda f: f.run_on_spent),
        ),
    ),
    Rule(K.SHORT_CYCLE, (Stage(Action.HOLD_OFF, lambda f: f.recently_cut),)),
    Rule(
        K.RELAY_SILENT,
        (
            Stage(Action.ALARM, lambda f: f.relay_silent),
            # A permit that nobody is there to hold is not given.
            Stage(Action.HOLD_OFF, lambda f: f.relay_silent and f.relay_cut),
        ),
    ),
    Rule(
        K.POWER_METER_SILENT,
        (Stage(Action.ALARM, lambda f: f.power_meter_lost, lambda site: site.flow_meter_alarm_ms),),
    ),
    Rule(K.CLOCK_UNTRUSTED, (Stage(Action.WARN, lambda f: f.clock_untrusted),)),
    Rule(K.ALLOCATION_LOW, (Stage(Action.WARN, lambda f: f.used_level_percent > 0),)),
)

assert {rule.kind for rule in RULES} == set(ConditionKind), "every condition has its rule"


@dataclass(frozen=True, slots=True)
class Watch:
    """A fact that holds, since when; its condition may not have matured yet."""

    kind: ConditionKind
    since: Moment


@dataclass(frozen=True, slots=True)
class Standing:
    """What the interlock remembers from scan to scan."""

    watches: tuple[Watch, ...] = ()
    conditions: tuple[Condition, ...] = ()


def assess(
    before: Standing,
    facts: Facts,
    moment: Moment,
    site: Site,
    *,
    released: frozenset[ConditionKind] = frozenset(),
) -> Standing:
    """The conditions that stand now. `released` latches fall if their fact is gone as well."""
    watches: list[Watch] = []
    conditions: list[Condition] = []
    for rule in RULES:
        watch, condition = _assess_rule(
            rule, before, facts, moment=moment, site=site, released=released
        )
        watches += [watch] if watch else []
        conditions += [condition] if condition else []
    return Standing(tuple(watches), tuple(conditions))


def _assess_rule(
    rule: Rule,
    before: Standing,
    facts: Facts,
    *,
    moment: Moment,
    site: Site,
    released: frozenset[ConditionKind],
) -> tuple[Watch | None, Condition | None]:
    watched = next((one for one in before.watches if one.kind is rule.kind), None)
    stood = next((one for one in before.conditions if one.kind is rule.kind), None)
    holds = any(stage.fact(facts) for stage in rule.stages)
    if watched is not None and elapsed_ms(watched.since, moment) is None:
        watched = None  # across a boot that no clock bridges, the time starts anew
    watch = (watched or Watch(rule.kind, moment)) if holds else None
    action = _matured(rule, watch, facts, moment, site)
    if action is None:
        stays = stood is not None and stood.latched and rule.kind not in released
        return watch, stood if stays else None
    since = stood.since if stood else moment
    level = facts.used_level_percent if rule.kind is K.ALLOCATION_LOW else 0
    return watch, Condition(rule.kind, since, action, rule.latches, level)


def _matured(
    rule: Rule, watch: Watch | None, facts: Facts, moment: Moment, site: Site
) -> Action | None:
    """The gravest action whose fact has held long enough."""
    if watch is None:
        return None
    held_ms = elapsed_ms(watch.since, moment)
    assert held_ms is not None, "a watch that no clock bridges was begun anew"
    matured = [
        stage.action for stage in rule.stages if stage.fact(facts) and held_ms >= stage.after(site)
    ]
    return matured[-1] if matured else None


def decide(conditions: tuple[Condition, ...], lease_ms: int, *, relay_cut: bool) -> Decision:
    """May the pump run. The gravest action wins; a hold-off only keeps a cut relay cut."""
    barring = {Action.CUT, Action.HOLD_OFF} if relay_cut else {Action.CUT}
    reasons = tuple(one.kind for one in conditions if one.action in barring)
    permit = not reasons and lease_ms > 0
    return Decision(permit, reasons, lease_ms if permit else 0)
