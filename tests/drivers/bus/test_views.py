"""What a technician is shown: frames of the manuals, where the right column can be told."""

import struct

import pytest

from drivers.views import ORDERS_32, fours, pairs, singles


def shown(words: list[int], kind: str) -> dict[str, str]:
    return {one.order: one.value for one in pairs(0, words) if one.type == kind}


@pytest.mark.parametrize(
    ("octets", "kind", "order", "value"),
    [
        ("C4 1C 60 00", "f32", "ABCD", "-625.5"),  # L-MAG flow
        ("00 00 70 71", "u32", "ABCD", "28785"),  # L-MAG forward total
        ("00 3D AC F0", "u32", "ABCD", "4041968"),  # AquaMaster forward total
        ("1E 85 0B 3F", "f32", "DCBA", "0.545"),  # Xintai
    ],
)
def test_the_frames_of_the_manuals_show_their_value_in_one_order(
    octets: str, kind: str, order: str, value: str
) -> None:
    words = list(struct.unpack(">2H", bytes.fromhex(octets)))
    columns = shown(words, kind)
    assert columns[order].startswith(value)
    assert [one for one in columns if columns[one].startswith(value)] == [order]


@pytest.mark.parametrize("order", ORDERS_32)
def test_each_order_finds_the_number_that_was_written_in_it(order: str) -> None:
    number = struct.pack(">f", 80.5)
    wire = bytearray(4)
    for at, place in enumerate(ORDERS_32[order]):
        wire[place] = number[at]
    assert shown(list(struct.unpack(">2H", wire)), "f32")[order] == "80.5"


def test_every_two_and_every_four_neighbours_are_shown() -> None:
    words = [0, 1, 2, 3, 4]
    assert {one.address for one in pairs(100, words)} == {100, 101, 102, 103}
    assert {one.address for one in fours(100, words)} == {100, 101}
    assert pairs(0, [1]) == []


def test_eight_octets_are_shown_in_both_word_orders() -> None:
    words = list(struct.unpack(">4H", struct.pack(">d", 1234.5)))
    assert {one.value for one in fours(0, words) if one.type == "f64"} >= {"1234.5"}
    values = {one.order: one.value for one in fours(0, [0, 0, 0, 7]) if one.type == "u64"}
    assert values == {"high_first": "7", "low_first": str(7 << 48)}


def test_a_register_by_itself() -> None:
    assert singles(4096, [0x8001, 0x4142]) == [
        ["4096", "0x1000", "8001", "32769", "-32767", "1000000000000001", "8001", ".."],
        ["4097", "0x1001", "4142", "16706", "16706", "0100000101000010", "4142", "AB"],
    ]


def test_a_word_that_is_no_number_says_so() -> None:
    assert shown([0x7FC0, 0], "f32")["ABCD"] == "nan"
    assert shown([0xABCD, 0], "bcd")["ABCD"] == ""
