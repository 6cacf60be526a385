"""A year that was typed wrong at a console: what it would open could not be closed again."""

import pytest

from agent.core.model import ClockSet, Command, Origin, Rank, Refusal, Refused, SetClockOrder
from agent.core.present import Present
from agent.core.seasons import judge_set_clock
from agent.core.state import State
from tests.core.story import DAY, SITE, Story, utc_ms

NOW = utc_ms(2026, 6, 1, 8)
FURTHEST = NOW + 400 * DAY
TOMORROW = NOW + DAY


def judged(
    utc: int, origin: Origin, rank: Rank | None, *, boot: str = "earlier", known: bool = True
) -> ClockSet | Refusal:
    """The time was known at `NOW`, in this boot ("boot-1") or an earlier one, and no more since."""
    moment = Story(trusted=False).moment
    state = State(watermark=Story(boot=boot).moment if known else None)
    order = SetClockOrder(utc, "by my watch")
    command = Command("c1", origin, "li", order, rank=rank)
    return judge_set_clock(order, command, Present(state, (), moment, moment, SITE))


@pytest.mark.parametrize(
    ("utc", "origin", "rank", "set_"),
    [
        (FURTHEST, Origin.CONSOLE, Rank.TECHNICIAN, True),
        (FURTHEST + 1, Origin.CONSOLE, Rank.TECHNICIAN, False),
        (FURTHEST + 1, Origin.CONSOLE, Rank.SUPERVISOR, True),
        (FURTHEST + 1, Origin.PLATFORM, None, True),
        (FURTHEST + 1, Origin.ADMIN, None, True),
    ],
)
def test_a_technician_sets_a_clock_ahead_by_four_hundred_days_at_most(
    utc: int, origin: Origin, rank: Rank | None, *, set_: bool
) -> None:
    told = judged(utc, origin, rank)
    far = Refusal(Refused.CLOCK_AHEAD, str(utc), str(FURTHEST))
    assert told == far or (set_ and isinstance(told, ClockSet))
    assert isinstance(judged(utc, origin, rank, known=False), ClockSet), "it never knew the time"


@pytest.mark.parametrize(
    ("utc", "rank", "set_"),
    [
        (TOMORROW, Rank.TECHNICIAN, True),
        (TOMORROW + 1, Rank.TECHNICIAN, False),
        (TOMORROW + 1, Rank.SUPERVISOR, True),
    ],
)
def test_and_by_a_day_where_the_same_boot_has_known_the_time(
    utc: int, rank: Rank, *, set_: bool
) -> None:
    """What went by since is counted: next year typed for this one is no correction."""
    told = judged(utc, Origin.CONSOLE, rank, boot="boot-1")
    far = Refusal(Refused.CLOCK_AHEAD, str(utc), str(TOMORROW))
    assert told == far or (set_ and isinstance(told, ClockSet))
