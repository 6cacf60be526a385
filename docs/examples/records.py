"""Room rule: writes one example of every kind of record: docs/examples/records.jsonl.

Each is taken from a run of the real core or the real journal: their own stories (tests/core,
tests/shell/journal) are run, the first body of each kind that they write is kept, put into a real
journal and read back through the codec. `python docs/examples/records.py`; exit code 1 names the
kinds that no story has shown.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent import rows
from agent.cli import VERSION
from agent.core import model
from agent.core import scan as core
from agent.core.model import Moment
from agent.core.state import Seen, State
from agent.desk.client import Client
from agent.desk.server import Desk
from agent.journal import Journal, Stamped, Transaction
from agent.ports import Batch, RawRecord
from drivers.payload import schema
from drivers.payload.json import JsonCodec, kind_of

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("records.jsonl")
STORIES = (
    "tests/core",
    "tests/shell/journal/test_upkeep.py",
    "tests/shell/journal/test_epoch.py",
    "tests/shell/journal/test_backlog.py",
    "tests/shell/journal/test_retention.py",
    "tests/shell/journal/test_writer.py",
)
# They make records of every kind out of nothing, to see whether they can be stored.
NO_STORIES = ("test_rows.py", "test_properties.py")
STATION = "XJ14-0007"
BEGUN_UTC_MS = 1_790_000_000_000


def main() -> int:
    found = _run_stories()
    bodies = [found[kind] for kind in schema.kinds() if kind in found]
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in _sent(bodies)]
    FILE.write_text("".join(lines), "utf-8")
    unseen = [kind for kind in schema.kinds() if kind not in found]
    print(f"{len(lines)} kinds in {FILE}; seen in no story: {', '.join(unseen) or 'none'}")
    return 1 if unseen else 0


def _run_stories() -> dict[str, model.Body]:
    """The first body of each kind that a story wrote."""
    found: dict[str, model.Body] = {}
    scan, encode = core.scan, rows.encode_body

    def kept_scan(*given: Any, **named: Any) -> core.Outcome:
        outcome = scan(*given, **named)
        for body in outcome.bodies:
            found.setdefault(kind_of(type(body)), body)
        return outcome

    def kept_encode(body: model.Body) -> tuple[str, bytes]:
        found.setdefault(kind_of(type(body)), body)
        return encode(body)

    core.scan, rows.encode_body = kept_scan, kept_encode
    try:
        _first_scan()
        ignored = [f"--ignore=tests/core/{file}" for file in NO_STORIES]
        pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *ignored, *STORIES])
    finally:
        core.scan, rows.encode_body = scan, encode
    return found


def _first_scan() -> None:
    """What control does when it comes up: no story begins so early."""
    from tests.core.story import SITE

    moment = Moment(BEGUN_UTC_MS, 42_000, "3f2c6f6e-boot", trusted=True)
    started = model.Started(VERSION, moment.boot, relay_permitted=False)
    core.scan(SITE, State(), Seen(moment, (), started=started))


def _sent(bodies: Sequence[model.Body]) -> Iterator[dict[str, Any]]:
    """As a platform gets them: through a journal, a desk and the codec."""
    with tempfile.TemporaryDirectory(prefix="wk") as name:
        file, door = Path(name) / "journal.db", Path(name) / "a.sock"
        journal = Journal.open(file)
        for number, body in enumerate(bodies):
            stamped = Stamped(BEGUN_UTC_MS + number * 1000, trusted=True, body=body)
            journal.append(Transaction(bodies=[stamped]))
        desk = Desk({"a": door}, file, station=STATION, version="1", cursors={})
        with Client(door) as client:
            page = client.call("records", {"after": 0}, 5.0)
        desk.close()
        journal.close()
    records = [RawRecord(*row) for row in page["records"]]
    batch = Batch(STATION, page["epoch"], records, *page["head"])
    for group in json.loads(JsonCodec().encode_records(batch))["records"]:
        for row in group["rows"]:
            record = dict(zip(group["columns"], row, strict=True))
            yield {"kind": group["kind"], "record": record}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the stories are no installed package
    raise SystemExit(main())
