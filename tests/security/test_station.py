"""A real station, looked at from outside: nobody can come in, and no secret comes out.

Its secrets are canaries: unlike anything else, so that one octet of them anywhere is a leak. The
station lives through what makes programs talkative: wrong PINs, malformed requests, a broker that
refuses, a control that is killed. Then everything that leaves it is searched.
"""

import base64
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.desk.client import Client, DeskRefused
from drivers.mqtt import Broker, Receiver
from tests.mosquitto import Mosquitto
from tests.shell.console.ward import WAIT_S, Ward

PIN, WRONG_PIN = "canary-pin-57K2", "canary-try-91Q8"
PASSWORD = "canary-password-36Z4"
PLATFORM = """
[[platform]]
name = "a"
host = "127.0.0.1"
port = {port}
tls = false
user = "well"
password_file = "{password}"
batch_interval_s = 1
"""
PROCESSES = ("relay", "control", "uplink a", "console front")
LISTENS = "0A"  # TCP_LISTEN, include/net/tcp_states.h
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("records",),
    ("journal", "verify"),
    ("journal", "stats"),
    ("journal", "export"),
    ("journal", "export", "--csv"),
    ("conditions",),
    ("check",),
    ("account", "list"),
    ("keys", "show"),
)


@dataclass(frozen=True)
class Life:
    """What was seen of a station, by where it was seen, and its secrets."""

    seen: dict[str, bytes]
    secrets: dict[str, bytes]
    sockets: dict[str, list[tuple[str, str, str]]]


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    folder = Path(tempfile.mkdtemp(prefix="wk"))
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker", ("allow_anonymous true",))
    ward = Ward(folder, "dumb", "en")
    try:
        broker.start()
        more = PLATFORM.format(port=broker.port, password=password)
        ward.config.write_text(ward.config.read_text("utf-8") + more, "utf-8")
        ward.begin()
        yield _lived(ward, broker)
    finally:
        broker.kill()
        ward.end()


def _lived(ward: Ward, broker: Mosquitto) -> Life:
    heard = Receiver(Broker("127.0.0.1", broker.port, "listener"), ["#"])
    payloads: list[bytes] = []
    _until(lambda: heard.subscribed, heard, payloads)
    seen = {"the console": _signed_in(ward), "the desk": _asked_wrongly(ward)}
    _until(lambda: any(b"account" in one for one in payloads), heard, payloads)
    sockets = {name: _sockets(ward.pid(name)) for name in PROCESSES}
    for name in PROCESSES:
        place = Path(f"/proc/{ward.pid(name)}")
        told = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
        seen[f"the arguments and environment of {name}"] = told
    broker.reconfigure(("allow_anonymous false",))
    _until_uplink(ward, lambda link: link["fault"] == "not_authorised")
    subprocess.run(["kill", "-KILL", str(ward.pid("control"))], check=True)
    ward.until_up()
    _until_uplink(ward, lambda link: link["fault"] == "not_authorised")
    heard.close()
    seen["the platform"] = b"\n".join(payloads)
    for words in COMMANDS:
        argv = [sys.executable, "-m", "agent.cli", *words, "--config", str(ward.config)]
        done = subprocess.run(argv, capture_output=True, check=False)
        seen[" ".join(words)] = done.stdout + done.stderr
    seen["the log"] = ward.log().encode()
    seen["the metrics"] = (ward.folder / "run/metrics/wellkeeper.prom").read_bytes()
    seen["the settings"] = ward.config.read_bytes()
    return Life(seen, _secrets(ward), sockets)


def _signed_in(ward: Ward) -> bytes:
    """The first supervisor; out; a wrong PIN, and the right one."""
    told = []
    ward.founds(pin=PIN)
    ward.types("exit")
    told.append(ward.sees("ccount:"))
    for pin, answer in ((WRONG_PIN, "ccount:"), (PIN, "well# ")):
        ward.types("li")
        told.append(ward.sees("PIN:"))
        ward.types(pin)
        told.append(ward.sees(answer))
    return "".join(told).encode()


