"""Room rule: the last that may be said of people and by them, and who may change whom, as tables.

As in test_bounds.py. `li` supervises the station, `ma` views it.
"""

from typing import Any

import pytest

from agent.core.attendance import Attendance, Visit
from agent.core.commands import Deed, judge_command
from agent.core.model import (
    Account,
    AccountOrder,
    ChangePinOrder,
    Command,
    Language,
    Moment,
    Order,
    Origin,
    Rank,
    RankOrder,
    Refusal,
    Refused,
    RelayTestOrder,
    SetupOrder,
    SetupOutcome,
    SetupStep,
    VisitCloseOrder,
)
from agent.core.people import Attended
from agent.core.present import Present
from agent.core.state import State
from tests.core.story import HOUR, SITE, utc_ms

NOW = Moment(utc_ms(2026, 6, 1), HOUR, "b1", trusted=True)
LI = Account("li", Rank.SUPERVISOR, Language.ZH, "1")
MA = Account("ma", Rank.VIEWER, Language.EN, "2")


def judged(order: Order, actor: str = "li", **people: Any) -> Deed | Refusal:
    """What an order comes to that one of the two gives at a console."""
    attendance = Attendance(**{"accounts": (LI, MA), **people})
    present = Present(State(people=attendance), (), NOW, NOW, SITE)
    rank = next(one.rank for one in (LI, MA) if one.name == actor)
    return judge_command(Command("c1", Origin.CONSOLE, actor, order, rank=rank), present)


def said(order: Order, actor: str = "li", **people: Any) -> Refusal | None:
    """The refusal, or None where something came of it."""
    deed = judged(order, actor, **people)
    assert isinstance(deed, Attended | Refusal)
    return deed if isinstance(deed, Refusal) else None


@pytest.mark.parametrize(
    ("name", "good"), [("a", True), ("a" * 24, True), ("a" * 25, False), ("", False)]
)
def test_a_name_is_of_one_to_twenty_four_signs(name: str, *, good: bool) -> None:
    refused = Refusal(Refused.ACCOUNT_NAME, name[:24], "1-24")
    order = AccountOrder(name, Rank.VIEWER, Language.ZH, "3")
    assert said(order) == (None if good else refused)


@pytest.mark.parametrize(
    ("lasts_ms", "good"), [(999, False), (1_000, True), (60_000, True), (60_001, False)]
)
def test_a_trial_of_the_relay_takes_a_second_to_a_minute(lasts_ms: int, *, good: bool) -> None:
    refused = Refusal(Refused.TEST_TIME, str(lasts_ms), "1000-60000")
    assert said(RelayTestOrder(lasts_ms, "the yearly test")) == (None if good else refused)


def test_only_the_last_supervisor_keeps_his_rank() -> None:
    wang = Account("wang", Rank.SUPERVISOR, Language.ZH, "3")
    lower = RankOrder("li", Rank.TECHNICIAN)
    assert said(lower) == Refusal(Refused.LAST_SUPERVISOR, "li")
    assert said(lower, accounts=(LI, wang)) is None
    assert said(RankOrder("li", Rank.SUPERVISOR)) is None
    assert said(RankOrder("ma", Rank.TECHNICIAN)) is None


def test_who_may_not_change_a_pin_hears_his_rank_and_the_one_he_would_need() -> None:
    refused = Refusal(Refused.NOT_ALLOWED, "viewer", "supervisor")
    assert said(ChangePinOrder("li", "9", own=False), "ma") == refused
    assert said(ChangePinOrder("li", "9", own=True), "ma") == refused
    assert said(ChangePinOrder("ma", "9", own=False), "ma") == refused
    assert said(ChangePinOrder("ma", "9", own=True), "ma") is None


def test_who_is_not_known_is_answered_with_those_who_are() -> None:
    order = RankOrder("z" * 25, Rank.VIEWER)
    assert said(order) == Refusal(Refused.ACCOUNT_UNKNOWN, "z" * 24, "li, ma")
    assert said(order, accounts=()) == Refusal(Refused.ACCOUNT_UNKNOWN, "z" * 24, "-")


@pytest.mark.parametrize(("signs", "good"), [(100, True), (101, False)])
def test_what_was_done_at_the_well_fits_on_a_line(signs: int, *, good: bool) -> None:
    visit = Visit("wang", "the yearly test", NOW, None, None)
    refused = None if good else Refusal(Refused.REASON_MISSING, "x" * 100, "1-100")
    for order in (
        VisitCloseOrder("all well", parts="x" * signs),
        VisitCloseOrder("all well", seals="x" * signs),
        VisitCloseOrder("x" * signs),
    ):
        assert said(order, visit=visit) == refused


def step(facts: tuple[str, ...] = (), curve: tuple[int, ...] = ()) -> SetupOrder:
    return SetupOrder(SetupStep.CLOCK, SetupOutcome.DONE, "", facts, curve)


def test_a_fact_that_is_none_is_shown_by_its_first_forty_signs() -> None:
    facts = ("good=1", "B" * 41, "C")
    assert said(step(facts)) == Refusal(Refused.SETUP_FACTS, "B" * 40, "32")
    assert said(step(("B", "C"))) == Refusal(Refused.SETUP_FACTS, "B", "32")
    assert said(step(("good=1",) * 33)) == Refusal(Refused.SETUP_FACTS, "", "32")


@pytest.mark.parametrize(
    ("numbers", "good"), [(4, True), (5, False), (6, False), (2796, True), (2804, False)]
)
def test_a_curve_is_of_whole_points_of_four_numbers(numbers: int, *, good: bool) -> None:
    refused = Refusal(Refused.SETUP_FACTS, str(numbers), "2800")
    assert said(step(curve=(0,) * numbers)) == (None if good else refused)
