"""Room rule: a whole station with a year of records that no platform has yet, and what it costs.

The history is in the journal before control starts. Then one uplink after the other comes, while
control goes on scanning; every allocation entered meanwhile changes the live state, which must
not wait behind the backlog.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

from agent.desk.client import Client
from drivers.mqtt import Receiver
from tests.bench.parts import cost, years
from tests.bench.parts.row import Row, at_most
from tests.bench.parts.station import (
    RECORDS,
    STATE,
    Station,
    allocation,
    commission,
    state_age_ms,
    station,
    status,
)

COLD_START_MS = 1000
DRAIN_S = 15
LIVE_MS = 1000
MEMORY_MIB = 75
DRAIN_S_MAX = 300
SETTLE_S = 5
WEIGH_EVERY_S = 1.0
LAST = b"[%d," % years.RECORDS
PLAN_L = 60_000_000


def rows() -> Iterator[Row]:
    with station() as it, ExitStack() as undo:
        years.fill(it.journal)
        it.open()
        began_s = time.perf_counter()
        it.start("relay", "control")
        client = it.client()
        status(client)
        start_ms = 1000 * (time.perf_counter() - began_s)
        yield at_most("year of records: exec to first decision", start_ms, COLD_START_MS, "ms")
        commission(client, PLAN_L)
        receivers = undo.enter_context(it.receivers())
        first = _drain(it, client, receivers, "a", weigh=False)
        what = f"{years.RECORDS:,} records to one platform, live station"
        yield at_most(what, first.took_s, DRAIN_S, "s", f", {years.RECORDS / first.took_s:,.0f}/s")
        second = _drain(it, client, receivers, "b", weigh=True)
        late_ms = max(first.late_ms, second.late_ms)
        count = first.states + second.states - 2
        yield at_most("live state meanwhile, latest", late_ms, LIVE_MS, "ms", f" of {count}")
        yield at_most("memory (PSS) of all four meanwhile, most", second.mib, MEMORY_MIB, "MiB")
        time.sleep(SETTLE_S)
        yield at_most("memory (PSS) of all four afterwards", _memory_mib(it), MEMORY_MIB, "MiB")


class _Drain:
    """What was seen while one platform caught up."""

    def __init__(self) -> None:
        self.took_s = 0.0
        self.late_ms = 0.0
        self.states = 0
        self.mib = 0.0
        self.batches: list[bytes] = []

    @property
    def over(self) -> bool:
        return bool(self.batches) and LAST in self.batches[-1]

    def take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == RECORDS:
            self.batches.append(payload)
        elif topic == STATE and not retained:
            self.states += 1
            # The first one greets: it is of the last scan, however long ago that was.
            if self.states > 1:
                self.late_ms = max(self.late_ms, state_age_ms(payload))

    def check(self) -> None:
        """Each record once, in order; and somebody looked while they came."""
        groups = (group for batch in self.batches for group in json.loads(batch)["records"])
        numbers = [row[0] for group in groups for row in group["rows"]]
        assert numbers == list(range(1, len(numbers) + 1)), "not each record once, in order"
        assert self.states > 1, "no change of the live state came meanwhile"


def _drain(
    it: Station, client: Client, receivers: dict[str, Receiver], name: str, *, weigh: bool
) -> _Drain:
    """Until the last record of the year is there, in order, each once."""
    seen = _Drain()
    receiver = receivers[name]
    began_s = weighed_s = time.perf_counter()
    it.start(f"uplink {name}")
    _change(client)
    while not seen.over:
        taken_s = time.perf_counter() - began_s
        assert taken_s < DRAIN_S_MAX, f"{len(seen.batches)} batches in {DRAIN_S_MAX} s"
        receiver.step(0.2)
        for topic, payload, retained in receiver.take():
            seen.take(topic, payload, retained=retained)
        if client.take():
            _change(client)
        if weigh and time.perf_counter() - weighed_s > WEIGH_EVERY_S:
            seen.mib, weighed_s = max(seen.mib, _memory_mib(it)), time.perf_counter()
    seen.took_s = time.perf_counter() - began_s
    seen.check()
    assert seen.mib or not weigh, "it was over before anybody weighed it"
    _answered(client)
    return seen


def _change(client: Client) -> None:
    """Something that a platform must hear of at once; judged by the next scan."""
    fields = allocation("addition", 1)
    client.post("command", {"actor": "bench", "order": "AllocateOrder", "fields": fields})


def _answered(client: Client) -> None:
    while not client.take():
        time.sleep(0.01)


def _memory_mib(it: Station) -> float:
    pids = {name: it.pid(name) for name in it.processes}
    return sum(cost.memory_mib(pids).values())
