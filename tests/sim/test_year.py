"""Room rule: years that must hold; what happens in one and what must hold stand beside it.

A year that fails names its seed and the command that repeats it.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.core.story import DAY
from tests.sim import people
from tests.sim.deeds import fill
from tests.sim.recovery import recover
from tests.sim.summary import PROPERTY
from tests.sim.tally import ENOUGH, rare, table, told
from tests.sim.year import YEAR_MS, Year

# Three weeks over New Year, or after it, in which as much happens as in three months.
SHORT_SEEDS = range(14)
SHORT_MS, DENSITY = 20 * DAY, 5
# A soak of 20 is 200 station-years.
YEARS_PER_SOAK = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "whole_year" in metafunc.fixturenames:
        times = metafunc.config.getoption("--soak")
        many = YEARS_PER_SOAK * times if times > 1 else 1
        days = YEAR_MS // DAY if times > 1 else 30
        seeds = range(1000, 1000 + many)
        metafunc.parametrize("whole_year", [(one, days) for one in seeds], ids=map(str, seeds))


def _report(request: pytest.FixtureRequest, year: Year) -> None:
    request.node.user_properties.append((PROPERTY, told(year)))


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


# --- that it would be seen ---------------------------------------------------------------------


def _lose_water(year: Year) -> None:
    year.house.visible_ml += 2 * (year.watch.resolution_l(year.site) + 1) * 1000


def _lapse(year: Year) -> None:
    year.house.running = True
    year.house.relay = True
    year.house.open_relay("lapsed")


def _stop_for_nothing(year: Year) -> None:
    year.house.running = True
    year.house.relay = True
    year.house.open_relay("flow_meter_silent")


def _alter_a_record(year: Year) -> None:
    year.uplinks[0].stored.bodies[3] = ("sample", b"[]")


def _forget_an_entry(year: Year) -> None:
    year.station.folded = replace(year.station.folded, corrected_l=1)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lose_water, "the ledger is off by"),
        (_lapse, "the lease lapsed by itself"),
        (_stop_for_nothing, "all was well, and the pump was stopped: flow_meter_silent"),
        (_alter_a_record, "record 4"),
        (_forget_an_entry, "its entries do not make the live ledger"),
    ],
)
def test_a_year_that_does_not_hold_says_how_to_repeat_it(
    spoil: Callable[[Year], None], said: str
) -> None:
    def begin(year: Year) -> None:
        people.commission(year)
        year.after(2 * DAY, spoil)

    with pytest.raises(AssertionError, match=said) as broken:
        Year(7, 3 * DAY).run(begin, recover)
    assert "repeat it: .venv/bin/python -m tests.sim 7 --days 3 --density 1" in str(broken.value)


def test_a_seed_decides_everything() -> None:
    first, second = (Year(11, 5 * DAY, 8).run(fill, recover) for _ in range(2))
    assert told(first) == told(second)
    assert [one.stored.bodies for one in first.uplinks] == [
        one.stored.bodies for one in second.uplinks
    ]


def test_what_a_soak_has_not_met_often_enough_is_named() -> None:
    one = told(Year(3, 3 * DAY).run(people.commission, recover))
    assert "entry fit_meter: 2" in rare([one])
    many = rare([one] * ENOUGH)
    assert "idle_creep raised: 0" in many
    assert not [name for name in many if name.startswith("entry fit_meter")]
    assert re.search("^fit_meter +200$", "\n".join(table([one] * ENOUGH)), re.MULTILINE)
