"""Everything that goes wrong on a line, against slaves made of libmodbus.

They share no code with pymodbus or with ours, so that no bug is on both ends. What they hold
changes with each scan, so an old word or a word of another quantity shows. Chance comes from a
seed, which is the test's name.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Fault, Quality, Quantity, Role
from drivers.bus import Buses
from drivers.instrument import PROBE_MS
from drivers.wire import BUFFER_MAX
from tests.drivers.bus.slave import (
    FLOW,
    PHASES,
    POWER,
    TRUTH,
    Hands,
    crc,
    dtsu,
    faults,
    frame,
    instrument,
    read,
    tuf,
    values,
)
from tests.libmodbus_slave import LibmodbusSlave, Line

SCANS = 20
BUDGET_MS = 700  # the settings' own
# Of a schedule of one reading a scan: what the healthy instrument keeps beside a sick one.
KEPT = 0.95


@dataclass
class Bench:
    """Both meters on one line; `truth` is what they hold now."""

    slaves: dict[int, LibmodbusSlave]
    line: Line
    buses: Buses
    clock: Hands
    truth: list[dict[Quantity, int]] = field(default_factory=list)

    def turn(self) -> dict[Quantity, int]:
        """A second passes, and everything that is measured has moved."""
        self.clock.now_ms += 1_000
        n = len(self.truth) + 1
        self.slaves[1].hold(tuf(flow=80.0 + n, whole=62_500 + n, fraction=0.25))
        self.slaves[2].hold(dtsu(power_w=16_000 + n, energy_kwh=1234 + n))
        self.truth.append(
            {
                Quantity.FLOW_L_PER_H: 80_000 + 1_000 * n,
                Quantity.FORWARD_TOTAL_L: 62_500_250 + 1_000 * n,
                Quantity.REVERSE_TOTAL_L: 0,
                Quantity.POWER_W: 16_000 + n,
                Quantity.ENERGY_WH: 1_234_000 + 1_000 * n,
                **{one: TRUTH[one] for one in PHASES},
            }
        )
        return self.truth[-1]

    def believed(self, name: Quantity, value: int | None) -> bool:
        """What was so in this scan, and in no other."""
        return value == self.truth[-1][name]


@pytest.fixture
def bench(tmp_path: Path, connect: Callable[..., Buses], clock: Hands) -> Iterator[Bench]:
    with ExitStack() as opened:
        slaves = {unit: opened.enter_context(closing(LibmodbusSlave(unit))) for unit in (1, 2)}
        line = opened.enter_context(closing(Line(tmp_path / "tty", list(slaves.values()))))
        both = [instrument(Role.FLOW_METER), instrument(Role.POWER_METER)]
        buses = connect(both, line_of(line), budget_ms=BUDGET_MS)
        clock.runs = True  # the budget counts
        one = Bench(slaves, line, buses, clock)
        one.turn()
        assert values(read(buses)) == one.truth[-1]
        yield one


def line_of(line: Line) -> Path:
    return line._name


Spoil = Callable[[random.Random, bytes, bytes], bytes]


def noise(chance: random.Random, _request: bytes, reply: bytes) -> bytes:
    spoiled = bytearray(reply or chance.randbytes(9))
    for _ in range(chance.randrange(1, 4)):
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
    return bytes(spoiled)


def burst(chance: random.Random, _request: bytes, reply: bytes) -> bytes:
    """Far more than a reply, the reply among it."""
    return chance.randbytes(chance.randrange(600)) + reply + chance.randbytes(chance.randrange(600))


def silence(*_: object) -> bytes:
    return b""


def echo(_: random.Random, request: bytes, reply: bytes) -> bytes:
    return request + reply


def half(chance: random.Random, _request: bytes, reply: bytes) -> bytes:
    return reply[: chance.randrange(len(reply) or 1)]


def foreign(chance: random.Random, request: bytes, reply: bytes) -> bytes:
    """An answer of another unit, function or length, with a CRC that is right."""
    unit, function = chance.choice([(1, 3), (2, 3), (1, 4), (77, 3)])
    words = chance.choice([request[5], *range(1, 9)])
    if (unit, function, words) == (request[0], request[1], request[5]):
        return reply
    body = bytes((unit, function, 2 * words)) + chance.randbytes(2 * words)
    return body + crc(body)


def refusal(chance: random.Random, request: bytes, _reply: bytes) -> bytes:
    return frame(1, request[1] | 0x80, chance.choice([1, 4, 5, 6, 8, 11]))


def stray(chance: random.Random, _request: bytes, reply: bytes) -> bytes:
    return chance.randbytes(1) + reply


class Late:
    """An answer is kept back until this happens again: for a question, or for many scans."""

    def __init__(self) -> None:
        self._held = b""

    def __call__(self, _chance: random.Random, _request: bytes, reply: bytes) -> bytes:
        said, self._held = self._held, reply
        return said

    def overtaken(self) -> bytes:
        """No slave answers out of order: what is kept back comes before the next answer."""
        said, self._held = self._held, b""
        return said


SPOILS: dict[str, Callable[[], Spoil]] = {
    "noise": lambda: noise,
    "burst": lambda: burst,
    "silence": lambda: silence,
    "echo": lambda: echo,
    "half": lambda: half,
    "foreign": lambda: foreign,
    "refusal": lambda: refusal,
    "stray": lambda: stray,
    "late": Late,
}


def spoiling(spoil: Spoil, chance: random.Random, rate: float) -> Callable[[bytes, bytes], bytes]:
    """What goes to and comes from unit 1 is spoiled at this rate."""

    def carry(request: bytes, reply: bytes) -> bytes:
        if request[0] != 1 or chance.random() >= rate:
            return reply
        return spoil(chance, request, reply)

    return carry


@pytest.mark.parametrize("rate", [0.3, 1.0])
@pytest.mark.parametrize("kind", SPOILS)
def test_no_fault_makes_a_wrong_value_good_or_costs_the_others_their_schedule(
    bench: Bench, kind: str, rate: float, soak: int
) -> None:
    """And when it is over, everything is read again within one probe period."""
    chance = random.Random(f"{kind} {rate}")
    bench.line.carry = spoiling(SPOILS[kind](), chance, rate)
    kept = 0
    for _ in range(SCANS * soak):
        truth = bench.turn()
        readings = read(bench.buses)
        for name, value in values(readings).items():
            assert bench.believed(name, value), f"{name} {value}, but {truth[name]}"
        kept += all(readings[name].quality is Quality.GOOD for name in POWER)
    assert kept >= KEPT * SCANS * soak, kept
    bench.line.carry = None
    bench.turn()
    bench.clock.now_ms += PROBE_MS
    read(bench.buses)
    truth = bench.turn()
    assert values(read(bench.buses)) == truth


@pytest.mark.parametrize("seed", range(2))
def test_all_faults_together_on_both_instruments(bench: Bench, seed: int, soak: int) -> None:
    chance = random.Random(seed)
    late = {1: Late(), 2: Late()}
    others: list[Spoil] = [make() for name, make in SPOILS.items() if name != "late"]

    def carry(request: bytes, reply: bytes) -> bytes:
        if chance.random() < 0.5:
            return late[request[0]].overtaken() + reply
        choices: list[Spoil] = [*others, late[request[0]]]
        spoil = chance.choice(choices)
        before = b"" if isinstance(spoil, Late) else late[request[0]].overtaken()
        return before + spoil(chance, request, reply)

    bench.line.carry = carry
    for _ in range(SCANS * soak):
        bench.turn()
        if chance.random() < 0.05:
            bench.line.pull()
            # What was on its way when the plug came out may still arrive, and is garbled.
            pulled = read(bench.buses)
            assert Fault.DISCONNECTED in faults(pulled).values()
            assert values(pulled) == {}
            bench.line.plug()
            bench.clock.now_ms += PROBE_MS
        for name, value in values(read(bench.buses)).items():
            assert bench.believed(name, value)
    bench.line.carry = None
    bench.clock.now_ms += PROBE_MS
    read(bench.buses)
    truth = bench.turn()
    assert values(read(bench.buses)) == truth


def test_an_adapter_that_goes_and_comes_back_is_read_again_within_a_probe_period(
    bench: Bench,
) -> None:
    for _ in range(3):
        bench.line.pull()
        bench.turn()
        assert set(faults(read(bench.buses)).values()) == {Fault.DISCONNECTED}
        bench.line.plug()
        bench.clock.now_ms += PROBE_MS
        truth = bench.turn()
        assert values(read(bench.buses)) == truth


def test_a_babbling_line_neither_grows_nor_is_believed(bench: Bench, soak: int) -> None:
    """Garbage without end: the bound on what is kept holds, and no reading is wrong."""
    chance = random.Random(0)
    stop = threading.Event()

    def babble() -> None:
        while not stop.wait(0.002):
            bench.line._say(chance.randbytes(40))

    voice = threading.Thread(target=babble)
    voice.start()
    try:
        for _ in range(15 * soak):
            bench.turn()
            for name, value in values(read(bench.buses)).items():
                assert bench.believed(name, value)
            client: Any = bench.buses._wires[0]._client
            assert len(client.ctx.recv_buffer) <= BUFFER_MAX
    finally:
        stop.set()
        voice.join()
    bench.clock.now_ms += PROBE_MS
    read(bench.buses)
    truth = bench.turn()
    assert values(read(bench.buses)) == truth


def test_two_halves_of_a_quantity_are_of_one_request(bench: Bench) -> None:
    """Both words of each value change between any two requests, and no value is ever a mixture."""
    told = set()
    count = [0]

    def moving(request: bytes, reply: bytes) -> bytes:
        count[0] += 1
        bench.slaves[1].hold(tuf(whole=0x1_0001 * count[0], fraction=0.0))
        return reply

    moving(b"", b"")
    bench.line.carry = moving
    for _ in range(20):
        bench.clock.now_ms += 1_000
        told.add(values(read(bench.buses)).get(Quantity.FORWARD_TOTAL_L))
    told.discard(None)
    assert len(told) > 10
    assert all(value is not None and value % (0x1_0001 * 1000) == 0 for value in told)
    assert set(FLOW) & {Quantity.FORWARD_TOTAL_L}


# --- two buses -----------------------------------------------------------------------------------


def test_a_silent_bus_does_not_delay_the_other(
    tmp_path: Path, connect: Callable[..., Buses], clock: Hands
) -> None:
    """The silent one uses up its whole budget, scan after scan; the other is read in each."""
    clock.runs = True
    with ExitStack() as opened:
        lines = []
        for number, unit in enumerate((77, 2)):
            slave = opened.enter_context(closing(LibmodbusSlave(unit)))
            slave.hold(dtsu())
            line = Line(tmp_path / f"tty{number}", [slave])
            lines.append(opened.enter_context(closing(line)))
        buses = connect(
            [instrument(Role.FLOW_METER, "a"), instrument(Role.POWER_METER, "b")],
            *(line_of(line) for line in lines),
        )
        for _ in range(12):
            clock.now_ms += 1_000
            readings = read(buses)
            assert {readings[name].quality for name in POWER} == {Quality.GOOD}
            assert {readings[name].quality for name in FLOW} == {Quality.BAD}
        assert lines[0].requests
