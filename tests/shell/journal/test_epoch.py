"""A restored card: the numbers begin again, and nothing that was written is lost."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent import rows
from agent.core.model import EpochBegan
from agent.journal import (
    Ahead,
    Journal,
    JournalFailed,
    Reader,
    Stamped,
    Transaction,
    begin_epoch,
    has_room,
    is_elsewhere,
    may_begin,
)
from agent.journal import epoch as room

Minute = Callable[[int], Stamped]

AT_UTC_MS = 1_767_300_000_000


def restored(path: Path, sample: Minute, entry: Minute) -> Journal:
    """A journal of 12 records whose uplinks stand at 8 and 10."""
    journal = Journal.open(path)
    bodies = [sample(n) for n in range(1, 13)]
    bodies[3], bodies[10] = entry(2026), entry(2027)
    journal.append(
        Transaction(bodies, state=b"[12]", cursors={"a": 10, "b": 8, "gone": 1}, book=b"{}")
    )
    return journal


def begin(path: Path) -> EpochBegan:
    return begin_epoch(
        path, Ahead("a", 500), AT_UTC_MS, trusted=True, uplinks=["a", "b"], alive=list
    )


def test_a_new_epoch_holds_the_entries_and_what_was_not_sent(
    path: Path, sample: Minute, entry: Minute
) -> None:
    old = restored(path, sample, entry)
    old.close()
    began = begin(path)
    new = Journal.open(path)
    assert new.epoch != old.epoch
    assert not is_elsewhere(path, new), "it is no copy: it need not begin once more"
    assert (new.state(), new.book(), new.cursors()) == (b"[12]", b"{}", {"a": 0, "b": 0})
    reader = Reader(path)
    assert list(reader.verify()) == [new.head]
    page = reader.page(0, 100).rows
    bodies = [rows.decode_body(row.kind, row.body) for row in page]
    assert began == EpochBegan(old.epoch, 12, old.head.hash.hex(), 500, "a", 5, 8)
    assert bodies == [
        began,
        entry(2026).body,
        sample(9).body,
        sample(10).body,
        entry(2027).body,
        sample(12).body,
    ]
    assert page[2].at_utc_ms == sample(9).at_utc_ms
    assert [one.body for one in new.entries()] == [entry(2026).body, entry(2027).body]
    assert sorted(file.name for file in path.parent.iterdir() if file.suffix == ".db") == [
        f"journal-{old.epoch}.db",
        "journal.db",
    ]
    reader.close()
    new.close()
    aside = Journal.open(path.with_name(f"journal-{old.epoch}.db"))
    assert aside.head == old.head
    aside.close()


@pytest.mark.parametrize(("at_most", "after"), [(4, 6), (3, 7), (0, 8)])
def test_what_was_sent_since_a_copy_was_put_back_is_carried_over_all_the_same(
    path: Path, sample: Minute, entry: Minute, monkeypatch: pytest.MonkeyPatch, *,
    at_most: int, after: int,
) -> None:  # fmt: skip
    """Its numbers were taken: who had them already threw it away, and a cursor passed it.

    Within a bound: whoever claims falsely that it is a copy does not have a year sent again.
    """
    monkeypatch.setattr(room, "SENT_AGAIN_MAX", at_most)
    restored(path, sample, entry).close()
    ahead, cursors = Ahead("a", 500), {"a": 6, "b": 7}
    began = begin_epoch(
        path, ahead, AT_UTC_MS, trusted=True, uplinks=["a", "b"], alive=list, cursors=cursors
    )
    assert (began.copied, began.passed) == (1 + 12 - after, after)


def test_an_epoch_begins_at_most_once_in_a_thousand_records(
    path: Path, sample: Minute, entry: Minute
) -> None:
    old = restored(path, sample, entry)
    reader = Reader(path)
    assert may_begin(reader) is None
    reader.close()
    old.close()
    begin(path)
    new = Journal.open(path)
    reader = Reader(path)
    assert "has only begun" in str(may_begin(reader))
    assert has_room(reader), "which bounds what a platform claims, not a copy that is put back"
    new.append(Transaction([sample(n) for n in range(999)]))
    assert may_begin(reader) is None
    for n in range(room.ARCHIVES_MAX):
        shutil.copy(path, path.with_name(f"journal-{n:016x}.db"))
    assert "move them away" in str(may_begin(reader))
    assert not has_room(reader)
    reader.close()
    new.close()


def test_a_swap_that_a_power_cut_ended_takes_no_room_from_itself(
    path: Path, sample: Minute, entry: Minute
) -> None:
    """Its own name beside it counted as the last place: the copy went on under numbers in use."""
    old = restored(path, sample, entry)
    old.close()
    for n in range(room.ARCHIVES_MAX - 1):
        shutil.copy(path, path.with_name(f"journal-{n:016x}.db"))
    path.with_name(f"journal-{old.epoch}.db").hardlink_to(path)
    with closing(Reader(path)) as reader:
        assert has_room(reader)
        assert may_begin(reader) is None


def test_a_long_copy_says_that_it_goes_on(
    path: Path, sample: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year that a platform had not read took longer than the watchdog waits, at each start."""
    monkeypatch.setattr(room, "BATCH_RECORDS", 2)
    journal, said = Journal.open(path), []
    journal.append(Transaction([sample(n) for n in range(1, 13)]))
    journal.close()
    ahead = Ahead("", 12)

    def alive() -> None:
        said.append("alive")

    begin_epoch(path, ahead, AT_UTC_MS, trusted=True, uplinks=["a"], alive=alive)
    assert len(said) == 2 * 12 / 2, "once for each batch, of counting and of writing"


def test_a_reader_of_the_old_file_does_not_spoil_the_new_one(
    path: Path, sample: Minute, entry: Minute
) -> None:
    """A log that somebody still reads would be replayed into the new file."""
    restored(path, sample, entry).close()
    reader = Reader(path)
    held = reader._database.stream("SELECT * FROM records")
    next(held)
    journal = Journal.open(path)
    journal.append(Transaction([sample(13)]))
    journal.close()
    with pytest.raises(JournalFailed, match=r"locked|in use"):
        begin(path)
    held.close()
    reader.close()
    begin(path)
    new = Journal.open(path)
    assert new.head.number == 7
    new.close()


def test_what_an_earlier_attempt_left_is_no_hindrance(
    path: Path, sample: Minute, entry: Minute
) -> None:
    old = restored(path, sample, entry)
    old.close()
    path.with_name("new-journal.db").write_bytes(b"half of one")
    path.with_name("new-journal.db-wal").write_bytes(b"and its log")
    path.with_name(f"journal-{old.epoch}.db").hardlink_to(path)
    begin(path)
    new = Journal.open(path)
    assert new.head.number == 6
    new.close()
