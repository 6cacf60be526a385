"""Room rule: how a journal's file comes to be, is claimed, brought up to date and checked."""

import fcntl
import os
import secrets
from contextlib import ExitStack
from pathlib import Path

from agent.durable import sync_folder
from agent.journal import chain
from agent.journal.chain import Head, JournalDamaged
from agent.journal.database import Database, JournalFailed
from agent.journal.reader import entry_rows, find_head, hash_of, is_ours, stored, text
from agent.journal.schema import APPLICATION_ID, KEEP, MIGRATIONS

# The end of the chain, verified at every start: a day and a half of minute records.
TAIL_RECORDS = 2000
# A file up to this size is checked whole at every start; of a larger one only the part that the
# scan lives on, and the rest by `Reader.verify` in the background: 16 MiB are 0.4 s of an SD card.
QUICK_CHECK_BYTES_MAX = 16 * 1024 * 1024


def lock(path: Path, undo: ExitStack) -> None:
    """Two writers would fork the chain. The lock dies with its process."""
    beside = path.with_suffix(".lock")
    try:
        held = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalFailed("journal_failed.no_lock", file=beside, raw=error.strerror) from error
    undo.callback(os.close, held)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JournalFailed("journal_failed.held", file=path) from error


def create(path: Path) -> None:
    """An empty file only its owner may read, whose name survives a power cut."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        sync_folder(path.parent)
    except OSError as error:
        raise JournalFailed("journal_failed.not_made", file=path, raw=error.strerror) from error


def migrate(database: Database) -> None:
    """Take the steps that this file has not taken, each in one transaction, if it is ours."""
    version = is_ours(database)
    database.make_durable()
    for step in range(version, len(MIGRATIONS)):
        with database.transaction():
            for statement in MIGRATIONS[step]:
                database.run(statement)
            if step == 0:
                database.run(f"PRAGMA application_id = {APPLICATION_ID}")
                epoch = secrets.token_hex(8).encode()
                database.run_many(KEEP, [("epoch", epoch)])
            database.run(f"PRAGMA user_version = {step + 1}")


def check(database: Database) -> None:
    """The file's structure, the end of the chain, and every entry's own link."""
    whole = database.path.stat().st_size <= QUICK_CHECK_BYTES_MAX
    for pragma in ("quick_check",) if whole else ("quick_check(kept)", "quick_check(parked)"):
        (verdict,) = database.row(f"PRAGMA {pragma}") or ("no answer",)
        if verdict != "ok":
            raise JournalDamaged("journal_damaged.file", file=database.path, raw=verdict)
    epoch = text(database, "epoch")
    tail = max(0, find_head(database, epoch).number - TAIL_RECORDS)
    chain.verify(_before(database, epoch, tail + 1), stored(database, tail, TAIL_RECORDS))
    for entry in entry_rows(database):
        if entry.number <= tail:
            chain.verify(_before(database, epoch, entry.number), [entry])


def _before(database: Database, epoch: str, number: int) -> Head:
    """What record `number` must follow."""
    if number == 1:
        return chain.origin(epoch)
    found = hash_of(database, number - 1)
    if found is None:
        raise JournalDamaged("journal_damaged.missing", record=number - 1)
    return Head(number - 1, found)
