"""Room rule: the station that is measured: a simulated pump house, brokers, real processes.

Each process of DESIGN §2 is started by itself, as systemd would start it: `wellkeeper run` is for
development and is not measured. Measures nothing.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.desk.client import Client, DeskGone
from drivers import children
from drivers.host import HostClock
from drivers.mqtt import Broker, Receiver
from tests.mosquitto import Mosquitto

ROOT = Path(__file__).parents[3]
PLATFORMS = ("a", "b")
STATION = "bench-well"
RECORDS, STATE = f"wells/{STATION}/records", f"wells/{STATION}/state"
PAUSE_S = 0.002
WITHIN_S = 60.0
STOP_S = 10.0

SETTINGS = """
[station]
id = "{station}"
name = "bench"
language = "en"
state_dir = "state"
run_dir = "run"
[clock]
trusted_when = "always"
[scan]
record_interval_s = {record_interval_s}
[relay]
driver = "simulated"
socket = "pin.sock"
[[bus]]
name = "meters"
port = "bus.tty"
[flow_meter]
bus = "meters"
unit = 1
profile = "tuf2000"
flow_max_m3_per_h = {flow_max_m3_per_h}
[power_meter]
bus = "meters"
unit = 2
profile = "dtsu666"
power_max_kw = 55
[interlock]
short_cycle_s = {short_cycle_s}
"""
PLATFORM = """
[[platform]]
name = "{name}"
host = "127.0.0.1"
port = {port}
tls = false
batch_interval_s = {batch_interval_s}
state_interval_s = {state_interval_s}
"""
# Every option that a bench does not change stands as a site has it by default.
DEFAULTS = {
    "record_interval_s": 60,
    "flow_max_m3_per_h": 150,
    "short_cycle_s": 180,
    "batch_interval_s": 300,
    "state_interval_s": 600,
}


class Station:
    """A pump house, two brokers and up to four processes of ours, in one private folder."""

    def __init__(self, folder: Path, undo: ExitStack, options: Mapping[str, int]) -> None:
        self.folder = folder
        self.desk = folder / "run" / "desk" / "admin.sock"
        self.journal = folder / "state" / "journal.db"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.brokers = {name: _broker(folder / f"broker-{name}") for name in PLATFORMS}
        self._undo = undo
        self._options = {**DEFAULTS, **options}

    def open(self, *well: str) -> None:
        """The pump house and the brokers; none of ours runs yet."""
        for broker in self.brokers.values():
            self._undo.enter_context(broker)
        text = SETTINGS.format(station=STATION, **self._options)
        for name, broker in self.brokers.items():
            text += PLATFORM.format(name=name, port=broker.port, **self._options)
        (self.folder / "station.toml").write_text(text, "utf-8")
        paths = (f"--{name}={self.folder / file}" for name, file in WELL_PATHS.items())
        simulator = _start("simulate", *paths, *well, output=subprocess.PIPE)
        self._undo.callback(_end, simulator)
        _wait_for_ready(simulator)

    def start(self, *names: str) -> None:
        """`control`, `relay`, `uplink a`: as units would; returns without waiting."""
        config = f"--config={self.folder / 'station.toml'}"
        for name in names:
            self.processes[name] = _start(*name.split(), config)
            self._undo.callback(self.stop, name)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name, None)
        if process is not None:
            _end(process)

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    def client(self) -> Client:
        """The administrator's connection, as soon as somebody is at the desk."""
        until = time.perf_counter() + WITHIN_S
        while True:
            try:
                client = Client(self.desk)
            except DeskGone:
                assert time.perf_counter() < until, "control does not come up"
                time.sleep(PAUSE_S)
            else:
                self._undo.callback(client.close)
                return client

    @contextmanager
    def receivers(self) -> Iterator[dict[str, Receiver]]:
        """The platforms: one subscriber at each broker, confirmed."""
        with ExitStack() as undo:
            receivers = {}
            for name, broker in self.brokers.items():
                receivers[name] = _receiver(name, broker)
                undo.callback(receivers[name].close)
            yield receivers

    def panel(self) -> "Panel":
        panel = Panel(self.folder / "panel.sock")
        self._undo.callback(panel.close)
        return panel


WELL_PATHS = {"tty": "bus.tty", "pin": "pin.sock", "panel": "panel.sock"}


