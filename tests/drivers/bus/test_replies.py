"""Replies that are none, and those that nearly are."""

import random
from collections.abc import Callable

import pytest

from agent.core.model import Fault
from drivers.bus import Buses
from drivers.instrument import PROBE_MS
from drivers.plan import Block
from drivers.reply import reply_in
from tests.drivers.bus.slave import (
    FLOW,
    TRUTH,
    Hands,
    Request,
    Slave,
    f32,
    frame,
    late_by_one,
    read,
    reply,
    values,
)


def echo(request: Request) -> bytes:
    """What an adapter hears that hears itself."""
    return frame(request.unit, request.function, *divmod(request.address, 256), 0, request.count)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda *_: b"", Fault.TIMEOUT),
        (lambda r, _: echo(r), Fault.TIMEOUT),
        (lambda _, octets: octets[:-1], Fault.GARBLED),
        (lambda _, octets: octets[:-1] + bytes([octets[-1] ^ 1]), Fault.GARBLED),
        (lambda r, _: reply(r.unit + 1, r.function, [7] * r.count), Fault.GARBLED),
        (lambda r, _: reply(r.unit, 4, [7] * r.count), Fault.GARBLED),
        (lambda r, _: reply(r.unit, r.function, [7] * (r.count + 1)), Fault.GARBLED),
        (lambda r, _: reply(r.unit, r.function, [7] * (r.count - 1)), Fault.GARBLED),
        (lambda r, _: frame(r.unit, 0x83, 6), Fault.REFUSED),
        (lambda r, _: frame(r.unit, 0x84, 2), Fault.GARBLED),
        (lambda *_: bytes(300), Fault.GARBLED),
    ],
    ids=[
        "silence",
        "echo", "short", "crc", "unit", "function", "long count", "short count", "busy",
        "other exception", "noise",
    ],
)  # fmt: skip
def test_what_does_not_answer_the_question_is_no_value(
    slave: Slave,
    buses: Buses,
    clock: Hands,
    spoil: Callable[[Request, bytes], bytes],
    fault: Fault,
) -> None:
    assert values(read(buses)) == TRUTH
    slave.spoil = spoil
    readings = read(buses)
    assert values(readings) == {}
    assert {readings[name].fault for name in FLOW} == {fault}
    assert {one.value for one in readings.values()} == {None}
    slave.spoil = None
    clock.now_ms += 1_000
    assert values(read(buses)) == TRUTH


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _, octets: b"\x00" + octets,
        lambda r, octets: bytes([r.unit]) + octets,
        lambda r, octets: echo(r) + octets,
        lambda _, octets: octets + b"\xff",
    ],
    ids=["stray zero", "stray unit", "echo", "trailing"],
)
def test_a_sound_reply_among_stray_characters_is_taken(
    slave: Slave, buses: Buses, spoil: Callable[[Request, bytes], bytes]
) -> None:
    slave.spoil = spoil
    assert values(read(buses)) == TRUTH


def test_a_reply_that_is_always_late_is_never_a_value_of_another_name(
    slave: Slave, buses: Buses, clock: Hands
) -> None:
    slave.spoil = late_by_one()
    for _ in range(4):
        good = values(read(buses))
        assert good.items() <= TRUTH.items()
        clock.now_ms += 1_000


def test_an_answer_left_in_the_tty_is_thrown_away_before_the_first_request(
    slave: Slave, buses: Buses
) -> None:
    """Same unit, function and length, valid CRC: only its age betrays it."""
    read(buses)
    block = slave.requests[1]
    slave.say(reply(1, 3, [9] * block.count))
    assert values(read(buses)) == TRUTH


@pytest.mark.parametrize("seed", range(4))
def test_no_noise_makes_a_wrong_value_good(
    slave: Slave, buses: Buses, clock: Hands, seed: int, soak: int
) -> None:
    chance = random.Random(seed)
    held = [b""]

    def spoil(request: Request, octets: bytes) -> bytes:
        other = reply(request.unit, 3, [chance.randrange(65536)] * (request.count % 8 + 1))
        late, held[0] = held[0], octets
        flipped = bytearray(octets or b"\x00")
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        cut = octets[: chance.randrange(len(octets) + 1)]
        noise = chance.randbytes(chance.randrange(1, 40))
        return chance.choice(
            [octets, octets, octets, bytes(flipped), cut, late, late + octets, noise + octets,
             other, other + octets, noise, frame(request.unit, 0x83, 6)]
        )  # fmt: skip

    slave.spoil = spoil
    for _ in range(12 * soak):
        readings = read(buses)
        for name, value in values(readings).items():
            assert value == TRUTH[name]
        clock.now_ms += 1_000
    slave.spoil = None
    clock.now_ms += PROBE_MS
    read(buses)
    assert values(read(buses)) == TRUTH


@pytest.mark.parametrize("length", range(10))
def test_half_a_reply_is_none(length: int) -> None:
    whole = reply(1, 3, [1, 2, 3])
    assert reply_in(whole[:length], 1, Block(3, 0, 3)) == b""
    assert reply_in(whole, 1, Block(3, 0, 3)) == whole


@pytest.mark.parametrize("position", range(11))
def test_one_wrong_bit_makes_it_none(position: int) -> None:
    octets = bytearray(reply(1, 3, [1, 2, 3]))
    octets[position] ^= 0x10
    assert reply_in(bytes(octets), 1, Block(3, 0, 3)) == b""


def test_an_exception_to_this_request_is_its_answer() -> None:
    assert reply_in(frame(1, 0x83, 2), 1, Block(3, 0, 3)) == frame(1, 0x83, 2)
    assert reply_in(frame(2, 0x83, 2), 1, Block(3, 0, 3)) == b""


def test_floats_of_the_slave_are_those_of_ieee_754() -> None:
    assert f32(-625.5) == (0xC41C, 0x6000)
    assert frame(1, 4, 0x10, 0x10, 0, 2) == bytes.fromhex("01 04 10 10 00 02 74 CE")
