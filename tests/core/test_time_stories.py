"""Room rule: clocks that walk, jump, are set by hand and die, as stories. One story, one claim.

Monotonic time is always right and ends with the power; the calendar may be anything. What is at
stake is when an allocation ends and which order is too old; years: `test_unseen_year_stories`.
"""

from dataclasses import replace

import pytest

from agent.core import calendar
from agent.core.model import (
    Action,
    ClockSet,
    Command,
    ConditionKind,
    Origin,
    Rank,
    Refused,
    Role,
    SetClockOrder,
    Verdict,
)
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    SITE,
    Story,
    addition,
    plan,
    provisional,
    utc_ms,
)
from tests.core.wells import december, true_ms, years

K = ConditionKind


# --- a calendar that walks ---------------------------------------------------------------------


@pytest.mark.parametrize("step_ms", [23 * HOUR, -23 * HOUR, HOUR])
def test_a_clock_that_walks_by_steps_is_left_behind(step_ms: int) -> None:
    """Each step alone would be believed; together they would open years, or lose a day."""
    story = Story().commission().after(10)
    for _ in range(400):
        story.calendar_off_ms += step_ms
        story.after(1)
    assert years(story) == [2026]
    assert story.conditions == {K.CLOCK_UNTRUSTED: Action.WARN}
    story.calendar_off_ms = 0
    story.after(1)
    assert story.conditions == {}


def test_the_watermark_follows_monotonic_time_only() -> None:
    story = Story().commission().after(10)
    story.calendar_off_ms = 20 * HOUR
    story.after(10)
    assert story.conditions == {}, "a step of less than a day is believed"
    assert story.state.watermark is not None
    assert story.state.watermark.utc_ms == story.begins_utc_ms + story.now_ms


@pytest.mark.parametrize("year", [2028, 2032, 2096])
def test_a_leap_year_is_as_long_as_it_is(year: int) -> None:
    starts = tuple((one, utc_ms(one, 1, 1)) for one in range(2024, 2100))
    site = replace(SITE, year_starts=starts)
    last_day = utc_ms(year, 12, 31, 23, 59)
    assert calendar.plan_year(site, last_day) == year
    assert calendar.plan_year(site, last_day + MINUTE) == year + 1
    assert calendar.plan_year(site, utc_ms(year, 2, 29)) == year
    span = calendar.year_span_ms(site, year)
    assert span is not None
    assert span[1] - span[0] == 366 * DAY


def test_a_year_outside_the_table_has_no_span() -> None:
    assert calendar.year_span_ms(SITE, 2023) is None
    assert calendar.year_span_ms(SITE, 2038) is None
    assert calendar.year_span_ms(SITE, 2037) is not None


# --- what ended stays ended --------------------------------------------------------------------


def provisionally(until_ms: int) -> Story:
    story = Story().at(1)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    assert story.order(provisional(500_000, story.moment.utc_ms + until_ms)) is None
    return story


def test_a_believed_step_back_does_not_revive_what_ended() -> None:
    story = provisionally(10 * MINUTE).after(700)
    assert K.NOT_ALLOCATED in story.reasons
    story.calendar_off_ms = -HOUR
    story.after(60)
    assert K.CLOCK_UNTRUSTED not in story.conditions
    assert K.NOT_ALLOCATED in story.reasons


def test_what_a_step_forward_ended_is_not_given_again_by_the_step_back() -> None:
    story = provisionally(HOUR).after(10)
    story.calendar_off_ms = 2 * HOUR
    story.after(10)
    assert K.NOT_ALLOCATED in story.reasons
    story.calendar_off_ms = 0
    story.after(10)
    assert K.NOT_ALLOCATED in story.reasons
    assert story.order(provisional(500_000, story.moment.utc_ms + 30 * MINUTE)) == "expiry_missing"
    assert story.order(provisional(500_000, story.moment.utc_ms + 2 * HOUR)) is None


@pytest.mark.parametrize(
    ("origin", "late_ms", "refused"),
    [
        (Origin.PLATFORM, 0, None),
        (Origin.PLATFORM, 1, "expired"),
        (Origin.CONSOLE, 1, "expired"),
        (Origin.ADMIN, 1, None),
    ],
)
def test_an_order_that_expired_is_not_revived_by_a_step_back(
    origin: Origin, late_ms: int, refused: str | None
) -> None:
    """The administrator's clock is this host's own, and steps with it."""
    story = Story().commission()
    true_ms = story.moment.utc_ms
    story.calendar_off_ms = -HOUR
    not_after = true_ms - late_ms
    story.look(Command("x", origin, "a", addition(5_000), not_after, Rank.SUPERVISOR))
    refusal = story.of(Verdict)[-1].refusal
    assert (refusal and refusal.reason) == refused


