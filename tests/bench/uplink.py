"""Room rule: what the uplink costs, measured on its real process, desk, journal and Mosquitto.

Beside it the same payloads by paho alone. That is no goal for the drain's time, which the desk
paces, so that a client costs control a third of a core at most (docs/decisions/0021): it tells what
paho and the broker take. What the two can be compared by is processor time.
"""

import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select
from typing import NamedTuple

from agent.core.model import RelayMoved, Sample
from agent.desk.server import Desk
from agent.desk.session import PACE_BURST, PACE_BYTES, PACE_PER_S
from agent.journal import Journal, Stamped, Transaction
from drivers.mqtt import Broker, Receiver
from tests.bench.parts.row import Row, at_most, told
from tests.mosquitto import Mosquitto

YEAR_RECORDS = 525_600  # one a minute
RECORDS = int(os.environ.get("WELLKEEPER_BENCH_RECORDS", str(YEAR_RECORDS)))
YEAR_S = 15.0
LIVE_MS = 20.0
PSS_MIB = 22.0  # two of these in the 75 MiB of a station
DRAIN_S_MAX = 300
SETTLE_S = 3.0
LIMITS = "max_queued_messages 0"
SIZES = (1_000, 10_000, 100_000, 1_000_000)

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


# The same payloads by paho alone: one thread that drives `loop()`, no store, nothing remembered.
RAW = """
import struct
import sys
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
payloads = []
with open(sys.argv[1], "rb") as file:
    while size := file.read(4):
        payloads.append(file.read(struct.unpack("<I", size)[0]))
client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
client.max_inflight_messages_set(20)
client.connect("127.0.0.1", int(sys.argv[2]))
answered = sent = 0
def on_publish(*_):
    global answered
    answered += 1
client.on_publish = on_publish
while answered < len(payloads):
    while client.is_connected() and sent < min(len(payloads), answered + 20):
        client.publish("wells/W/records", payloads[sent], qos=1)
        sent += 1
    client.loop(0.1)
"""


class Drain(NamedTuple):
    took_s: float
    cpu_s: float
    most_kib: int
    payloads: list[bytes]

    @property
    def paced_s(self) -> float:
        """What the desk makes one client wait at least, for its pages and what is in them."""
        octets = sum(map(len, self.payloads))  # a page has about as many
        return (len(self.payloads) + octets / PACE_BYTES - PACE_BURST) / PACE_PER_S


