"""The slave's frames, against published vectors (meters.md section 8) and the specification."""

import struct

import pytest

from drivers.simulator import frames
from drivers.simulator.frames import Request

PUBLISHED = [
    "01 04 10 10 00 02 74 CE",
    "01 04 04 C4 1C 60 00 2F 72",
    "01 04 10 18 00 04 75 0E",
    "01 04 08 00 00 70 71 3F 00 00 00 5F 22",
    "01 03 00 00 00 0A C5 CD",
    "01 03 00 70 00 06 C4 13",
    "01 03 20 12 00 02 6F CE",
    "01 03 2E E2 00 02 6D 15",
    "01 05 00 00 FF 00 8C 3A",
    "01 01 00 00 00 08 3D CC",
    "01 03 02 00 01 79 84",
]


@pytest.mark.parametrize("frame", PUBLISHED)
def test_the_crc_of_a_published_frame_is_right(frame: str) -> None:
    octets = bytes.fromhex(frame)
    assert frames.crc16(octets[:-2]) == octets[-2:]


@pytest.mark.parametrize(
    ("frame", "request_"),
    [
        ("01 03 00 70 00 06 C4 13", Request(1, 3, 0x70, 6)),
        ("01 03 20 12 00 02 6F CE", Request(1, 3, 0x2012, 2)),
        ("01 04 10 18 00 04 75 0E", Request(1, 4, 0x1018, 4)),
        ("01 05 00 00 FF 00 8C 3A", Request(1, 5)),
    ],
)
def test_a_published_request_is_understood(frame: str, request_: Request) -> None:
    assert frames.parse(bytes.fromhex(frame)) == request_


def test_a_reply_is_the_published_one() -> None:
    words = struct.unpack(">2H", struct.pack(">f", -625.5))
    expected = bytes.fromhex("01 04 04 C4 1C 60 00 2F 72")
    assert frames.reply(Request(1, 4, 0x1010, 2), words) == expected


def test_a_refusal_sets_the_high_bit_of_the_function() -> None:
    """The example of the specification's section 7: function 0x01 refused as 0x81 with code 2."""
    refusal = frames.refusal(Request(10, 1), frames.ILLEGAL_ADDRESS)
    assert refusal[:-2] == bytes.fromhex("0A 81 02")
    assert frames.crc16(refusal[:-2]) == refusal[-2:]


@pytest.mark.parametrize("position", range(8))
def test_a_request_with_any_wrong_character_is_not_answered(position: int) -> None:
    octets = bytearray.fromhex("01 03 00 70 00 06 C4 13")
    octets[position] ^= 0x10
    assert frames.parse(bytes(octets)) is None


@pytest.mark.parametrize("content", ["", "01", "0103", "01030070", "0103007000060000"])
def test_a_read_of_the_wrong_length_is_not_answered(content: str) -> None:
    octets = bytes.fromhex(content)
    assert frames.parse(octets + frames.crc16(octets)) is None


def test_a_frame_longer_than_the_specification_allows_is_not_answered() -> None:
    octets = bytes((1, 16)) + bytes(300)
    assert frames.parse(octets + frames.crc16(octets)) is None