def test_a_platform_may_only_set_a_clock_that_is_not_believed() -> None:
    story = Story().commission()
    story.trusted = False
    assert story.hand_in(story.signed(addition(5_000))) == [Refused.CLOCK_UNTRUSTED]
    order = SetClockOrder(story.moment.utc_ms, "from the centre")
    assert story.hand_in(story.signed(order)) == ["accepted"]
    story.after(1)
    assert story.hand_in(story.signed(addition(5_000))) == ["accepted"]


def test_on_a_new_station_without_a_clock_nothing_is_too_old() -> None:
    story = Story(trusted=False).at(1)
    story.look(Command("x", Origin.CONSOLE, "li", plan(1_000), 5, Rank.SUPERVISOR))
    refusal = story.of(Verdict)[-1].refusal
    assert refusal is not None
    assert refusal.reason is Refused.CLOCK_UNTRUSTED, "no year is known, but it is not expired"


# --- a clock that is set by hand ---------------------------------------------------------------


def unsynchronised(off_by_ms: int = -50 * 365 * DAY) -> Story:
    """A well that came back from a power cut without network: its host believes in 1976."""
    story = Story().commission().after(10)
    story.power_off(HOUR, trusted=False)
    story.calendar_off_ms = off_by_ms
    return story.after(10)


def test_a_clock_that_is_set_by_hand_is_believed_until_the_power_is_lost() -> None:
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    (was,) = story.of(ClockSet)
    assert (was.reason, was.author) == ("by my watch", "wang")
    story.after(600)
    assert K.CLOCK_UNTRUSTED not in story.conditions
    assert story.outcomes[-1].moment.utc_ms == pytest.approx(true_ms(story), abs=2000)
    assert story.outcomes[-1].moment.trusted
    story.power_off(HOUR, trusted=False)
    story.after(10)
    assert K.CLOCK_UNTRUSTED in story.conditions


def test_a_host_that_is_synchronised_again_is_believed_before_what_was_set() -> None:
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story) + 5 * MINUTE, "roughly"), Origin.CONSOLE) is None
    story.after(60)
    story.trusted, story.calendar_off_ms = True, 0
    story.after(1)
    assert story.outcomes[-1].moment.utc_ms == true_ms(story)
    assert story.state.clock is None
    assert story.order(SetClockOrder(true_ms(story), "again")) is Refused.CLOCK_SYNCHRONISED


def test_a_host_that_is_believed_nowhere_near_what_was_set_is_not_believed() -> None:
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    story.trusted, story.calendar_off_ms = True, utc_ms(2036, 2, 7) - story.begins_utc_ms
    story.after(60)
    assert story.outcomes[-1].moment.utc_ms == pytest.approx(true_ms(story), abs=2000)
    assert years(story) == [2026]


@pytest.mark.parametrize(
    ("origin", "rank", "refused"),
    [
        (Origin.CONSOLE, Rank.TECHNICIAN, Refused.CLOCK_LOWERED),
        (Origin.CONSOLE, None, Refused.NOT_ALLOWED),
        (Origin.PLATFORM, None, Refused.CLOCK_LOWERED),
        (Origin.CONSOLE, Rank.SUPERVISOR, None),
        (Origin.ADMIN, None, None),
    ],
)
def test_only_a_supervisor_sets_a_clock_back(
    origin: Origin, rank: Rank | None, refused: Refused | None
) -> None:
    """It was believed to be next year, wrongly; what that opened stays open."""
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story) + 20 * DAY, "wrong"), Origin.CONSOLE) is None
    story.after(5)
    order = SetClockOrder(true_ms(story), "right")
    assert story.ask(order, origin, rank) is refused
    story.after(5)
    assert (story.outcomes[-1].moment.utc_ms < true_ms(story) + DAY) is (refused is None)


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (SetClockOrder(0, "by my watch"), Refused.CLOCK_RANGE),
        (SetClockOrder(utc_ms(2300, 1, 1), "by my watch"), Refused.CLOCK_RANGE),
        (SetClockOrder(utc_ms(2026, 7, 1), " "), Refused.REASON_MISSING),
        (SetClockOrder(utc_ms(2026, 6, 1, 9, 2), "a minute behind is no step back"), None),
    ],
)
def test_what_a_clock_can_be_set_to(order: SetClockOrder, refused: Refused | None) -> None:
    story = unsynchronised()
    assert story.ask(order, Origin.CONSOLE) is refused


def test_a_year_opens_by_a_clock_that_was_set_by_hand() -> None:
    story = december(pumping=False)
    story.power_off(HOUR, trusted=False)
    story.after(10)
    assert years(story) == [2026]
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    story.after(2)
    assert years(story) == [2026, 2027]