def _asked_wrongly(ward: Ward) -> bytes:
    """A PIN in every place where one is taken and in some where none is, each time malformed."""
    asked: list[dict[str, Any]] = [
        {"account": "x", "pin": [PIN], "rank": "viewer"},
        {"account": "x", "pin": PIN, "rank": "king"},
        {"account": 7, "pin": PIN, "rank": "viewer", "language": "xx"},
        {"account": "x", "pin": PIN * 20, "rank": "viewer"},
    ]
    told = []
    with Client(ward.folder / "run/desk/admin.sock") as client:
        for method in ("open_account", "change_pin", "first_supervisor", "sign_in"):
            for fields in asked:
                with pytest.raises(DeskRefused) as refused:
                    client.call(method, {**fields, "actor": "root"}, WAIT_S)
                told.append(str(refused.value))
    return "\n".join(told).encode()


def _until(holds: Any, heard: Receiver, payloads: list[bytes]) -> None:
    for _ in range(int(WAIT_S / 0.1)):
        heard.step(0.1)
        payloads += [payload for _, payload, _ in heard.take()]
        if holds():
            return
    raise AssertionError("not within the bound")


def _until_uplink(ward: Ward, holds: Any) -> None:
    with Client(ward.folder / "run/desk/admin.sock") as client:
        revision = None
        for _ in range(WAIT_S):
            told = client.call("status", {"revision": revision, "wait_ms": 1000}, WAIT_S)
            revision = told["revision"]
            if holds(told["state"]["uplinks"]["a"]):
                return
    raise AssertionError(f"the uplink says {told['state']['uplinks']}")


def _secrets(ward: Ward) -> dict[str, bytes]:
    key = (ward.folder / "state/station.key").read_text("ascii").splitlines()[1]
    with closing(sqlite3.connect(ward.folder / "state/journal.db")) as database:
        (book,) = database.execute("SELECT value FROM kept WHERE name = 'book'").fetchone()
    (account,) = json.loads(book)["accounts"].values()
    return {
        "the PIN": PIN.encode(),
        "a PIN that was tried": WRONG_PIN.encode(),
        "the password": PASSWORD.encode(),
        "the station's key as PEM": key[20:].encode(),
        "the station's key in hex": base64.b64decode(key)[-32:].hex().encode(),
        "a PIN's digest": account["digest"].encode(),
        "a PIN's salt": account["salt"].encode(),
    }


def _sockets(pid: int) -> list[tuple[str, str, str]]:
    """Protocol, local address and state of each socket of the network that a process holds."""
    held = set()
    for number in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(str(number.readlink()))
        except FileNotFoundError:
            continue  # it was closed meanwhile
    found = []
    for protocol in ("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6", "packet"):
        table = Path(f"/proc/{pid}/net/{protocol}")
        if not table.exists():
            continue
        for line in table.read_text("ascii").splitlines()[1:]:
            words = line.split()
            inode = words[8] if protocol == "packet" else words[9]
            if f"socket:[{inode}]" in held:
                found.append((protocol, words[1], words[3]))
    return found


def test_no_process_listens_at_any_port(life: Life) -> None:
    """An uplink has its one connection, which it opened itself; the others have nothing."""
    for name in ("relay", "control", "console front"):
        assert life.sockets[name] == [], name
    ((protocol, _, state),) = life.sockets["uplink a"]
    assert protocol in ("tcp", "tcp6")
    assert state != LISTENS


def test_everything_that_leaves_the_station_was_looked_at(life: Life) -> None:
    """A search of nothing finds nothing: each has what it must have."""
    assert all(len(octets) >= 14 for octets in life.secrets.values())
    assert all(len(said) > 20 for said in life.seen.values()), life.seen
    assert b"li" in life.seen["account list"]
    assert b"account_changed" in life.seen["journal export"]
    assert b"not_authorised" in life.seen["status --json"]
    assert b"control" in life.seen["the log"]


def test_no_secret_is_in_anything_that_leaves_it(life: Life) -> None:
    leaks = [
        f"{secret} in {place}"
        for secret, octets in life.secrets.items()
        for place, said in life.seen.items()
        if octets in said or octets.upper() in said or base64.b64encode(octets)[:-4] in said
    ]
    assert leaks == []
