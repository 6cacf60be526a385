"""Room rule: what a flood does to the scan and to a cut, beside the same station at rest.

All at once: commands on one platform's topic at 10,000 a second; questions without end at the
desk, knocks and lines without an end, as from the other platform's uplink that was taken over; and
a bus that garbles and loses replies. Then the same figures as before it.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from statistics import median

from agent.desk.client import Client
from tests.bench.parts import cost
from tests.bench.parts.row import Row, at_most, told
from tests.bench.parts.station import (
    ROOT,
    Station,
    allocation,
    commission,
    order,
    run_pump,
    station,
    status,
)
from tests.bench.reaction import CUT_MS, CUTS, LEFT_L, SLOW, WELL, cut

PER_S = 10_000
PERIOD_MS = 1000
# Three periods without a scan cost the lease; a quarter of one costs nothing.
LATE_MS = 250
LOOK_S = 30
NOISE = {"noise": 0.02, "silence": 0.01}
# A reply that the noise spoilt is read in the next scan.
NOISY_CUT_MS = CUT_MS + PERIOD_MS


def rows() -> Iterator[Row]:
    with station(**SLOW, record_interval_s=1) as it:
        it.open(WELL)
        it.start("relay", "control", "uplink a")
        client, panel = it.client(), it.panel()
        commission(client, LEFT_L)
        yield from _periods("at rest", it, client)
        yield cut(it, panel, "at rest: ")
        order(client, "AllocateOrder", allocation("addition", 1_000))
        run_pump(panel)
        with _flood(it) as sent:
            yield from _periods("flooded", it, client)
            lacking_l = LEFT_L - status(client)["balance"]["remaining_l"]
            order(client, "AllocateOrder", allocation("correction", lacking_l))
            stepped_l = LEFT_L * CUTS
            yield cut(it, panel, "flooded: ", total_l=stepped_l, limit_ms=NOISY_CUT_MS)
        for name, count in sent.items():
            yield told(f"sent meanwhile by the flood: {name}", count, "messages")


def _periods(when: str, it: Station, client: Client) -> Iterator[Row]:
    """A record each scan says when it began."""
    first = status(client)["head"][0]
    used_ms = {name: cost.cpu_ms(it.pid(name)) for name in ("control", "uplink a")}
    began_s = time.perf_counter()
    time.sleep(LOOK_S)
    took_ms = 1000 * (time.perf_counter() - began_s)
    page = client.call("records", {"after": first, "limit": 1000, "wait_ms": 0}, 30.0)["records"]
    moments = sorted({one[1] for one in page if one[3] == "sample"})
    apart = [later - earlier for earlier, later in pairwise(moments)]
    worst = max(abs(one - PERIOD_MS) for one in apart)
    more = f", median {median(apart):.0f} ms apart, {len(apart)} scans"
    yield at_most(f"{when}: a scan later or earlier than its period", worst, LATE_MS, "ms", more)
    for name, before_ms in used_ms.items():
        share = 100 * (cost.cpu_ms(it.pid(name)) - before_ms) / took_ms
        yield told(f"{when}: CPU of {name}", share, "% of a core")


@contextmanager
def _flood(it: Station) -> Iterator[dict[str, int]]:
    """Filled with what was sent when it is over."""
    sent: dict[str, int] = {}
    asked = {
        "commands": ("mqtt", str(it.brokers["a"].port), str(PER_S)),
        "questions at the desk": ("desk", str(it.desk.with_name("b.sock"))),
        "knocks and half lines at the desk": ("rude", str(it.desk.with_name("b.sock"))),
    }
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "tests.bench.parts.flooder", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name, words in asked.items()
    }
    panel = it.panel()
    panel.ask("fault", **NOISE)
    try:
        yield sent
    finally:
        panel.ask("heal")
        for name, process in running.items():
            said, _ = process.communicate("\n", timeout=30)
            sent[name] = int(said)
