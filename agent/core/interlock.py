"""Room rule: facts in, conditions out, one decision. No ledger arithmetic, no relay, no clock.

`RULES` (in `agent/core/rules.py`) is the whole policy and is read as a table: which fact, after how
long, does what to the pump, and what ends it. Here is how such a table is worked through, once per
scan. Facts are named so that a false one is health, and have three values: None says that this scan
cannot tell, and then every clock of the rule pauses and what stands stays. Clocks count the time
that scans saw, so a winter without power matures nothing. The gravest action wins.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.core.model import Action, Condition, ConditionKind, Decision, Exemption, Moment, Site


@dataclass(frozen=True, slots=True)
class Facts:
    """What one scan found out. Every flag is false when all is well, and None when none can tell.

    `converting`: the ledger reckons the water from electricity while it is not metered, within
    its bounds, so that a lost meter need not cut.
    """

    uncommissioned: bool = False
    stopped_on_site: bool = False
    stopped_by_platform: bool = False
    unallocated: bool = False
    exhausted: bool = False
    energy_exhausted: bool = False
    flow_meter_lost: bool | None = False
    flow_signal_lost: bool | None = False
    both_meters_lost: bool | None = False
    power_meter_lost: bool | None = False
    total_jumped: bool | None = False
    total_reversed: bool | None = False
    reverse_flow: bool | None = False
    running_back: bool = False  # the reverse total says so, beyond what a column drains
    pumping_backward: bool | None = False
    converting: bool = False
    power_while_cut: bool | None = False
    flow_while_cut: bool | None = False
    energy_without_water: bool | None = False
    water_without_energy: bool | None = False
    bypassed: bool | None = False
    creeping: bool | None = False
    ratio_off: bool | None = False
    level_low: bool | None = False
    phase_lost: bool | None = False
    current_high: bool | None = False
    voltage_low: bool | None = False
    recently_cut: bool = False
    lapsed: bool = False
    restarting: bool = False
    would_restart: bool = False  # a maintained contact, and no mains: it must not close by itself
    journal_failing: bool = False
    run_on_spent: bool = False  # the journal fails, and the bounds of running on are used up
    relay_cut: bool = False
    relay_silent: bool = False
    clock_untrusted: bool = False
    mains_failed: bool = False
    door_open: bool | None = False
    uplink_stale: bool = False
    used_level_percent: int = 0  # the highest warning step that was passed; 0 for none
    remaining_low: bool = False
    hours_low: bool | None = False
    overridden: bool = False
    laid_up: bool = False
    moved_while_laid_up: bool = False
    year_unconfirmed: bool = False


Fact = Callable[[Facts], bool | None]
Delay = Callable[[Site], int]
Switch = Callable[[Site], bool]


class Ends(StrEnum):
    """What ends a condition. Those down to THIRD are latches, and outlive their fact."""

    WATER = "water"  # only an entry that gives water, or electricity
    ACKNOWLEDGED = "acknowledged"  # once it cut: only an acknowledgement
    PROVEN = "proven"  # once it cut: an acknowledgement, or a scan that proves it untrue
    THIRD = "third"  # after a rest; the third cut in a day: only an acknowledgement
    ENTRY = "entry"  # when an entry makes its fact untrue
    RELEASE = "release"  # when whoever may release does
    TIME = "time"
    FACT = "fact"  # by itself, when its fact is gone


@dataclass(frozen=True, slots=True)
class Stage:
    """`action` stands once `fact` has held for `after` milliseconds.

    `unless` keeps the action back and stops no clock; where `on` says no, there is no such stage.
    `when` is the catalogue's word for a fact that is not plain from the condition's own name.
    """

    action: Action
    fact: Fact
    after: Delay = lambda _site: 0
    unless: Fact = lambda _facts: False
    on: Switch = lambda _site: True
    when: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `stages` are in rising gravity; the last that stands is taken.

    `rest`: how long the fact must be gone before the condition falls. `trial`: how long an
    acknowledged fact may hold until it cuts again. `lifted`: an override lifts what it bars.
    """

    kind: ConditionKind
    stages: tuple[Stage, ...]
    ends: Ends = Ends.FACT
    rest: Delay = lambda _site: 0
    trial: Delay | None = None
    lifted: bool = False


