"""One suite for every ports.Line: the simulator's pin, a GPIO line and a relay module pass it.

The pin is the simulator's own, behind a real Unix socket. The GPIO line is gpiozero's real device
on our pin factory, over a chip that stands in for lgpio's few functions and notes every level its
line takes, as a logic analyser on the header would. The module is a slave made of libmodbus on a
real pty.
"""

import os
import queue
import select
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lgpio
import pytest
from gpiozero import OutputDevice
from gpiozero.pins.lgpio import LGPIOFactory
from gpiozero.pins.local import LocalPiFactory

from agent.ports import Line, LineGone
from drivers import gpio, relay
from drivers.plan import Speed
from drivers.relay import GpioLine, SimulatedLine
from drivers.relay_module import ModuleConfig, ModuleLine
from drivers.simulator.pin import Pin
from tests.libmodbus_slave import LibmodbusSlave
from tests.libmodbus_slave import Line as Rs485

WAIT_S = 10.0


class Trace:
    """Whether the pump may run, each time that changed or was driven anew, in order."""

    def __init__(self) -> None:
        self._levels: queue.Queue[bool] = queue.Queue()

    def note(self, *, permitted: bool) -> None:
        self._levels.put(permitted)

    def next(self) -> bool:
        return self._levels.get(timeout=WAIT_S)

    def wait_for(self, *, permitted: bool) -> None:
        while self.next() is not permitted:
            pass

    def all(self) -> list[bool]:
        levels = []
        while not self._levels.empty():
            levels.append(self._levels.get())
        return levels


@dataclass
class Bench:
    """`claim` makes the line; `seen` is what the pump would see; `break_off` takes it away."""

    claim: Callable[[], Line]
    seen: Trace
    break_off: Callable[[], None]
    repair: Callable[[], None]


@contextmanager
def simulated_pin(path: Path, seen: Trace) -> Iterator[None]:
    """The simulator's pin, served by a thread until the block ends."""
    pin = Pin(path, seen.note)
    stop_reader, stop_writer = os.pipe()

    def run() -> None:
        while True:
            poll = select.poll()
            for number in (*pin.filenos(), stop_reader):
                poll.register(number, select.POLLIN)
            ready = {number for number, _ in poll.poll()}
            if stop_reader in ready:
                return
            pin.serve(ready)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        os.close(stop_writer)
        thread.join(WAIT_S)
        os.close(stop_reader)
        pin.close()


@dataclass
class Chip:
    """A gpiochip: one level per line, noted whenever it is an output and takes a level."""

    seen: Trace
    permits_at: int
    modes: dict[int, int] = field(default_factory=dict)
    levels: dict[int, int] = field(default_factory=dict)
    broken: bool = False
    label: str = "pinctrl-bcm2711"

    IS_OUT = 2

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LocalPiFactory, "pins", {})
        monkeypatch.setattr(LocalPiFactory, "_get_revision", lambda _: 0xC03114)  # a Pi 4B
        functions: dict[str, Callable[..., Any]] = {
            "gpiochip_open": self.open,
            "gpiochip_close": lambda _handle: 0,
            "gpio_get_chip_info": lambda _handle: (0, 54, "gpiochip0", self.label),
            "gpio_claim_input": self.claim_input,
            "gpio_claim_output": self.claim_output,
            "gpio_get_mode": lambda _handle, line: self.modes.get(line, 0),
            "gpio_read": self.read,
            "gpio_write": self.write,
            "gpio_free": lambda _handle, line: self.modes.pop(line, 0),
        }
        for name, function in functions.items():
            monkeypatch.setattr(lgpio, name, function)

    def open(self, _number: int) -> int:
        self.check()
        return 1

    def claim_input(self, _handle: int, line: int, _flags: int = 0) -> None:
        self.modes[line] = 0
        self.levels[line] = 1 - self.permits_at  # the pull resistor

    def claim_output(self, _handle: int, line: int, level: int = 0, _flags: int = 0) -> None:
        self.check()
        self.modes[line] = self.IS_OUT
        self.put(line, level)

    def write(self, _handle: int, line: int, level: int) -> None:
        self.check()
        assert self.modes[line] == self.IS_OUT, "only an output is written"
        self.put(line, int(level))

    def read(self, _handle: int, line: int) -> int:
        self.check()
        return self.levels[line]

    def put(self, line: int, level: int) -> None:
        self.levels[line] = level
        self.seen.note(permitted=level == self.permits_at)

    def check(self) -> None:
        if self.broken:
            raise lgpio.error("GPIO busy")


