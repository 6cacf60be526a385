"""Room rule: the journal. Only `database` meets SQLite; outside, only the names below are used."""

from agent.journal.chain import Head, JournalDamaged
from agent.journal.database import JournalFailed
from agent.journal.opening import JournalNewer
from agent.journal.reader import Page, PageRow, Reader
from agent.journal.store import Journal, Parked, Stamped, Transaction
from agent.journal.writer import Writer

__all__ = [
    "Head",
    "Journal",
    "JournalDamaged",
    "JournalFailed",
    "JournalNewer",
    "Page",
    "PageRow",
    "Parked",
    "Reader",
    "Stamped",
    "Transaction",
    "Writer",
]
