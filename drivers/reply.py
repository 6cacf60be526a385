"""Room rule: which of the octets on a line answer a question. Pure; it knows no tty.

The one judge of what is a reply: unit, function, byte count and CRC must all be those that this
very request asked for. What comes late, from another instrument or in pieces is no reply.
"""

from drivers.plan import REPLY_CHARACTERS, Block

EXCEPTION_BIT = 0x80
EXCEPTION_CHARACTERS = 5
CRC_POLYNOMIAL = 0xA001  # reflected


def reply_in(octets: bytes, unit: int, block: Block) -> bytes:
    """The frame among these octets that answers this request: its unit, function, byte count, CRC.

    Stray characters before it, and an adapter's echo of the request, are passed over.
    """
    full = bytes((unit, block.function, 2 * block.count))
    for start in _places(octets, full):
        frame = octets[start : start + REPLY_CHARACTERS + 2 * block.count]
        if len(frame) == REPLY_CHARACTERS + 2 * block.count and _sound(frame):
            return frame
    for start in _places(octets, bytes((unit, block.function | EXCEPTION_BIT))):
        frame = octets[start : start + EXCEPTION_CHARACTERS]
        if len(frame) == EXCEPTION_CHARACTERS and _sound(frame):
            return frame
    return b""


def _places(octets: bytes, head: bytes) -> list[int]:
    return [at for at in range(len(octets) - len(head) + 1) if octets.startswith(head, at)]


def sealed(octets: bytes) -> bytes:
    """A frame: these octets and their CRC."""
    remainder = 0xFFFF
    for octet in octets:
        remainder = remainder >> 8 ^ _CRC[(remainder ^ octet) & 0xFF]
    return octets + remainder.to_bytes(2, "little")


def _sound(frame: bytes) -> bool:
    return sealed(frame[:-2]) == frame


def _remainder(octet: int) -> int:
    for _ in range(8):
        octet = octet >> 1 ^ (CRC_POLYNOMIAL if octet & 1 else 0)
    return octet


_CRC = tuple(_remainder(octet) for octet in range(256))
