"""Room rule: what a station costs that runs day after day: memory, processor, disk writes.

One well with its pump running, two platforms that take everything, both meters read every second:
four processes as units start them, every option at its default unless it says otherwise.
"""

import time
from collections.abc import Iterator

from tests.bench.parts import cost
from tests.bench.parts.row import Row, at_most, told
from tests.bench.parts.station import PLATFORMS, Station, commission, run_pump, station, status

MEMORY_MIB = 75
CPU_PERCENT = 1
WRITTEN_MB_PER_H = 1.5

RESIDENT = ("relay", "control", *(f"uplink {name}" for name in PLATFORMS))
PLAN_L = 60_000_000
SETTLE_S = 10
CPU_S = 60
# Sixty times the pace: a record, and the commit that carries it, each second instead of each
# minute; batches and states in proportion, so that cursors move as often among the records.
PACE = {"record_interval_s": 1, "batch_interval_s": 5, "state_interval_s": 10}
FAST_S = 90
MINUTE_RECORDS_PER_H = 60


def rows() -> Iterator[Row]:
    with station() as it:
        _set_going(it)
        yield from _processor(it)
        yield from memory("idle", it)
    with station(**PACE) as it:
        _set_going(it)
        yield _written(it)


def memory(when: str, it: Station) -> Iterator[Row]:
    used = cost.memory_mib({name: it.pid(name) for name in RESIDENT})
    for name, mib in used.items():
        yield told(f"{when}: memory (PSS) of {name}", mib, "MiB")
    yield at_most(f"{when}: memory (PSS) of all four", sum(used.values()), MEMORY_MIB, "MiB")


def _set_going(it: Station) -> None:
    it.open()
    it.start(*RESIDENT)
    commission(it.client(), PLAN_L)
    run_pump(it.panel())
    time.sleep(SETTLE_S)


def _processor(it: Station) -> Iterator[Row]:
    before_ms = {name: cost.cpu_ms(it.pid(name)) for name in RESIDENT}
    began_s = time.perf_counter()
    time.sleep(CPU_S)
    took_ms = 1000 * (time.perf_counter() - began_s)
    percent = {
        name: 100 * (cost.cpu_ms(it.pid(name)) - before_ms[name]) / took_ms for name in RESIDENT
    }
    for name, share in percent.items():
        yield told(f"both meters every second: CPU of {name}", share, "% of a core")
    what = "both meters every second: CPU of all four"
    yield at_most(what, sum(percent.values()), CPU_PERCENT, "% of a core")


def _written(it: Station) -> Row:
    """Control is the only one that writes: the others own no file."""
    client = it.client()
    before = [cost.written_bytes(it.pid(name)) for name in RESIDENT]
    first = status(client)["head"][0]
    time.sleep(FAST_S)
    records = status(client)["head"][0] - first
    written = [cost.written_bytes(it.pid(name)) for name in RESIDENT]
    total = sum(written) - sum(before)
    per_h = total / records * MINUTE_RECORDS_PER_H / 1e6
    return at_most(
        "disk writes at 60 s records", per_h, WRITTEN_MB_PER_H, "MB/h",
        f" ({records} records, {total / records / 1000:.1f} kB each)",
    )  # fmt: skip
