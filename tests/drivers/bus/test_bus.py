"""Frames on a tty, and the values that are made of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Fault, Quality, Quantity, Reading, Role
from drivers import profile_file
from drivers.bus import Buses
from drivers.declared import InstrumentConfig, misfits
from drivers.plan import Speed
from drivers.said import EVERY_MS
from tests.drivers.bus.slave import (
    FLOW,
    TRUTH,
    Hands,
    Slave,
    dtsu,
    faults,
    instrument,
    read,
    tuf,
    values,
)


def test_every_quantity_is_read_in_the_first_scan(buses: Buses) -> None:
    assert values(read(buses)) == TRUTH


def test_frames_are_those_of_the_manuals(tmp_path: Path, slaves: Any, connect: Any) -> None:
    """The vectors of an L-MAG converter, both ways."""
    path = tmp_path / "lmag.toml"
    path.write_text(LMAG)
    slave = slaves({})
    slave.spoil = lambda request, _: {
        (0x1010, 2): bytes.fromhex("01 04 04 C4 1C 60 00 2F 72"),
        (0x1018, 4): bytes.fromhex("01 04 08 00 00 70 71 3F 00 00 00 5F 22"),
        (0x1024, 1): bytes.fromhex("01 04 02 00 00 B9 30"),
    }[request.address, request.count]
    readings = read(
        connect([InstrumentConfig(Role.FLOW_METER, 1, profile_file.load(path), "a")], slave.name)
    )
    assert slave.heard == bytes.fromhex(
        "01 04 10 10 00 02 74 CE01 04 10 18 00 04 75 0E01 04 10 24 00 01 75 01"
    )
    assert values(readings) == {
        Quantity.FLOW_L_PER_H: -625_500,
        Quantity.FORWARD_TOTAL_L: 28_785_500,
    }


LMAG = """
name = "lmag"
title = "L-MAG, as far as its vectors go"
role = "flow_meter"
confidence = "two_sources"
registers_max = 4
pause_ms = 0
timeout_ms = 1000
line = { baud = 9600, parity = "N", stop_bits = 1 }
readable = [
  { function = 4, first = 0x1010, last = 0x1011, source = "LDC-200" },
  { function = 4, first = 0x1018, last = 0x101B, source = "LDC-200" },
  { function = 4, first = 0x1024, last = 0x1024, source = "LDC-200" },
]
[[probe]]
function = 4
address = 0x1018
type = "u32"
word_order = "high_first"
between = [1, 999_999_999]
source = "LDC-200"
[[guard]]
name = "pipe"
function = 4
address = 0x1024
bits = [0]
fault = "empty_pipe"
source = "LDC-200"
[[quantity]]
name = "flow_l_per_h"
function = 4
unit = "m3/h"
parts = [{ address = 0x1010, type = "f32", word_order = "high_first" }]
range = [-1_000_000, 1_000_000]
guards = ["pipe"]
source = "LDC-200"
[[quantity]]
name = "forward_total_l"
function = 4
unit = "m3"
parts = [
  { address = 0x1018, type = "u32", word_order = "high_first" },
  { address = 0x101A, type = "f32", word_order = "high_first", below = 1 },
]
range = [0, 1_000_000_000_000]
resolution = 1
modulus = 4_294_967_296_000
source = "LDC-200"
"""


@pytest.mark.parametrize(
    ("meter", "fault", "flow_l_per_h"),
    [
        ({"status": 0b0001}, Fault.NO_SIGNAL, 80_500),
        ({"status": 0b0100, "q": 38}, Fault.NO_SIGNAL, 80_500),  # as in the public dump
        ({"status": 0b1000}, Fault.EMPTY_PIPE, 80_500),
        ({"q": 59}, Fault.NO_SIGNAL, 80_500),
        ({"flow": float("nan")}, Fault.INVALID, None),
        ({"flow": 1e9}, Fault.OUT_OF_RANGE, 10**12),
    ],
)
def test_a_held_or_impossible_flow_is_bad_and_the_total_stays_good(
    slave: Slave, buses: Buses, meter: dict[str, Any], fault: Fault, flow_l_per_h: int | None
) -> None:
    slave.images[1] = tuf(**meter)
    readings = read(buses)
    assert readings[Quantity.FLOW_L_PER_H] == Reading(
        Role.FLOW_METER, Quantity.FLOW_L_PER_H, flow_l_per_h, Quality.BAD, fault
    )
    assert values(readings)[Quantity.FORWARD_TOTAL_L] == 62_500_250


def test_a_sick_meter_has_no_good_total(slave: Slave, buses: Buses) -> None:
    slave.images[1] = tuf(status=1 << 4)
    assert {faults(read(buses))[name] for name in FLOW} == {Fault.DEVICE_FAULT}


@pytest.mark.parametrize(
    ("unit", "multiplier", "total_l"),
    [(0, 3, 62_500_250), (0, 0, 62_500), (0, 7, 625_002_500_000), (1, 3, 62_500), (2, 3, 236_589)],
)
def test_the_total_is_counted_in_the_meters_own_unit(
    slave: Slave, buses: Buses, unit: int, multiplier: int, total_l: int
) -> None:
    slave.images[1] |= {1437: unit, 1438: multiplier}
    assert values(read(buses))[Quantity.FORWARD_TOTAL_L] == total_l


def test_a_unit_that_is_not_known_makes_no_total(slave: Slave, buses: Buses) -> None:
    slave.images[1] |= {1437: 6}  # barrels
    readings = read(buses)
    assert faults(readings)[Quantity.FORWARD_TOTAL_L] is Fault.INVALID
    assert values(readings)[Quantity.FLOW_L_PER_H] == 80_500


def test_power_and_energy_are_those_of_the_primary_side(slave: Slave, buses: Buses) -> None:
    slave.images[2] = dtsu(ratio=40)
    readings = values(read(buses))
    assert (readings[Quantity.POWER_W], readings[Quantity.ENERGY_WH]) == (16_000, 1_234_500)


def probe(column: int) -> dict[int, int]:
    """The registers of a QDY30A that counts in tenths of a centimetre."""
    return {0: 3, 1: 3, 2: 1, 3: 1, 4: column, 5: 0, 6: 32_767}


def test_the_level_is_the_depth_minus_the_column(slaves: Any, connect: Any, clock: Hands) -> None:
    slave = slaves({3: probe(12_345)})
    buses = connect([instrument(Role.LEVEL_PROBE)], slave.name)
    assert values(read(buses)) == {Quantity.LEVEL_MM: 60_000 - 12_345}  # 1234.5 cm
    slave.images[3][4] = 0
    clock.now_ms += EVERY_MS[Role.LEVEL_PROBE]
    assert faults(read(buses)) == {Quantity.LEVEL_MM: Fault.INVALID}


def test_factors_are_read_once_and_again_the_next_day(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    def asked() -> int:
        return sum(one.address == 1437 and one.count > 1 for one in slave.requests)

    for _ in range(3):
        read(buses)
    assert asked() == 1
    clock.now_ms += 24 * 3600 * 1000
    assert values(read(buses)) == TRUTH
    assert asked() == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"bus": "b"}, "power_meter: unit 2 on bus b: there is no such bus; declare it"),
        ({"unit": 1}, "the unit is used twice"),
        ({"role": Role.FLOW_METER}, "profile dtsu666 is of a power_meter"),
        ({"role": Role.FLOW_METER}, "two instruments for this role"),
        ({"role": Role.LEVEL_PROBE}, "nobody says how deep the probe hangs"),
    ],
)
def test_instruments_that_do_not_fit_are_told(changes: dict[str, Any], why: str) -> None:
    both = [instrument(Role.FLOW_METER), instrument(Role.POWER_METER)]
    speeds = {"a": Speed(9600)}
    assert misfits(speeds, both) == []
    told = misfits(speeds, [both[0], replace(both[1], **changes)])
    assert any(why in one for one in told), told
