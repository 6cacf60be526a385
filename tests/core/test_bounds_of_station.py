"""Room rule: what a sender is told who names what is not there; what a station may be set to.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.commands import Deed, judge_command
from agent.core.keyring import kid_of
from agent.core.model import (
    Command,
    KeyOrder,
    Moment,
    Order,
    Origin,
    PlatformKey,
    Refusal,
    Refused,
    ResendOrder,
    RevokeKeyOrder,
    SetThresholdOrder,
)
from agent.core.present import Present
from agent.core.state import State
from agent.core.thresholds import THRESHOLDS, highest
from tests.core.story import HOUR, SITE, utc_ms

NOW = Moment(utc_ms(2026, 6, 1), HOUR, "b1", trusted=True)
PUBLIC = "ab" * 32
KID = str(kid_of(PUBLIC))


def judged(order: Order) -> Deed | Refusal:
    known = PlatformKey("province", KID, PUBLIC)
    present = Present(State(), (), NOW, NOW, SITE, (known,))
    return judge_command(Command("c1", Origin.ADMIN, "li", order), present)


PLATFORMS = ", ".join(one.platform for one in SITE.granted)
NO_KEY = Refusal(Refused.KEY_UNKNOWN, "k" * 64, KID)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (
            SetThresholdOrder("t" * 41, 5, "no. 7"),
            Refusal(Refused.THRESHOLD_UNKNOWN, "t" * 40, ", ".join(THRESHOLDS)),
        ),
        (ResendOrder(1, 2, "n" * 41), Refusal(Refused.PLATFORM_UNKNOWN, "n" * 40, PLATFORMS)),
        (RevokeKeyOrder("province", "k" * 65, "lost"), NO_KEY),
        (KeyOrder("province", "cd" * 32, "no. 7", "k" * 65), NO_KEY),
    ],
)
def test_what_is_not_known_is_shown_by_its_first_signs_and_beside_what_is(
    order: Order, told: Refusal
) -> None:
    assert judged(order) == told


@pytest.mark.parametrize(("depth_mm", "highest_mm"), [(0, 0), (1, 0), (60_000, 59_999)])
def test_no_level_below_the_probe_can_be_declared_dry(depth_mm: int, highest_mm: int) -> None:
    site = replace(SITE, limits=replace(SITE.limits, probe_depth_mm=depth_mm))
    assert highest("dry_level_mm", site) == highest_mm
