"""Room rule: the one module that meets SQLite. Knows connections and faults, not what is kept.

Every fault that is not our own leaves here as JournalFailed (the disk is full, gone, read-only,
held by somebody else) or JournalDamaged. After either, the same connection works again once the
cause is gone. It is never reopened in between: a commit whose sync failed may lie complete in the
write-ahead log, and only the connection that failed knows that it does not count.
"""

import os
import sqlite3
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.catalogue import Told
from agent.journal.chain import JournalDamaged

# Measured in docs/decisions/0003-journal-pages.md. A page is a sector of the card; a commit ends
# on a sector's edge (psow=0), so that no later write shares a sector with what was promised.
PAGE_BYTES = 4096
CHECKPOINT_PAGES = 250
WAL_BYTES_KEPT = 4 * 1024 * 1024  # a log that a slow reader made longer is cut back to this
CACHE_KIB = 512
# Somebody else's lock (a technician with a shell on the file) is waited for this long.
BUSY_S = 1.0


class JournalFailed(Told):
    """The file cannot be read or written now. Not our fault, and it may pass."""


class Database:
    """One connection. The owner sees to it that one thread at a time uses it."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        self._writable = writable
        mode = "rw" if writable else "ro"
        with self._faults_told():
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode={mode}&psow=0{_immutable(path)}",
                uri=True,
                timeout=BUSY_S,
                isolation_level=None,  # transactions begin and end where this module says
                check_same_thread=False,
                cached_statements=32,
            )
        with ExitStack() as undo:
            undo.callback(self._connection.close)
            self._configure()
            self._place = self._found()
            undo.pop_all()

    def _configure(self) -> None:
        self.run(f"PRAGMA cache_size = -{CACHE_KIB}")
        self.run("PRAGMA trusted_schema = OFF")
        self.run("PRAGMA cell_size_check = ON")
        if not self._writable:
            self.run("PRAGMA query_only = ON")

    def make_durable(self) -> None:
        """From here on a commit that returned survives a power cut. Alters the file."""
        self.run(f"PRAGMA page_size = {PAGE_BYTES}")
        (mode,) = self.row("PRAGMA journal_mode = WAL") or ("",)
        if mode != "wal":
            raise JournalFailed("journal_failed.no_log", file=self.path, mode=mode)
        self.run("PRAGMA synchronous = FULL")
        self.run(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self.run(f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT}")

    def overlay(self, views: Sequence[str]) -> None:
        """Names of this connection's own, before those of the file, which stays as it is."""
        self.run("PRAGMA temp_store = MEMORY")
        self.run("PRAGMA query_only = OFF")
        for view in views:
            self.run(view)
        self.run("PRAGMA query_only = ON")

    def run(self, sql: str, *values: Any) -> None:
        with self._faults_told():
            self._connection.execute(sql, values).close()

    def run_many(self, sql: str, rows: Collection[Sequence[Any]]) -> None:
        if not rows:
            return
        with self._faults_told():
            self._connection.executemany(sql, rows).close()

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.rows(sql, *values)
        return rows[0] if rows else None

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._faults_told():
            return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str, *values: Any) -> Generator[tuple[Any, ...], None, None]:
        """Row by row; a read transaction stays open until the last one or `close()`."""
        with self._faults_told():
            cursor = self._connection.execute(sql, values)
            try:
                yield from cursor
            finally:
                cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written inside is durable at the end, or none of it is there."""
        assert self._writable, "a reader does not write"
        self._roll_back()
        if self._found() != self._place:
            raise JournalFailed("journal_failed.replaced", file=self.path)
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        finally:
            self._roll_back()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All of what is read inside is of one moment. Keep it short: the log grows meanwhile."""
        self.run("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def close(self) -> None:
        with self._faults_told():
            self._connection.close()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            # When even this fails, the next transaction begins by trying again.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("ROLLBACK")

    def _found(self) -> tuple[int, int]:
        """Which file stands under the name. What is written to a deleted file is lost."""
        try:
            found = self.path.stat()
        except OSError as error:
            raw = os.strerror(error.errno or 0)
            raise JournalFailed("journal_failed.gone", file=self.path, raw=raw) from error
        return found.st_dev, found.st_ino

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:  # SQLite quotes what it cannot make sense of
            raw = "its own words are damaged"
            raise JournalDamaged("journal_damaged.file", file=self.path, raw=raw) from error
        except sqlite3.DatabaseError as error:
            # The low byte is the family: IOERR_WRITE and IOERR_FSYNC are both IOERR.
            family = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
            raw = f"{error} ({getattr(error, 'sqlite_errorname', '')})"
            damaged = family in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            if damaged or str(error).startswith(_ALTERED):
                raise JournalDamaged("journal_damaged.file", file=self.path, raw=raw) from error
            if family not in _FAULTS:
                raise
            key = f"journal_failed.{_FAULTS[family]}"
            raise JournalFailed(key, file=self.path, raw=raw) from error


def _immutable(path: Path) -> str:
    """For a copy on a medium that takes no files: SQLite wants to keep its locks beside it."""
    in_use = path.with_name(f"{path.name}-wal").exists()
    return "" if in_use or os.access(path.parent, os.W_OK) else "&immutable=1"


# What our statements, which are all known, can only hear of a file that is not as it was made.
_ALTERED = ("unsupported file format", "no such table", "no such column", "Could not decode")
_FAULTS = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "disk",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CANTOPEN: "no_file",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
}
