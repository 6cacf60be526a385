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
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import median

from pymodbus.client import ModbusSerialClient

from agent.core.model import Moment, Quality, Quantity, Role
from drivers import profile_file, registers
from drivers.bus import Buses
from drivers.declared import InstrumentConfig
from drivers.host import monotonic_ms
from drivers.instrument import Instrument
from drivers.plan import Block, Speed, wire_ms
from drivers.profile import Profile
from drivers.registers import Order, Part, Type
from drivers.shelf import OWN_FOLDER
from drivers.simulator import house
from drivers.simulator.faults import Faults
from drivers.simulator.house import HouseConfig
from drivers.wire import BusConfig
from tests.bench.parts.row import Row, at_least, at_most, told
from tests.drivers.simulator.masters import LibmodbusMaster, libmodbus

MOMENT = Moment(utc_ms=0, monotonic_ms=0, boot="bench", trusted=True)
REGISTERS = 22
TRANSACTIONS = 150
SCANS = 20
READY_WITHIN_S = 10
WIRE_SHARES = {9600: 0.98, 115200: 0.80}
WIRE = "of the wire"
BUS_BUDGET_MS = 700  # of a period of one second (config/station.example.toml)
SCHEDULE_PERCENT = 95


def rows() -> Iterator[Row]:
    for baud in WIRE_SHARES:
        ours = yield from _speed(baud)
        yield _synchronous(baud, ours)
        yield _libmodbus(baud, ours)
    yield from _scan()
    yield from _silence()
    yield from _requests()


def _speed(baud: int) -> Generator[Row, None, float]:
    """The share of the wire, for whoever compares."""
    one = InstrumentConfig(Role.FLOW_METER, 1, _long_block(), "a")
    with _line(baud) as tty, _driver(tty, baud, [one]) as buses:
        _all_good(buses)  # opening and settling is not what is measured
        begun_cpu_s = time.process_time()
        rate = _rate(lambda: _all_good(buses))
        cpu_ms = 1000 * (time.process_time() - begun_cpu_s) / TRANSACTIONS
    share = _share(rate, baud)
    what = f"Modbus, {REGISTERS} registers at {baud} baud"
    yield at_least(what, share, WIRE_SHARES[baud], WIRE, f", {rate:.1f}/s")
    yield told(f"Modbus, CPU per transaction at {baud} baud", cpu_ms, "ms")
    return share


def _synchronous(baud: int, ours: float) -> Row:
    """pymodbus's own synchronous client on the same line, in the same run."""
    with _line(baud) as tty:
        client = ModbusSerialClient(str(tty), baudrate=baud, timeout=1, retries=0)
        assert client.connect()

        def ask() -> None:
            answer = client.read_holding_registers(0, count=REGISTERS, device_id=1)
            assert not answer.isError(), answer

        rate = _rate(ask)
        client.close()  # type: ignore[no-untyped-call]  # pymodbus's
    share = _share(rate, baud)
    more = f", {rate:.1f}/s; ours is {ours / share:.2f} times as fast"
    return told(f"Modbus, the same by pymodbus's sync client at {baud} baud", share, WIRE, more)


def _libmodbus(baud: int, ours: float) -> Row:
    """libmodbus, a client in C, on the same line, in the same run."""
    with _line(baud) as tty, libmodbus(tty, baud) as master:
        rate = _rate(lambda: _twenty_two(master))
    share = _share(rate, baud)
    more = f", {rate:.1f}/s; ours is {ours / share:.2f} times as fast"
    return told(f"Modbus, the same by libmodbus at {baud} baud", share, WIRE, more)


def _twenty_two(master: LibmodbusMaster) -> None:
    assert len(master.read(1, 0, REGISTERS)) == REGISTERS


def _rate(transaction: Callable[[], None]) -> float:
    """By the median of many: what else this host does now and then is not the driver's."""
    took_s = []
    for _ in range(TRANSACTIONS):
        begun_s = time.perf_counter()
        transaction()
        took_s.append(time.perf_counter() - begun_s)
    return 1 / median(took_s)


def _share(rate: float, baud: int) -> float:
    return rate * wire_ms(Block(3, 0, REGISTERS), Speed(baud)) / 1000


