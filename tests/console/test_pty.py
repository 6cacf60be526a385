"""The whole way, through a real tty: driver, terminal and a session in a process of its own."""

import contextlib
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminals import Emulator

SESSION = Path(__file__).with_name("echo_session.py")
WAIT_S = 30.0
BURSTS = 40
# What a session may hold that was fed garbage; the interpreter and its modules are 17 MiB of it.
RESIDENT_MAX_KIB = 32 * 1024


class Technician:
    """At the other end of the cable, with an emulator before him or a dumb terminal."""

    def __init__(self, *, ansi: bool, late: bool = False) -> None:
        self.master, slave = os.openpty()
        os.set_blocking(self.master, False)
        self.ansi = ansi
        self.late = late
        self.unsent = b""
        self.emulator = Emulator()
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, str(SESSION), os.ttyname(slave)],
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self._slave = slave
        self.expect(b"> ")
        os.close(slave)  # the session has it open: it is now the last one

    def types(self, octets: bytes) -> None:
        """All of it, and what is drawn meanwhile is drawn."""
        deadline = time.perf_counter() + WAIT_S
        while octets:
            assert time.perf_counter() < deadline, "the session takes nothing"
            readable, writable, _ = select.select([self.master], [self.master], [], WAIT_S)
            if readable:
                self._look()
            if writable:
                with contextlib.suppress(BlockingIOError):
                    octets = octets[os.write(self.master, octets) :]

    def expect(self, text: bytes) -> None:
        deadline = time.perf_counter() + WAIT_S
        while text not in self.seen:
            left = deadline - time.perf_counter()
            readable, _, _ = select.select([self.master], [], [], max(0, left))
            assert readable, f"{text!r} did not come; at last {self.seen[-300:]!r}"
            self._look()
        self.seen = self.seen.partition(text)[2]

    def _look(self) -> None:
        octets = os.read(self.master, 65_536)
        self.seen = (self.seen + octets)[-65_536:]
        answer = self.emulator.feed(octets)
        if self.ansi:
            self.unsent += answer
        if self.unsent and not self.late:
            self.answers()

    def answers(self) -> None:
        """What the terminal has to say, however late."""
        os.write(self.master, self.unsent)
        self.unsent = b""

    def unplug(self) -> bytes:
        """What the session says of it at its end."""
        os.close(self.master)
        _, said = self.process.communicate(timeout=WAIT_S)
        assert self.process.returncode == 0, said
        return said

    def resident_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0])


@pytest.fixture(params=[True, False], ids=["ansi", "dumb"])
def technician(request: pytest.FixtureRequest) -> Iterator[Technician]:
    one = Technician(ansi=request.param)
    yield one
    if one.process.poll() is None:
        one.unplug()


def test_a_pulled_cable_ends_the_session_and_leaves_no_trace_of_a_fault(
    technician: Technician,
) -> None:
    technician.types(b"allocation add 5")
    technician.expect(b"add 5")
    said = technician.unplug()
    assert said.startswith(b"HungUp(")
    assert b"Traceback" not in said


def test_a_paste_of_500_lines_arrives_whole(technician: Technician) -> None:
    lines = [f"meter read {number} 流量计 {number * 7919:,} m³" for number in range(500)]
    technician.types("\r".join([*lines, ""]).encode())
    for text in lines:
        technician.expect(f"got {text}\r\n".encode())


def garbage(chance: random.Random) -> bytes:
    pieces = (
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: b"\x1b" + chance.randbytes(chance.randrange(8)),
        lambda: b"\x1b[" + b"%d;%d" % (chance.randrange(1000), chance.randrange(1000)) + b"R",
        lambda: b"\x1b[200~" + chance.randbytes(20),
        lambda: b"\x1b]" + chance.randbytes(chance.randrange(600)),
        lambda: "水位计划é³\u0301\u202e🚰".encode()[: chance.randrange(30)],
        lambda: bytes([chance.randrange(32)]) * chance.randrange(50),
        lambda: b"\x1b[" + bytes([chance.choice(b"ABCDHF")]) * 3,
        lambda: b"x" * chance.randrange(6_000),
        lambda: b"\0" * chance.randrange(3_000),
        lambda: b"\t?\r\n" * chance.randrange(5),
    )
    return b"".join(chance.choice(pieces)() for _ in range(chance.randrange(1, 6)))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_session_that_was_fed_garbage_still_does_as_it_is_told(
    technician: Technician, seed: int, soak: int
) -> None:
    chance = random.Random(seed)
    for burst in range(BURSTS * soak):
        technician.types(garbage(chance))
        # Cancel what was begun, interrupt, and speak: the session answers to the letter.
        technician.types(b"\x18\x03\x15" + f"status {burst}水位\r".encode())
        technician.expect(f"got status {burst}水位\r\n".encode())
    assert technician.resident_kib() < RESIDENT_MAX_KIB
    said = technician.unplug()
    assert b"Traceback" not in said


def test_a_terminal_that_answers_after_the_prompt_is_drawn_in_as_any_other() -> None:
    """Each answer comes once the session has given it up: it stands there as a dumb one until."""
    technician = Technician(ansi=True, late=True)
    technician.answers()
    technician.expect(b"\x1b[?2004h")
    technician.answers()
    technician.types("水位a".encode())
    technician.expect("位".encode())
    # Only where ANSI is spoken does inserting send so little.
    technician.types(b"\x1b[D\x1b[D")
    technician.types("深".encode())
    technician.types(b"\r")
    technician.expect("got 水深位a".encode())
    technician.expect(b"> ")
    assert "> 水深位a" in technician.emulator.rows()
    technician.late = False
    technician.types(b"\x0c")
    technician.expect(b"> ")
    assert technician.emulator.rows()[0] == ">"
    technician.unplug()
