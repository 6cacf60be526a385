"""Room rule: which instrument this is, told by what its registers hold. Pure; it asks nothing.

Never by what an instrument refuses: there are meters that answer every unknown register with
zeros. So a probe compares contents, and a set of probes that zeros would satisfy is refused when
the profile is read.
"""

import string
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from drivers.plan import Block
from drivers.registers import Part, Words, number_at

PRINTABLE = frozenset(string.ascii_letters + string.digits + string.punctuation + " ")


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that must be so: a number `one_of` some, or `between` two, or its own unit id."""

    function: int
    part: Part
    source: str
    one_of: frozenset[Fraction] = frozenset()
    between: tuple[Fraction, Fraction] | None = None
    unit_id: bool = False

    @property
    def block(self) -> Block:
        return Block(self.function, self.part.address, self.part.count)

    def holds(self, words: Words, unit: int) -> bool:
        """`words` has every register of `block`."""
        number = number_at(self.part, self.function, words)
        return number is not None and self._fits(number, unit)

    @property
    def takes_zeros(self) -> bool:
        """Whether an instrument that knows nothing and answers 0 would pass."""
        return self.holds(dict.fromkeys(self.block.registers(), 0), unit=1)

    def _fits(self, number: Fraction, unit: int) -> bool:
        if self.unit_id:
            return number == unit
        if self.between is not None:
            low, high = self.between
            return low <= number <= high
        return number in self.one_of


class Form(StrEnum):
    """How a serial number is written in registers."""

    NUMBER = "number"
    BCD = "bcd"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Serial:
    block: Block
    form: Form
    source: str

    def read(self, words: Words) -> str | None:
        """The serial number as it is printed on the plate; None when there is none."""
        octets = b"".join(words[one].to_bytes(2, "big") for one in self.block.registers())
        if not any(octets) or octets == b"\xff" * len(octets):
            return None
        match self.form:
            case Form.NUMBER:
                return str(int.from_bytes(octets, "big"))
            case Form.BCD:
                return octets.hex() if octets.hex().isdecimal() else None
            case Form.TEXT:
                text = octets.replace(b"\0", b"").decode("latin-1").strip()
                return text if text and PRINTABLE.issuperset(text) else None
