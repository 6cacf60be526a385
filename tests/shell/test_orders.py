"""Whoever is root on this host can give every order: a command for each, and what it hands in."""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Self, get_args

import pytest

from agent.amounts import AmountError
from agent.cli import COMMANDS, asking, main
from agent.core.model import (
    AllocateEnergyOrder,
    AllocationKind,
    BeginRatingOrder,
    EndRatingOrder,
    LimitOrder,
    OpenYearOrder,
    ReportOrder,
    SetClockOrder,
    SetThresholdOrder,
)
from agent.core.model.orders import AuthorityOrder, LedgerOrder, StationOrder
from agent.desk.fields import Fields

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "config" / "demo.toml"
# 2026-06-01 in Beijing.
JUNE_MS = 1_780_243_200_000
DAY_MS = 86_400_000


def test_root_can_give_every_order() -> None:
    orders = {
        one for union in (LedgerOrder, AuthorityOrder, StationOrder) for one in get_args(union)
    }
    # It is for a platform: at the shell `status` shows more, and at once.
    orders.discard(ReportOrder)
    written = "".join(file.read_text("utf-8") for file in (ROOT / "agent" / "cli").glob("*.py"))
    assert [one.__name__ for one in orders if f'"{one.__name__}"' not in written] == []


def handed_in(monkeypatch: pytest.MonkeyPatch, line: list[str]) -> Any:
    """The order that a command line makes, as the desk reads it."""
    module = import_module(COMMANDS[line[0]].module)
    orders: list[Any] = []

    def order(_options: object, _settings: object, kind: str, fields: dict[str, Any]) -> int:
        asked = Fields({"order": kind, "fields": fields})
        orders.append(asked.order("order", "fields"))
        asked.end()
        return 0

    monkeypatch.setattr(module, "order", order)
    parser = argparse.ArgumentParser()
    module.add_options(parser)
    options = parser.parse_args([*line[1:], "--config", str(ROOT / "config" / "demo.toml")])
    assert module.run(options) == 0
    return orders[0]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        (
            "limit r1 --year 2026 --volume 2方 --from 2026-06-01 --to 2026-06-20 --document x",
            LimitOrder(2026, "r1", 2_000, JUNE_MS, JUNE_MS + 20 * DAY_MS, "x", 0),
        ),
        (
            "allocate-energy plan --year 2026 --energy 20000kWh --document a",
            AllocateEnergyOrder(2026, AllocationKind.PLAN, 20_000_000, "a"),
        ),
        (
            "allocate-energy provisional --year 2026 --energy 5kWh --ex 2026-05-31 --document a",
            AllocateEnergyOrder(2026, AllocationKind.PROVISIONAL, 5_000, "a", JUNE_MS),
        ),
        (
            "open-year --year 2026 --total 12345.6m3 --document a",
            OpenYearOrder(2026, 12_345_600, "a"),
        ),
        (
            "set-clock 2026-06-01T08:30 --reason watch",
            SetClockOrder(JUNE_MS + 8 * 3_600_000 + 30 * 60_000, "watch"),
        ),
        ("calibrate begin --static-mm 30000", BeginRatingOrder(30_000)),
        ("calibrate end --dynamic-mm 41000", EndRatingOrder(41_000)),
        ("threshold warn_percent 70 --document a", SetThresholdOrder("warn_percent", 70, "a")),
    ],
)
def test_a_command_hands_in_what_it_says(
    monkeypatch: pytest.MonkeyPatch, line: str, order: object
) -> None:
    assert handed_in(monkeypatch, line.split()) == order


@pytest.mark.parametrize("time", ["tomorrow", "1999-01-01T00:00", "2026-06-01T08:30+00:00"])
def test_a_time_that_is_none_is_refused_with_an_example(
    monkeypatch: pytest.MonkeyPatch, time: str
) -> None:
    with pytest.raises(AmountError, match="2026-06-01T08:30"):
        handed_in(monkeypatch, ["set-clock", time, "--reason", "watch"])


@pytest.mark.parametrize(
    ("year", "shown"),
    [
        ("2026", ["  Plan year           2026", "1.000 m³"]),
        ("2027", ["  Plan year           2027", "2.000 m³"]),
    ],
)
def test_the_account_that_is_shown_is_of_the_year_that_was_ordered(
    year: str, shown: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_year = {
        "year": 2026, "allocated_l": 1000, "withdrawn_l": 0, "remaining_l": 1000,
        "limit_remaining_l": None, "energy_allocated_wh": None,
    }  # fmt: skip
    verdict = {"refusal": None, "order": "AllocateOrder", "balance": open_year}
    given = {"2027": {"allocated_l": 2000, "energy_allocated_wh": None}}
    state = {"balance": open_year, "allocations": given}

    class Desk:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def call(self, method: str, *_: object) -> dict[str, Any]:
            return {"verdict": verdict} if method == "command" else {"state": state}

    monkeypatch.setattr(asking, "administrator", lambda _: Desk())
    order = ["allocate", "plan", "--volume", "2m3", "--document", "d", "--language", "en"]
    assert main([*order, "--year", year, "--config", str(DEMO)]) == 0
    said = capsys.readouterr().out
    assert all(one in said for one in shown)
    assert ("1.000 m³" in said) == (year == "2026")
