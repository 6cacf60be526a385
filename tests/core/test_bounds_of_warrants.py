"""Room rule: the last millisecond of a signed command, and what its sender is told, as a table.

As in test_bounds.py. It is the noon of a day in June; the station's memory began an hour before.
"""

from dataclasses import replace

import pytest

from agent.core.model import Command, Moment, Origin, Refusal, Refused, StopOrder
from agent.core.present import Present
from agent.core.spent import Spent, Used, aged, is_full
from agent.core.state import State
from agent.core.warrants import refuse_warrant
from tests.core.story import DAY, HOUR, MINUTE, SITE, addition, utc_ms

NOON = utc_ms(2026, 6, 1, 12)
WEEK = 7 * DAY
KNOWN = Spent(begun_utc_ms=NOON - HOUR)
UNTOLD = Moment(3, 5, "b1", trusted=False)


def said(
    issued_ms: int, until_ms: int, spent: Spent = KNOWN, *, trusted: bool = True
) -> Refusal | None:
    """What is said of a command that was signed and expires so long from noon."""
    now = Moment(NOON, HOUR, "b1", trusted=True) if trusted else UNTOLD
    command = Command(
        "c1",
        Origin.PLATFORM,
        "province",
        addition(5),
        NOON + until_ms,
        issued_utc_ms=NOON + issued_ms,
    )
    return refuse_warrant(command, Present(State(spent=spent), (), now, now, SITE))


@pytest.mark.parametrize(
    ("issued_ms", "until_ms", "reason", "told"),
    [
        (0, 1, None, 0),
        (1, 1, Refused.LIFETIME, 0),
        (0, -1, Refused.LIFETIME, -1),
        (0, WEEK, None, 0),
        (0, WEEK + 1, Refused.LIFETIME, WEEK + 1),
        (-MINUTE, 0, Refused.EXPIRED, NOON),  # it is over with its millisecond
        (5 * MINUTE, HOUR, None, 0),
        (5 * MINUTE + 1, HOUR, Refused.NOT_YET, NOON + 5 * MINUTE + 1),
        (-HOUR, 1, None, 0),
        (-HOUR - 1, 1, Refused.ISSUED_BEFORE, NOON - HOUR - 1),
    ],
)
def test_a_command_is_good_for_its_time(
    issued_ms: int, until_ms: int, reason: Refused | None, told: int
) -> None:
    refusal = said(issued_ms, until_ms)
    assert (refusal and refusal.reason) is reason
    assert refusal is None or refusal.given == str(told)


def test_who_is_refused_is_told_the_stations_time_or_what_it_has_of_one() -> None:
    late = said(-MINUTE, -1)
    assert late == Refusal(Refused.EXPIRED, str(NOON - 1), str(NOON))
    forgotten = Spent(forgotten_utc_ms=NOON)
    assert said(-MINUTE, 0, forgotten, trusted=False) == Refusal(
        Refused.EXPIRED, str(NOON), str(NOON)
    )
    assert said(-MINUTE, 1, forgotten, trusted=False) == Refusal(Refused.CLOCK_UNTRUSTED)
    young = said(-HOUR - 1, 1)
    assert young == Refusal(Refused.ISSUED_BEFORE, str(NOON - HOUR - 1), str(NOON - HOUR))
    lost = said(-HOUR, 1, Spent(begun_utc_ms=None))
    assert lost == Refusal(Refused.ISSUED_BEFORE, str(NOON - HOUR), "0")


def test_a_stop_has_its_time_by_any_clock() -> None:
    stop = Command("c1", Origin.PLATFORM, "province", StopOrder("a leak"), 9, issued_utc_ms=8)
    assert refuse_warrant(stop, Present(State(), (), UNTOLD, UNTOLD, SITE)) is None


# --- what is remembered ------------------------------------------------------------------------


def used(number: int, expires_ms: int = 0, platform: str = "province") -> Used:
    return Used(platform, f"jti-{number}", NOON + expires_ms)


@pytest.mark.parametrize(("remembered", "full"), [(199, False), (200, True)])
def test_two_hundred_commands_of_a_platform_are_remembered(remembered: int, *, full: bool) -> None:
    spent = Spent(tuple(used(n) for n in range(remembered)))
    assert is_full(spent, "province") is full
    assert not is_full(spent, "a")


def test_a_command_is_forgotten_with_its_last_millisecond_and_none_before_it_is_taken() -> None:
    now = Moment(NOON, HOUR, "b1", trusted=True)
    spent = Spent((used(1, -5), used(2, 0), used(3, 1)), begun_utc_ms=3)
    forgot = Spent((used(3, 1),), forgotten_utc_ms=NOON, begun_utc_ms=3)
    assert aged(spent, now, NOON) == forgot
    later = replace(spent, forgotten_utc_ms=NOON + 9)
    assert aged(later, now, NOON).forgotten_utc_ms == NOON + 9
    assert aged(spent, now, None) == spent


def test_a_memory_that_was_lost_begins_with_the_first_clock_that_is_believed() -> None:
    lost = Spent(begun_utc_ms=None)
    assert aged(lost, UNTOLD, None) == lost
    assert aged(lost, Moment(NOON, 5, "b1", trusted=True), NOON).begun_utc_ms == NOON
