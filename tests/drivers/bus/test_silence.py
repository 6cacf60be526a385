"""Instruments that are silent, ttys that vanish, and who pays for it."""

import threading
from pathlib import Path
from typing import Any

from agent.core.model import Fault, Quality, Quantity, Role
from drivers.bus import Buses
from drivers.instrument import PROBE_MS, SILENT_MS
from drivers.wire import REOPEN_LADDER_MS
from tests.drivers.bus.slave import (
    FLOW,
    POWER,
    TRUTH,
    Hands,
    Slave,
    faults,
    instrument,
    read,
    values,
)


def test_a_dead_instrument_neither_stops_nor_delays_the_other(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    clock.runs = True  # the budget counts
    del slave.images[1]
    read(buses)  # nobody knows yet who is dead: the first in line may take the whole budget
    for _ in range(20):
        clock.now_ms += 1_000
        readings = read(buses)
        assert {readings[name].quality for name in POWER} == {Quality.GOOD}
        assert {readings[name].quality for name in FLOW} == {Quality.BAD}


def test_a_silent_instrument_rests_and_is_asked_one_question_a_probe(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    assert values(read(buses)) == TRUTH
    image = slave.images.pop(1)
    for _ in range(SILENT_MS // 1_000 + 1):
        clock.now_ms += 1_000
        readings = read(buses)
    assert {readings[name].fault for name in FLOW} == {Fault.RESTING}
    assert buses.counters()[0].resting

    slave.requests.clear()
    clock.now_ms += PROBE_MS - 1
    assert faults(read(buses))[Quantity.FLOW_L_PER_H] is Fault.RESTING
    assert not [request for request in slave.requests if request.unit == 1]
    clock.now_ms += 1
    read(buses)
    assert len([request for request in slave.requests if request.unit == 1]) == 1

    slave.images[1] = image
    clock.now_ms += PROBE_MS
    assert values(read(buses)) == TRUTH
    assert not buses.counters()[0].resting


def test_an_instrument_that_returns_from_rest_says_its_unit_anew(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    """It may be another one, bolted on in the meantime."""
    read(buses)
    image = slave.images.pop(1)
    for _ in range(SILENT_MS // 1_000 + 1):
        clock.now_ms += 1_000
        read(buses)
    slave.images[1] = image | {1438: 2}
    clock.now_ms += PROBE_MS
    assert values(read(buses))[Quantity.FORWARD_TOTAL_L] == 6_250_025


def test_a_tty_that_vanishes_is_said_and_returns_by_itself(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    assert values(read(buses)) == TRUTH
    threads = threading.active_count() - 1  # without the slave's own
    slave.pull()
    readings = read(buses)
    assert {one.fault for one in readings.values()} == {Fault.DISCONNECTED}
    assert "plugged in" in buses.standings()[0].trouble
    for wait_ms in REOPEN_LADDER_MS:
        clock.now_ms += wait_ms
        assert values(read(buses)) == {}
    slave.plug()
    assert values(read(buses)) == {}  # the ladder is not climbed faster than it is
    clock.now_ms += REOPEN_LADDER_MS[-1]
    assert values(read(buses)) == TRUTH
    assert buses.standings()[0].opened == 2
    assert threading.active_count() - 1 == threads


def test_a_tty_that_never_was_is_a_bad_reading_with_a_reason(connect: Any, tmp_path: Path) -> None:
    buses = connect([instrument(Role.FLOW_METER)], tmp_path / "absent")
    assert set(faults(read(buses)).values()) == {Fault.DISCONNECTED}
    assert "absent does not exist" in buses.standings()[0].trouble


def test_a_dead_bus_does_not_touch_the_other(slave: Slave, connect: Any, tmp_path: Path) -> None:
    buses = connect(
        [instrument(Role.FLOW_METER, "a"), instrument(Role.POWER_METER, "b")],
        tmp_path / "absent",
        slave.name,
    )
    readings = read(buses)
    assert {readings[name].fault for name in FLOW} == {Fault.DISCONNECTED}
    assert values(readings) == {name: TRUTH[name] for name in POWER}
