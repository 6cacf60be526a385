"""A day as a person writes it: an instant of the site's zone, or one message with an example."""

import pytest

from agent.amounts import AmountError
from agent.cli.days import after_ms, first_ms

ZONE = "Asia/Shanghai"
DAY_MS = 86_400_000


def test_a_day_is_the_one_of_the_sites_zone() -> None:
    assert first_ms("2026-01-01", ZONE) == 1_767_196_800_000
    assert after_ms("2026-01-01", ZONE) == first_ms("2026-01-01", ZONE) + DAY_MS


@pytest.mark.parametrize("day", ["", "2026-13-01", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_of_ours_is_refused_with_an_example(day: str) -> None:
    """Also the ends of the calendar, which have no day before or after."""
    for instant in (first_ms, after_ms):
        with pytest.raises(AmountError, match="2026-03-31"):
            instant(day, ZONE)
