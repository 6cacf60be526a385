"""Who is asked what in which scan: refused blocks, busy instruments, slow quantities, pauses."""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Fault, Quality, Quantity, Role
from agent.ports import Inquiry
from drivers import identification, profile_file
from drivers.bus import Buses
from drivers.declared import InstrumentConfig
from drivers.host import monotonic_us
from drivers.instrument import PROBE_MS, SILENT_MS, Instrument
from drivers.said import EVERY_MS, HELD_MAX_MS
from drivers.shelf import OWN_FOLDER
from drivers.wire import CHANGE_PAUSE_MS
from tests.drivers.bus.slave import (
    FLOW,
    TRUTH,
    Hands,
    Request,
    Slave,
    faults,
    frame,
    instrument,
    read,
    values,
)

MINUTE_MS = EVERY_MS[Role.LEVEL_PROBE]
LEVEL = Quantity.LEVEL_MM


def refusing(*missing: int) -> Callable[[Request, bytes], bytes]:
    """Unit 1 answers exception 2 to every request that touches one of these registers."""

    def spoil(request: Request, octets: bytes) -> bytes:
        asked = range(request.address, request.address + request.count)
        touched = request.unit == 1 and any(address in asked for address in missing)
        return frame(1, request.function | 0x80, 2) if touched else octets

    return spoil


def of_flow_meter(slave: Slave) -> list[tuple[int, int]]:
    return [(one.address, one.count) for one in slave.requests if one.unit == 1]


# --- a block that is refused ---------------------------------------------------------------------


def test_a_refused_block_is_split_at_once_and_the_split_is_remembered(
    slave: Slave, buses: Buses
) -> None:
    """Register 5 lies in a gap that was read for the sake of one request."""
    slave.spoil = refusing(5)
    assert values(read(buses)) == TRUTH
    assert buses.counters()[0].splits > 0
    slave.requests.clear()
    exceptions = buses.counters()[0].exceptions
    assert values(read(buses)) == TRUTH
    assert buses.counters()[0].exceptions == exceptions
    assert not [at for at, count in of_flow_meter(slave) if at <= 5 < at + count]


def test_a_quantity_that_an_instrument_lacks_costs_only_itself(slave: Slave, buses: Buses) -> None:
    slave.spoil = refusing(12)  # of the reverse total
    for _ in range(3):
        readings = read(buses)
    lacking = Quantity.REVERSE_TOTAL_L
    assert readings[lacking].fault is Fault.REFUSED
    assert values(readings) == {name: one for name, one in TRUTH.items() if name is not lacking}


def test_a_quantity_is_never_read_in_two_requests_however_it_is_refused(
    slave: Slave, buses: Buses
) -> None:
    """The total stands in four registers; one of them is refused: no total, never half of one."""
    slave.spoil = refusing(9)
    for _ in range(4):
        slave.requests.clear()
        assert read(buses)[Quantity.FORWARD_TOTAL_L].fault is Fault.REFUSED
        for at, count in of_flow_meter(slave):
            whole = at <= 8 and at + count >= 12
            assert whole or at + count <= 8 or at >= 12


