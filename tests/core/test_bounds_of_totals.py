"""Room rule: the last litre of which a new total is believed, and the first of which it is not.

As in test_bounds.py. A meter of 100 m3/h stood at 500 000 l; scans are a second apart, so that with
the margin 33 l are possible in the next, and the display's two steps of a litre beside them.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.fittings import judge_remove_meter
from agent.core.ledger import Ledger
from agent.core.model import Moment, Refusal, RemoveMeter, RemoveMeterOrder, Role
from agent.core.present import Present
from agent.core.state import State
from agent.core.totalizer import (
    Accepted,
    Bound,
    Held,
    Judgement,
    Segment,
    Suspect,
    Totalizer,
    judge,
)
from tests.core.story import HOUR, SITE, utc_ms

AT = utc_ms(2026, 6, 1)
MODULUS = 1_000_000
METER = Segment("f1", 0, 1, MODULUS, 100_000)
POSSIBLE_L = 35


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


def settled(last: int, total: int, bound: Bound, **changes: Any) -> Judgement:
    """The judgement of a total that was read for the third time."""
    suspect = Suspect(total, total, 2, moment())
    return judge(
        replace(Totalizer(last, moment(), suspect=suspect), **changes),
        METER,
        total,
        moment(1000),
        slack_ms=1000,
        confirm_scans=3,
        bound=bound,
    )


def outcome(judgement: Judgement) -> str:
    if isinstance(judgement, Accepted):
        words = {"rolled": judgement.rolled_over, "unbounded": not judgement.bounded}
        return " ".join(["accepted", *(word for word, said in words.items() if said)])
    assert isinstance(judgement, Held)
    assert judgement.totalizer.in_doubt
    return "jumped" if judgement.totalizer.jumped else "reversed"


@pytest.mark.parametrize(
    ("forward_l", "bound", "said"),
    [
        (POSSIBLE_L, Bound(missing=True), "accepted unbounded"),
        (POSSIBLE_L + 1, Bound(missing=True), "jumped"),
        (POSSIBLE_L + 1, Bound(), "jumped"),
        (12, Bound(9), "jumped"),  # nine and two steps
    ],
)
def test_a_total_that_stays_is_believed_as_far_as_could_be(
    forward_l: int, bound: Bound, said: str
) -> None:
    assert outcome(settled(500_000, 500_000 + forward_l, bound)) == said


@pytest.mark.parametrize(
    ("forward_l", "bound", "said"),
    [
        (400_000, Bound(), "accepted unbounded"),
        (400_000, Bound(400_000 - 3), "jumped"),
    ],
)
def test_without_a_clock_what_stays_is_bounded_by_electricity_or_by_nothing(
    forward_l: int, bound: Bound, said: str
) -> None:
    assert outcome(settled(500_000, 500_000 + forward_l, bound, runnable_ms=None)) == said


@pytest.mark.parametrize(
    ("last", "total", "bound", "runnable_ms", "said"),
    [
        (MODULUS - 1, 0, Bound(), 0, "accepted rolled"),  # a single litre
        (MODULUS - POSSIBLE_L, 0, Bound(), 0, "accepted rolled"),
        (MODULUS - POSSIBLE_L - 1, 0, Bound(), 0, "reversed"),
        (MODULUS, 0, Bound(), 0, "reversed"),  # it counts further than it was declared to
        (MODULUS + 9, 5, Bound(), 0, "reversed"),
        (MODULUS // 2, 0, Bound(), None, "accepted rolled unbounded"),
        (MODULUS // 2 - 1, 0, Bound(), None, "reversed"),
        (MODULUS - 52, 0, Bound(50), None, "accepted rolled"),
        (MODULUS - 53, 0, Bound(50), None, "reversed"),
    ],
)
def test_a_total_rolls_over_at_its_modulus_as_far_as_could_be(
    last: int, total: int, bound: Bound, runnable_ms: int | None, said: str
) -> None:
    # Backward by less than a cubic metre is drain-back, and no rollover.
    assert outcome(settled(last, total, bound, runnable_ms=runnable_ms)) == said


@pytest.mark.parametrize(("step_l", "agrees"), [(2_010, True), (2_011, False)])
def test_a_suspicion_goes_on_over_a_boot_by_what_two_scans_explain(
    step_l: int, *, agrees: bool
) -> None:
    """3000 m3/h are, with the margin, a litre in a millisecond; the display steps by five."""
    wide = replace(METER, rate_max_per_h=3_000_000, modulus=10**9, resolution=5)
    before = Totalizer(500_000, moment(), suspect=Suspect(600_000, 600_000, 1, moment()))
    after = judge(
        before,
        wide,
        600_000 + step_l,
        moment(boot="b2", trusted=False),
        slack_ms=1000,
        confirm_scans=9,
        bound=Bound(),
    )
    assert isinstance(after, Held)
    assert after.totalizer.suspect is not None
    assert after.totalizer.suspect.count == (2 if agrees else 1)


@pytest.mark.parametrize(("displayed", "good"), [(501_035, True), (501_036, False)])
@pytest.mark.parametrize("rate_max_per_h", [1_000, 100_000, 1_000_000])
def test_a_meter_leaves_by_what_its_site_allows_now_and_not_when_it_was_fitted(
    displayed: int, rate_max_per_h: int, *, good: bool
) -> None:
    """35 l are possible, and a cubic metre between wire and display."""
    fitted = Segment("f1", 0, 1, 10**9, rate_max_per_h)
    state = State(ledger=Ledger(segment=fitted), totalizer=Totalizer(500_000, moment()))
    order = RemoveMeterOrder(Role.FLOW_METER, "f1", "no. 7", displayed)
    told = judge_remove_meter(order, "li", Present(state, (), moment(), moment(), SITE))
    assert isinstance(told, RemoveMeter if good else Refusal)
