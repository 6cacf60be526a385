"""From what was seen to what ails: a table, and what a value at its limit does."""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.model import (
    Ailment,
    AilmentKind,
    BusHealth,
    Grade,
    HostHealth,
    ModemHealth,
    ProcessHealth,
    Role,
)
from agent.health.grading import DAY_MS, MODEM_SILENT_MS, Found, ailments

NOW_MS = 1_790_000_000_000
WELL = HostHealth(
    load_percent=5,
    memory_bytes=1000,
    memory_available_bytes=700,
    cpu_millicelsius=50_000,
    throttled=False,
    under_voltage=False,
    on_mains=True,
    battery_percent=100,
    card_used_percent=10,
    card_spare=1,
    disk_free_bytes=10**10,
    inodes_free=10**6,
    clock_synchronised=True,
    rtc="rtc-ds1307",
)
MODEM = ModemHealth(NOW_MS, "8986", "CHN-UNICOM", "home", "lte", 67, NOW_MS + 365 * DAY_MS)
FOUND = Found(WELL, MODEM, (), (), metrics_written=True, sealed=True, utc_ms=NOW_MS, trusted=True)


def bus(requests: int, timeouts: int, garbled: int) -> tuple[BusHealth, ...]:
    return (BusHealth(Role.FLOW_METER, "meters", requests, timeouts, garbled, 0),)


def test_a_host_that_is_well_has_no_ailment() -> None:
    assert ailments(FOUND, ()) == ()


TABLE: list[tuple[dict[str, object], AilmentKind, Grade]] = [
    ({"cpu_millicelsius": 78_000}, AilmentKind.CPU_HOT, Grade.WARN),
    ({"cpu_millicelsius": 85_000}, AilmentKind.CPU_HOT, Grade.ALARM),
    ({"throttled": True}, AilmentKind.THROTTLED, Grade.WARN),
    ({"under_voltage": True}, AilmentKind.UNDER_VOLTAGE, Grade.WARN),
    ({"on_mains": False}, AilmentKind.ON_BATTERY, Grade.WARN),
    ({"battery_percent": 50}, AilmentKind.BATTERY_LOW, Grade.WARN),
    ({"battery_percent": 20}, AilmentKind.BATTERY_LOW, Grade.ALARM),
    ({"card_used_percent": 80}, AilmentKind.CARD_WORN, Grade.WARN),
    ({"card_used_percent": 110}, AilmentKind.CARD_WORN, Grade.ALARM),
    ({"card_spare": 2}, AilmentKind.CARD_WORN, Grade.WARN),
    ({"card_spare": 3}, AilmentKind.CARD_WORN, Grade.ALARM),
    ({"disk_free_bytes": 199_999_999}, AilmentKind.DISK_LOW, Grade.WARN),
    ({"disk_free_bytes": 0}, AilmentKind.DISK_LOW, Grade.ALARM),
    ({"inodes_free": 999}, AilmentKind.INODES_LOW, Grade.WARN),
    ({"memory_available_bytes": 100}, AilmentKind.MEMORY_LOW, Grade.WARN),
    ({"memory_available_bytes": 50}, AilmentKind.MEMORY_LOW, Grade.ALARM),
    ({"load_percent": 150}, AilmentKind.LOAD_HIGH, Grade.WARN),
    ({"clock_synchronised": False}, AilmentKind.CLOCK_UNSYNCHRONISED, Grade.WARN),
    ({"rtc": ""}, AilmentKind.NO_RTC, Grade.WARN),
]


@pytest.mark.parametrize(("change", "kind", "grade"), TABLE, ids=str)
def test_host(change: dict[str, Any], kind: AilmentKind, grade: Grade) -> None:
    found = replace(FOUND, host=replace(WELL, **change))
    assert ailments(found, ()) == (Ailment(kind, grade),)


MODEMS: list[tuple[ModemHealth, AilmentKind, Grade]] = [
    (
        replace(MODEM, seen_utc_ms=NOW_MS - MODEM_SILENT_MS - 1),
        AilmentKind.MODEM_SILENT,
        Grade.WARN,
    ),
    (replace(MODEM, registration="searching"), AilmentKind.MODEM_UNREGISTERED, Grade.WARN),
    (replace(MODEM, signal_percent=20), AilmentKind.SIGNAL_WEAK, Grade.WARN),
    (
        replace(MODEM, sim_expires_utc_ms=NOW_MS + 30 * DAY_MS),
        AilmentKind.SIM_EXPIRES,
        Grade.WARN,
    ),
    (replace(MODEM, sim_expires_utc_ms=NOW_MS), AilmentKind.SIM_EXPIRES, Grade.ALARM),
]


@pytest.mark.parametrize(("modem", "kind", "grade"), MODEMS, ids=lambda one: str(one)[:20])
def test_modem(modem: ModemHealth, kind: AilmentKind, grade: Grade) -> None:
    assert ailments(replace(FOUND, modem=modem), ()) == (Ailment(kind, grade),)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"metrics_written": False}, AilmentKind.METRICS_UNWRITTEN),
        ({"sealed": False}, AilmentKind.UNSEALED),
    ],
)
def test_what_control_cannot_write_or_sign(change: dict[str, Any], kind: AilmentKind) -> None:
    assert ailments(replace(FOUND, **change), ()) == (Ailment(kind, Grade.WARN),)


def test_a_clock_that_is_not_believed_ages_no_modem_and_no_contract() -> None:
    modem = replace(MODEM, seen_utc_ms=1, sim_expires_utc_ms=1)
    assert ailments(replace(FOUND, modem=modem, trusted=False), ()) == ()


@pytest.mark.parametrize(
    ("requests", "timeouts", "garbled", "grade"),
    [
        (99, 99, 0, None),
        (1000, 25, 24, None),
        (1000, 25, 25, Grade.WARN),
        (1000, 400, 100, Grade.ALARM),
    ],
)
def test_a_bus_is_judged_by_what_it_loses(
    requests: int, timeouts: int, garbled: int, grade: Grade | None
) -> None:
    found = replace(FOUND, instruments=bus(requests, timeouts, garbled))
    expected = () if grade is None else (Ailment(AilmentKind.BUS_POOR, grade, "flow_meter"),)
    assert ailments(found, ()) == expected


def test_a_process_that_starts_again_and_again_is_named() -> None:
    found = replace(FOUND, processes=(ProcessHealth("uplink@a", 3), ProcessHealth("relay", 2)))
    assert ailments(found, ()) == (Ailment(AilmentKind.RESTARTING, Grade.WARN, "uplink@a"),)


@pytest.mark.parametrize(
    ("name", "values", "grades"),
    [
        (
            "cpu_millicelsius",
            [77_999, 78_000, 75_000, 74_999, 84_000, 85_000, 82_000, 81_999, 74_000],
            [None, "warn", "warn", None, "warn", "alarm", "alarm", "warn", None],
        ),
        (
            "disk_free_bytes",
            [200_000_001, 200_000_000, 219_999_999, 220_000_001],
            [None, "warn", "warn", None],
        ),
    ],
)
def test_what_ails_is_well_again_only_beyond_a_margin(
    name: str, values: list[int], grades: list[str | None]
) -> None:
    held: tuple[Ailment, ...] = ()
    told = []
    for value in values:
        change: dict[str, Any] = {name: value}
        held = ailments(replace(FOUND, host=replace(WELL, **change)), held)
        told.append(held[0].grade.value if held else None)
    assert told == grades
