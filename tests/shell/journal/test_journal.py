"""The journal on a real SQLite file: what it keeps, refuses and notices."""

import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import rows
from agent.core.model import Sample
from agent.journal import (
    Journal,
    JournalDamaged,
    JournalFailed,
    JournalNewer,
    Parked,
    Reader,
    Stamped,
    Transaction,
)

Minute = Callable[[int], Stamped]


def test_what_was_committed_is_there_after_reopening(
    path: Path, sample: Minute, entry: Minute
) -> None:
    journal = Journal.open(path)
    epoch = journal.epoch
    assert journal.state() is None
    assert journal.book() is None
    head = journal.append(
        Transaction(
            [sample(1), entry(2026)],
            state=b"[1]",
            cursors={"division": 1, "region": 0},
            parked=[Parked("region", 1, "schema"), Parked("region", 1, "again")],
            book=b"{}",
        )
    )
    journal.append(Transaction([sample(2)]))
    journal.close()

    again = Journal.open(path)
    assert again.epoch == epoch
    assert again.head.number == head.number + 1
    assert again.state() == b"[1]"
    assert again.book() == b"{}"
    assert again.cursors() == {"division": 1, "region": 0}
    reader = Reader(path)
    assert reader.parked() == {"region": 1}
    assert reader.is_parked("region", 1)
    reader.close()
    (only,) = again.entries()
    assert (only.number, only.at_utc_ms, only.trusted) == (2, entry(2026).at_utc_ms, True)
    assert only.body == entry(2026).body
    again.close()


def test_every_file_is_an_epoch_of_its_own(tmp_path: Path) -> None:
    first, second = Journal.open(tmp_path / "a.db"), Journal.open(tmp_path / "b.db")
    assert first.epoch != second.epoch
    assert first.head.number == second.head.number == 0
    assert first.head.hash != second.head.hash
    first.close()
    second.close()


def test_the_hash_is_the_one_the_design_states(journal: Journal, sample: Minute) -> None:
    """Worked out here from the words of DESIGN §8, not with the journal's own code."""
    journal.append(Transaction([sample(1), sample(2)._replace(trusted=False)]))
    before = hashlib.sha256(b"wellkeeper " + journal.epoch.encode()).digest()
    for number, trusted in ((1, b"\x01"), (2, b"\x00")):
        stamped = sample(number)
        body = hashlib.sha256(rows.dumps(rows.to_row(stamped.body))).digest()
        before = hashlib.sha256(
            before
            + number.to_bytes(8, "big")
            + stamped.at_utc_ms.to_bytes(8, "big")
            + trusted
            + b"sample\x00"
            + body
        ).digest()
    assert journal.head == (2, before)


def test_a_commit_waits_for_the_disk_and_the_file_is_its_owners_alone(
    path: Path, journal: Journal
) -> None:
    assert journal._database.row("PRAGMA journal_mode") == ("wal",)
    assert journal._database.row("PRAGMA synchronous") == (2,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_page_is_bounded_in_records_and_in_bytes_and_never_empty(
    path: Path, journal: Journal, sample: Minute
) -> None:
    journal.append(Transaction([sample(n) for n in range(1, 11)]))
    reader = Reader(path)
    assert [row.number for row in reader.page(0, 4).rows] == [1, 2, 3, 4]
    assert [row.number for row in reader.page(8, 1000).rows] == [9, 10]
    assert [row.number for row in reader.page(3, 1000, bytes_max=1).rows] == [4]
    page = reader.page(10, 1000)
    assert page.rows == []
    assert page.head == journal.head == reader.head()
    row = reader.page(0, 1).rows[0]
    assert rows.decode_body(row.kind, row.body) == sample(1).body
    reader.close()


def test_an_idle_reader_does_not_keep_the_log_from_being_reused(
    path: Path, journal: Journal, sample: Minute
) -> None:
    """An open read transaction grew the write-ahead log to 92 MB in an experiment."""
    journal.append(Transaction([sample(0)]))
    reader = Reader(path)
    reader.page(0, 1, bytes_max=0)
    for n in range(1, 800):
        journal.append(Transaction([sample(n)], state=bytes(2000)))
    assert path.with_name("journal.db-wal").stat().st_size < 2 * 1024 * 1024
    reader.close()


def _alter(path: Path, sql: str) -> None:
    outside = sqlite3.connect(path)
    outside.execute(sql)
    outside.commit()
    outside.close()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE records SET body = x'5b5d' WHERE number = 3", "journal record 3 is not what"),
        ("UPDATE records SET at_utc_ms = at_utc_ms + 1 WHERE number = 3", "journal record 3"),
        ("UPDATE records SET trusted = 0 WHERE number = 3", "journal record 3"),
        ("UPDATE records SET kind = 'gap' WHERE number = 3", "journal record 3"),
        ("DELETE FROM records WHERE number = 3", "journal record 3 is missing"),
        ("DELETE FROM records WHERE number = 1", "journal record 1 is missing"),
        ("UPDATE records SET body = NULL WHERE number = 3", "journal record 3 has lost its body"),
        ("INSERT INTO pruned SELECT 9, 0, 1, 'sample', x'00', NULL", "journal record 6 is missing"),
        ("DELETE FROM kept WHERE name = 'epoch'", "has no epoch"),
    ],
)
def test_an_altered_record_is_found_at_open_and_by_the_full_check(
    path: Path, sample: Minute, sql: str, words: str
) -> None:
    journal = Journal.open(path)
    journal.append(Transaction([sample(n) for n in range(1, 6)]))
    journal.close()
    _alter(path, sql)
    with pytest.raises(JournalDamaged, match=words):
        Journal.open(path)
    with pytest.raises(JournalDamaged, match=words):
        for _ in Reader(path).verify():
            pass


