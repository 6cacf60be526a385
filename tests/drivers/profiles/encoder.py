"""Puts numbers into registers, written without the decoder: octet by octet, as a meter would."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import count

from agent.core.model import Quantity, Reading, Role
from drivers.declared import InstrumentConfig
from drivers.instrument import Instrument
from drivers.plan import Block
from drivers.profile import Profile
from drivers.registers import Guard, Part, Register, Row

Image = dict[Register, int]
BYTES = {"16": 2, "32": 4, "64": 8}
DEPTH_MM = 100_000


def put(image: Image, function: int, address: int, words: Sequence[int]) -> None:
    for offset, word in enumerate(words):
        image[Register(function, address + offset)] = word


def f32(number: float) -> list[int]:
    """High word first."""
    return pairs(struct.pack(">f", number))


def f64(number: float) -> list[int]:
    return pairs(struct.pack(">d", number))


def u32(number: int) -> list[int]:
    return pairs(number.to_bytes(4, "big"))


def i32(number: int) -> list[int]:
    return pairs(number.to_bytes(4, "big", signed=True))


def i64(number: int) -> list[int]:
    return pairs(number.to_bytes(8, "big", signed=True))


def text(letters: str) -> list[int]:
    return pairs(letters.encode("ascii"))


def swapped(words: Sequence[int]) -> list[int]:
    """The last word first."""
    return list(reversed(words))


def pairs(octets: bytes) -> list[int]:
    return [octets[at] * 256 + octets[at + 1] for at in range(0, len(octets), 2)]


def laid_out(part: Part, number: Fraction) -> list[int]:
    """The words of this number, as the profile says that they stand."""
    kind, size = part.type[: -len(part.type.lstrip("uifbcd"))], part.type.lstrip("uifbcd")
    length = BYTES[size]
    if kind == "f":
        octets = struct.pack(">f" if length == 4 else ">d", float(number))
    elif kind == "bcd":
        octets = bytes.fromhex(f"{int(number):0{2 * length}d}")
    else:
        octets = int(number).to_bytes(length, "big", signed=kind == "i")
    words = [octets[at : at + 2] for at in range(0, length, 2)]
    if part.order == "low_first":
        words.reverse()
    if part.byte_order == "low_first":
        words = [word[::-1] for word in words]
    return pairs(b"".join(words))


def consenting(guards: Sequence[Guard]) -> int:
    """A word to which none of these guards, which share a register, objects."""
    candidates = [0]
    for guard in guards:
        low_bit = guard.mask & -guard.mask
        wanted = guard.equals or {guard.at_least or 0}
        candidates += [field * low_bit for field in wanted]
    return next(word for word in candidates if all(guard.consents(word) for guard in guards))


def healthy(profile: Profile) -> Image:
    """Every status word that a value depends on, as it is when all is well."""
    guards = {guard for row in profile.rows for guard in row.guards}
    return {
        at: consenting([guard for guard in guards if guard.at == at])
        for at in {guard.at for guard in guards}
    }


def ordinary(profile: Profile) -> Image:
    """An instrument in good health that shows a 1, and a quarter where a fraction stands."""
    image = healthy(profile)
    for factor in profile.factors:
        image[factor.at] = 1 if factor.table is None else min(factor.table)
    for row in profile.rows:
        write(
            image, row, [Fraction(1, 4) if part.below == 1 else Fraction(1) for part in row.parts]
        )
    return image


def write(image: Image, row: Row, numbers: Sequence[Fraction]) -> None:
    for part, number in zip(row.parts, numbers, strict=True):
        put(image, row.function, part.address, laid_out(part, number))


def read_back(profile: Profile, image: Mapping[Register, int]) -> dict[Quantity, Reading]:
    """Through the planner and the instrument's standing, as the bus would; unknown registers: 0."""
    depth_mm = DEPTH_MM if profile.role is Role.LEVEL_PROBE else None
    config = InstrumentConfig(profile.role, 1, profile, "a", depth_mm)
    one = Instrument(config, profile.line)
    one.begin_scan(0)
    for turn in questions(one):
        assert turn <= 100, "a round has an end"
        block = one.next_block()
        assert block is not None
        one.answered(block, words_of(image, block), turnaround_ms=5, now_ms=turn)
    return {reading.quantity: reading for reading in one.readings()}


def questions(one: Instrument) -> Iterator[int]:
    for turn in count(1):
        if one.next_block() is None:
            return
        yield turn


def words_of(image: Mapping[Register, int], block: Block) -> list[int]:
    return [image.get(register, 0) for register in block.registers()]
