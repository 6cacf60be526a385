"""Room rule: what happens in the demo, step by step, and how long it may take. Holds no process.

A step acts once, then waits for what must follow from it; nothing here waits for time to pass.
The people in it are real ones: a technician at the desk, an owner who presses a button, and the
owner presses it again when the pump dropped out while the relay permits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.demo.sight import Sight

FLOW_METER_SERIAL = "TUF-20240614"
POWER_METER_SERIAL = "DTSU-0417"
# The agent takes the well over in mid-year with three quarters of its plan already withdrawn: so
# 80, 90 and 95 % of a volume that is pumped in half a minute still come before the cut, which is
# some three seconds of flow ahead of the end.
WITHDRAWN_BEFORE_L = 2_000
PLAN_L = 2_600
ADDITION_L = 1_000
FULL_FLOW_L_PER_H = 75_000
# Both uplinks send at least every five seconds, and a record is made as often.
RECORD_INTERVAL_MS = 5_000


class Stage(Protocol):
    """What the story's people can do, and what everyone can see."""

    def look(self) -> Sight:
        """What is so now. Takes a moment: the story's pace."""

    def say(self, words: str) -> None:
        """Tell a step by its catalogue key."""

    def monotonic_ms(self) -> int: ...

    def order(self, kind: str, fields: Mapping[str, Any]) -> bool:
        """Give an order at the desk. False when the desk did not answer: ask again."""

    def press(self, button: str) -> None:
        """The owner's panel: start or stop."""

    def take_away(self, platform: str) -> None: ...

    def bring_back(self, platform: str) -> None: ...

    def year(self) -> int:
        """The plan year at the site."""


