"""The reconnect policy, as a table in time. Draws are given, so every figure is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.retry import (
    DELAY_MIN_MS,
    LONG_CAP_MS,
    SHORT_CAP_MS,
    SHORT_OUTAGE_MS,
    STABLE_MS,
    Outage,
    cap_ms,
    delay_ms,
    failed,
)

NEARLY_ONE = 1 - 2**-53


def caps(*attempts_ms: int) -> list[int]:
    """The cap after each failed attempt of one outage."""
    outage = None
    seen = []
    for at_ms in attempts_ms:
        outage = failed(outage, None, at_ms)
        seen.append(cap_ms(outage))
    return seen


def test_the_cap_is_short_during_the_first_two_minutes() -> None:
    assert caps(0, 5_000, 60_000, SHORT_OUTAGE_MS - 1) == [SHORT_CAP_MS] * 4


def test_then_it_doubles_to_ten_minutes_and_stays() -> None:
    late = range(SHORT_OUTAGE_MS, SHORT_OUTAGE_MS + 10)
    assert [cap // 1000 for cap in caps(0, *late)] == [
        5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("draw", "expected_ms"), [(0.0, DELAY_MIN_MS), (0.5, 2_500), (NEARLY_ONE, 4_999)]
)
def test_the_jitter_spreads_over_the_whole_cap(draw: float, expected_ms: int) -> None:
    assert delay_ms(Outage(0), draw) == expected_ms


def test_a_link_that_held_five_minutes_begins_a_new_outage() -> None:
    old = Outage(0, doublings=6)
    now_ms = 10_000_000
    assert failed(old, now_ms - STABLE_MS, now_ms) == Outage(now_ms)


def test_a_link_that_fell_sooner_goes_on_with_the_old_outage() -> None:
    """A broker that accepts and drops at once is not hammered."""
    old = Outage(0, doublings=3)
    now_ms = 10_000_000
    assert failed(old, now_ms - STABLE_MS + 1, now_ms) == Outage(0, doublings=4)


@given(
    st.lists(st.integers(0, 3_600_000), max_size=50),
    st.floats(0, 1, exclude_max=True),
)
def test_no_delay_leaves_its_bounds(steps: list[int], draw: float) -> None:
    outage, now_ms = None, 0
    for step in steps:
        now_ms += step
        outage = failed(outage, None, now_ms)
        assert DELAY_MIN_MS <= delay_ms(outage, draw) <= LONG_CAP_MS
