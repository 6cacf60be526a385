"""Room rule: what the journal costs: bytes on the disk, and time beside plain SQLite.

On a real disk (/var/tmp): on a memory file system nothing is counted and a sync costs nothing.
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from agent.journal import Journal, Transaction
from tests.bench.parts import cost, years
from tests.bench.parts.row import Row, at_most, told

HOURS = 30
WRITTEN_MB_PER_H = 1.5
YEAR_MB = 100
STATE_BYTES = 800
COMMITS = 500  # even, so that the order is again the first one


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        yield at_most(
            f"journal alone, {HOURS} h of minute records and both cursors",
            _written_mb_per_h(folder / "hours.db"), WRITTEN_MB_PER_H, "MB/h",
        )  # fmt: skip
        record_bytes = years.fill(folder / "year.db")
        more = f", {record_bytes:.0f} bytes a record"
        what = "journal file, a year of minute records"
        yield at_most(what, record_bytes * years.RECORDS / 1e6, YEAR_MB, "MB", more)
        yield from _commits(folder)


def _written_mb_per_h(file: Path) -> float:
    """Checkpoints included: there are some in every hour."""
    journal = Journal.open(file)
    before = cost.written_bytes(os.getpid())
    for n in range(60 * HOURS):
        state = os.urandom(STATE_BYTES // 2).hex().encode()
        journal.append(Transaction([years.minute(n)], state, {"division": n, "region": n}))
    written = cost.written_bytes(os.getpid()) - before
    journal.close()
    return written / HOURS / 1e6


def _commits(folder: Path) -> Iterator[Row]:
    """One record a commit, turn by turn, each as often first: the disk's moods meet both alike."""
    journal = Journal.open(folder / "ours.db")
    plain = sqlite3.connect(folder / "plain.db", isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = FULL")
    plain.execute("CREATE TABLE records(number INTEGER PRIMARY KEY, body BLOB)")
    body = os.urandom(60)
    insert = "INSERT INTO records(body) VALUES(?)"
    acts: list[tuple[Callable[[], object], list[float]]] = [
        (lambda: journal.append(Transaction([years.minute(0)])), []),
        (lambda: plain.execute(insert, (body,)), []),
    ]
    for _ in range(COMMITS):
        for act, took_ms in acts:
            took_ms.append(_took_ms(act))
        acts.reverse()
    plain.close()
    journal.close()
    ours, theirs = (median(took_ms) for _, took_ms in acts)
    more = f", {ours / theirs:.2f} times a plain SQLite insert"
    yield told("journal, one record made durable (median)", ours, "ms", more)


def _took_ms(act: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begun_s)
