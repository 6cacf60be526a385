"""Nothing that changes an instrument can leave, and pymodbus says nothing by itself."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers import wire
from drivers.bus import Buses
from drivers.instrument import PROBE_MS
from tests.drivers.bus.slave import (
    Hands,
    Request,
    Slave,
    frame,
    late_by_one,
    read,
)


def test_only_questions_are_ever_sent(slave: Slave, buses: Buses, clock: Hands) -> None:
    """Good days and bad ones: every octet the line ever saw is a read of a declared unit."""
    spoils: list[Callable[[Request, bytes], bytes] | None] = [
        None, late_by_one(), lambda _, octets: octets[:-1], lambda *_: b"",
        lambda r, _: frame(r.unit, 0x83, 6), None,
    ]  # fmt: skip
    for spoil in spoils:
        slave.spoil = spoil
        read(buses)
        clock.now_ms += PROBE_MS
    assert len(slave.heard) % 8 == 0
    questions = [slave.heard[at : at + 8] for at in range(0, len(slave.heard), 8)]
    assert {question[1] for question in questions} <= {1, 2, 3, 4}
    assert {question[0] for question in questions} == {1, 2}
    assert questions


def test_a_frame_that_writes_cannot_leave(buses: Buses) -> None:
    """The last hands it passes through let it fall, and with it the process."""
    for function in {*range(256)} - {1, 2, 3, 4}:
        with pytest.raises(AssertionError, match="writes"):
            buses._wires[0]._trace(True, bytes([1, function]))


def test_nothing_is_sent_to_everybody(buses: Buses) -> None:
    for unit in (0, 248, 255):
        with pytest.raises(AssertionError, match="everybody"):
            buses._wires[0]._trace(True, bytes([unit, 3]))


def test_the_source_names_no_function_that_writes() -> None:
    source = Path(wire.__file__).read_text()
    assert "from pymodbus" in source, "it is the module that could"
    for name in ("write_", "mask_write", "readwrite", "WriteSingle", "WriteMultiple"):
        assert name not in source


def test_pymodbus_writes_no_line_of_its_own(
    slave: Slave, buses: Buses, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        slave.spoil = lambda *_: b"\x01\x03\x02"
        read(buses)
    assert not [record for record in caplog.records if record.name.startswith("pymodbus")]
