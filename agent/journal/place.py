"""Room rule: whether a journal lies where it was written, or came from somewhere else. No clock.

A backup that is put back, or a copy on another card, would use numbers a second time that the
platforms have had. They notice when they hold more than it, but only as of the last live state
they kept. So control leaves a note beside the journal: of which epoch it is, and in which file of
the disk (its inode). A backup does not carry the note, and a copy is another file. A backup that is
written over the journal (`cp`) is the same file: it lacks the head that was noted when control last
began or ended.
"""

import re
from pathlib import Path
from typing import Final

from agent import durable
from agent.journal.database import JournalFailed
from agent.journal.store import Journal

NOTE: Final = "journal.place"
# Of a record's hash: enough to tell two, and a note of one sector.
_HASH_BYTES: Final = 8


def is_elsewhere(path: Path, journal: Journal) -> bool:
    """Whether this journal was written to at another place; an empty one was written nowhere."""
    try:
        noted = (path.parent / NOTE).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        noted = ""
    except OSError as error:
        raise JournalFailed("journal_failed.not_made", file=NOTE, raw=error.strerror) from error
    return journal.head.number > 0 and not _is_noted(noted.split(), path, journal)


def note_place(path: Path, journal: Journal) -> None:
    """From now on this is where it belongs.

    On a full disk an older note of it stays: it is as true, and tells less.
    """
    note, place, noted = path.parent / NOTE, _place(path, journal), ""
    try:
        noted = note.read_text("utf-8", errors="replace") if note.exists() else ""
        if noted == place:
            return
        durable.write(note, place, 0o600)
    except OSError as error:
        if _is_noted(noted.split(), path, journal):
            return
        raise JournalFailed("journal_failed.not_made", file=note, raw=error.strerror) from error


def _place(path: Path, journal: Journal) -> str:
    head = journal.head
    return f"{journal.epoch} {path.stat().st_ino} {head.number} {head.hash[:_HASH_BYTES].hex()}\n"


def _is_noted(noted: list[str], path: Path, journal: Journal) -> bool:
    """An earlier version noted no head. Of a record that was pruned no hash may be left."""
    if noted[:2] != [journal.epoch, str(path.stat().st_ino)]:
        return False
    match noted[2:]:
        case []:
            return True
        case [number, digest] if re.fullmatch(r"[0-9]{1,18}", number):
            own = journal.hash_of(int(number))
            known = own is None or own[:_HASH_BYTES].hex() == digest
            return known and int(number) <= journal.head.number
        case _:
            return False
