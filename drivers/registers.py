"""Room rule: what register words mean, and nothing else. Pure: no file, wire, clock or log.

A row says how one quantity stands in an instrument's registers; `evaluate` turns words into an
integer in the base unit, or into the Fault that explains why there is none.

Numbers are exact until the last step: integers stay integers, a float is taken as the rational
number it is, factors are decimal fractions. The sum is rounded once, to the nearest base unit; a
tie goes down, so that rounding never credits a drop more than the meter shows.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from agent.core.model import Fault, Quantity

HALF = Fraction(1, 2)


class Type(StrEnum):
    """How a number is laid out in registers of 16 bits; bcd has four decimal digits in each."""

    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    U64 = "u64"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    BCD16 = "bcd16"
    BCD32 = "bcd32"
    BCD64 = "bcd64"


class Order(StrEnum):
    """Which end of a number comes first: of its words, and of the octets within each word.

    Letter codes (CDAB) are used in contradictory ways; these words are not.
    """

    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


_LAYOUT = {
    Type.U16: (1, ">H"),
    Type.I16: (1, ">h"),
    Type.U32: (2, ">I"),
    Type.I32: (2, ">i"),
    Type.U64: (4, ">Q"),
    Type.I64: (4, ">q"),
    Type.F32: (2, ">f"),
    Type.F64: (4, ">d"),
}
_DIGITS = {Type.BCD16: 1, Type.BCD32: 2, Type.BCD64: 4}
_WORDS = {**_DIGITS, **{layout: words for layout, (words, _) in _LAYOUT.items()}}


class Register(NamedTuple):
    """Where a word stands: the function that reads it, and its 0-based address in the PDU."""

    function: int
    address: int


Words = Mapping[Register, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One number among those that add up to a quantity, each `times` its weight.

    `invalid` are the instrument's own bit patterns for "no value". `below` bounds the magnitude:
    a fraction that is not below 1 is a torn or misread word.
    """

    address: int
    type: Type
    order: Order = Order.HIGH_FIRST
    invalid: frozenset[int] = frozenset()
    below: Fraction | None = None
    times: Fraction = Fraction(1)
    byte_order: Order = Order.HIGH_FIRST

    @property
    def count(self) -> int:
        return _WORDS[self.type]

    @property
    def last(self) -> int:
        return self.address + self.count - 1


@dataclass(frozen=True, slots=True)
class Guard:
    """A status word that a value depends on: without its consent the value is not good.

    The masked field must be one of `equals`, or reach `at_least`; with neither it must be 0.
    """

    name: str
    at: Register
    mask: int
    fault: Fault
    source: str
    at_least: int | None = None
    equals: frozenset[int] | None = None

    def consents(self, word: int) -> bool:
        shift = (self.mask & -self.mask).bit_length() - 1
        field = (word & self.mask) >> shift
        if self.equals is not None:
            return field in self.equals
        if self.at_least is not None:
            return field >= self.at_least
        return field == 0


@dataclass(frozen=True, slots=True)
class Factor:
    """A multiplier the instrument states about itself: a unit code, a ratio.

    With a `table` the word is a code; otherwise the word times `scale` is the factor. A code that
    the table lacks, and a ratio of 0, is no factor: nothing that depends on it is good. A setting
    that the rows rely on is a factor, too: 1 where it stands right, and none elsewhere.
    """

    name: str
    at: Register
    source: str
    table: Mapping[int, Fraction] | None = None
    scale: Fraction = Fraction(1)

    def of(self, word: int) -> Fraction | None:
        if self.table is not None:
            return self.table.get(word)
        return word * self.scale or None


@dataclass(frozen=True, slots=True)
class Status:
    """A word that tells a human how the instrument is: bits that each mean something, or a code."""

    name: str
    at: Register
    source: str
    bits: Mapping[int, str]
    codes: Mapping[int, str]

    def says(self, word: int) -> tuple[str, ...]:
        """The meaning of every bit that is set, or of the code; an unknown one by its number."""
        if self.codes:
            return (self.codes.get(word, f"code {word}"),)
        bits = [bit for bit in range(16) if word >> bit & 1]
        return tuple(self.bits.get(bit, f"bit {bit}") for bit in bits)


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity: the sum of its parts, times `scale` and its factors, is in base units.

    `low` and `high` are what can be real, in base units. `resolution` and `modulus` are those of
    a totalizer whose factors have their usual values; 0 where the quantity is no totalizer.
    """

    quantity: Quantity
    function: int
    parts: tuple[Part, ...]
    scale: Fraction
    low: int
    high: int
    source: str
    factors: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    resolution: int = 0
    modulus: int = 0

    @property
    def first(self) -> int:
        return min(part.address for part in self.parts)

    @property
    def last(self) -> int:
        return max(part.last for part in self.parts)


class Evaluation(NamedTuple):
    """`value` is what the registers say, good or not; None when they say nothing."""

    value: int | None
    fault: Fault | None


def decode(
    words: Sequence[int], layout: Type, order: Order, byte_order: Order = Order.HIGH_FIRST
) -> Fraction | None:
    """The number in these words; None for NaN, infinity and a decimal digit above 9."""
    octets = _octets(words, order, byte_order)
    if layout in _DIGITS:
        digits = octets.hex()
        return Fraction(digits) if digits.isdecimal() else None
    number = struct.unpack(_LAYOUT[layout][1], octets)[0]
    if isinstance(number, float) and not math.isfinite(number):
        return None
    return Fraction(number)


def evaluate(row: Row, words: Words, factors: Mapping[str, Fraction | None]) -> Evaluation:
    """Judge one row. `words` holds every register of the row, `factors` every factor it names.

    A guard speaks before the value: "empty pipe" says more than the zero it left behind.
    """
    value = _value(row, words, factors)
    for guard in row.guards:
        if not guard.consents(words[guard.at]):
            return Evaluation(value, guard.fault)
    if value is None:
        return Evaluation(None, Fault.INVALID)
    if not row.low <= value <= row.high:
        return Evaluation(value, Fault.OUT_OF_RANGE)
    return Evaluation(value, None)


def number_at(part: Part, function: int, words: Words) -> Fraction | None:
    """The number that stands there; None when what stands there is none."""
    own = [words[Register(function, part.address + i)] for i in range(part.count)]
    if part.invalid:
        octets = _octets(own, part.order, part.byte_order)
        if int.from_bytes(octets, "big") in part.invalid:
            return None
    number = decode(own, part.type, part.order, part.byte_order)
    if number is None or (part.below is not None and abs(number) >= part.below):
        return None
    return number


def round_half_down(number: Fraction) -> int:
    """To the nearest integer; a tie goes down. Monotone, so a rising total never falls."""
    return math.ceil(number - HALF)


def _value(row: Row, words: Words, factors: Mapping[str, Fraction | None]) -> int | None:
    total = Fraction(0)
    for part in row.parts:
        number = number_at(part, row.function, words)
        if number is None:
            return None
        total += number if part.times == 1 else number * part.times
    for name in row.factors:
        factor = factors[name]
        if factor is None:
            return None
        total *= factor
    return round_half_down(total * row.scale)


def _octets(words: Sequence[int], order: Order, byte_order: Order) -> bytes:
    high_first = words if order is Order.HIGH_FIRST else words[::-1]
    end = ">" if byte_order is Order.HIGH_FIRST else "<"
    return struct.pack(f"{end}{len(high_first)}H", *high_first)
