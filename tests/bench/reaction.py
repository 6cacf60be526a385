"""Room rule: how soon a station reacts: after its start, at a meter, towards and after a platform.

Real processes and a simulated pump house at 9600 baud. A cut is provoked by a totalizer that
steps over the end of the allocation while the pump runs; the pump house says when its contact
opened. The instants of the steps are spread over the period of the scan.
"""

import time
from collections.abc import Iterator
from statistics import median

from agent.desk.client import Client
from drivers.mqtt import Receiver
from tests.bench.parts.row import Row, at_most
from tests.bench.parts.station import (
    PLATFORMS,
    STATE,
    Panel,
    Station,
    allocation,
    commission,
    order,
    run_pump,
    station,
    status,
    wait_until,
)

COLD_START_MS = 1000
CUT_MS = 1000 + 150
LIVE_MS = 20
BACK_S = 5

STARTS = 5
CUTS = 10
EDGES = 10
OUTAGES = 4
OUTAGE_S = 5
WITHIN_S = 60.0
STEP_S = 0.002
UPLINKS = tuple(f"uplink {name}" for name in PLATFORMS)

# A pump of 100 L/h on a meter of at most 1 m³/h: what is kept back for coasting is less than a
# litre, and the allocation ends at the step and not before it.
WELL = "--flow-l-per-h=100"
SLOW = {"flow_max_m3_per_h": 1, "short_cycle_s": 0}
LEFT_L = 2
# The pump is seen to run for so long before the step.
RUNS_S = 2.5


def rows() -> Iterator[Row]:
    with station(**SLOW) as it:
        it.open(WELL)
        it.start("relay")
        yield _cold_start(it)
        client, panel = it.client(), it.panel()
        commission(client, LEFT_L)
        yield cut(it, panel)
        fields = allocation("addition", 1_000_000)
        order(client, "AllocateOrder", fields)
        it.start(*UPLINKS)
        with it.receivers() as receivers:
            yield _live(panel, receivers)
            yield _broker_back(it, receivers)


def _cold_start(it: Station) -> Row:
    """Until the desk answers with a scan's decision; the last start is left running."""
    took_ms = []
    for _ in range(STARTS):
        it.stop("control")
        began_s = time.perf_counter()
        it.start("control")
        assert status(it.client())["readings"], "a decision without readings"
        took_ms.append(1000 * (time.perf_counter() - began_s))
    more = f", worst of {STARTS} {max(took_ms):.0f} ms"
    return at_most("exec to first decision (median)", median(took_ms), COLD_START_MS, "ms", more)


def cut(
    it: Station, panel: Panel, when: str = "", *, total_l: int = 0, limit_ms: int = CUT_MS
) -> Row:
    """`total_l` is how far the meter was stepped before."""
    client = it.client()
    took_ms = []
    for number in range(CUTS):
        if number:
            # The contact opens before the scan is published: the account is still the last one.
            wait_until(lambda: not status(client)["permitted"], "no scan says that it cut")
            lacking_l = LEFT_L - status(client)["balance"]["remaining_l"]
            order(client, "AllocateOrder", allocation("addition", lacking_l))
        run_pump(panel)
        time.sleep(RUNS_S + number / CUTS)
        total_l += LEFT_L
        began_s = time.perf_counter()
        assert panel.ask("meter", initial_total_l=total_l)["permitted"], "cut before the step"
        while panel.ask("truth")["permitted"]:
            assert time.perf_counter() - began_s < WITHIN_S, "it was not cut"
            time.sleep(STEP_S)
        took_ms.append(1000 * (time.perf_counter() - began_s))
    more = f", median {median(took_ms):.0f} ms"
    what = f"{when}total steps to relay open, worst of {CUTS}"
    return at_most(what, max(took_ms), limit_ms, "ms", more)


def _live(panel: Panel, receivers: dict[str, Receiver]) -> Row:
    """The owner starts and stops the pump; each platform hears of it from the scan that saw it.

    Counted from the last character that the meters said: their time on the wire is theirs.
    """
    took_ms = []
    for receiver in receivers.values():
        for number in range(EDGES):
            _drain(receiver)
            panel.ask("stop" if number % 2 else "start")
            took_ms.append(_from_wire_ms(panel, receiver))
    what = "meters' last character to subscriber, live state (median)"
    more = f", worst of {len(took_ms)} {max(took_ms):.0f} ms"
    return at_most(what, median(took_ms), LIVE_MS, "ms", more)


def _from_wire_ms(panel: Panel, receiver: Receiver) -> float:
    """To the next live state, within STEP_S."""
    begun_s = said_s = time.perf_counter()
    arrived = -1
    while True:
        told = panel.ask("truth")["arrived"]
        now_s = time.perf_counter()
        assert now_s - begun_s < WITHIN_S, "no live state came"
        if told != arrived:
            arrived, said_s = told, now_s
        receiver.step(STEP_S)
        if any(topic == STATE for topic, _, _ in receiver.take()):
            return 1000 * (time.perf_counter() - said_s)


def _drain(receiver: Receiver) -> None:
    """What came before is not what is waited for."""
    while True:
        receiver.step(0.05)
        if not receiver.take():
            return


def _broker_back(it: Station, receivers: dict[str, Receiver]) -> Row:
    """From a broker that listens again to its first message from us, after a short outage.

    The uplinks are new each time: one that loses its link again and again within a minute takes
    that for a rival with its name, and stands back.
    """
    took_s = []
    client = it.client()
    for _ in range(OUTAGES):
        for name in UPLINKS:
            it.stop(name)
        it.start(*UPLINKS)
        wait_until(lambda: _all_connected(client), "an uplink does not connect")
        for broker in it.brokers.values():
            broker.kill()
        time.sleep(OUTAGE_S)
        took_s += _first_messages_s(it, receivers)
    more = f", median {median(took_s):.1f} s"
    what = f"broker back to first message, worst of {len(took_s)}"
    return at_most(what, max(took_s), BACK_S, "s", more)


def _all_connected(client: Client) -> bool:
    return all(one["connected"] for one in status(client)["uplinks"].values())


def _first_messages_s(it: Station, receivers: dict[str, Receiver]) -> list[float]:
    took_s = []
    back_s = {}
    for name, broker in it.brokers.items():
        receivers[name].take()
        broker.start()
        back_s[name] = time.perf_counter()
    while back_s:
        for name in list(back_s):
            receivers[name].step(STEP_S)
            waited_s = time.perf_counter() - back_s[name]
            assert waited_s < WITHIN_S, f"uplink {name} does not come back"
            if receivers[name].take():
                took_s.append(waited_s)
                del back_s[name]
    return took_s