@contextmanager
def station(**options: int) -> Iterator[Station]:
    """On a disk, so that what is written is counted: a memory file system counts nothing."""
    _compile()
    with ExitStack() as undo:
        folder = Path(tempfile.mkdtemp(prefix="wk", dir="/var/tmp"))
        undo.callback(shutil.rmtree, folder)
        yield Station(folder, undo, options)


class Panel:
    """The owner's panel: what really happened, and the buttons."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        self._answers = self._socket.makefile("rb")

    def ask(self, do: str, **more: float) -> dict[str, Any]:
        self._socket.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
        told: dict[str, Any] = json.loads(self._answers.readline())
        assert told["ok"], f"the panel did not understand {do}: {told}"
        return told

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def order(client: Client, kind: str, fields: Mapping[str, Any]) -> None:
    asked = {"actor": "bench", "order": kind, "fields": fields}
    verdict = client.call("command", asked, WITHIN_S)["verdict"]
    assert verdict["refusal"] is None, f"{kind}: {verdict['refusal']}"


def status(client: Client) -> dict[str, Any]:
    answer = client.call("status", {"revision": None, "wait_ms": 10_000}, WITHIN_S)
    state: dict[str, Any] = answer["state"]
    return state


def commission(client: Client, plan_l: int) -> None:
    """Both meters fitted and a plan entered, as a technician and a supervisor would."""
    shown = {one["quantity"]: one["value"] for one in status(client)["readings"]}
    for role, quantity in (("flow_meter", "forward_total_l"), ("power_meter", "energy_wh")):
        fields = {"role": role, "serial": role, "displayed": shown[quantity], "document": "bench"}
        before = {"withdrawn_before_l": 0} if role == "flow_meter" else {}
        order(client, "FitMeterOrder", {**fields, **before})
    order(client, "AllocateOrder", allocation("plan", plan_l))


def allocation(kind: str, volume_l: int) -> dict[str, Any]:
    now_utc_ms = time_utc_ms()
    year = datetime.fromtimestamp(now_utc_ms / 1000, ZoneInfo("Asia/Shanghai")).year
    document = f"bench {now_utc_ms}"
    return {"year": year, "kind": kind, "volume_l": volume_l, "document": document}


def run_pump(panel: Panel) -> None:
    """The owner presses start as soon as the relay permits."""
    wait_until(lambda: bool(panel.ask("truth")["permitted"]), "the relay does not permit")
    assert panel.ask("start")["running"], "the pump does not start"


def wait_until(true: Callable[[], bool], otherwise: str) -> None:
    until = time.perf_counter() + WITHIN_S
    while not true():
        assert time.perf_counter() < until, otherwise
        time.sleep(PAUSE_S)


def state_age_ms(payload: bytes) -> float:
    """How long ago the scan was that a platform has just been told of."""
    return time_utc_ms() - 1000 * datetime.fromisoformat(json.loads(payload)["at"]).timestamp()


def time_utc_ms() -> int:
    return HostClock("always").now().utc_ms


def _environment() -> dict[str, str]:
    hindering = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    return {name: value for name, value in os.environ.items() if name not in hindering}


def _compile() -> None:
    """As pip does when it installs: a process that compiles its modules takes 5 MiB more."""
    argv = [sys.executable, "-m", "compileall", "-q", "agent", "drivers"]
    subprocess.run(argv, cwd=ROOT, env=_environment(), check=True)


def _start(*arguments: str, output: int | None = None) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "agent.cli", *arguments]
    return children.start(argv, output=output, environment=_environment())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(STOP_S)
    if process.stdout is not None:
        process.stdout.close()


def _wait_for_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    said = b""
    while not said.endswith(b"ready\n"):
        assert select.select([process.stdout], [], [], WITHIN_S)[0], "no simulated pump house"
        more = os.read(process.stdout.fileno(), 4096)
        assert more, f"the simulated pump house ended: {said!r}"
        said += more


def _broker(folder: Path) -> Mosquitto:
    folder.mkdir()
    return Mosquitto(folder, ("allow_anonymous true", "max_queued_messages 0"))


def _receiver(name: str, broker: Mosquitto) -> Receiver:
    receiver = Receiver(Broker("127.0.0.1", broker.port, f"rx-{name}"), [RECORDS, STATE])
    until = time.perf_counter() + WITHIN_S
    while not receiver.subscribed:
        assert time.perf_counter() < until, receiver.error
        receiver.step(0.1)
    return receiver
