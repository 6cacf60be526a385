"""Room rule: what the uplink costs, measured on its real process, desk, journal and Mosquitto."""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from select import select

from agent.core.model import RelayMoved, Sample
from agent.desk.server import Desk
from agent.journal import Journal, Stamped, Transaction
from drivers.mqtt import Broker, Receiver
from tests.bench.parts.row import Row, at_most
from tests.mosquitto import Mosquitto

YEAR_RECORDS = 525_600  # one a minute
RECORDS = int(os.environ.get("WELLKEEPER_BENCH_RECORDS", str(YEAR_RECORDS)))
YEAR_S = 15.0
LIVE_MS = 20.0
PSS_MIB = 22.0  # two of these in the 75 MiB of a station
DRAIN_S_MAX = 300
SETTLE_S = 3.0
LIMITS = "max_queued_messages 0"

UPLINK = """
import sys
from functools import partial
from pathlib import Path
from agent.desk.client import Client
from agent.uplink import UplinkPolicy, run
from drivers.host import HostClock, StopRequest
from drivers.mqtt import Broker, MqttConfig, MqttLink
from drivers.payload.json import JsonCodec
with StopRequest() as stop:
    run(
        platform=MqttLink(MqttConfig(Broker("127.0.0.1", int(sys.argv[2]), "up"), "W", "0")),
        codec=JsonCodec(),
        desk=partial(Client, Path(sys.argv[1])),
        clock=HostClock("always"),
        policy=UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=600_000),
        stop=stop,
    )
"""


def rows() -> list[Row]:
    """One run: a year of backlog, then single events, then idle."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        _fill(folder / "journal.db")
        sockets = {"a": folder / "a.sock"}
        desk = Desk(sockets, folder / "journal.db", station="W", version="0", cursors={})
        undo.callback(desk.close)
        desk.publish({"head": [0, ""]}, None)
        broker = undo.enter_context(Mosquitto(folder, ("allow_anonymous true", LIMITS)))
        receiver = Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/W/records"])
        while not receiver.subscribed:
            receiver.step(0.1)
        began = time.perf_counter()
        uplink = subprocess.Popen([sys.executable, "-c", UPLINK, sockets["a"], str(broker.port)])
        undo.callback(uplink.wait, 10)
        undo.callback(uplink.terminate)
        most_kib, payloads = _receive(receiver, uplink.pid)
        took_s = time.perf_counter() - began
        _check(payloads)
        live_ms = _live(folder / "journal.db", desk, receiver)
        select([], [], [], SETTLE_S)
        idle_kib, cpu_ms = _pss_kib(uplink.pid), _cpu_ms(uplink.pid)
        select([], [], [], SETTLE_S)
        idle_percent = (_cpu_ms(uplink.pid) - cpu_ms) / SETTLE_S / 10
        receiver.close()
    rate = f", {RECORDS / took_s:,.0f} records/s"
    median_ms = live_ms[len(live_ms) // 2]
    year_s = YEAR_S * RECORDS / YEAR_RECORDS
    return [
        at_most(f"drain of {RECORDS:,} records, desk to Mosquitto", took_s, year_s, "s", rate),
        at_most(
            "event committed to subscriber, median of 50",
            median_ms,
            LIVE_MS,
            "ms",
            f", worst {live_ms[-1]:.1f} ms",
        ),
        at_most(
            "uplink process, PSS while draining", most_kib / 1024, PSS_MIB, "MiB",
            f", idle {idle_kib / 1024:.1f} MiB",
        ),
        Row("uplink process, CPU idle", f"{idle_percent:.2f} % of a core"),
    ]  # fmt: skip


def _fill(file: Path) -> None:
    journal = Journal.open(file)
    for first in range(0, RECORDS, 5_000):
        bodies = [
            Stamped(
                1_767_225_600_000 + minute * 60_000,
                True,  # noqa: FBT003 - the position is the field
                Sample(
                    123_456_789 + minute, 85_000, 1_234_567 + minute, 22_000, 45_123,
                    True, 62_500_000, 1_234_567 + minute,  # noqa: FBT003
                ),
            )
            for minute in range(first, min(first + 5_000, RECORDS))
        ]  # fmt: skip
        journal.append(Transaction(bodies=bodies))
    journal.close()


def _receive(receiver: Receiver, pid: int) -> tuple[int, list[bytes]]:
    """Read until the last record is here; the uplink's highest PSS on the way."""
    payloads: list[bytes] = []
    most_kib = 0
    last = b"[%d," % RECORDS
    until = time.perf_counter() + DRAIN_S_MAX
    while not payloads or last not in payloads[-1]:
        assert time.perf_counter() < until, f"{len(payloads)} batches in {DRAIN_S_MAX} s"
        receiver.step(0.5)
        payloads += [payload for _, payload, _ in receiver.take()]
        if len(payloads) % 100 == 1:
            most_kib = max(most_kib, _pss_kib(pid))
    return most_kib, payloads


def _check(payloads: list[bytes]) -> None:
    expected = 1
    for payload in payloads:
        for group in json.loads(payload)["records"]:
            for row in group["rows"]:
                assert row[0] == expected, f"record {row[0]} came where {expected} was due"
                expected += 1
    assert expected == RECORDS + 1


def _live(file: Path, desk: Desk, receiver: Receiver) -> list[float]:
    """Milliseconds from the commit of an event to its arrival, sorted."""
    moved = RelayMoved(permitted=True, lapsed=False, reasons=(), withdrawn_l=None, remaining_l=None)
    journal = Journal.open(file)
    found = []
    for _ in range(50):
        head = journal.append(Transaction(bodies=[Stamped(0, trusted=True, body=moved)]))
        began = time.perf_counter()
        desk.committed(head)
        while not receiver.take():
            receiver.step(1.0)
        found.append((time.perf_counter() - began) * 1000)
    journal.close()
    return sorted(found)


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
