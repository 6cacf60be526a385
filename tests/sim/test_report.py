"""A year's report against the ledger that lived through the year, to the litre.

The ledger itself is held against the truth of the house, scan after scan, by the year's own watch.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.ledger import used_wh, withdrawn_l
from agent.core.state import State, last_total_l, last_total_wh
from agent.report.fold import Frame
from agent.report.history import History
from agent.report.made import report_of
from agent.report.period import PeriodKind, local_day, period_of
from agent.report.well import Nameplate, WellReport
from tests.core.story import DAY, HOUR
from tests.sim.deeds import fill
from tests.sim.year import Year

ZONE = "Asia/Shanghai"
PLATE = Nameplate("w", "w", "irrigation", ZONE)
# Two weeks over New Year in which much happens.
SEED, DAYS, DENSITY = 10, 14, 5
# A sample is due each hour: what the pump takes in one.
HOURS_L, HOURS_WH = 100_000, 30_000


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(SEED, SEED + metafunc.config.getoption("--soak")))


def _kept(year: Year, path: Path) -> State:
    """A copy of the journal as it stood when the year was over, and the state it stood in."""
    year.station.stop()
    with sqlite3.connect(year.station.path) as live, sqlite3.connect(path) as copy:
        live.backup(copy)
    live.close()
    copy.close()
    state = year.station.state
    year.station.start()
    return state


def _report(path: Path, kind: PeriodKind, name: str) -> WellReport:
    frame = Frame(PLATE, period_of(kind, name, ZONE), ("province", "division"), HOUR, 500)
    with closing(History(path)) as history:
        return report_of(history, frame)


def test_a_report_is_the_ledger_to_the_litre(seed: int, soak: int, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    states: list[State] = []
    Year(seed, DAYS * DAY, DENSITY).run(fill, lambda year: states.append(_kept(year, path)))
    (state,) = states
    ledger = state.ledger
    assert ledger.year is not None
    for past in ledger.past:
        told = _report(path, PeriodKind.YEAR, str(past.year))
        assert told.to_date.volumes.withdrawn_l == past.withdrawn_l
        assert told.to_date.energy_wh == past.used_wh
        assert told.allocated_l == past.allocated_l
        assert told.disagreements == 0
    told = _report(path, PeriodKind.YEAR, str(ledger.year))
    assert told.whole
    assert told.compared > DAYS
    assert told.disagreements == 0
    # What was read after the last sample is in the state, and in no record yet.
    later_l = withdrawn_l(ledger, last_total_l(state)) - told.to_date.volumes.withdrawn_l
    assert 0 <= later_l <= HOURS_L
    assert 0 <= used_wh(ledger, last_total_wh(state)) - told.to_date.energy_wh <= HOURS_WH
    months = [one.sums.volumes for one in told.months]
    assert sum(one.withdrawn_l for one in months) == told.to_date.volumes.withdrawn_l
    last_day = local_day(told.through_utc_ms, ZONE).isoformat()
    assert _report(path, PeriodKind.AS_OF, last_day).to_date == told.to_date