def _scan() -> Iterator[Row]:
    with _line(9600) as tty, _driver(tty, 9600, _both()) as buses:
        _all_good(buses)
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        for _ in range(SCANS):
            _all_good(buses)
        scan_ms = 1000 * (time.perf_counter() - begun_s) / SCANS
        cpu_ms = 1000 * (time.process_time() - begun_cpu_s) / SCANS
    yield at_most("Modbus, one scan of both meters at 9600 baud", scan_ms, BUS_BUDGET_MS, "ms")
    yield told("Modbus, its CPU at one scan a second", cpu_ms / 10, "% of a core")


def _requests() -> Iterator[Row]:
    """What a scan of each profile costs on the wire at the speed it comes with."""
    for path in sorted(OWN_FOLDER.glob("*.toml")):
        kind = profile_file.load(path)
        depth_mm = 1 if kind.role is Role.LEVEL_PROBE else None
        one = Instrument(InstrumentConfig(kind.role, 1, kind, "a", depth_mm), kind.line)
        wire = sum(wire_ms(block, kind.line) + kind.pause_ms for block in one.often)
        registers_read = sum(block.count for block in one.often)
        yield Row(
            f"Modbus, {path.stem}: requests a scan",
            f"{len(one.often)}, {registers_read} registers, {wire:.0f} ms at {kind.line.baud} baud",
        )


def _silence() -> Iterator[Row]:
    """Scans one after the other: the dead instrument is never left to rest here."""
    healthy_ms = _scan_ms(Faults())
    sick_ms = _scan_ms(Faults(silent_units=(1,)))
    what = "Modbus, what a silent flow meter costs a scan, before it rests"
    yield told(what, sick_ms - healthy_ms, "ms", f" ({healthy_ms:.0f} ms with both alive)")
    faults = Faults(silent_units=(1,))
    with _line(9600, faults) as tty, _driver(tty, 9600, _both()) as buses:
        buses.read(MOMENT)
        good = sum(
            reading.quantity is Quantity.ENERGY_WH and reading.quality is Quality.GOOD
            for _ in range(SCANS)
            for reading in buses.read(MOMENT)
        )
    what = "Modbus, the power meter's schedule with a dead flow meter"
    yield at_least(what, 100 * good / SCANS, SCHEDULE_PERCENT, "%")


def _scan_ms(faults: Faults) -> float:
    """The median scan of both meters; the first ones learn who answers, and how fast."""
    with _line(9600, faults) as tty, _driver(tty, 9600, _both()) as buses:
        buses.read(MOMENT)
        took_ms = []
        for _ in range(5):
            begun_s = time.perf_counter()
            buses.read(MOMENT)
            took_ms.append(1000 * (time.perf_counter() - begun_s))
    return median(took_ms)


def _both() -> list[InstrumentConfig]:
    named = {Role.FLOW_METER: "tuf2000", Role.POWER_METER: "dtsu666"}
    return [
        InstrumentConfig(role, unit, profile_file.load(profile_file.find(name)), "a")
        for unit, (role, name) in enumerate(named.items(), 1)
    ]


def _long_block() -> Profile:
    """One quantity that spans as many registers as the clients in DESIGN §13 were measured with."""
    ends = (
        Part(0, Type.F32, Order.LOW_FIRST),
        Part(REGISTERS - 2, Type.F32, Order.LOW_FIRST),
    )
    row = registers.Row(Quantity.FLOW_L_PER_H, 3, ends, Fraction(1), -(10**9), 10**9, "bench")
    tuf = profile_file.load(profile_file.find("tuf2000"))
    return replace(tuf, rows=(row,), factors=(), pause_ms=0)


def _all_good(buses: Buses) -> None:
    assert all(reading.quality is Quality.GOOD for reading in buses.read(MOMENT))


@contextmanager
def _driver(tty: Path, baud: int, instruments: list[InstrumentConfig]) -> Iterator[Buses]:
    config = BusConfig("a", tty, baud)
    with closing(Buses([config], instruments, BUS_BUDGET_MS, monotonic_ms)) as buses:
        yield buses


@contextmanager
def _line(baud: int, faults: Faults | None = None) -> Iterator[Path]:
    """The tty of a simulated house that plays in a process of its own."""
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
    yield config.tty
    os.write(stopped, b"x")
    process.join(READY_WITHIN_S)
    os.close(stop)
    os.close(stopped)
    shutil.rmtree(folder)
