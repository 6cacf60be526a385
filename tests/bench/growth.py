"""Room rule: what grows with the records held, a thousand to a million; what clients cost a scan.

On a real disk (/var/tmp). Ours and plain SQLite take turns, so that the disk's moods meet both. The
plain one stores the same rows as JSON, in the same columns but for the hash, as one would by hand.
"""

import dataclasses
import json
import os
import socket
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median

from agent.desk.server import Desk
from agent.journal import Journal, Now, Reader, Retention, Transaction, Upkeep, Writer
from tests.bench.parts import cost, years
from tests.bench.parts.row import Row, at_most, told

HELD = (1_000, 10_000, 100_000, 1_000_000)
AT_ONCE = 5_000
COMMITS = 300  # even, so that the order is again the first one
PAGE = 1_000
HOURS = 10  # of minute records: some checkpoints fall into it
STATE_BYTES = 800
WRITTEN_MB_PER_H = 1.5
TIMES_PLAIN = 1.5
SLOWER_TIMES = 2.0  # at a million records, against a thousand
# A scan of 1 s has 300 ms beside its bus budget; a commit may not take more of it than this.
COMMIT_MS_MAX = 100
INSERT = "INSERT INTO records(at_utc_ms, trusted, kind, body) VALUES(?,?,?,?)"
FLOOD = b'{"jsonrpc":"2.0","id":1,"method":"records","params":{"after":0}}\n' * 100


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="wk") as name:
        folder = Path(name)
        yield from _grown(folder)
        yield from _besieged(folder / "ours.db", folder)


def _grown(folder: Path) -> Iterator[Row]:
    ours, plain = Journal.open(folder / "ours.db"), _plain(folder / "plain.db")
    commits: list[float] = []
    for held in HELD:
        _fill(ours, plain, held)
        mine, theirs = _turns(ours, plain)
        commits.append(mine)
        more = f", {mine:.2f} ms a commit"
        what = f"append against plain SQLite, {held:,} records held"
        yield at_most(what, mine / theirs, TIMES_PLAIN, "times", more)
        what = f"the same journal: minute records and both cursors, {held:,} held"
        yield at_most(what, _written_mb_per_h(ours), WRITTEN_MB_PER_H, "MB/h")
        yield told(f"the same journal: page of {PAGE} records", _page_ms(folder / "ours.db"), "ms")
        ours.close()
        began_s = time.perf_counter()
        ours = Journal.open(folder / "ours.db")
        opened_ms = 1000 * (time.perf_counter() - began_s)
        yield told("the same journal: opened and checked", opened_ms, "ms")
    slower = commits[-1] / commits[0]
    yield at_most("append at 1,000,000 records against 1,000", slower, SLOWER_TIMES, "times")
    ours.close()
    plain.close()


def _plain(path: Path) -> sqlite3.Connection:
    plain = sqlite3.connect(path, isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = FULL")
    plain.execute(
        "CREATE TABLE records(number INTEGER PRIMARY KEY, at_utc_ms, trusted, kind, body)"
    )
    return plain


def _fill(ours: Journal, plain: sqlite3.Connection, held: int) -> None:
    while ours.head.number < held:
        first = ours.head.number
        last = min(first + AT_ONCE, held)
        ours.append(Transaction([years.minute(number) for number in range(first, last)]))
        plain.execute("BEGIN")
        plain.executemany(INSERT, (_by_hand(number) for number in range(first, last)))
        plain.execute("COMMIT")


def _by_hand(number: int) -> tuple[object, ...]:
    at_utc_ms, trusted, body = years.minute(number)
    text = json.dumps(dataclasses.astuple(body), separators=(",", ":"))
    return at_utc_ms, trusted, "sample", text


def _turns(ours: Journal, plain: sqlite3.Connection) -> tuple[float, float]:
    """Milliseconds of one record made durable, ours and theirs (medians)."""
    acts: list[tuple[Callable[[], object], list[float]]] = [
        (lambda: ours.append(Transaction([years.minute(ours.head.number)])), []),
        (lambda: plain.execute(INSERT, _by_hand(0)), []),
    ]
    first = acts[0]
    for _ in range(COMMITS):
        for act, took_ms in acts:
            took_ms.append(_took_ms(act))
        acts.reverse()
    mine, theirs = (acts[0], acts[1]) if acts[0] is first else (acts[1], acts[0])
    return median(mine[1]), median(theirs[1])


def _written_mb_per_h(journal: Journal) -> float:
    """As a station writes: a record, the checkpoint of the ledger, two cursors that moved."""
    before = cost.written_bytes(os.getpid())
    for _ in range(60 * HOURS):
        n = journal.head.number
        state = os.urandom(STATE_BYTES // 2).hex().encode()
        journal.append(Transaction([years.minute(n)], state, {"division": n, "region": n}))
    return (cost.written_bytes(os.getpid()) - before) / HOURS / 1e6


def _page_ms(path: Path) -> float:
    reader = Reader(path)
    after = reader.head().number // 2
    took = median(_took_ms(lambda: reader.page(after, PAGE)) for _ in range(50))
    reader.close()
    return took


def _besieged(path: Path, folder: Path) -> Iterator[Row]:
    """How long a scan waits for its commit: alone, beside upkeep, beside clients that misbehave."""
    journal = Journal.open(path)
    desk = Desk(
        {name: folder / f"{name}.sock" for name in ("admin", "a", "b")},
        path, station="W-1", version="1", cursors={},
    )  # fmt: skip
    upkeep = Upkeep(journal, Retention(31, 366, 1 << 40), None)
    writer = Writer(journal, desk.committed, upkeep)
    quiet = _commits_ms(writer)
    yield _waited("alone", quiet)
    # So late that a million records are old: every step verifies or prunes.
    late = Now(years.minute(10_000_000).at_utc_ms, trusted=True, passed=1 << 40)
    yield _waited("while the journal verifies and prunes", _commits_ms(writer, late))
    with _flooding(folder / "a.sock"), _stalling(folder / "b.sock"):
        yield _waited("while one client floods and one never reads", _commits_ms(writer))
    writer.close()
    desk.close()
    journal.close()


def _commits_ms(writer: Writer, now: Now | None = None) -> list[float]:
    took = []
    for n in range(COMMITS):
        if now is not None:
            writer.tend(now)
            time.sleep(0.001)  # so that its step has begun
        took.append(_took_ms(partial(writer.commit, Transaction([years.minute(n)]))))
    return sorted(took)


def _waited(when: str, took_ms: list[float]) -> Row:
    more = f" at worst, {median(took_ms):.2f} ms in the middle, {took_ms[-3]:.1f} at 99 %"
    return at_most(f"a scan's commit, {when}", took_ms[-1], COMMIT_MS_MAX, "ms", more)


@contextmanager
def _flooding(door: Path) -> Iterator[None]:
    """Asks for pages without end, and swallows them as fast as they come."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(door))

        def ask() -> None:
            with suppress(OSError):
                while True:
                    client.sendall(FLOOD)

        def swallow() -> None:
            with suppress(OSError):
                while client.recv(1 << 20):
                    pass

        threads = [threading.Thread(target=ask), threading.Thread(target=swallow)]
        for thread in threads:
            thread.start()
        yield
        client.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


@contextmanager
def _stalling(door: Path) -> Iterator[None]:
    """Asks for much and never reads."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(door))
        client.sendall(FLOOD[:6000])
        yield


def _took_ms(act: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begun_s)
