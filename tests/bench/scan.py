"""Room rule: what a scan of the core costs, second after second, and whether it grows.

A simulated house with all readings of both meters and a level probe; the pump runs four hours of
six. A year has 31.5 million scans: SHARE_DAYS of it are run, every second of them, and the first
and the last day are compared. `WELLKEEPER_BENCH_DAYS=365` runs the whole year (two hours).
"""

import gc
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from agent import rows as positional
from agent.core.model import (
    AllocateOrder,
    AllocationKind,
    Command,
    FitMeterOrder,
    Moment,
    Order,
    Origin,
    Role,
    Site,
)
from agent.core.scan import scan
from agent.core.state import Seen, State
from tests.bench.parts.row import Row, at_most, told
from tests.core.story import DAY, HOUR, SECOND, SITE, utc_ms
from tests.sim import build
from tests.sim.house import House

SHARE_DAYS = int(os.environ.get("WELLKEEPER_BENCH_DAYS", "2"))
YEAR_DAYS = 365
RUNS_MS, ROUND_MS = 4 * HOUR, 6 * HOUR
BEGINS_UTC_MS = utc_ms(2026, 3, 1)
PLAN_L = 900_000_000
# A hundredth of the second that a scan has, on a processor three times as slow as a PC's.
MEDIAN_US_MAX, P99_US_MAX = 1_000, 3_000
GROWN_KIB_MAX = 256


def rows() -> Iterator[Row]:
    site = SITE
    took_us: Counter[int] = Counter()  # how many scans took so long: it does not grow with them
    house = build.house(random.Random(1), site)
    state = _commissioned(site, house)
    held_kib, row_bytes = 0, 0
    for day in range(SHARE_DAYS):
        state = _scan_a_day(site, house, state, took_us)
        if day == 0:  # what is cached once is no growth
            held_kib, row_bytes = _resident_kib(), _row_bytes(state)
    grown_kib = _resident_kib() - held_kib
    scans = took_us.total()
    median_us, p99_us = _at(took_us, scans // 2), _at(took_us, scans * 99 // 100)
    all_us = sum(one_us * many for one_us, many in took_us.items())
    year_min = all_us / SHARE_DAYS * YEAR_DAYS / 60e6
    what = "scan of the core"
    more = f"; a year of them: {year_min:.0f} min"
    yield at_most(f"{what}, {scans:,} of 1 s: median", median_us, MEDIAN_US_MAX, "us", more)
    yield at_most(f"{what}: p99", p99_us, P99_US_MAX, "us", f"; the longest {max(took_us)} us")
    grown = f"memory, day {SHARE_DAYS} against day 1"
    yield at_most(f"{what}: {grown}", grown_kib, GROWN_KIB_MAX, "KiB more")
    more = f"; {row_bytes} bytes after day 1"
    yield told(f"{what}: the state that it hands on", _row_bytes(state), "bytes", more)


def _at(took_us: Counter[int], place: int) -> int:
    """The time of the scan at this place, the shortest first."""
    for one_us in sorted(took_us):
        place -= took_us[one_us]
        if place < 0:
            return one_us
    raise AssertionError("there are so many scans")


def _commissioned(site: Site, house: House) -> State:
    orders: tuple[Order, ...] = (
        FitMeterOrder(Role.FLOW_METER, house.flow.serial, house.flow.shown, "form", 0),
        FitMeterOrder(Role.POWER_METER, house.power.serial, house.power.shown, "form"),
        AllocateOrder(2026, AllocationKind.PLAN, PLAN_L, "plan"),
        AllocateOrder(2027, AllocationKind.PLAN, PLAN_L, "plan"),  # a whole year meets New Year
    )
    commands = tuple(
        Command(f"c{place}", Origin.ADMIN, "li", order) for place, order in enumerate(orders)
    )
    outcome = scan(site, State(), _seen(house, commands))
    house.permit(outcome.decision.lease_ms)
    assert house.relay
    return outcome.state


def _scan_a_day(site: Site, house: House, state: State, took_us: Counter[int]) -> State:
    """Every second of one day. The time is the processor's: others on the machine cost us none."""
    for _ in range(DAY // SECOND):
        house.pass_time(SECOND, renewed=True)
        if house.now_ms % ROUND_MS == 0:
            house.start()
        elif house.now_ms % ROUND_MS == RUNS_MS:
            house.stop()
        seen = _seen(house)
        began_ns = time.thread_time_ns()
        outcome = scan(site, state, seen)
        took_us[(time.thread_time_ns() - began_ns) // 1000] += 1
        assert outcome.decision.permit, outcome.decision
        state = outcome.state
    return state


def _seen(house: House, commands: tuple[Command, ...] = ()) -> Seen:
    moment = Moment(BEGINS_UTC_MS + house.now_ms, house.now_ms, "boot-1", trusted=True)
    return Seen(
        moment=moment,
        readings=house.readings(),
        commands=commands,
        relay_permitted=house.relay,
        contacts=house.contacts,
    )


def _resident_kib() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _row_bytes(state: State) -> int:
    return len(positional.dumps(positional.to_row(state)))
