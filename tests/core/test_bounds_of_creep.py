"""Room rule: the last value on either side of a bound: what passes at once, and is no creep.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.crosscheck import Checks, Sight, watch_checks
from agent.core.model import Contacts
from agent.core.pump import View
from tests.core.story import MINUTE, SITE, readings

# The most that passes at once and is no jog: a minute of a hundredth of the largest flow (or the
# step, if it is longer), and two steps of the meter.
MOST: list[tuple[int, int, int, int]] = [
    # largest flow in l/h, step of the meter in l, between two scans in ms, litres
    (100_000, 1, 1_000, 16 + 2),
    (100_000, 1, MINUTE, 16 + 2),
    (100_000, 1, 2 * MINUTE, 33 + 2),
    (100_000, 10, 1_000, 16 + 20),
    (6_000, 1, 1_000, 1 + 2),  # a minute of 60 l/h is a whole litre
    (6_005_900, 1, 1_000, 1_000 + 2),  # a millisecond more would be one litre more
]


def rests(moved_l: int, flow_max_l_per_h: int, resolution_l: int, step_ms: int) -> bool:
    """Whether the pump is taken to have stood, when so much passed since the last scan."""
    site = replace(SITE, flow_max_l_per_h=flow_max_l_per_h, flow_resolution_l=resolution_l)
    seen = Sight(
        view=View(None, None, 0, 0),
        total_l=500_000,
        energy_wh=70_000,
        readings=readings(500_000, 0, 70_000, 0),
        contacts=Contacts(),
        site=site,
        step_ms=step_ms,
        running_ms=0,
        permitted=True,
        judged=True,
    )
    before = Checks(total_l=500_000 - moved_l, resting_ms=MINUTE)
    after = watch_checks(before, seen)
    assert after.resting_ms in (0, MINUTE + step_ms)
    return after.resting_ms > 0


@pytest.mark.parametrize(("flow_max_l_per_h", "resolution_l", "step_ms", "most_l"), MOST)
def test_more_at_once_than_a_minute_of_the_least_flow_is_a_pump_that_ran(
    flow_max_l_per_h: int, resolution_l: int, step_ms: int, most_l: int
) -> None:
    assert rests(most_l, flow_max_l_per_h, resolution_l, step_ms)
    assert not rests(most_l + 1, flow_max_l_per_h, resolution_l, step_ms)
