"""The writer thread: order, failure, what is given up, and recovery by itself."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import rows
from agent.core.model import Body, Gap
from agent.journal import Head, Journal, Reader, Stamped, Transaction, Writer
from agent.journal.store import BODY_BYTES_MAX

Minute = Callable[[int], Stamped]
WAIT_S = 20.0


class Heads:
    """Collects what the writer tells, and waits for it."""

    def __init__(self) -> None:
        self._told = threading.Condition()
        self.newest = Head(0, b"")

    def __call__(self, head: Head) -> None:
        with self._told:
            self.newest = head
            self._told.notify_all()

    def wait_for(self, number: int) -> None:
        with self._told:
            assert self._told.wait_for(lambda: self.newest.number >= number, WAIT_S)


def _full(journal: Journal) -> None:
    (pages,) = journal._database.row("PRAGMA page_count") or (0,)
    journal._database.run(f"PRAGMA max_page_count = {pages}")


def _room(journal: Journal) -> None:
    journal._database.run("PRAGMA max_page_count = 1000000")


def _bodies(path: Path) -> list[tuple[int, Body]]:
    reader = Reader(path)
    found = [
        (row.at_utc_ms, rows.decode_body(row.kind, row.body)) for row in reader.page(0, 9999).rows
    ]
    reader.close()
    return found


def test_submitted_and_committed_keep_their_order(
    path: Path, journal: Journal, sample: Minute, entry: Minute
) -> None:
    heads = Heads()
    writer = Writer(journal, heads)
    for n in range(1, 50):
        writer.submit(Transaction([sample(n)]))
        if n % 7 == 0:
            assert writer.commit(Transaction([entry(n)], state=b"%d" % n))
    heads.wait_for(49 + 7)
    assert writer.failing is None
    writer.close()
    expected: list[tuple[int, Body]] = []
    for n in range(1, 50):
        expected.append((sample(n).at_utc_ms, sample(n).body))
        if n % 7 == 0:
            expected.append((entry(n).at_utc_ms, entry(n).body))
    assert _bodies(path) == expected
    assert journal.state() == b"49"


def test_close_writes_what_waits(journal: Journal, sample: Minute) -> None:
    writer = Writer(journal, Heads())
    for n in range(1, 30):
        writer.submit(Transaction([sample(n)]))
    writer.close()
    assert journal.head.number == 29


def test_a_failed_commit_leaves_nothing_and_the_file_recovers_by_itself(
    journal: Journal, sample: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is pending: the writer's own probe is what finds the room."""
    told, probed = threading.Event(), threading.Semaphore(0)
    append = journal.append

    def counted(transaction: Transaction) -> Head:
        if not transaction.bodies:
            probed.release()
        return append(transaction)

    monkeypatch.setattr(journal, "append", counted)
    writer = Writer(journal, lambda _: told.set(), retry_s=0.01)
    assert writer.commit(Transaction([sample(1)], state=b"1"))
    told.clear()
    _full(journal)
    assert not writer.commit(Transaction([sample(n) for n in range(500)], state=b"2"))
    assert all(probed.acquire(timeout=WAIT_S) for _ in range(3))
    assert "make room" in str(writer.failing)
    assert not told.is_set()
    _room(journal)
    assert told.wait(WAIT_S)
    assert not writer.failing
    writer.close()
    assert journal.head.number == 1
    assert journal.state() == b"1"


def test_while_failing_the_oldest_samples_are_given_up_and_a_gap_says_how_many(
    path: Path, journal: Journal, sample: Minute, entry: Minute
) -> None:
    journal._database.run("PRAGMA busy_timeout = 1")
    heads = Heads()
    writer = Writer(journal, heads, records_max=20, retry_s=0.01)
    outside = sqlite3.connect(path, isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    assert not writer.commit(Transaction([sample(0)], state=b"never"))
    for n in range(1, 51):
        writer.submit(Transaction([sample(n)], state=b"%d" % n))
    assert not writer.commit(Transaction([entry(2025)], state=b"never"))
    assert writer.failing is not None
    outside.execute("ROLLBACK")
    outside.close()
    heads.wait_for(1)
    assert writer.commit(Transaction([entry(2026)]))
    writer.close()
    gap, *kept = [body for _, body in _bodies(path)]
    assert isinstance(gap, Gap)
    assert (gap.lost, gap.from_utc_ms, gap.to_utc_ms) == (
        30,
        sample(1).at_utc_ms,
        sample(30).at_utc_ms,
    )
    assert "locked" in gap.reason
    assert kept == [*(sample(n).body for n in range(31, 51)), entry(2026).body]
    assert journal.state() == b"50"


def test_a_fault_of_ours_in_the_thread_ends_the_caller_too(
    journal: Journal, sample: Minute
) -> None:
    """A writer that died quietly would be a scan that waits for ever."""
    writer = Writer(journal, Heads())
    too_long = Stamped(0, trusted=True, body=Gap(1, 0, 0, "x" * BODY_BYTES_MAX))
    with pytest.raises(AssertionError, match="a gap of"):
        writer.commit(Transaction([too_long]))
    with pytest.raises(AssertionError, match="a gap of"):
        writer.submit(Transaction([sample(1)]))
