"""Room rule: how near the bus driver comes to the wire, and what it costs. Needs the simulator.

The line keeps its baud rate's time; the instruments answer without thinking, so what is missing
to the wire limit is ours. The house plays in a process of its own: only the driver's CPU is
counted.
"""

import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from agent.core.model import Moment, Quality, Quantity, Role
from drivers import profile
from drivers.bus import BusConfig, Buses
from drivers.host import monotonic_ms
from drivers.instrument import InstrumentConfig
from drivers.plan import Block, Speed, wire_ms
from drivers.profile import Profile
from drivers.registers import Order, Part, Row, Type
from drivers.simulator import house
from drivers.simulator.faults import Faults
from drivers.simulator.house import HouseConfig

MOMENT = Moment(utc_ms=0, monotonic_ms=0, boot="bench", trusted=True)
REGISTERS = 22
TRANSACTIONS = 150
SCANS = 20
READY_WITHIN_S = 10


def rows() -> Iterator[tuple[str, str, str]]:
    yield from _speed(9600, "at least 0.98 of the wire")
    yield from _speed(115200, "")
    yield from _scan()
    yield from _silence()


def _speed(baud: int, budget: str) -> Iterator[tuple[str, str, str]]:
    one = InstrumentConfig(Role.FLOW_METER, 1, _long_block(), "a")
    with _buses(baud, [one]) as buses:
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        for _ in range(TRANSACTIONS):
            _all_good(buses)
        took_s = time.perf_counter() - begun_s
        cpu_ms = 1000 * (time.process_time() - begun_cpu_s) / TRANSACTIONS
    rate = TRANSACTIONS / took_s
    share = rate * wire_ms(Block(3, 0, REGISTERS), Speed(baud)) / 1000
    what = f"bus: {REGISTERS} registers at {baud} baud"
    yield what, f"{rate:.1f}/s, {share:.3f} of the wire", budget
    yield f"bus: CPU per transaction at {baud} baud", f"{cpu_ms:.2f} ms", ""


def _scan() -> Iterator[tuple[str, str, str]]:
    with _buses(9600, _both()) as buses:
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        for _ in range(SCANS):
            _all_good(buses)
        scan_ms = 1000 * (time.perf_counter() - begun_s) / SCANS
        cpu_ms = 1000 * (time.process_time() - begun_cpu_s) / SCANS
    yield "bus: one scan of both meters at 9600 baud", f"{scan_ms:.0f} ms", "700 ms"
    share = f"{cpu_ms:.1f} ms, {cpu_ms / 10:.2f} % of a core"
    yield "bus: its CPU, at one scan a second", share, "1 % for all of control"


def _silence() -> Iterator[tuple[str, str, str]]:
    """Scans one after the other: the dead instrument is never left to rest here."""
    with _buses(9600, _both(), Faults(silent_units=(1,))) as buses:
        buses.read(MOMENT)
        good = sum(
            reading.quantity is Quantity.ENERGY_WH and reading.quality is Quality.GOOD
            for _ in range(SCANS)
            for reading in buses.read(MOMENT)
        )
    what = "bus: schedule kept by the power meter, flow meter dead"
    yield what, f"{100 * good / SCANS:.0f} %", "at least 95 %"


def _both() -> list[InstrumentConfig]:
    named = {Role.FLOW_METER: "tuf2000", Role.POWER_METER: "dtsu666"}
    return [
        InstrumentConfig(role, unit, profile.load(profile.find(name)), "a")
        for unit, (role, name) in enumerate(named.items(), 1)
    ]


def _long_block() -> Profile:
    """One quantity that spans as many registers as the clients in DESIGN §13 were measured with."""
    ends = (
        Part(0, Type.F32, Order.LOW_FIRST),
        Part(REGISTERS - 2, Type.F32, Order.LOW_FIRST),
    )
    row = Row(Quantity.FLOW_L_PER_H, 3, ends, Fraction(1), -(10**9), 10**9, "bench")
    tuf = profile.load(profile.find("tuf2000"))
    return replace(tuf, rows=(row,), factors=(), pause_ms=0)


def _all_good(buses: Buses) -> None:
    assert all(reading.quality is Quality.GOOD for reading in buses.read(MOMENT))


@contextmanager
def _buses(
    baud: int, instruments: list[InstrumentConfig], faults: Faults | None = None
) -> Iterator[Buses]:
    folder = Path(tempfile.mkdtemp(prefix="wk"))
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    stop, stopped = os.pipe()
    config = HouseConfig(
        tty=folder / "tty", pin=folder / "pin", panel=folder / "panel", baud=baud,
        turnaround_ms=0, faults=faults or Faults(),
    )  # fmt: skip
    process = context.Process(target=house.run, args=(config, lambda _: ready.set(), stop))
    process.start()
    assert ready.wait(READY_WITHIN_S), "the simulated house did not open"
    with closing(Buses([BusConfig("a", config.tty, baud)], instruments, 700, monotonic_ms)) as it:
        if faults is None:
            _all_good(it)  # opening, settling and the factors are not what is measured
        yield it
    os.write(stopped, b"x")
    process.join(READY_WITHIN_S)
    os.close(stop)
    os.close(stopped)
    shutil.rmtree(folder)