def rows() -> Iterator[Row]:
    """A year of backlog, then single events, then idle; the same by paho alone; other sizes."""
    with _uplink(RECORDS) as (folder, desk, broker, receiver, uplink):
        year = _drain(receiver, uplink, RECORDS)
        rate = f", {RECORDS / year.took_s:,.0f} records/s; the desk's pace is {year.paced_s:.1f} s"
        year_s = YEAR_S * RECORDS / YEAR_RECORDS
        what = f"drain of {RECORDS:,} records, desk to Mosquitto"
        yield at_most(what, year.took_s, year_s, "s", rate)
        live_ms = _live(folder / "journal.db", desk, receiver)
        worst = f", worst {live_ms[-1]:.1f} ms"
        what = "event committed to subscriber, median of 50"
        yield at_most(what, live_ms[len(live_ms) // 2], LIVE_MS, "ms", worst)
        select([], [], [], SETTLE_S)
        idle_kib, cpu_ms = _pss_kib(uplink.pid), _cpu_ms(uplink.pid)
        select([], [], [], SETTLE_S)
        idle_percent = (_cpu_ms(uplink.pid) - cpu_ms) / SETTLE_S / 10
        idle = f", idle {idle_kib / 1024:.1f} MiB"
        what = "uplink process, PSS while draining"
        yield at_most(what, year.most_kib / 1024, PSS_MIB, "MiB", idle)
        yield Row("uplink process, CPU idle", f"{idle_percent:.2f} % of a core")
        raw_s, raw_cpu_s = _raw(folder / "payloads", year.payloads, broker.port, receiver)
        what = "the same payloads by raw paho, from memory and unpaced"
        yield told(what, raw_s, "s", f", {raw_s / year.took_s:.2f} of the drain's time")
        what = "uplink process, CPU a record, its start included"
        more = f", raw paho {raw_cpu_s / RECORDS * 1e6:.1f}"
        yield told(what, year.cpu_s / RECORDS * 1e6, "us", more)
    for held in SIZES:
        with _uplink(held) as (_, _, _, receiver, uplink):
            drain = _drain(receiver, uplink, held)
        rate = f", {held / drain.took_s:,.0f} records/s, PSS {drain.most_kib / 1024:.1f} MiB"
        yield told(f"drain of {held:,} records, process start included", drain.took_s, "s", rate)


@contextmanager
def _uplink(held: int) -> Iterator[tuple[Path, Desk, Mosquitto, Receiver, subprocess.Popen[bytes]]]:
    """A journal of so many records, its desk, a broker with a subscriber, and the real process."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        _fill(folder / "journal.db", held)
        sockets = {"a": folder / "a.sock"}
        desk = Desk(sockets, folder / "journal.db", station="W", version="0", cursors={})
        undo.callback(desk.close)
        desk.publish({"head": [0, ""]}, None)
        broker = undo.enter_context(Mosquitto(folder, ("allow_anonymous true", LIMITS)))
        receiver = Receiver(Broker("127.0.0.1", broker.port, "rx"), ["wells/W/records"])
        undo.callback(receiver.close)
        while not receiver.subscribed:
            receiver.step(0.1)
        uplink = subprocess.Popen([sys.executable, "-c", UPLINK, sockets["a"], str(broker.port)])
        undo.callback(uplink.wait, 10)
        undo.callback(uplink.terminate)
        yield folder, desk, broker, receiver, uplink


def _drain(receiver: Receiver, uplink: subprocess.Popen[bytes], held: int) -> Drain:
    began = time.perf_counter()
    most_kib, payloads = _receive(receiver, uplink.pid, held)
    took_s = time.perf_counter() - began
    _check(payloads, held)
    return Drain(took_s, _cpu_ms(uplink.pid) / 1000, most_kib, payloads)


def _raw(file: Path, payloads: list[bytes], port: int, receiver: Receiver) -> tuple[float, float]:
    """Seconds from its start until all have come, and of processor time."""
    file.write_bytes(b"".join(struct.pack("<I", len(one)) + one for one in payloads))
    receiver.take()
    before_s = _children_cpu_s()
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", RAW, file, str(port)]) as raw:
        came = 0
        while came < len(payloads):
            receiver.step(0.5)
            came += len(receiver.take())
        took_s = time.perf_counter() - began
        raw.wait(10)
    return took_s, _children_cpu_s() - before_s


def _children_cpu_s() -> float:
    """Of those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _fill(file: Path, held: int) -> None:
    journal = Journal.open(file)
    for first in range(0, held, 5_000):
        bodies = [
            Stamped(
                1_767_225_600_000 + minute * 60_000,
                True,
                Sample(
                    123_456_789 + minute, 85_000, 1_234_567 + minute, 22_000, 45_123,
                    True, 62_500_000, 1_234_567 + minute,
                ),
            )
            for minute in range(first, min(first + 5_000, held))
        ]  # fmt: skip
        journal.append(Transaction(bodies=bodies))
    journal.close()


def _receive(receiver: Receiver, pid: int, held: int) -> tuple[int, list[bytes]]:
    """Read until the last record is here; the uplink's highest PSS on the way."""
    payloads: list[bytes] = []
    most_kib = 0
    last = b"[%d," % held
    until = time.perf_counter() + DRAIN_S_MAX
    while not payloads or last not in payloads[-1]:
        assert time.perf_counter() < until, f"{len(payloads)} batches in {DRAIN_S_MAX} s"
        receiver.step(0.5)
        payloads += [payload for _, payload, _ in receiver.take()]
        if len(payloads) % 100 == 1:
            most_kib = max(most_kib, _pss_kib(pid))
    return most_kib, payloads


def _check(payloads: list[bytes], held: int) -> None:
    expected = 1
    for payload in payloads:
        for group in json.loads(payload)["records"]:
            for row in group["rows"]:
                assert row[0] == expected, f"record {row[0]} came where {expected} was due"
                expected += 1
    assert expected == held + 1


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
