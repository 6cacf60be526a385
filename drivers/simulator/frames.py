"""Room rule: Modbus RTU frames as a slave sees them, pure. No library, no wire, no instrument.

Written from the specification (Modbus over serial line V1.02, application protocol V1.1b3) and
checked against published frames in the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FRAME_CHARACTERS_MAX = 256
WORDS_MAX = 125  # in one reply

READ_HOLDING = 3
READ_INPUT = 4

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
BUSY = 6


@dataclass(frozen=True, slots=True)
class Request:
    """A frame with a good CRC. `address` and `count` are for reading; 0 for other functions."""

    unit: int
    function: int
    address: int = 0
    count: int = 0


def crc16(octets: bytes) -> bytes:
    """The two characters that end a frame, in the order of the wire."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def parse(frame: bytes) -> Request | None:
    """None for what a slave does not answer: noise, a wrong CRC, a read of the wrong length."""
    if len(frame) < 4 or len(frame) > FRAME_CHARACTERS_MAX or crc16(frame[:-2]) != frame[-2:]:
        return None
    unit, function = frame[0], frame[1]
    if function not in {READ_HOLDING, READ_INPUT}:
        return Request(unit, function)
    if len(frame) != 8:
        return None
    address, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
    return Request(unit, function, address, count)


def reply(request: Request, words: Sequence[int]) -> bytes:
    content = b"".join(word.to_bytes(2, "big") for word in words)
    return _sealed(bytes((request.unit, request.function, len(content))) + content)


def refusal(request: Request, code: int) -> bytes:
    """An exception reply."""
    return _sealed(bytes((request.unit, request.function | 0x80, code)))


def _sealed(octets: bytes) -> bytes:
    return octets + crc16(octets)
