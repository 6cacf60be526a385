"""One suite for every ports.TechnicianLine: a real tty (a pty) and the line in memory pass it."""

import os
import select
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.ports import HungUp, NotThere, TechnicianLine
from drivers.host import monotonic_ms
from drivers.line import LineConfig, SerialPort
from tests.terminals import Hands, MemoryLine

WAIT_MS = 10_000
# More than any buffer between the two ends holds.
PLENTY = 1 << 20
EVERY_OCTET = bytes(range(256))


@dataclass
class Bench:
    """`types` and `sees` are the terminal's side; `stall` stops its reading, `unplug` takes it."""

    line: TechnicianLine
    types: Callable[[bytes], None]
    sees: Callable[[int], bytes]
    stall: Callable[[], None]
    unplug: Callable[[], None]


def in_memory() -> Bench:
    line = MemoryLine(Hands())

    def sees(count: int) -> bytes:
        seen = bytes(line.written[:count])
        del line.written[:count]
        return seen

    return Bench(line, line.come.append, sees, lambda: setattr(line, "takes", 5), line.hang_up)


def sees_of(master: int) -> Callable[[int], bytes]:
    def sees(count: int) -> bytes:
        seen = b""
        while len(seen) < count:
            ready, _, _ = select.select([master], [], [], WAIT_MS / 1000)
            assert ready, f"{len(seen)} of {count} octets came"
            seen += os.read(master, count - len(seen))
        return seen

    return sees


@pytest.fixture(params=["tty", "memory"])
def bench(request: pytest.FixtureRequest, folder: Path) -> Iterator[Bench]:
    if request.param == "memory":
        yield in_memory()
        return
    master, slave = os.openpty()
    port = folder / "port"
    port.symlink_to(os.ttyname(slave))
    line = SerialPort(LineConfig(port), monotonic_ms).open(0)
    assert not isinstance(line, NotThere), line
    tty.setraw(master)
    ends = [master, slave]

    def types(octets: bytes) -> None:
        assert os.write(master, octets) == len(octets)

    def unplug() -> None:
        while ends:
            os.close(ends.pop())

    yield Bench(
        line,
        lambda octets: (os.write(master, octets), None)[1],
        sees_of(master),
        lambda: None,
        unplug,
    )
    line.close()
    unplug()


def test_a_quiet_line_has_nothing(bench: Bench) -> None:
    assert bench.line.read(0) == b""
    assert bench.line.read(20) == b""


def test_every_octet_comes_as_it_was_sent(bench: Bench) -> None:
    bench.types(EVERY_OCTET)
    come = b""
    while len(come) < len(EVERY_OCTET):
        octets = bench.line.read(WAIT_MS)
        assert isinstance(octets, bytes)
        assert octets
        come += octets
    assert come == EVERY_OCTET


def test_every_octet_arrives_as_it_was_written(bench: Bench) -> None:
    left = EVERY_OCTET * 3
    while left:
        taken = bench.line.write(left, WAIT_MS)
        assert isinstance(taken, int)
        assert taken > 0
        left = left[taken:]
    assert bench.sees(3 * len(EVERY_OCTET)) == EVERY_OCTET * 3


def test_a_terminal_that_takes_nothing_holds_nobody(bench: Bench) -> None:
    bench.stall()
    sent = 0
    while sent < PLENTY:
        taken = bench.line.write(b"x" * 4_096, 20)
        assert isinstance(taken, int)
        if taken == 0:
            return
        sent += taken
    pytest.fail("it took everything")


def test_a_terminal_that_is_gone_is_a_value_and_stays_so(bench: Bench) -> None:
    bench.unplug()
    assert isinstance(bench.line.read(WAIT_MS), HungUp)
    assert isinstance(bench.line.write(b"x", WAIT_MS), HungUp)
    assert bench.line.read(0) == bench.line.read(WAIT_MS)
    bench.line.close()


def test_writing_to_a_terminal_that_is_gone_says_so_first(bench: Bench) -> None:
    bench.unplug()
    assert isinstance(bench.line.write(b"x", WAIT_MS), HungUp)


def test_a_closed_line_is_gone(bench: Bench) -> None:
    bench.line.close()
    bench.line.close()
    assert isinstance(bench.line.read(0), HungUp)
    assert isinstance(bench.line.write(b"x", 0), HungUp)
