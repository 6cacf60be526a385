"""Each profile: an instrument served from it, with any numbers, is read back exactly."""

import struct
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.core.model import Fault, Quality, Quantity, Role
from drivers import profile_file
from drivers.bus import Buses
from drivers.declared import InstrumentConfig
from drivers.registers import Factor, Part, Row
from drivers.shelf import OWN_FOLDER
from drivers.wire import BusConfig
from tests.drivers.bus.slave import Hands, Slave, read, values
from tests.drivers.profiles.encoder import (
    DEPTH_MM,
    healthy,
    laid_out,
    ordinary,
    pairs,
    put,
    read_back,
    write,
)

NAMES = sorted(path.stem for path in OWN_FOLDER.glob("*.toml"))
# Each has something that the others lack: functions, orders, types, steps, factors.
ON_A_TTY = ["lmag", "xintai", "s462", "promag", "em24", "b23", "sdm630", "qdy30ab"]


def numbers(part: Part) -> st.SearchStrategy[Fraction]:
    """Any number that this part can hold and that means something."""
    size = int(part.type.lstrip("uifbcd"))
    if part.type.startswith("f"):
        top = 2.0**40 if part.below is None else 1 - 2.0**-20
        if size == 32:
            return st.floats(0, top, width=32, allow_subnormal=False).map(Fraction)
        return st.floats(0, top, allow_subnormal=False).map(Fraction)
    if part.type.startswith("bcd"):
        return st.integers(0, 10 ** (size // 4) - 1).map(Fraction)
    top = 2 ** (size - 1) - 1 if part.type.startswith("i") else 2**size - 1
    return st.integers(0, min(top, int(part.below or 10**15) - 1)).map(Fraction)


def factor_words(factor: Factor) -> st.SearchStrategy[int]:
    return st.integers(1, 500) if factor.table is None else st.sampled_from(sorted(factor.table))


def value_of(row: Row, parts: list[Fraction], factors: list[Fraction]) -> int:
    """In base units, the nearest; a tie goes down."""
    exact = sum((n * part.times for n, part in zip(parts, row.parts, strict=True)), Fraction(0))
    for factor in (*factors, row.scale):
        exact *= factor
    twice = 2 * exact
    return int(-((1 - twice) // 2))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_every_quantity_is_read_back(name: str, data: st.DataObject) -> None:
    one = profile_file.load(profile_file.find(name))
    image = healthy(one)
    factors = {}
    for factor in one.factors:
        image[factor.at] = word = data.draw(factor_words(factor), factor.name)
        factors[factor.name] = word * factor.scale if factor.table is None else factor.table[word]
    expected = {}
    for row in one.rows:
        parts = [data.draw(numbers(part), row.quantity) for part in row.parts]
        patterns = [_pattern(part, number) for part, number in zip(row.parts, parts, strict=True)]
        assume(not any(p in part.invalid for p, part in zip(patterns, row.parts, strict=True)))
        write(image, row, parts)
        expected[row.quantity] = value_of(row, parts, [factors[name] for name in row.factors])
    readings = read_back(one, image)
    for row in one.rows:
        value, reading = expected[row.quantity], readings[row.quantity]
        shown = DEPTH_MM - value if row.quantity is Quantity.LEVEL_MM else value
        assert reading.value == shown
        assert reading.fault is (None if row.low <= value <= row.high else Fault.OUT_OF_RANGE)


def _pattern(part: Part, number: Fraction) -> int:
    """The bits of the number, whatever the order of its words."""
    plain = Part(part.address, part.type)
    bits = 0
    for word in laid_out(plain, number):
        bits = bits * 65536 + word
    return bits


@pytest.mark.parametrize("name", NAMES)
def test_each_guard_withholds_its_values(name: str) -> None:
    """With any word to which a guard objects, what depends on it is bad, and for that reason."""
    one = profile_file.load(profile_file.find(name))
    for row in one.rows:
        for guard in row.guards:
            image = ordinary(one)
            for word in (0, 1, 2, 0x55, 0xFFFF, *(1 << bit for bit in range(16))):
                if guard.consents(word):
                    continue
                image[guard.at] = word
                others = [other for other in row.guards if other.at == guard.at]
                reading = read_back(one, image)[row.quantity]
                assert reading.quality is Quality.BAD
                assert reading.fault in {other.fault for other in others}


@pytest.mark.parametrize("name", NAMES)
def test_a_code_or_setting_that_nobody_knows_makes_no_value(name: str) -> None:
    one = profile_file.load(profile_file.find(name))
    for factor in one.factors:
        unknown = [0] if factor.table is None else [w for w in range(300) if w not in factor.table]
        for word in unknown[:20]:
            image = ordinary(one)
            image[factor.at] = word
            readings = read_back(one, image)
            for row in one.rows:
                wanted = Fault.INVALID if factor.name in row.factors else None
                assert readings[row.quantity].fault is wanted, (factor.name, word)


@pytest.mark.parametrize("name", NAMES)
def test_a_marker_of_no_value_is_none(name: str) -> None:
    """NaN, the instrument's own patterns, and a part beyond its bound."""
    one = profile_file.load(profile_file.find(name))
    for row in one.rows:
        for part in row.parts:
            for octets in _markers(part):
                image = ordinary(one)
                words = pairs(octets)
                put(image, row.function, part.address, words if _plain(part) else words[::-1])
                assert read_back(one, image)[row.quantity].fault is Fault.INVALID


def _markers(part: Part) -> Iterator[bytes]:
    length = 2 * part.count
    for pattern in part.invalid:
        yield pattern.to_bytes(length, "big")
    if part.type.startswith("f"):
        for number in (float("nan"), float("inf"), float("-inf")):
            octets = struct.pack(">f" if length == 4 else ">d", number)
            yield octets if part.byte_order == "high_first" else _each_swapped(octets)
    if part.below is not None:
        yield struct.pack(">f", 1.0) if part.below == 1 else int(part.below).to_bytes(length, "big")


def _plain(part: Part) -> bool:
    return part.order == "high_first"


def _each_swapped(octets: bytes) -> bytes:
    return b"".join(octets[at : at + 2][::-1] for at in range(0, len(octets), 2))


@pytest.mark.parametrize("name", ON_A_TTY)
def test_on_a_tty_it_is_read_in_one_scan(name: str, tmp_path: Path) -> None:
    """The same, through pymodbus, a pty and a slave that knows no Modbus library."""
    one = profile_file.load(profile_file.find(name))
    image = ordinary(one)
    listed = {register for span in one.limits.readable for register in span.registers()}
    words = {register.address: image.get(register, 0) for register in sorted(listed)}
    words |= {register.address: word for register, word in image.items()}
    depth_mm = DEPTH_MM if one.role is Role.LEVEL_PROBE else None
    config = InstrumentConfig(one.role, 7, one, "a", depth_mm)
    with (
        closing(Slave(tmp_path / "tty", {7: words})) as slave,
        closing(Buses([BusConfig("a", slave.name, 115200)], [config], 700, Hands())) as buses,
    ):
        assert values(read(buses)) == {
            quantity: reading.value for quantity, reading in read_back(one, image).items()
        }
