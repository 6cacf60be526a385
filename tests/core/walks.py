"""Room rule: walks through a station's days, for Hypothesis to draw. Claims nothing.

A walk is a list of steps: time that passes in seconds or in weeks, boots, clocks that lie when they
are not trusted, meters that babble, a relay that lapses or is silent, a journal that fails, orders
good and bad.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from hypothesis import strategies as st

from agent.core.model import (
    AcknowledgeOrder,
    AllocateEnergyOrder,
    AllocateOrder,
    AllocationKind,
    BeginRatingOrder,
    Command,
    Contacts,
    CorrectOrder,
    EndRatingOrder,
    Fault,
    FitMeterOrder,
    Latched,
    LayUpOrder,
    LimitOrder,
    Moment,
    OpenYearOrder,
    Order,
    Origin,
    OverrideOrder,
    Quantity,
    RateMethod,
    RateOrder,
    ReleaseOrder,
    RemoveMeterOrder,
    ResumeOrder,
    Role,
    SetClockOrder,
    StopOrder,
    Use,
)
from agent.core.scan import Outcome, scan
from agent.core.state import Seen, State
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    SITE,
    addition,
    plan,
    provisional,
    reading,
    reduction,
    utc_ms,
)

BEGINS_UTC_MS = utc_ms(2026, 12, 20)


Wish = Literal[
    "fit",
    "exchange",
    "power",
    "plan",
    "next",
    "more",
    "less",
    "soon",
    "bad",
    "stop",
    "release",
    "override",
    "acknowledge",
    "in",
    "out",
    "amend",
    "energy",
    "round",
    "remove",
    "unpower",
    "correct",
    "rate",
    "test",
    "end",
    "rest",
    "resume",
    "clock",
    "year",
]
WISHES: tuple[Wish, ...] = get_args(Wish)


@dataclass(frozen=True, slots=True)
class Step:
    """What happens until one scan, and what it sees."""

    passed_ms: int
    boots: bool
    trusted: bool
    lies_by_ms: int  # the calendar, while it is not trusted
    flow_l_per_h: int
    shown_l: int | None  # a total that the meter invents
    faulty: frozenset[Quantity]
    relay: Literal["follows", "lapsed", "silent", "stuck"]
    failing: bool
    wishes: tuple[Wish, ...]
    times: int = 1  # so many scans like this; its wishes are had once
    contacts: Contacts = Contacts()


STEPS = st.builds(
    Step,
    passed_ms=st.sampled_from([1000] * 12 + [1400, 4_900, 31_000, 40 * MINUTE, 4 * DAY]),
    boots=st.sampled_from([False] * 12 + [True]),
    trusted=st.sampled_from([True] * 6 + [False]),
    lies_by_ms=st.sampled_from([-400 * DAY, -HOUR, 0, HOUR, 4000 * DAY]),
    flow_l_per_h=st.sampled_from([0, 300, 40_000, 90_000, 100_000]),
    shown_l=st.sampled_from([None] * 8 + [0, 7_000, 500_000_000, SITE.flow_modulus_l - 1]),
    faulty=st.sampled_from([frozenset[Quantity]()] * 5 + [frozenset([one]) for one in Quantity]),
    relay=st.sampled_from(["follows"] * 8 + ["lapsed", "silent", "stuck"]),
    failing=st.sampled_from([False] * 8 + [True]),
    wishes=st.sampled_from([()] * 6 + [(one,) for one in WISHES] + [("fit", "power", "plan")]),
    times=st.sampled_from([1, 1, 1, 3, 5]),
    contacts=st.sampled_from(
        [Contacts()] * 6
        + [Contacts(mains_present=False), Contacts(bypass_closed=True), Contacts(door_open=True)]
    ),
)
QUIET = Step(
    1000,
    boots=False,
    trusted=True,
    lies_by_ms=0,
    flow_l_per_h=0,
    shown_l=None,
    faulty=frozenset(),
    relay="follows",
    failing=False,
    wishes=(),
)
COMMISSIONED = replace(QUIET, wishes=("fit", "power", "plan"))
RUNNING = [replace(QUIET, flow_l_per_h=90_000)] * 5
WALKS = st.builds(
    lambda first, rest: [*first, *rest],
    st.sampled_from([[], [COMMISSIONED], [COMMISSIONED, *RUNNING], [COMMISSIONED, *RUNNING]]),
    st.lists(STEPS, min_size=15, max_size=40),
)


@dataclass(frozen=True, slots=True)
class Scanned:
    before: State
    seen: Seen
    outcome: Outcome


def walk(steps: list[Step]) -> list[Scanned]:
    """Every scan of a walk, from a fresh station on. It is commissioned by its first steps."""
    return list(_walk(steps))


def _walk(steps: list[Step]) -> Iterator[Scanned]:
    state, world = State(), World()
    scans = (
        step if place == 0 else replace(step, wishes=(), boots=False)
        for step in steps
        for place in range(step.times)
    )
    for step in scans:
        seen = world.see(step, state)
        outcome = scan(SITE, state, seen)
        yield Scanned(state, seen, outcome)
        state, world.relay = outcome.state, outcome.decision.permit


@dataclass(slots=True)
class World:
    now_ms: int = 0
    boots: int = 0
    booted_ms: int = 0
    total_ml: int = 999_999_400_000  # soon past the modulus
    relay: bool = False
    ids: int = 0

    def see(self, step: Step, state: State) -> Seen:
        self.now_ms += step.passed_ms
        self.total_ml += step.flow_l_per_h * min(step.passed_ms, HOUR) // 3600
        if step.boots:
            self.boots, self.booted_ms = self.boots + 1, self.now_ms
        relay = {"follows": self.relay, "lapsed": False, "silent": None, "stuck": True}
        lie_ms = 0 if step.trusted else step.lies_by_ms
        return Seen(
            moment=Moment(
                BEGINS_UTC_MS + self.now_ms + lie_ms,
                self.now_ms - self.booted_ms,
                f"boot-{self.boots}",
                step.trusted,
            ),
            readings=tuple(
                reading(quantity, value, Fault.TIMEOUT if quantity in step.faulty else None)
                for quantity, value in self._shown(step).items()
            ),
            commands=() if step.failing else tuple(self._commands(step, state)),
            relay_permitted=relay[step.relay],
            journal_failing=step.failing,
            contacts=step.contacts,
        )

    def _shown(self, step: Step) -> dict[Quantity, int]:
        true_l = self.total_ml // 1000 % SITE.flow_modulus_l
        return {
            Quantity.FORWARD_TOTAL_L: true_l if step.shown_l is None else step.shown_l,
            Quantity.FLOW_L_PER_H: step.flow_l_per_h,
            Quantity.ENERGY_WH: self.now_ms // 100,
            Quantity.POWER_W: 30_000 if step.flow_l_per_h > 1000 else 0,
        }

    def _commands(self, step: Step, state: State) -> Iterator[Command]:
        for wish in step.wishes:
            self.ids += 1
            yield Command(f"c{self.ids}", Origin.ADMIN, "li", self._order(wish, step, state))

    def _order(self, wish: Wish, step: Step, state: State) -> Order:
        shown = self._shown(step)
        flow_l, energy_wh = shown[Quantity.FORWARD_TOTAL_L], shown[Quantity.ENERGY_WH]
        before_l = None if state.ledger.taken_over else 2_000
        orders: dict[Wish, Order] = {
            "fit": FitMeterOrder(Role.FLOW_METER, "f1", flow_l, "form", before_l),
            "exchange": FitMeterOrder(Role.FLOW_METER, f"f{self.ids}", flow_l, "form", before_l),
            "power": FitMeterOrder(Role.POWER_METER, f"p{self.ids}", energy_wh, "form"),
            "plan": plan(30_000),
            "next": plan(60_000, 2027),
            "more": addition(5_000),
            "less": reduction(4_000),
            "soon": provisional(9_000, BEGINS_UTC_MS + self.now_ms + 2 * DAY),
            "bad": AllocateOrder(1999, AllocationKind.PLAN, -1, ""),
            "stop": StopOrder("work on the well"),
            "release": ReleaseOrder("work is done"),
            "override": OverrideOrder(Use.FIRE, 2_000, HOUR, "steppe fire"),
            "in": AllocateOrder(2026, AllocationKind.TRANSFER_IN, 3_000, "t 1"),
            "out": AllocateOrder(2026, AllocationKind.TRANSFER_OUT, 3_000, "t 1"),
            "amend": AllocateOrder(2026, AllocationKind.CORRECTION, -700, "k 1"),
            "energy": AllocateEnergyOrder(2026, AllocationKind.PLAN, 40_000, "e 1"),
            "round": LimitOrder(
                2026, "x", 9_000, utc_ms(2026, 12, 21), utc_ms(2026, 12, 30), "l 1"
            ),
            "remove": RemoveMeterOrder(Role.FLOW_METER, self._serial(state), "form"),
            "unpower": RemoveMeterOrder(
                Role.POWER_METER, state.ledger.power_serial or "", "form", energy_wh
            ),
            "correct": CorrectOrder(2026, 300 if self.ids % 2 else -300, "tank", "c 1"),
            "rate": RateOrder(2_500, RateMethod.ISSUED, BEGINS_UTC_MS, "r 1"),
            "test": BeginRatingOrder(),
            "end": EndRatingOrder(),
            "rest": LayUpOrder("winter"),
            "resume": ResumeOrder("spring"),
            "clock": SetClockOrder(BEGINS_UTC_MS + self.now_ms, "by my watch"),
            "year": OpenYearOrder(2027, flow_l, "diary"),
            "acknowledge": AcknowledgeOrder(Latched.RUNNING_WHILE_CUT, "contactor changed"),
        }
        return orders[wish]

    @staticmethod
    def _serial(state: State) -> str:
        return "" if state.ledger.segment is None else state.ledger.segment.serial
