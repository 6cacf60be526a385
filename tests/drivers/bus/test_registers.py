"""What words mean: the vectors of manuals and of real instruments, and every way to be no value."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import Fault, Quantity
from drivers.registers import (
    Factor,
    Guard,
    Order,
    Part,
    Register,
    Row,
    Type,
    decode,
    evaluate,
    round_half_down,
)

HIGH, LOW = Order.HIGH_FIRST, Order.LOW_FIRST


def f32(number: float) -> list[int]:
    return list(struct.unpack(">HH", struct.pack(">f", number)))


@pytest.mark.parametrize(
    ("words", "layout", "order", "number"),
    [
        ([0xC41C, 0x6000], Type.F32, HIGH, -625.5),  # L-MAG flow
        ([0x0000, 0x7071], Type.U32, HIGH, 28785),  # L-MAG total, integer
        ([0x3F00, 0x0000], Type.F32, HIGH, 0.5),  # L-MAG total, fraction
        ([0x003D, 0xACF0], Type.U32, HIGH, 4041968),  # AquaMaster 3 forward total
        ([65480, 65535], Type.I32, LOW, -56),  # TUF-2000M dump, REG21-22
        ([0x0000, 0x4264], Type.F32, LOW, 57.0),  # TUF-2000M dump, inner diameter
        ([0x0000, 0xC148], Type.F32, LOW, -12.5),  # changlivise, velocity
        ([0xFFFF], Type.I16, HIGH, -1),
        ([0xFFFF], Type.U16, HIGH, 65535),
        ([0, 0, 1, 0], Type.U64, HIGH, 65536),
        ([0, 1, 0, 0], Type.U64, LOW, 65536),
        ([0x4009, 0x21FB, 0x5444, 0x2D18], Type.F64, HIGH, 3.141592653589793),
    ],
)
def test_words_decode_to_the_number_of_the_manual(
    words: list[int], layout: Type, order: Order, number: float
) -> None:
    assert decode(words, layout, order) == Fraction(number)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_decodes_to_none(number: float) -> None:
    assert decode(f32(number), Type.F32, HIGH) is None


@pytest.mark.parametrize(
    ("number", "rounded"),
    [("0.5", 0), ("0.51", 1), ("1.5", 1), ("-0.5", -1), ("-0.49", 0), ("2", 2), ("-2", -2)],
)
def test_a_tie_is_rounded_down(number: str, rounded: int) -> None:
    assert round_half_down(Fraction(number)) == rounded


@given(st.fractions(), st.fractions())
def test_a_rising_total_never_falls_by_rounding(one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    assert round_half_down(low) <= round_half_down(high)


TOTAL = Row(
    quantity=Quantity.FORWARD_TOTAL_L,
    function=3,
    parts=(Part(8, Type.I32, LOW), Part(10, Type.F32, LOW, below=Fraction(1))),
    scale=Fraction(1),
    low=0,
    high=10**12,
    source="test",
    factors=("unit", "multiplier"),
    guards=(Guard("hardware", Register(3, 71), 0b1_0000, Fault.DEVICE_FAULT, "test"),),
    resolution=1,
    modulus=10**11,
)


def total_words(whole: int, fraction: float, status: int = 0) -> dict[Register, int]:
    high, low = divmod(whole & 0xFFFFFFFF, 0x10000)
    words = [low, high, *reversed(f32(fraction))]
    return {Register(3, 8 + i): word for i, word in enumerate(words)} | {Register(3, 71): status}


def factors(unit: Fraction | None, multiplier: str) -> dict[str, Fraction | None]:
    return {"unit": unit, "multiplier": Fraction(multiplier)}


@pytest.mark.parametrize(
    ("whole", "fraction", "multiplier", "total_l"),
    [
        (62_500, 0.125, "1", 62_500_125),
        (62_500, 0.1, "1", 62_500_100),  # the float is 0.10000000149: rounded once, at the end
        (2_147_483_646, 0.999, "0.001", 2_147_483_647),  # no float holds this sum
        (16_777_217, 0.001, "1", 16_777_217_001),  # where a float of m3 would lose a litre
        (0, 0.0004, "1", 0),
    ],
)
def test_a_split_total_is_exact_to_the_litre(
    whole: int, fraction: float, multiplier: str, total_l: int
) -> None:
    words = total_words(whole, fraction)
    assert evaluate(TOTAL, words, factors(Fraction(1000), multiplier)) == (total_l, None)


@pytest.mark.parametrize(
    ("words", "unit", "value", "fault"),
    [
        (total_words(5, 1.5), Fraction(1000), None, Fault.INVALID),  # a fraction that is none
        (total_words(5, float("nan")), Fraction(1000), None, Fault.INVALID),
        (total_words(5, 0.5), None, None, Fault.INVALID),  # a unit code nobody knows
        (total_words(-5, 0.5), Fraction(1000), -4500, Fault.OUT_OF_RANGE),
        (total_words(5, 0.5, status=0b1_0000), Fraction(1000), 5500, Fault.DEVICE_FAULT),
        (total_words(5, 0.5, status=0b0_1111), Fraction(1000), 5500, None),  # not its guard's bits
    ],
)
def test_a_total_that_cannot_be_is_bad(
    words: dict[Register, int], unit: Fraction | None, value: int | None, fault: Fault | None
) -> None:
    assert evaluate(TOTAL, words, factors(unit, "1")) == (value, fault)


@pytest.mark.parametrize("pattern", [0x7FFF, 0x0000])
def test_a_marker_for_no_value_is_no_value(pattern: int) -> None:
    part = Part(4, Type.I16, invalid=frozenset({0, 0x7FFF}))
    row = Row(Quantity.LEVEL_MM, 3, (part,), Fraction(1), -100_000, 100_000, "test")
    assert evaluate(row, {Register(3, 4): pattern}, {}) == (None, Fault.INVALID)
    assert evaluate(row, {Register(3, 4): 77}, {}) == (77, None)


@pytest.mark.parametrize(
    ("mask", "at_least", "word", "consents"),
    [
        (0b1000, None, 0b0111, True),
        (0b1000, None, 0b1111, False),
        (0x00FF, 60, 0x0300 | 60, True),
        (0x00FF, 60, 0x0300 | 59, False),
        (0xFF00, 60, 60 << 8, True),
        (0xFF00, 60, 0x00FF, False),
    ],
)
def test_a_guard_looks_at_its_own_bits(
    mask: int, at_least: int | None, word: int, *, consents: bool
) -> None:
    guard = Guard("g", Register(3, 0), mask, Fault.NO_SIGNAL, "test", at_least)
    assert guard.consents(word) is consents


@pytest.mark.parametrize(("word", "factor"), [(10, Fraction(1)), (1, Fraction(1, 10)), (0, None)])
def test_a_ratio_of_nothing_is_no_factor(word: int, factor: Fraction | None) -> None:
    assert Factor("pt", Register(3, 7), "test", scale=Fraction(1, 10)).of(word) == factor