@contextmanager
def module(seen: Trace, *, energise_permits: bool) -> Iterator[Bench]:
    """A WB-MR6C, as far as libmodbus is one, at the end of a pty under a stable name."""

    def note(query: bytes) -> None:
        if query[1] == 5 and query[2:4] == b"\0\1":
            seen.note(permitted=(query[4] == 0xFF) is energise_permits)

    with tempfile.TemporaryDirectory(prefix="wk") as folder, ExitStack() as plugged:
        port = Path(folder) / "relay"

        def plug() -> None:
            slave = plugged.enter_context(closing(LibmodbusSlave(10, note)))
            plugged.enter_context(closing(Rs485(port, [slave])))

        plug()
        config = ModuleConfig(
            "wb-mr6c", port, Speed(115200), 10, 2, energise_permits=energise_permits
        )
        yield Bench(
            claim=lambda: ModuleLine(config),
            seen=seen,
            break_off=lambda: plugged.pop_all().close(),
            repair=plug,
        )


DRIVERS = (
    "simulated",
    "gpio-active-high",
    "gpio-active-low",
    "gpiochip",
    "module-to-run",
    "module-to-stop",
)


@pytest.fixture(params=DRIVERS)
def bench(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Bench]:
    seen = Trace()
    if request.param.startswith("module"):
        with module(seen, energise_permits=request.param == "module-to-run") as one:
            yield one
        return
    if request.param == "simulated":
        with tempfile.TemporaryDirectory(prefix="wk") as folder, ExitStack() as server:
            path = Path(folder) / "pin.sock"
            server.enter_context(simulated_pin(path, seen))
            yield Bench(
                claim=lambda: SimulatedLine(path),
                seen=seen,
                break_off=lambda: server.pop_all().close(),
                repair=lambda: server.enter_context(simulated_pin(path, seen)),
            )
        return
    permits_at = request.param != "gpio-active-low"
    plain = request.param == "gpiochip"  # an industrial board: its chip is named
    chip = Chip(seen, int(permits_at), label="gpio-mockup" if plain else "pinctrl-rp1")
    chip.install(monkeypatch)
    (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr(gpio, "DEVICES", tmp_path)
    named = tmp_path / "gpiochip0" if plain else None
    yield Bench(
        claim=lambda: GpioLine(17, permits_at=permits_at, chip=named),
        seen=seen,
        break_off=lambda: setattr(chip, "broken", True),
        repair=lambda: setattr(chip, "broken", False),
    )


def test_claiming_drives_cut_and_never_permits(bench: Bench) -> None:
    line = bench.claim()
    assert line.permitted() is False
    line.close()
    assert True not in bench.seen.all()


def test_the_level_that_was_driven_is_read_back(bench: Bench) -> None:
    line = bench.claim()
    for permitted in (True, True, False, True, False, False):
        line.drive(permitted=permitted)
        assert line.permitted() is permitted
    line.close()


def test_closing_cuts(bench: Bench) -> None:
    line = bench.claim()
    line.drive(permitted=True)
    bench.seen.wait_for(permitted=True)
    line.close()
    bench.seen.wait_for(permitted=False)


def test_each_drive_is_one_level_without_a_pulse(bench: Bench) -> None:
    """Between two drives the pump sees the levels that were asked for and no other."""
    line = bench.claim()
    bench.seen.all()
    line.drive(permitted=True)
    line.drive(permitted=False)
    line.drive(permitted=True)
    assert bench.seen.all() == [True, False, True]
    line.close()


def test_a_line_that_cannot_be_claimed_is_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "CLAIM_ATTEMPTS_MAX", 1)
    bench.break_off()
    with pytest.raises(LineGone):
        bench.claim()


def test_a_line_that_is_gone_says_so_and_is_found_again(bench: Bench) -> None:
    line = bench.claim()
    line.drive(permitted=True)
    bench.break_off()
    with pytest.raises(LineGone):
        line.drive(permitted=True)
    with pytest.raises(LineGone):
        line.permitted()
    bench.repair()
    line.drive(permitted=True)
    assert line.permitted() is True
    line.close()


def test_the_analyser_sees_the_pulse_of_a_line_that_is_claimed_in_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gpiozero's own pin, which this project does not use, pulses an active-low board.

    Without this the test that no claim permits might be blind.
    """
    seen = Trace()
    Chip(seen, permits_at=0).install(monkeypatch)
    factory = LGPIOFactory()
    OutputDevice(17, active_high=False, initial_value=False, pin_factory=factory).close()
    factory.close()
    assert seen.all() == [True, False]
