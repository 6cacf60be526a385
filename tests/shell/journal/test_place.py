"""Where a journal belongs: a backup that is put back is told from the journal that it was."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.journal import Journal, JournalFailed, Stamped, Transaction, is_elsewhere, note_place
from agent.journal.place import NOTE

Minute = Callable[[int], Stamped]


def written(path: Path, first: Stamped) -> Journal:
    journal = Journal.open(path)
    journal.append(Transaction([first]))
    return journal


def test_an_empty_journal_was_written_nowhere(path: Path) -> None:
    assert not is_elsewhere(path, Journal.open(path))


def test_a_journal_that_stays_is_where_it_was(path: Path, sample: Minute) -> None:
    journal = written(path, sample(1))
    note_place(path, journal)
    journal.append(Transaction([sample(2)]))
    journal.close()
    assert not is_elsewhere(path, Journal.open(path))


def test_a_backup_has_no_note(path: Path, sample: Minute) -> None:
    assert is_elsewhere(path, written(path, sample(1)))


def test_a_copy_in_its_own_place_is_another_file(path: Path, sample: Minute) -> None:
    journal = written(path, sample(1))
    note_place(path, journal)
    journal.close()
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.replace(path)
    assert is_elsewhere(path, Journal.open(path))


def test_a_backup_that_is_written_over_the_journal_is_told_by_what_it_lacks(
    path: Path, sample: Minute
) -> None:
    """As `cp` does it: into the same file of the disk, beside the same note."""
    journal = written(path, sample(1))
    note_place(path, journal)
    journal.close()
    backup = path.with_name("backup")
    shutil.copy(path, backup)
    for own in (2, 3):
        journal = Journal.open(path)
        assert not is_elsewhere(path, journal)
        journal.append(Transaction([sample(own)]))
        note_place(path, journal)
        journal.close()
    inode = path.stat().st_ino
    shutil.copy(backup, path)
    assert path.stat().st_ino == inode
    journal = Journal.open(path)
    assert is_elsewhere(path, journal), "it ends before the noted head"
    for other in (7, 8, 9):
        journal.append(Transaction([sample(other)]))
    assert is_elsewhere(path, journal), "it has gone on otherwise since"


def test_a_note_of_an_earlier_version_is_still_good(path: Path, sample: Minute) -> None:
    journal = written(path, sample(1))
    path.with_name(NOTE).write_text(f"{journal.epoch} {path.stat().st_ino}\n", "utf-8")
    assert not is_elsewhere(path, journal)


def test_a_note_of_another_epoch_or_of_rubbish_vouches_for_nothing(
    path: Path, sample: Minute
) -> None:
    journal = written(path, sample(1))
    for rubbish in (
        b"",
        b"\xff\x00",
        f"{'0' * 16} {path.stat().st_ino}\n".encode(),
        *(
            f"{journal.epoch} {path.stat().st_ino} {end}\n".encode()
            for end in ("1", "x y", f"{'9' * 5000} 00", "1 00")
        ),
    ):
        path.with_name(NOTE).write_bytes(rubbish)
        assert is_elsewhere(path, journal)
        note_place(path, journal)
        assert not is_elsewhere(path, journal)


def test_a_note_that_cannot_be_written_is_said(path: Path, sample: Minute) -> None:
    journal = written(path, sample(1))
    path.with_name(NOTE).mkdir()
    with pytest.raises(JournalFailed):
        note_place(path, journal)
    with pytest.raises(JournalFailed):
        is_elsewhere(path, journal)


def test_a_disk_without_room_keeps_the_older_note_of_the_same_place(
    path: Path, sample: Minute
) -> None:
    """Else control could not start again on a full disk, where it must at least cut and say so."""
    journal = written(path, sample(1))
    note_place(path, journal)
    noted = path.with_name(NOTE).read_bytes()
    journal.append(Transaction([sample(2)]))
    path.with_name(f".{NOTE}.new").mkdir()  # nothing can be made under this name
    note_place(path, journal)
    assert path.with_name(NOTE).read_bytes() == noted
    assert not is_elsewhere(path, journal)
    path.with_name(NOTE).write_bytes(b"of another journal")
    with pytest.raises(JournalFailed):
        note_place(path, journal)
