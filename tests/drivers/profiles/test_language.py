"""What a profile can say: layouts, orders, weights, guards, statuses, probes, serial numbers."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import Fault, Quantity
from drivers.identity import Form, Probe, Serial
from drivers.plan import Block
from drivers.registers import (
    Guard,
    Order,
    Part,
    Register,
    Row,
    Status,
    Type,
    decode,
    evaluate,
)
from tests.drivers.profiles.encoder import laid_out, text

HIGH, LOW = Order.HIGH_FIRST, Order.LOW_FIRST
(XINTAI,) = struct.unpack("<f", bytes.fromhex("1E850B3F"))
assert round(XINTAI, 6) == 0.545, "what the meter's display shows"


@pytest.mark.parametrize(
    ("words", "layout", "order", "byte_order", "number"),
    [
        ([0x1E85, 0x0B3F], Type.F32, LOW, LOW, XINTAI),  # Xintai, fully little-endian
        ([0x851E, 0x3F0B], Type.F32, LOW, HIGH, XINTAI),
        ([0x0B3F, 0x1E85], Type.F32, HIGH, LOW, XINTAI),
        ([0x3412], Type.U16, HIGH, LOW, 0x1234),
        ([0, 0, 0x0012, 0xD644], Type.I64, HIGH, HIGH, 1_234_500),
        ([0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], Type.I64, HIGH, HIGH, -1),
        ([0x1234], Type.BCD16, HIGH, HIGH, 1234),
        ([0x2024, 0x0614], Type.BCD32, HIGH, HIGH, 20_240_614),
        ([0x0614, 0x2024], Type.BCD32, LOW, HIGH, 20_240_614),
        ([0x1406, 0x2420], Type.BCD32, LOW, LOW, 20_240_614),
        ([0x0000, 0x0012, 0x3456, 0x7890], Type.BCD64, HIGH, HIGH, 1_234_567_890),
    ],
)
def test_a_number_is_read_in_its_layout_and_order(
    words: list[int], layout: Type, order: Order, byte_order: Order, number: float
) -> None:
    assert decode(words, layout, order, byte_order) == Fraction(number)


@pytest.mark.parametrize("word", [0x000A, 0xF000, 0xFFFF, 0x12C4])
def test_a_decimal_digit_above_nine_is_no_number(word: int) -> None:
    assert decode([word], Type.BCD16, HIGH) is None


@given(
    st.sampled_from([kind for kind in Type if not kind.startswith("f")]),
    st.sampled_from([HIGH, LOW]),
    st.sampled_from([HIGH, LOW]),
    st.integers(0, 9999),
)
def test_what_is_laid_out_is_read(kind: Type, order: Order, byte_order: Order, number: int) -> None:
    part = Part(0, kind, order, byte_order=byte_order)
    words = laid_out(part, Fraction(number))
    assert decode(words, kind, order, byte_order) == number


def test_parts_have_weights() -> None:
    """Hundreds and rest, as the counter of a vortex meter: 12 * 100 + 34."""
    row = Row(
        Quantity.FORWARD_TOTAL_L,
        3,
        (Part(0, Type.U16, times=Fraction(100)), Part(1, Type.U16)),
        Fraction(1),
        0,
        10**9,
        "test",
    )
    assert evaluate(row, {Register(3, 0): 12, Register(3, 1): 34}, {}) == (1234, None)


@pytest.mark.parametrize(
    ("mask", "equals", "word", "consents"),
    [
        (0xFFFF, {0xAA}, 0x00AA, True),
        (0xFFFF, {0xAA}, 0xAAAA, False),
        (0xFF00, {0xAA}, 0xAA55, True),
        (0x0008, {1}, 0x0008, True),  # a bit that must be set
        (0x0008, {1}, 0xFFF7, False),
        (0xFFFF, {0, 2}, 2, True),
        (0xFFFF, {0, 2}, 1, False),
    ],
)
def test_a_guard_may_ask_for_a_number(
    mask: int, equals: set[int], word: int, *, consents: bool
) -> None:
    fields = frozenset(equals)
    guard = Guard("g", Register(3, 0), mask, Fault.EMPTY_PIPE, "test", equals=fields)
    assert guard.consents(word) is consents


def test_a_status_is_told_in_words_and_an_unknown_one_by_its_number() -> None:
    bits = Status("s", Register(3, 0), "test", {0: "no signal", 3: "pipe empty"}, {})
    assert bits.says(0b1001) == ("no signal", "pipe empty")
    assert bits.says(0b0110) == ("bit 1", "bit 2")
    codes = Status("s", Register(3, 0), "test", {}, {0: "normal"})
    assert (codes.says(0), codes.says(9)) == (("normal",), ("code 9",))


@pytest.mark.parametrize(
    ("probe", "word", "unit", "holds"),
    [
        (Probe(3, Part(0, Type.U16), "test", one_of=frozenset({Fraction(70)})), 70, 1, True),
        (Probe(3, Part(0, Type.U16), "test", one_of=frozenset({Fraction(70)})), 71, 1, False),
        (Probe(3, Part(0, Type.I16), "test", between=(Fraction(-2), Fraction(2))), 65535, 1, True),
        (Probe(3, Part(0, Type.I16), "test", between=(Fraction(-2), Fraction(2))), 3, 1, False),
        (Probe(3, Part(0, Type.U16), "test", unit_id=True), 7, 7, True),
        (Probe(3, Part(0, Type.U16), "test", unit_id=True), 7, 8, False),
        (Probe(3, Part(0, Type.BCD16), "test", unit_id=True), 0xA, 10, False),  # no number at all
    ],
)
def test_a_probe_compares_contents(probe: Probe, word: int, unit: int, *, holds: bool) -> None:
    assert probe.holds({Register(3, 0): word}, unit) is holds


@pytest.mark.parametrize(
    ("words", "form", "serial"),
    [
        ([0x2024, 0x0614], Form.BCD, "20240614"),
        ([0x2024, 0x061A], Form.BCD, None),
        ([0x0001, 0x0000], Form.NUMBER, "65536"),
        ([0x0000, 0x0000], Form.NUMBER, None),
        ([0xFFFF, 0xFFFF], Form.NUMBER, None),
        (text("KX-1"), Form.TEXT, "KX-1"),
        ([ord("B"), ord("R")], Form.TEXT, "BR"),  # one letter in each register
        (text("A  \0"), Form.TEXT, "A"),
        ([0x0102, 0x4142], Form.TEXT, None),
        ([0x2020, 0x2020], Form.TEXT, None),
    ],
)
def test_a_serial_number_is_what_the_plate_says(
    words: list[int], form: Form, serial: str | None
) -> None:
    held = {Register(3, 40 + offset): word for offset, word in enumerate(words)}
    assert Serial(Block(3, 40, 2), form, "test").read(held) == serial
