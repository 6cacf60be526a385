"""A well written down by hand: what happened, record by record, and what a report makes of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.core.model import (
    Allocate,
    AllocationKind,
    Body,
    FitMeter,
    OpenYear,
    Role,
    Sample,
)
from agent.journal import Journal, Parked, Stamped, Transaction
from agent.report.fold import Frame
from agent.report.history import History
from agent.report.made import report_of
from agent.report.period import Period, PeriodKind, period_of
from agent.report.well import Nameplate, WellReport

ZONE = "Asia/Shanghai"
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PLATE = Nameplate(
    "well-1", "一号井", "irrigation", ZONE, "D1", "2030-12-31", "协会", "皮山农场", "三连"
)


def ms(text: str) -> int:
    """Local time at the well: 2026-03-01 or 2026-03-01T08:30."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


def period(text: str) -> Period:
    kinds = {4: PeriodKind.YEAR, 6: PeriodKind.QUARTER, 7: PeriodKind.MONTH, 10: PeriodKind.AS_OF}
    return period_of(kinds[len(text)], text, ZONE)


def fit_flow(total: int, *, before: int | None = None, closed: int | None = None) -> FitMeter:
    number = 1 if closed is None else 2
    limits = {"resolution": 1, "modulus": 1_000_000_000, "rate_max_per_h": 100_000}
    return FitMeter(
        role=Role.FLOW_METER, serial=f"F-{number}", total=total, closed_total=closed,
        withdrawn_before_l=before, document=f"证书 {number}", author="li", **limits,
    )  # fmt: skip


def fit_power(total: int) -> FitMeter:
    limits = {"resolution": 10, "modulus": 1_000_000_000, "rate_max_per_h": 55_000}
    return FitMeter(
        role=Role.POWER_METER, serial="P-1", total=total, closed_total=None,
        withdrawn_before_l=None, document="证书 9", author="li", **limits,
    )  # fmt: skip


def plan(year: int, litres: int, kind: AllocationKind = AllocationKind.PLAN) -> Allocate:
    return Allocate(year, kind, litres, f"水资〔{year}〕7号", "li", None)


def sample(
    total: int | None,
    energy: int | None = 0,
    *,
    withdrawn: int | None = None,
    power: int | None = 0,
    level: int | None = None,
) -> Sample:
    return Sample(total, 0, energy, power, level, True, None, withdrawn)


@dataclass(slots=True)
class Pen:
    """Writes records in order. `cursors` and `parked` are as the platforms left them."""

    path: Path
    records: list[Stamped] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)

    def write(self, at: str | int, *bodies: Body, trusted: bool = True) -> None:
        at_utc_ms = ms(at) if isinstance(at, str) else at
        self.records += [Stamped(at_utc_ms, trusted, body) for body in bodies]

    def commission(self, at: str, *, litres: int = 62_500_000, before: int = 0) -> None:
        """A flow meter at 1,000 m³, a power meter at zero, a plan, and the year."""
        year = int(at[:4])
        self.write(at, fit_flow(1_000_000, before=before), fit_power(0), plan(year, litres))
        self.write(at, OpenYear(year, None, 1_000_000, before))

    def save(self) -> Path:
        journal = Journal.open(self.path)
        journal.append(Transaction(self.records, cursors=self.cursors, parked=self.parked))
        journal.close()
        return self.path


@pytest.fixture
def pen(tmp_path: Path) -> Pen:
    return Pen(tmp_path / "journal.db")


def reported(
    path: Path, of: str, *, platforms: Sequence[str] = (), interval_ms: int = HOUR
) -> WellReport:
    frame = Frame(PLATE, period(of), tuple(platforms), interval_ms, 500)
    with closing(History(path)) as history:
        return report_of(history, frame)


Report = Callable[..., WellReport]


@pytest.fixture
def report() -> Report:
    return reported


def metered(report: WellReport) -> Mapping[str, int]:
    return {one.name: one.sums.volumes.metered_l for one in report.months}
