"""Room rule: whether a journal lies where it was written, or came from somewhere else. No clock.

A backup that is put back, or a copy on another card, would use numbers a second time that the
platforms have had. They notice when they hold more than it, but only as of the last live state
they kept. So control leaves a note beside the journal: of which epoch it is, and in which file of
the disk (its inode). A backup does not carry the note, and a copy is another file.
"""

from pathlib import Path
from typing import Final

from agent import durable
from agent.journal.database import JournalFailed
from agent.journal.store import Journal

NOTE: Final = "journal.place"


def is_elsewhere(path: Path, journal: Journal) -> bool:
    """Whether this journal was written to at another place; an empty one was written nowhere."""
    try:
        noted = (path.parent / NOTE).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        noted = ""
    except OSError as error:
        raise JournalFailed("journal_failed.not_made", file=NOTE, raw=error.strerror) from error
    return journal.head.number > 0 and noted != _place(path, journal)


def note_place(path: Path, journal: Journal) -> None:
    """From now on this is where it belongs."""
    note, place = path.parent / NOTE, _place(path, journal)
    try:
        if not note.exists() or note.read_text("utf-8", errors="replace") != place:
            durable.write(note, place, 0o600)
    except OSError as error:
        raise JournalFailed("journal_failed.not_made", file=note, raw=error.strerror) from error


def _place(path: Path, journal: Journal) -> str:
    return f"{journal.epoch} {path.stat().st_ino}\n"
