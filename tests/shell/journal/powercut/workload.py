"""A station's writing, small enough to be cut at every point. Run under strace by `capture.py`.

Run as `python workload.py JOURNAL LEDGER MUTANT`. After each commit that returned, epoch, number
and hash are written to the ledger, a file of another disk: that is what was promised. `MUTANT`
names a safeguard that is taken away, or is `none`: a proof that cannot fail proves nothing.
"""

import os
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from agent.core.model import Allocate, AllocationKind, Sample
from agent.journal import Journal, Parked, Stamped, Transaction, database, store
from agent.journal.retention import Now, Pruning, Retention

ROUNDS = 3
TAIL_RECORDS = 20  # the journal's own bound would leave nothing to prune in so short a run
COMMITS = 60
# Two rounds of this size pass CHECKPOINT_PAGES, so that checkpoints and a reused log are cut too.
STATE_BYTES = 9000


def no_sync() -> None:
    """Commits return before the disk has them."""
    _after_opening("PRAGMA synchronous = OFF")


def late_sync() -> None:
    """The usual recommendation for a write-ahead log: synced at checkpoints only."""
    _after_opening("PRAGMA synchronous = NORMAL")


def shared_sectors() -> None:
    """A commit may begin in the sector where the one before ends (SQLite's default)."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def sharing(name: str, **options: Any) -> sqlite3.Connection:
        return connect(name.replace("psow=0", "psow=1"), **options)

    database.sqlite3.connect = sharing  # type: ignore[attr-defined]  # a mutant


MUTANTS: dict[str, Callable[[], None]] = {
    "none": lambda: None,
    "no_sync": no_sync,
    "late_sync": late_sync,
    "shared_sectors": shared_sectors,
}


def _after_opening(pragma: str) -> None:
    durable = database.Database.make_durable

    def weakened(self: database.Database) -> None:
        durable(self)
        self.run(pragma)

    database.Database.make_durable = weakened  # type: ignore[method-assign]  # a mutant


def write(journal: Journal, promise: Callable[[], None]) -> None:
    for _ in range(COMMITS):
        n = journal.head.number + 1
        sample = Sample(n, 1, 2, 3, 4, permitted=True, allocated_l=5, withdrawn_l=6)
        bodies = [Stamped(n, trusted=True, body=sample)]
        if n % 3 == 0:
            plan = Allocate(2026, AllocationKind.ADDITION, n, "document", "author", None)
            bodies.append(Stamped(n, trusted=True, body=plan))
        newest = n + len(bodies) - 1
        journal.append(
            Transaction(
                bodies,
                state=b"%d" % newest + bytes(STATE_BYTES if n % 2 else 10),
                cursors={"division": n},
                parked=[Parked("region", n, "schema")] if n % 7 == 0 else (),
                book=b"[%d]" % n if n % 5 == 0 else None,
            )
        )
        promise()


def prune(journal: Journal) -> None:
    pruning = Pruning(journal, Retention(samples_days=1, events_days=1, bytes_max=1 << 40))
    assert pruning.step(Now(10**12, trusted=True, passed=journal.head.number))


def main() -> None:
    store.TAIL_RECORDS = TAIL_RECORDS  # type: ignore[attr-defined]  # so soon is enough
    path, promise = begun()
    for _ in range(ROUNDS):
        journal = Journal.open(path)
        write(journal, partial(promise, journal))
        prune(journal)
        promise(journal)
        journal.close()


def begun() -> tuple[Path, Callable[[Journal], None]]:
    """As the command line says: the journal's path, and how a promise is noted."""
    path, mutant = Path(sys.argv[1]), sys.argv[3]
    ledger = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    MUTANTS[mutant]()

    def promise(journal: Journal) -> None:
        head = journal.head
        os.write(ledger, f"{journal.epoch} {head.number} {head.hash.hex()}\n".encode())

    return path, promise


if __name__ == "__main__":
    main()
