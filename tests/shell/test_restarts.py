"""When a dead process is started again, told as stories in time."""

import pytest

from agent.restarts import (
    DEATHS_MAX,
    DELAY_MAX_MS,
    FIRST_DELAY_MS,
    WINDOW_MS,
    GiveUp,
    Restart,
    after_death,
)

CRASHED = 1
KILLED = -9


def test_the_first_restart_comes_at_once() -> None:
    """A control that died has its lease's time to be back, and starting costs a second of it."""
    verdict, deaths_ms = after_death((), 5_000, KILLED)
    assert verdict == Restart(FIRST_DELAY_MS)
    assert deaths_ms == (5_000,)


def test_each_death_in_a_row_doubles_the_delay_up_to_its_cap_and_the_next_one_is_the_last() -> None:
    delays: list[int] = []
    now_ms = 0
    deaths_ms: tuple[int, ...] = ()
    for _ in range(DEATHS_MAX):
        verdict, deaths_ms = after_death(deaths_ms, now_ms, CRASHED)
        assert isinstance(verdict, Restart)
        delays.append(verdict.delay_ms)
        now_ms += verdict.delay_ms
    assert delays == [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]
    assert max(delays) == DELAY_MAX_MS
    last, _ = after_death(deaths_ms, now_ms, CRASHED)
    assert last == GiveUp(DEATHS_MAX + 1)


def test_deaths_that_are_long_ago_count_no_more() -> None:
    now_ms = 0
    deaths_ms: tuple[int, ...] = ()
    for _ in range(3 * DEATHS_MAX):
        verdict, deaths_ms = after_death(deaths_ms, now_ms, CRASHED)
        assert verdict == Restart(FIRST_DELAY_MS)
        assert len(deaths_ms) == 1, "what is remembered is bounded by the window"
        now_ms += WINDOW_MS


@pytest.mark.parametrize(
    ("exit_code", "why"),
    [(78, "its settings are wrong"), (126, "it cannot be executed"), (127, "it does not exist")],
)
def test_what_will_be_wrong_again_is_not_started_again(exit_code: int, why: str) -> None:
    verdict, _ = after_death((), 0, exit_code)
    assert verdict == GiveUp(1), why
