"""Room rule: years that must hold; what happens in one and what must hold stand beside it.

A year that fails names its seed and the command that repeats it.
"""

import pytest

from tests.core.story import DAY
from tests.sim.conftest import PROPERTY
from tests.sim.deeds import fill
from tests.sim.recovery import recover
from tests.sim.year import YEAR_MS, Year

# Three weeks over New Year, or after it, in which as much happens as in three months.
SHORT_SEEDS = range(8)
SHORT_MS, DENSITY = 20 * DAY, 5
# A soak of 20 is 200 station-years.
YEARS_PER_SOAK = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "whole_year" in metafunc.fixturenames:
        times = metafunc.config.getoption("--soak")
        many = YEARS_PER_SOAK * times if times > 1 else 1
        days = YEAR_MS // DAY if times > 1 else 30
        metafunc.parametrize("whole_year", [(1000 + one, days) for one in range(many)])


def _report(record: pytest.FixtureRequest, year: Year) -> None:
    watch = year.watch
    record.node.user_properties.append(
        (
            PROPERTY,
            {
                "seed": year.seed,
                "days": year.now_ms // DAY,
                "scans": year.scans,
                "seen": dict(watch.seen),
                "injected": dict(year.injected),
                "worst_l": max(0, watch.worst_l - watch.resolution_l(year.site)),
                "worst_estimate_l": watch.worst_estimate_l,
                "worst_overshoot_l": watch.worst_overshoot_l,
            },
        )
    )


@pytest.mark.parametrize("seed", SHORT_SEEDS)
def test_a_station_keeps_the_law_whatever_happens(
    seed: int, request: pytest.FixtureRequest
) -> None:
    year = Year(seed, SHORT_MS, DENSITY).run(fill, recover)
    _report(request, year)
    assert sum(year.injected.values()) >= 10


def test_a_station_keeps_the_law_through_a_year(
    whole_year: tuple[int, int], soak: int, request: pytest.FixtureRequest
) -> None:
    """In a soak; a month of one in `make test`."""
    seed, days = whole_year
    _report(request, Year(seed, days * DAY).run(fill, recover))
