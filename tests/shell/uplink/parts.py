"""Room rule: the uplink as a process, for tests that need one: all but its settings file."""

import subprocess
import sys
from pathlib import Path

KEEPALIVE_S = 1

UPLINK = """
import sys
from pathlib import Path
from agent.desk.client import Client
from agent.uplink import UplinkPolicy, run, sending
from drivers.host import HostClock, StopRequest
from drivers.mqtt import Broker, MqttConfig, MqttLink, TlsFiles
from drivers.payload.json import JsonCodec
door, port, keepalive_s, options = sys.argv[1:5]
given = dict(one.split("=") for one in options.split(",") if one)
receipts = given.pop("receipts", "") == "True"
sending.RECEIPT_PATIENCE_MS = int(given.pop("patience_ms", sending.RECEIPT_PATIENCE_MS))
tls = TlsFiles(Path(given.pop("ca"))) if "ca" in given else None
host = given.pop("host", "127.0.0.1")
broker = Broker(host, int(port), "uplink", tls, keepalive_s=int(keepalive_s), **given)
with StopRequest() as stop:
    run(
        platform=MqttLink(MqttConfig(broker, "W-1", "1", receipts=receipts, trust_puback=True)),
        codec=JsonCodec(),
        desk=lambda: Client(Path(door)),
        clock=HostClock("always"),
        policy=UplinkPolicy(1_000, 600_000, receipts=receipts),
        stop=stop,
        draw=lambda: 0.01,
    )
"""


class Process:
    """`options` are `name=value` with commas: receipts, patience_ms, ca, and those of a Broker."""

    def __init__(self, door: Path, port: int, options: str = "") -> None:
        words = [str(door), str(port), str(KEEPALIVE_S), options]
        self._command = [sys.executable, "-c", UPLINK, *words]
        self._process = subprocess.Popen(self._command)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill_and_restart(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process = subprocess.Popen(self._command)

    def wait(self, within_s: float) -> int:
        return self._process.wait(within_s)

    def end(self) -> int:
        self._process.terminate()
        return self._process.wait(timeout=20)