Act = Callable[[Stage, Sight], bool]
Holds = Callable[[Sight, Sight], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """`until` gets the sight now and the one at the step's begin.

    `act` says whether it is done; `again` says when to act anew while waiting.
    """

    words: str
    until: Holds
    within_s: int
    act: Act | None = None
    again: Callable[[Sight], bool] | None = None


class StoryStuck(Exception):
    """A step did not come to its end in time; `words` is its catalogue key."""

    def __init__(self, step: Step, sight: Sight) -> None:
        super().__init__(step.words)
        self.step = step
        self.sight = sight


def tell(story: Sequence[Step], stage: Stage) -> Sight:
    """Tell it to the end. Returns what was seen when the last step began. StoryStuck if it does."""
    begun = stage.look()
    for step in story:
        stage.say(step.words)
        begun = stage.look()
        _play(step, begun, stage)
    return begun


def _play(step: Step, begun: Sight, stage: Stage) -> None:
    deadline_ms = stage.monotonic_ms() + 1000 * step.within_s
    sight, acted = begun, step.act is None
    while True:
        if step.act is not None and (not acted or (step.again is not None and step.again(sight))):
            acted = step.act(stage, sight)
        sight = stage.look()
        if acted and step.until(sight, begun):
            return
        if stage.monotonic_ms() > deadline_ms:
            raise StoryStuck(step, sight)


# --- what the people do --------------------------------------------------------------------------


def _start_pump(stage: Stage, _sight: Sight) -> bool:
    stage.press("start")
    return True


def _stop_pump(stage: Stage, _sight: Sight) -> bool:
    stage.press("stop")
    return True


def _start_if_standing(stage: Stage, sight: Sight) -> bool:
    if _standing(sight):
        stage.press("start")
    return True


def _standing(sight: Sight) -> bool:
    """The relay permits and nobody has started the pump, or it dropped out and may run again."""
    return sight.pump.permitted and not sight.pump.running


def _fit(role: str, serial: str, before_l: int | None = None) -> Act:
    def act(stage: Stage, sight: Sight) -> bool:
        # An order whose answer was lost took effect or did not: the station says which.
        if sight.fitted(role):
            return True
        displayed = _displayed(sight, "forward_total_l" if role == "flow_meter" else "energy_wh")
        if displayed is None:
            return False
        fields = {"role": role, "serial": serial, "displayed": displayed, "document": "安装-001"}
        more = {} if before_l is None else {"withdrawn_before_l": before_l}
        return stage.order("FitMeterOrder", {**fields, **more})

    return act


def _displayed(sight: Sight, quantity: str) -> int | None:
    """What the technician reads on the meter's own display."""
    readings = [] if sight.state is None else sight.state["readings"]
    good = [one for one in readings if one["quantity"] == quantity and one["quality"] == "good"]
    return int(good[0]["value"]) if good else None


def _allocate(kind: str, volume_l: int, document: str, enough_l: int) -> Act:
    def act(stage: Stage, sight: Sight) -> bool:
        if sight.allocated_l >= enough_l:
            return True
        if sight.state is None:
            return False
        fields = {"year": stage.year(), "kind": kind, "volume_l": volume_l, "document": document}
        return stage.order("AllocateOrder", fields)

    return act


def _take_away(name: str) -> Act:
    def act(stage: Stage, _sight: Sight) -> bool:
        stage.take_away(name)
        return True

    return act


def _bring_back(name: str) -> Act:
    def act(stage: Stage, _sight: Sight) -> bool:
        stage.bring_back(name)
        return True

    return act


# --- what must follow ----------------------------------------------------------------------------


def _full_flow(now: Sight, _then: Sight) -> bool:
    return now.pump.running and now.pump.flow_l_per_h >= FULL_FLOW_L_PER_H


def _warned(percent: int) -> Holds:
    # Once the water has run out the warning has been, whether or not anyone looked in between.
    return lambda now, _then: now.warned_percent >= percent or now.stands("allocation_exhausted")


def _waited(now: Sight, then: Sight) -> bool:
    """A whole record interval has passed since, by the station's own clock."""
    if now.at_utc_ms is None or then.at_utc_ms is None:
        return False
    return now.at_utc_ms - then.at_utc_ms > RECORD_INTERVAL_MS + 1000


STORY: tuple[Step, ...] = (
    Step(
        "up",
        lambda now, _: now.state is not None and all(now.connected(p.name) for p in now.platforms),
        within_s=60,
    ),
    Step(
        "uncommissioned",
        lambda now, _: now.stands("not_commissioned") and not now.pump.permitted,
        within_s=30,
    ),
    Step(
        "fit_flow_meter",
        lambda now, _: now.fitted("flow_meter"),
        within_s=30,
        act=_fit("flow_meter", FLOW_METER_SERIAL, WITHDRAWN_BEFORE_L),
    ),
    Step(
        "fit_power_meter",
        lambda now, _: now.fitted("power_meter") and not now.stands("not_commissioned"),
        within_s=30,
        act=_fit("power_meter", POWER_METER_SERIAL),
    ),
    Step(
        "plan",
        lambda now, _: now.allocated_l == PLAN_L and now.pump.permitted,
        within_s=30,
        act=_allocate("plan", PLAN_L, "师水发〔2026〕12号", PLAN_L),
    ),
    Step("start", _full_flow, within_s=60, act=_start_pump, again=_standing),
    Step(
        "b_leaves",
        lambda now, _: not now.platform("b").there and not now.connected("b"),
        within_s=60,
        act=_take_away("b"),
    ),
    Step("warned_80", _warned(80), within_s=90, act=_start_if_standing, again=_standing),
    Step("warned_90", _warned(90), within_s=90, act=_start_if_standing, again=_standing),
    Step("warned_95", _warned(95), within_s=90, act=_start_if_standing, again=_standing),
    Step(
        "exhausted",
        lambda now, _: (
            now.stands("allocation_exhausted") and not now.pump.permitted and now.pump.at_rest
        ),
        within_s=90,
        act=_start_if_standing,
        again=_standing,
    ),
    Step(
        "addition",
        lambda now, _: now.allocated_l == PLAN_L + ADDITION_L and now.pump.permitted,
        within_s=60,
        act=_allocate("addition", ADDITION_L, "师水发〔2026〕45号", PLAN_L + ADDITION_L),
    ),
    Step("start_again", _full_flow, within_s=60, act=_start_pump, again=_standing),
    Step(
        "b_returns",
        lambda now, _: now.platform("b").there and now.connected("b"),
        within_s=60,
        act=_bring_back("b"),
    ),
    Step(
        "b_catches_up",
        lambda now, then: now.platform("b").through >= then.head > 0,
        within_s=60,
    ),
    Step(
        "stop",
        lambda now, _: now.pump.at_rest and now.state is not None and now.state["session"] is None,
        within_s=60,
        act=_stop_pump,
    ),
    Step("settle", _waited, within_s=60),
    Step(
        "delivered",
        lambda now, then: all(p.through >= then.head > 0 for p in now.platforms),
        within_s=90,
    ),
)
