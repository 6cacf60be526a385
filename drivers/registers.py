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
    """How a number is laid out in registers of 16 bits, each big-endian."""

    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"


class WordOrder(StrEnum):
    """Which word of a number of several words comes first. Letter codes (CDAB) mislead."""

    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


_LAYOUT = {
    Type.U16: (1, ">H"),
    Type.I16: (1, ">h"),
    Type.U32: (2, ">I"),
    Type.I32: (2, ">i"),
    Type.U64: (4, ">Q"),
    Type.F32: (2, ">f"),
    Type.F64: (4, ">d"),
}


class Register(NamedTuple):
    """Where a word stands: the function that reads it, and its 0-based address in the PDU."""

    function: int
    address: int


Words = Mapping[Register, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One number among those that add up to a quantity.

    `invalid` are the instrument's own bit patterns for "no value". `below` bounds the magnitude:
    a fraction that is not below 1 is a torn or misread word.
    """

    address: int
    type: Type
    order: WordOrder = WordOrder.HIGH_FIRST
    invalid: frozenset[int] = frozenset()
    below: Fraction | None = None

    @property
    def count(self) -> int:
        return _LAYOUT[self.type][0]

    @property
    def last(self) -> int:
        return self.address + self.count - 1


@dataclass(frozen=True, slots=True)
class Guard:
    """A status word that a value depends on: without its consent the value is not good.

    With `at_least`, the masked field must reach it; otherwise no masked bit may be set.
    """

    name: str
    at: Register
    mask: int
    fault: Fault
    source: str
    at_least: int | None = None

    def consents(self, word: int) -> bool:
        field = word & self.mask
        if self.at_least is None:
            return field == 0
        shift = (self.mask & -self.mask).bit_length() - 1
        return field >> shift >= self.at_least


@dataclass(frozen=True, slots=True)
class Factor:
    """A multiplier the instrument states about itself: a unit code, a ratio.

    With a `table` the word is a code; otherwise the word times `scale` is the factor. A code that
    the table lacks, and a ratio of 0, is no factor: nothing that depends on it is good.
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


def decode(words: Sequence[int], layout: Type, order: WordOrder) -> Fraction | None:
    """The number in these words; None for NaN and infinity."""
    number = struct.unpack(_LAYOUT[layout][1], _octets(words, order))[0]
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


def round_half_down(number: Fraction) -> int:
    """To the nearest integer; a tie goes down. Monotone, so a rising total never falls."""
    return math.ceil(number - HALF)


def _value(row: Row, words: Words, factors: Mapping[str, Fraction | None]) -> int | None:
    total = Fraction(0)
    for part in row.parts:
        number = _number(part, row.function, words)
        if number is None:
            return None
        total += number
    for name in row.factors:
        factor = factors[name]
        if factor is None:
            return None
        total *= factor
    return round_half_down(total * row.scale)


def _number(part: Part, function: int, words: Words) -> Fraction | None:
    own = [words[Register(function, part.address + i)] for i in range(part.count)]
    if int.from_bytes(_octets(own, part.order), "big") in part.invalid:
        return None
    number = decode(own, part.type, part.order)
    if number is None or (part.below is not None and abs(number) >= part.below):
        return None
    return number


def _octets(words: Sequence[int], order: WordOrder) -> bytes:
    high_first = words if order is WordOrder.HIGH_FIRST else words[::-1]
    return struct.pack(f">{len(high_first)}H", *high_first)
