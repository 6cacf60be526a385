"""Room rule: the last value on either side of a bound, as tables. One row proves one side of one.

Stories come near a bound in their own time; here it is met exactly.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core import calendar
from agent.core.attendance import Attendance, Trial, failed, on_trial, wait_ms
from agent.core.ledger import Grant, allocated, expired
from agent.core.model import Moment, Use, elapsed_ms
from agent.core.override import Lifting, spend
from agent.core.totalizer import Accepted, Bound, Held, Judgement, Segment, Stood, Totalizer, judge
from tests.core.story import DAY, HOUR, MINUTE, utc_ms

AT = utc_ms(2026, 6, 1)


def moment(utc: int = AT, passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(utc, 5 * HOUR + passed_ms, boot, trusted)


# --- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "now", "latest_ms"),
    [
        (None, moment(trusted=False), None),
        (None, moment(), AT),
        (moment(), moment(AT - DAY, MINUTE), AT + MINUTE),  # a step back revives nothing
        (moment(), moment(AT + DAY, MINUTE), AT + DAY),
        (moment(), moment(AT + 9 * DAY, MINUTE, trusted=False), AT + MINUTE),
        (moment(), moment(AT - DAY, boot="b2"), AT - DAY),
        (moment(), moment(AT + DAY, boot="b2", trusted=False), AT),
    ],
)
def test_orders_expire_by_the_latest_calendar_that_can_be_vouched_for(
    mark: Moment | None, now: Moment, latest_ms: int | None
) -> None:
    assert calendar.latest_ms(mark, now) == latest_ms


def test_a_calendar_that_is_not_believed_is_reckoned_from_the_last_that_was() -> None:
    assert calendar.reckoned(moment(), moment(0, MINUTE, trusted=False)).utc_ms == AT + MINUTE
    assert calendar.reckoned(moment(), moment(0, boot="b2", trusted=False)).utc_ms == AT


def test_after_a_boot_the_whole_delay_is_waited_for_again() -> None:
    people = Attendance()
    for _ in range(5):
        people = failed(people, ("port:x",), moment())
    assert wait_ms(people, ("port:x",), moment()) == 30_000
    assert wait_ms(people, ("port:x",), moment(passed_ms=29_999)) == 1
    assert wait_ms(people, ("port:x",), moment(passed_ms=30_000)) == 0
    assert wait_ms(people, ("port:x",), Moment(AT, 0, "b2", trusted=False)) == 30_000


def test_a_trial_of_the_relay_is_over_with_its_last_millisecond() -> None:
    people = Attendance(trial=Trial(lasts_ms=5_000, began=moment()))
    assert on_trial(people, moment(passed_ms=4_999))
    assert not on_trial(people, moment(passed_ms=5_000))
    assert not on_trial(people, moment(boot="b2"))


# --- what an override has left -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("passed_ms", "withdrawn_l", "left"),
    [
        (999, 0, (500, 1)),
        (1000, 0, None),
        (500, 499, (1, 500)),
        (500, 500, None),
        (500, -900, (500, 500)),  # an estimate was taken back
    ],
)
def test_an_override_is_over_with_its_last_millisecond_or_litre(
    passed_ms: int, withdrawn_l: int, left: tuple[int, int] | None
) -> None:
    lifting = Lifting(Use.FIRE, volume_l=500, lasts_ms=1000, withdrawn_l=0)
    spent = spend(
        lifting, passed_ms=passed_ms, withdrawn_l=withdrawn_l, flow_l_per_h=0, seen_ms=passed_ms
    )
    assert (spent and (spent.left_l, spent.left_ms)) == left


def test_unmetered_water_of_an_override_is_reckoned_until_the_totalizer_tells() -> None:
    lifting = Lifting(Use.FIRE, volume_l=100_000, lasts_ms=DAY, withdrawn_l=7_000)
    for _ in range(60):
        blind = spend(lifting, passed_ms=1000, withdrawn_l=None, flow_l_per_h=90_000, seen_ms=1000)
        assert blind is not None
        lifting = blind
    assert (lifting.left_l, lifting.left_ms) == (100_000 - 1_500, DAY - MINUTE)
    told = spend(lifting, passed_ms=1000, withdrawn_l=8_400, flow_l_per_h=90_000, seen_ms=1000)
    assert told is not None
    assert told.left_l == 100_000 - 1_400


@pytest.mark.parametrize(("withdrawn_l", "left_l"), [(1_499, 98_501), (99_000, 98_500)])
def test_an_override_that_began_unmetered_takes_no_more_than_was_reckoned(
    withdrawn_l: int, left_l: int
) -> None:
    lifting = Lifting(Use.FIRE, 100_000, DAY, 0, unmetered_ml=1_500_000, blind=True)
    told = spend(lifting, passed_ms=1, withdrawn_l=withdrawn_l, flow_l_per_h=0, seen_ms=1)
    assert told is not None
    assert (told.left_l, told.blind) == (left_l, False)


# --- totals ------------------------------------------------------------------------------------


def judged(last: int, total: int, resolution: int = 1, **changes: Any) -> Judgement:
    segment = Segment("f1", 0, resolution, 1_000_000_000, 100_000)
    before = replace(Totalizer(last, moment()), **changes)
    return judge(
        before,
        segment,
        total,
        moment(passed_ms=1000),
        slack_ms=1000,
        confirm_scans=3,
        bound=Bound(missing=True),
    )


@pytest.mark.parametrize(
    ("step", "resolution", "kind"),
    [
        (2, 1, Accepted),
        (3, 1, Held),
        (200, 100, Accepted),
        (201, 100, Held),
        (0, 1, Accepted),
        (-1, 1, Stood),
        (-1_000, 1, Stood),
        (-1_001, 1, Held),
        (-2_000, 1_000, Stood),
        (-2_001, 1_000, Held),
    ],
)
def test_two_steps_of_the_display_pass_and_a_cubic_metre_back_is_drain_back(
    step: int, resolution: int, kind: type[Judgement]
) -> None:
    assert isinstance(judged(500_000, 500_000 + step, resolution), kind)


def test_a_total_that_went_back_is_held_until_somebody_rules_and_is_no_news() -> None:
    held = judged(500_000, 500_001, reversed=True)
    assert isinstance(held, Held)
    assert not held.fresh


@pytest.mark.parametrize(
    ("utc", "ended", "trusted", "over"),
    [
        (99, 99, True, False),
        (100, 0, True, True),
        (99, 100, True, True),
        (99, 100, False, True),  # it had ended before, whatever the calendar says now
        (500, 99, False, False),
    ],
)
def test_a_provisional_allocation_is_over_with_its_instant(
    utc: int, ended: int, *, trusted: bool, over: bool
) -> None:
    grant = Grant(2026, provisional=5, provisional_until_utc_ms=100)
    assert expired(grant, moment(utc, trusted=trusted), ended) is over


@pytest.mark.parametrize(("step_ms", "passed_ms"), [(-1, None), (0, 0), (1, 1), (DAY, DAY)])
def test_between_two_boots_a_calendar_that_is_believed_tells_the_time(
    step_ms: int, passed_ms: int | None
) -> None:
    """But not one that was set back: between a clock that was fast and the right one, hours."""
    assert elapsed_ms(moment(), moment(AT + step_ms, boot="b2")) == passed_ms
    assert elapsed_ms(moment(), moment(AT + step_ms, boot="b2", trusted=False)) is None


@pytest.mark.parametrize(("step_ms", "passed_ms"), [(-5, 0), (0, 0), (1, 1), (DAY, DAY)])
def test_within_a_boot_monotonic_time_tells_it_whatever_the_calendar_says(
    step_ms: int, passed_ms: int
) -> None:
    for trusted in (True, False):
        now = moment(AT - DAY, step_ms, trusted=trusted)
        assert elapsed_ms(moment(), now) == passed_ms


def test_a_provisional_allocation_is_corrected_as_a_plan_is() -> None:
    for adjusted in (5, -5):
        grant = Grant(2026, None, adjusted, provisional=100, provisional_until_utc_ms=AT + 1)
        assert allocated(grant, moment()) == 100 + adjusted
        assert allocated(replace(grant, plan=90), moment()) == 90 + adjusted
