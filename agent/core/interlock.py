"""Room rule: facts in, conditions out, one decision. No ledger arithmetic, no relay, no clock.

`RULES` (in `agent/core/rules.py`) is the whole policy and is read as a table: which fact, after how
long, does what to the pump, and what ends it. Here is how such a table is worked through, once per
scan. Clocks count the time that scans saw, so a winter without power matures nothing. The gravest
action wins.
"""

from dataclasses import dataclass, field, replace

from agent.core.model import Action, Condition, ConditionKind, Decision, Exemption, Moment, Site
from agent.core.terms import Ends, Facts, Rule

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
    known, site, seen_ms = present.facts, present.site, before.seen_ms + present.step_ms
    trips = tuple(one for one in before.trips if seen_ms - one.at_ms < TRIPS_WITHIN_MS)
    after = Standing(trips=trips, seen_ms=seen_ms)
    remembered = {one.kind for one in before.watches} | {one.kind for one in before.conditions}
    for rule in rules:
        facts = [
            stage.fact(known) if stage.on is None or stage.on(site) else False
            for stage in rule.stages
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
    if not latched and rested:
        return None, None
    if rule.ends is Ends.WATER:  # nobody can acknowledge it, so it follows what the site says now
        there = [one.action for one in rule.stages if one.on is None or one.on(present.site)]
        stood = replace(stood, action=there[-1])
    return stood, resting


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


def acknowledgeable(rules: tuple[Rule, ...], standing: Standing) -> tuple[ConditionKind, ...]:
    """What a person may say was seen to: every latch, and a protection that waits to heal.

    It may wait for ever: a probe that died while the well was dry never says that it filled. So may
    what is meant to be as it is.
    """
    heal = {one.kind for one in rules if one.ends in (Ends.THIRD, Ends.ACCEPTED)}
    return tuple(one.kind for one in standing.conditions if one.latched or one.kind in heal)


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
