"""Room rule: the journal. Only `database` meets SQLite; outside, only the names below are used."""

from agent.journal.chain import Head, JournalDamaged, StoredRow
from agent.journal.database import JournalFailed
from agent.journal.epoch import (
    ARCHIVES_MAX,
    NOT_CARRIED,
    Ahead,
    begin_epoch,
    has_room,
    may_begin,
)
from agent.journal.place import is_elsewhere, note_place
from agent.journal.reader import JournalNewer, Page, PageRow, Reader, decoded
from agent.journal.retention import Now, Retention
from agent.journal.store import Journal, Parked, Stamped, Transaction
from agent.journal.upkeep import Signer, Upkeep
from agent.journal.writer import Writer

__all__ = [
    "ARCHIVES_MAX",
    "NOT_CARRIED",
    "Ahead",
    "Head",
    "Journal",
    "JournalDamaged",
    "JournalFailed",
    "JournalNewer",
    "Now",
    "Page",
    "PageRow",
    "Parked",
    "Reader",
    "Retention",
    "Signer",
    "Stamped",
    "StoredRow",
    "Transaction",
    "Upkeep",
    "Writer",
    "begin_epoch",
    "decoded",
    "has_room",
    "is_elsewhere",
    "may_begin",
    "note_place",
]
