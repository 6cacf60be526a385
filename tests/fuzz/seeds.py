"""Room rule: what is right at each door, for the targets to begin with, and where files are put."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

from agent import rows, signing
from agent.core.model import Allocate, AllocationKind, OpenYear, Sample
from agent.core.state import State
from agent.desk import wire
from agent.desk.fields import ORDERS
from agent.journal import Journal, Stamped, Transaction
from agent.report.export import exported
from agent.report.fold import Frame
from agent.report.history import History
from agent.report.made import report_of
from agent.report.period import PeriodKind, period_of
from agent.report.well import Nameplate
from drivers.reply import sealed

ROOT: Final = Path(__file__).parents[2]
ZONE: Final = "Asia/Shanghai"


@cache
def folder() -> Path:
    """Gone with this process, unless that is ended by force."""
    made = Path(tempfile.mkdtemp(prefix="wkfuzz"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def keys() -> tuple[Path, dict[str, str]]:
    place = folder() / "keys"
    place.mkdir(exist_ok=True)
    return place / signing.KEY_FILE, {"k1": signing.public_half(place)}


@cache
def signed() -> tuple[str, ...]:
    file, _ = keys()
    claims = {"iss": "a", "aud": "well", "jti": "1", "iat": 1, "exp": 2, "order": "stop"}
    return (signing.token_of(claims, "k1", file), signing.token_of({}, "k2", file))


def texts(*paths: str) -> Callable[[], list[bytes]]:
    return lambda: [one.read_bytes() for path in paths for one in sorted(ROOT.glob(path))]


def requests() -> list[bytes]:
    asked = ({"actor": "li", "order": name, "fields": {"reason": "x"}} for name in sorted(ORDERS))
    return [wire.request(at, "command", one) for at, one in enumerate(asked)]


def claims() -> list[bytes]:
    given = {"reason": "x", "document": "7", "year": 2026, "kind": "plan", "volume_l": 9}
    times = {"jti": "1", "iat": 1, "exp": 2}
    return [json.dumps({**times, "order": one, "fields": given}).encode() for one in sorted(ORDERS)]


def public_keys() -> list[bytes]:
    _, public = signing.new_pair()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    return [public.encode(), json.dumps(jwk).encode(), b"d7" * 32]


def answers() -> list[bytes]:
    return [wire.answer(1, b'{"a":1}'), wire.refusal(2, wire.Refused(-32602, "why"))]


def payloads() -> list[bytes]:
    return [
        b'{"epoch":"9f1c","number":1203}',
        b'{"epoch":"9f1c","head":{"number":7,"hash":"ab"}}',
    ]


def journals() -> list[bytes]:
    path = folder() / "seed.db"
    Journal.open(path).close()
    return [path.read_bytes()]


def reports() -> list[bytes]:
    """Of a well with a plan, in the first minute of its year."""
    path = folder() / "reported.db"
    path.unlink(missing_ok=True)
    period = period_of(PeriodKind.YEAR, "2026", ZONE)
    plan = Allocate(2026, AllocationKind.PLAN, 62_500_000, "水资〔2026〕7号", "li", None)
    sample = Sample(1_000_000, 0, 0, 0, None, True, 62_500_000, 0)
    happened = (OpenYear(2026, None, 1_000_000, 0), plan, sample)
    with closing(Journal.open(path)) as journal:
        stamped = [Stamped(period.from_utc_ms, trusted=True, body=body) for body in happened]
        journal.append(Transaction(stamped))
    with closing(History(path)) as history:
        plate = Nameplate("w", "一号井", "irrigation", ZONE, "D1", "2030-12-31", "协会", "团", "连")
        return [exported(report_of(history, Frame(plate, period, ("a",), 60_000, 500))).encode()]


def checkpoints() -> list[bytes]:
    lines = (ROOT / "docs/examples/records.jsonl").read_text("utf-8").splitlines()
    bodies = [
        b"\0" + json.dumps(list(json.loads(one)["record"].values())).encode() for one in lines
    ]
    return [rows.dumps(rows.to_row(State())), *bodies]


def host() -> list[bytes]:
    parts = (
        b"MemTotal: 948304 kB\nMemAvailable: 1 kB",
        b"12.5 9.1",
        b"0.1 0.2 0.3 1/2 3",
        b"cpu 1\ncpu0 1\n",
        b"cpu-thermal",
        b"48850",
        b"Battery",
        b"77",
        b"Discharging",
        b"50005",
        b"sim.expires : 2027-03-31\nmodem.generic.signal-quality.value : 31\n",
    )
    return [b"\0".join(parts)]


VOLUMES: Final = ("6.25万m³".encode(), b"12 kWh", b"2026Q3", b"2026-07-15")
LEASES: Final = b"permit 15000\0ask\0renew 9\0cut\0permit 999999"
KEYS: Final = ("年\x1b[1;5C\x1b[200~x\x1b[201~\r".encode(), b"\x1bOA\xff")
REPLY: Final = b"\x00\x00\x00" + sealed(b"\x01\x03\x02\x00\x07")