# A condition that cuts for the third time within a day stays cut until somebody looked.
TRIPS_LATCH = 3
TRIPS_WITHIN_MS = 24 * 3_600_000
# The clock of a rest, where a stage has its place in the rule.
RESTING = -1


@dataclass(frozen=True, slots=True)
class Watch:
    """A fact that holds, since when, and how much of that time scans saw."""

    kind: ConditionKind
    since: Moment
    stage: int = 0
    held_ms: int = 0


@dataclass(frozen=True, slots=True)
class Trip:
    """A condition cut, at this reading of `Standing.seen_ms`."""

    kind: ConditionKind
    at_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the interlock remembers from scan to scan. `seen_ms`: all the time that scans saw."""

    watches: tuple[Watch, ...] = ()
    conditions: tuple[Condition, ...] = ()
    trips: tuple[Trip, ...] = ()
    seen_ms: int = 0


@dataclass(frozen=True, slots=True)
class Present:
    """What all rules of one scan are held against. `step_ms` is what it adds to every clock.

    `given`: latches that an entry of this scan releases, if their fact is gone as well.
    """

    facts: Facts
    moment: Moment
    step_ms: int
    site: Site
    given: frozenset[ConditionKind] = field(default_factory=frozenset)


def assess(rules: tuple[Rule, ...], before: Standing, present: Present) -> Standing:
    """The conditions that stand now."""
    seen_ms = before.seen_ms + present.step_ms
    trips = tuple(one for one in before.trips if seen_ms - one.at_ms < TRIPS_WITHIN_MS)
    after = Standing(trips=trips, seen_ms=seen_ms)
    remembered = {one.kind for one in before.watches} | {one.kind for one in before.conditions}
    for rule in rules:
        facts = [
            stage.fact(present.facts) if stage.on(present.site) else False for stage in rule.stages
        ]
        if True in facts or rule.kind in remembered:
            after = _assess_rule(rule, facts, before, after, present)
    return after


def _assess_rule(
    rule: Rule, facts: list[bool | None], before: Standing, after: Standing, present: Present
) -> Standing:
    """`after`, with what this rule makes of the scan."""
    stood = next((one for one in before.conditions if one.kind is rule.kind), None)
    watches = [
        _clock(rule.kind, place, before, present, runs=runs) for place, runs in enumerate(facts)
    ]
    after = replace(after, watches=(*after.watches, *filter(None, watches)))
    action = _matured(rule, watches, present)
    if action is None:
        condition, resting = _outlive(rule, stood, facts, before, present)
        return replace(
            after,
            watches=(*after.watches, *((resting,) if resting else ())),
            conditions=(*after.conditions, *((condition,) if condition else ())),
        )
    trips = after.trips
    if rule.ends is Ends.THIRD and action is Action.CUT and not (stood and stood.action is action):
        trips = (*trips, Trip(rule.kind, after.seen_ms))
    condition = Condition(
        kind=rule.kind,
        since=stood.since if stood else present.moment,
        action=action,
        latched=bool(stood and stood.latched) or _latches(rule, action, trips),
        level=present.facts.used_level_percent if rule.kind is ConditionKind.ALLOCATION_LOW else 0,
    )
    if stood and stood.latched and rule.ends is not Ends.WATER:
        condition = replace(condition, action=stood.action)  # a latch does not soften
    return replace(after, conditions=(*after.conditions, condition), trips=trips)


def _outlive(
    rule: Rule,
    stood: Condition | None,
    facts: list[bool | None],
    before: Standing,
    present: Present,
) -> tuple[Condition | None, Watch | None]:
    """What is left of a condition of which no stage stands, and the clock of its rest.

    It falls once every fact has been gone for its rest, unless it is latched.
    """
    if stood is None:
        return None, None
    gone = False if True in facts else None if None in facts else True
    resting = _clock(rule.kind, RESTING, before, present, runs=gone)
    rested = gone and resting is not None and resting.held_ms >= rule.rest(present.site)
    latched = stood.latched and rule.ends is not Ends.PROVEN and rule.kind not in present.given
    return (stood, resting) if latched or not rested else (None, None)


def _clock(
    kind: ConditionKind, stage: int, before: Standing, present: Present, *, runs: bool | None
) -> Watch | None:
    """A clock after one more scan: it begins at zero, runs, pauses on None, and is dropped."""
    watch = next((one for one in before.watches if (one.kind, one.stage) == (kind, stage)), None)
    if not runs:
        return watch if runs is None else None
    if watch is None:
        return Watch(kind, present.moment, stage)
    return replace(watch, held_ms=watch.held_ms + present.step_ms)


def _matured(rule: Rule, watches: list[Watch | None], present: Present) -> Action | None:
    """The gravest action whose fact has held long enough."""
    matured = [
        stage.action
        for stage, watch in zip(rule.stages, watches, strict=True)
        if watch is not None
        and watch.held_ms >= stage.after(present.site)
        and not stage.unless(present.facts)
    ]
    return matured[-1] if matured else None


def _latches(rule: Rule, action: Action, trips: tuple[Trip, ...]) -> bool:
    if rule.ends is Ends.WATER:
        return True
    if action is not Action.CUT:
        return False
    if rule.ends is Ends.THIRD:
        return sum(one.kind is rule.kind for one in trips) >= TRIPS_LATCH
    return rule.ends in (Ends.ACKNOWLEDGED, Ends.PROVEN)


def acknowledge(
    rules: tuple[Rule, ...], standing: Standing, kind: ConditionKind, site: Site
) -> Standing:
    """A person saw to it: the latch and its trips are gone, and its clocks begin anew.

    A rule with a trial grants that much of its fact until it cuts again.
    """
    (rule,) = (one for one in rules if one.kind is kind)
    return replace(
        standing,
        watches=tuple(
            _tried(rule, one, site) if one.kind is kind else one
            for one in standing.watches
            if one.kind is not kind or rule.trial is not None
        ),
        conditions=tuple(one for one in standing.conditions if one.kind is not kind),
        trips=tuple(one for one in standing.trips if one.kind is not kind),
    )


def _tried(rule: Rule, watch: Watch, site: Site) -> Watch:
    assert rule.trial is not None, "a rule without a trial keeps no clock"
    if rule.stages[watch.stage].action is not Action.CUT:
        return watch
    until_trial_ms = rule.stages[watch.stage].after(site) - rule.trial(site)
    return replace(watch, held_ms=min(watch.held_ms, max(0, until_trial_ms)))


def decide(
    rules: tuple[Rule, ...],
    conditions: tuple[Condition, ...],
    lease_ms: int,
    facts: Facts,
    exceptions: tuple[Exemption, ...] = (),
) -> Decision:
    """May the pump run. The gravest action wins; a hold-off only keeps a cut relay cut."""
    barring = {Action.CUT, Action.HOLD_OFF} if facts.relay_cut else {Action.CUT}
    lifted = {rule.kind for rule in rules if rule.lifted} if facts.overridden else set()
    reasons = tuple(
        one.kind for one in conditions if one.action in barring and one.kind not in lifted
    )
    if reasons or lease_ms <= 0:
        return Decision(permit=False, reasons=reasons, lease_ms=0)
    return Decision(permit=True, reasons=(), lease_ms=lease_ms, exceptions=exceptions)


def time_left_ms(rule: Rule, standing: Standing, site: Site) -> int | None:
    """How much longer the facts of a rule may hold until it cuts; None while none holds."""
    left = [
        max(0, rule.stages[one.stage].after(site) - one.held_ms)
        for one in standing.watches
        if one.kind is rule.kind
        and one.stage != RESTING
        and rule.stages[one.stage].action is Action.CUT
    ]
    return min(left, default=None)