def test_a_split_is_forgotten_when_the_instrument_was_away(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    """What comes back may be another one."""
    slave.spoil = refusing(5)
    read(buses)
    slave.spoil = lambda r, octets: b"" if r.unit == 1 else octets
    for _ in range(SILENT_MS // 1_000 + 1):
        clock.now_ms += 1_000
        read(buses)
    slave.spoil = None
    clock.now_ms += PROBE_MS
    assert values(read(buses)) == TRUTH
    assert buses.counters()[0].splits == 0


# --- a busy one ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [5, 6])
def test_a_busy_instrument_is_asked_once_more(slave: Slave, buses: Buses, code: int) -> None:
    asked: set[tuple[int, int]] = set()

    def busy_at_first(request: Request, octets: bytes) -> bytes:
        place = (request.unit, request.address)
        if place in asked:
            return octets
        asked.add(place)
        return frame(request.unit, request.function | 0x80, code)

    slave.spoil = busy_at_first
    assert values(read(buses)) == TRUTH


@pytest.mark.parametrize("code", [5, 6])
def test_one_that_stays_busy_is_asked_twice_and_has_no_value(
    slave: Slave, buses: Buses, code: int
) -> None:
    read(buses)
    slave.spoil = lambda r, _: frame(r.unit, r.function | 0x80, code)
    slave.requests.clear()
    readings = read(buses)
    assert {one.fault for one in readings.values()} == {Fault.REFUSED}
    assert {one.value for one in readings.values()} == {None}
    places = [(one.unit, one.address, one.count) for one in slave.requests]
    assert {places.count(place) for place in places} == {2}


@pytest.mark.parametrize("code", [1, 4, 8, 10, 11])
def test_other_exceptions_are_not_repeated(slave: Slave, buses: Buses, code: int) -> None:
    read(buses)
    slave.spoil = lambda r, _: frame(r.unit, r.function | 0x80, code)
    slave.requests.clear()
    assert values(read(buses)) == {}
    places = [(one.unit, one.address) for one in slave.requests]
    assert len(places) == len(set(places))


def test_refusals_teach_no_patience(slave: Slave, buses: Buses) -> None:
    """They are seen when a whole reply should have come; to learn that would add to itself."""
    read(buses)
    learned = [(one.turnaround_p99_ms, one.timeout_ms) for one in buses.counters()]
    slave.spoil = lambda r, _: frame(r.unit, r.function | 0x80, 4)
    for _ in range(5):
        assert set(faults(read(buses)).values()) == {Fault.REFUSED}
    assert [(one.turnaround_p99_ms, one.timeout_ms) for one in buses.counters()] == learned


# --- how it waits --------------------------------------------------------------------------------


def test_a_reply_wakes_us_when_it_is_whole(slave: Slave, connect: Any) -> None:
    """The driver believes in a slow line: it looks at what is there long after the reply."""
    both = [instrument(Role.FLOW_METER), instrument(Role.POWER_METER)]
    buses = connect(both, slave.name, baud=1200, budget_ms=10_000)
    awaited = []

    def spoil(_: Request, octets: bytes) -> bytes:
        awaited.append(slave.awaited - len(octets))
        os.write(slave.master, octets[:-1])
        return octets[-1:]

    slave.spoil = spoil
    assert values(read(buses)) == TRUTH
    assert set(awaited) == {0}
    assert {one.timeouts + one.garbled for one in buses.counters()} == {0}


# --- a slow quantity -----------------------------------------------------------------------------


@pytest.fixture
def level(slaves: Any) -> Slave:
    well: Slave = slaves({3: {0: 3, 1: 3, 2: 2, 3: 0, 4: 12_345, 5: 0, 6: 32_767}})
    return well


@pytest.fixture
def probe(level: Slave, connect: Any) -> Buses:
    buses: Buses = connect([instrument(Role.LEVEL_PROBE)], level.name)
    return buses


def test_a_level_is_read_each_minute_and_stands_between_its_turns(
    level: Slave, probe: Buses, clock: Hands
) -> None:
    """Nothing in the record may show it bad while it only waits for its turn."""
    first = read(probe)[LEVEL]
    assert first.quality is Quality.GOOD
    level.requests.clear()
    level.images[3][4] = 12_000
    for _ in range(MINUTE_MS // 1_000 - 1):
        clock.now_ms += 1_000
        assert read(probe)[LEVEL] == first
    assert level.requests == []
    clock.now_ms += 1_000
    assert read(probe)[LEVEL] == replace(first, value=60_000 - 12_000)


def test_a_level_whose_turn_fails_is_bad_at_once_and_asked_again_in_the_next_scan(
    level: Slave, probe: Buses, clock: Hands
) -> None:
    read(probe)
    level.spoil = lambda *_: b""
    clock.now_ms += MINUTE_MS
    assert faults(read(probe)) == {LEVEL: Fault.TIMEOUT}
    level.spoil = None
    clock.now_ms += 1_000
    assert values(read(probe)) == {LEVEL: 60_000 - 12_345}


def test_a_level_is_held_for_two_turns_and_no_longer(
    level: Slave, probe: Buses, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget leaves it no time: then its last value is old, and says so."""
    read(probe)
    monkeypatch.setattr(probe, "_budget_ms", 0)
    clock.now_ms += HELD_MAX_MS
    assert values(read(probe)) == {LEVEL: 60_000 - 12_345}
    clock.now_ms += 1
    assert faults(read(probe)) == {LEVEL: Fault.NOT_READ}


def test_a_level_that_was_invalid_stays_so_until_its_next_turn(
    level: Slave, probe: Buses, clock: Hands
) -> None:
    level.images[3][4] = 0
    assert faults(read(probe)) == {LEVEL: Fault.INVALID}
    clock.now_ms += 1_000
    assert faults(read(probe)) == {LEVEL: Fault.INVALID}


# --- pauses --------------------------------------------------------------------------------------


def test_between_two_instruments_the_line_is_quiet(slave: Slave, buses: Buses) -> None:
    """Measured at the slave: its answer to one, then the question to the other."""
    heard: list[tuple[int, int]] = []

    def note(request: Request, octets: bytes) -> bytes:
        heard.append((request.unit, monotonic_us()))
        return octets

    slave.spoil = note
    for _ in range(3):
        read(buses)
    changes = [
        later - earlier for (before, earlier), (after, later) in pairwise(heard) if before != after
    ]
    assert len(changes) == 5
    assert min(changes) >= CHANGE_PAUSE_MS * 1_000


def test_an_adapter_that_hears_itself_is_skipped_and_said(slave: Slave, buses: Buses) -> None:
    assert values(read(buses)) == TRUTH
    assert not buses.standings()[0].echoes
    slave.spoil = lambda r, octets: (
        frame(r.unit, r.function, *r.address.to_bytes(2), *r.count.to_bytes(2)) + octets
    )
    assert values(read(buses)) == TRUTH
    assert buses.standings()[0].echoes
    assert set(FLOW) < set(TRUTH)


# --- a technician's question ---------------------------------------------------------------------


def ask(**changes: Any) -> Inquiry:
    return replace(Inquiry("a", 2, 3, 0x2012, 2, 100), **changes)


def test_a_question_is_answered_with_words_an_exception_or_why_there_is_none(
    slave: Slave, buses: Buses
) -> None:
    assert buses.inquire(ask(), 1_000).words == (slave.images[2][0x2012], slave.images[2][0x2013])
    assert buses.inquire(ask(address=5_000), 1_000).exception == 2
    assert buses.inquire(ask(unit=77), 1_000).fault is Fault.TIMEOUT
    assert values(read(buses)) == TRUTH


def test_a_question_that_does_not_fit_the_time_is_not_asked(slave: Slave, buses: Buses) -> None:
    read(buses)
    slave.requests.clear()
    assert buses.inquire(ask(), 100).fault is Fault.NOT_READ
    assert slave.requests == []


def test_a_question_at_another_speed_leaves_the_line_at_its_own(slave: Slave, buses: Buses) -> None:
    read(buses)
    tty = buses._wires[0]._serial()
    spoken: list[int] = []

    def note(_request: Request, octets: bytes) -> bytes:
        spoken.append(tty.baudrate)
        return octets

    slave.spoil = note
    assert buses.inquire(ask(baud=9600, stop_bits=2), 1_000).words
    assert spoken == [9600]
    assert (tty.baudrate, tty.stopbits) == (115200, 1)
    assert values(read(buses)) == TRUTH


def test_a_question_on_a_line_that_is_gone_says_so(slave: Slave, buses: Buses) -> None:
    read(buses)
    slave.pull()
    assert buses.inquire(ask(), 1_000).fault is Fault.DISCONNECTED
    slave.plug()


# --- who it is -----------------------------------------------------------------------------------


def test_an_instrument_is_asked_once_a_day_who_it_is(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    read(buses)
    flow = buses.counters()[0]
    assert (flow.of_kind, flow.serial) == (True, "20240614")
    slave.images[1][1441] = 7  # another one stands there: its own address is not 1
    slave.images[1][1528] = 0x2025
    for _ in range(3):
        clock.now_ms += 1_000
        read(buses)
    assert buses.counters()[0].serial == "20240614"
    clock.now_ms += identification.EVERY_MS
    assert values(read(buses)) == TRUTH
    assert (buses.counters()[0].of_kind, buses.counters()[0].serial) == (False, "20250614")


def test_one_that_comes_back_is_asked_anew_who_it_is(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    read(buses)
    slave.spoil = lambda r, octets: b"" if r.unit == 1 else octets
    clock.now_ms += 1_000
    read(buses)
    assert buses.counters()[0].serial is None
    slave.spoil = None
    slave.images[1][1528] = 0x2025
    clock.now_ms += 1_000
    read(buses)
    assert buses.counters()[0].serial == "20250614"


def test_who_it_is_costs_no_value_when_it_does_not_say(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    """Its measured values come first, and are good though it never answers that question."""

    def secretive(request: Request, octets: bytes) -> bytes:
        return b"" if request.address in {1441, 1528} else octets

    slave.spoil = secretive
    for _ in range(3):
        clock.now_ms += 1_000
        assert values(read(buses)) == TRUTH
    assert buses.counters()[0].of_kind is None
    assert [one.address for one in slave.requests].count(1441) == 1


@pytest.mark.parametrize("path", sorted(OWN_FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_no_answer_to_who_it_is_can_pass_for_a_value(path: Path) -> None:
    kind = profile_file.load(path)
    depth_mm = 60_000 if kind.role is Role.LEVEL_PROBE else None
    one = Instrument(InstrumentConfig(kind.role, 1, kind, "a", depth_mm), kind.line)
    asked = {(block.function, block.count) for block in one.often + one.seldom}
    assert not asked & one._reserved
    assert one._reserved in (frozenset(), one._identification.shapes)
