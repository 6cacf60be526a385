"""Room rule: the same words seen in every type and order, side by side. Pure; it judges none.

A wrong word order is seen at once: one column shows what the display shows, the others nonsense.
The letters A, B, C, D are the number's own octets, highest first, in the order of the wire.
"""

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

# How 32 bits may stand in two registers: which octet of the wire is the number's highest, and on.
ORDERS_32 = {
    "ABCD": (0, 1, 2, 3),
    "CDAB": (2, 3, 0, 1),
    "BADC": (1, 0, 3, 2),
    "DCBA": (3, 2, 1, 0),
}
# Beyond these magnitudes a float is a misread integer, and is shown short.
FLOAT_DIGITS = 7


class View(NamedTuple):
    """One reading of the words from `address` on: its type, its order, and what it would say."""

    address: int
    type: str
    order: str
    value: str


def singles(address: int, words: Sequence[int]) -> list[list[str]]:
    """A row for each register: address, hexadecimal, unsigned, signed, bits, BCD, text."""
    return [
        [
            f"{at}",
            f"0x{at:04X}",
            f"{word:04X}",
            f"{word}",
            f"{word - 0x10000 if word & 0x8000 else word}",
            f"{word:016b}",
            _bcd(word.to_bytes(2, "big")),
            _text(word.to_bytes(2, "big")),
        ]
        for at, word in enumerate(words, address)
    ]


def pairs(address: int, words: Sequence[int]) -> list[View]:
    """Each two neighbours as f32, u32, i32 and BCD, in every order."""
    views = []
    for at in range(len(words) - 1):
        wire = struct.pack(">2H", *words[at : at + 2])
        for order, places in ORDERS_32.items():
            octets = bytes(wire[place] for place in places)
            unsigned, signed = struct.unpack(">I", octets)[0], struct.unpack(">i", octets)[0]
            views += [
                View(address + at, "f32", order, _float(struct.unpack(">f", octets)[0])),
                View(address + at, "u32", order, str(unsigned)),
                View(address + at, "i32", order, str(signed)),
                View(address + at, "bcd", order, _bcd(octets)),
            ]
    return views


def fours(address: int, words: Sequence[int]) -> list[View]:
    """Each four neighbours as f64 and u64, high and low word first."""
    views = []
    for at in range(len(words) - 3):
        four = words[at : at + 4]
        for order, placed in (("high_first", four), ("low_first", four[::-1])):
            octets = struct.pack(">4H", *placed)
            views += [
                View(address + at, "f64", order, _float(struct.unpack(">d", octets)[0])),
                View(address + at, "u64", order, str(struct.unpack(">Q", octets)[0])),
            ]
    return views


def _float(number: float) -> str:
    if not math.isfinite(number):
        return str(number)
    return f"{number:.{FLOAT_DIGITS}g}"


def _bcd(octets: bytes) -> str:
    digits = octets.hex()
    return digits if digits.isdecimal() else ""


def _text(octets: bytes) -> str:
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in octets)