def test_an_entry_is_checked_however_far_back_it_lies(
    path: Path, sample: Minute, entry: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.journal.opening.TAIL_RECORDS", 3)
    journal = Journal.open(path)
    journal.append(Transaction([sample(1), entry(2026), *(sample(n) for n in range(3, 10))]))
    journal.close()
    Journal.open(path).close()
    _alter(
        path,
        "UPDATE records SET body = CAST(replace(body, '62500000', '92500000') AS BLOB)"
        " WHERE number = 2",
    )
    with pytest.raises(JournalDamaged, match="journal record 2"):
        Journal.open(path)


def test_a_torn_file_is_refused(path: Path, sample: Minute) -> None:
    journal = Journal.open(path)
    for n in range(200):
        journal.append(Transaction([sample(n)]))
    journal.close()
    content = bytearray(path.read_bytes())
    content[2 * 4096 : 5 * 4096] = os.urandom(3 * 4096)
    path.write_bytes(content)
    with pytest.raises(JournalDamaged):
        Journal.open(path)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\x00" * 8192])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises((JournalDamaged, JournalFailed)):
        Journal.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_as_it_was(path: Path) -> None:
    outside = sqlite3.connect(path)
    outside.execute("CREATE TABLE theirs(x)")
    outside.close()
    content = path.read_bytes()
    with pytest.raises(JournalDamaged, match="some other program's database"):
        Journal.open(path)
    assert path.read_bytes() == content


def test_a_newer_file_is_refused_with_what_to_do_and_left_as_it_was(path: Path) -> None:
    Journal.open(path).close()
    _alter(path, "PRAGMA user_version = 7")
    content = path.read_bytes()
    with pytest.raises(JournalNewer, match="format 7, this wellkeeper reads up to 2: install"):
        Journal.open(path)
    assert path.read_bytes() == content


def test_one_process_holds_the_journal(path: Path, journal: Journal) -> None:
    with pytest.raises(JournalFailed, match="another wellkeeper control"):
        Journal.open(path)
    journal.close()
    Journal.open(path).close()


def test_a_missing_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match="make sure that the directory exists"):
        Journal.open(tmp_path / "nowhere" / "journal.db")


def test_a_file_that_was_taken_away_takes_no_more_records(
    path: Path, journal: Journal, sample: Minute
) -> None:
    """A deleted file can still be written to, and everything in it is lost."""
    journal.append(Transaction([sample(1)]))
    path.rename(path.with_name("taken.db"))
    with pytest.raises(JournalFailed, match="cannot be reached"):
        journal.append(Transaction([sample(2)]))
    path.write_bytes(b"")
    with pytest.raises(JournalFailed, match="was replaced while in use"):
        journal.append(Transaction([sample(2)]))
    path.with_name("taken.db").rename(path)
    assert journal.append(Transaction([sample(2)])).number == 2


def test_a_lock_held_by_another_program_is_a_failure_that_passes(
    path: Path, journal: Journal, sample: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal._database.run("PRAGMA busy_timeout = 10")
    outside = sqlite3.connect(path, isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalFailed, match="another program holds the file locked"):
        journal.append(Transaction([sample(1)]))
    outside.execute("ROLLBACK")
    outside.close()
    assert journal.append(Transaction([sample(1)])).number == 1


def test_a_full_database_fails_whole_and_goes_on_when_there_is_room(
    path: Path, journal: Journal, sample: Minute
) -> None:
    """SQLITE_FULL, from SQLite's own bound on pages."""
    journal.append(Transaction([sample(0)], state=b"before"))
    (pages,) = journal._database.row("PRAGMA page_count") or (0,)
    journal._database.run(f"PRAGMA max_page_count = {pages}")
    head = journal.head
    with pytest.raises(JournalFailed, match=r"full.*make room"):
        journal.append(Transaction([sample(n) for n in range(500)], state=b"after"))
    assert journal.head == head
    assert journal.state() == b"before"
    with pytest.raises(JournalFailed):
        journal.append(Transaction())
    journal._database.run("PRAGMA max_page_count = 100000")
    assert journal.append(Transaction()).number == 1
    assert journal.append(Transaction([sample(1)])).number == 2
    journal.close()
    Journal.open(path).close()


def test_the_partial_index_leaves_out_what_a_sample_is_called() -> None:
    """`kind <> 'sample'` in the schema is this class's name; entries are found through it."""
    assert rows.kind_of(Sample) == "sample"
    assert "sample" not in rows.ENTRIES
