"""Room rule: how what is kept is read, in short transactions and bounded pages. Writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, NamedTuple

from agent import rows
from agent.catalogue import Told
from agent.core.model import Body
from agent.journal import chain
from agent.journal.chain import Head, JournalDamaged, StoredRow
from agent.journal.database import Database, JournalFailed
from agent.journal.schema import APPLICATION_ID, MIGRATIONS, OVERLAYS

VERIFY_PAGE_RECORDS = 1000

# Both tables are in order of number, so SQLite merges them row by row and sorts nothing.
_ALL = (
    "SELECT number, at_utc_ms, trusted, kind, body, NULL AS digest, hash FROM records"
    " WHERE number > ?1 UNION ALL"
    " SELECT number, at_utc_ms, trusted, kind, NULL, digest, hash FROM pruned"
    " WHERE number > ?1 ORDER BY number LIMIT ?2"
)


class JournalNewer(Told):
    """The file, or a record in it, was written by a newer version of wellkeeper."""


class PageRow(NamedTuple):
    """A record as it is served: `body` is the stored JSON text, or `null` once pruned."""

    number: int
    at_utc_ms: int
    trusted: int
    kind: str
    body: bytes


# Records in a row without a sample: hours of storms.
LOOKED_AT_MAX: Final = 1_000
# Records in a row whose clock was not believed: a week without a network.
UNTRUSTED_MAX: Final = 10_000


class Page(NamedTuple):
    rows: list[PageRow]
    head: Head


class Reader:
    """A connection that only reads, beside the writer, in this process or another."""

    def __init__(self, path: Path) -> None:
        """Of every version up to this one; JournalNewer of a later one."""
        self.path = path
        self._database = Database(path, writable=False)
        with ExitStack() as undo:
            undo.callback(self._database.close)
            _overlay(self._database)
            self.epoch = text(self._database, "epoch")
            undo.pop_all()

    def head(self) -> Head:
        return find_head(self._database, self.epoch)

    def page(self, after: int, limit: int, *, bytes_max: int = 1 << 20) -> Page:
        """At most `limit` records after number `after`, oldest first, in one short transaction.

        The page ends early, but never empty, once its bodies pass `bytes_max`.
        """
        served: list[PageRow] = []
        size = 0
        with self._database.snapshot():
            found = self._database.stream(_ALL, after, limit)
            for number, at_utc_ms, trusted, kind, body, _, _ in found:
                served.append(PageRow(number, at_utc_ms, trusted, kind, body or b"null"))
                size += len(served[-1].body)
                if size > bytes_max:
                    break
            found.close()
            return Page(served, find_head(self._database, self.epoch))

    def newest(self, kinds: Sequence[str], limit: int) -> list[PageRow]:
        """The newest records of these kinds, newest first. Samples are too many to look among."""
        found = self._database.rows(
            "SELECT number, at_utc_ms, trusted, kind, body FROM records"  # noqa: S608  # words of ours
            f" WHERE kind <> 'sample' AND kind IN ({','.join('?' * len(kinds))})"
            " ORDER BY number DESC LIMIT ?",
            *kinds,
            limit,
        )
        return [
            PageRow(number, at, trust, kind, body or b"null")
            for number, at, trust, kind, body in found
        ]

    def first_sample(self, since_utc_ms: int) -> PageRow | None:
        """The first sample of an instant or later that is whole; None where there is none near.

        Found by halving, in some twenty look-ups, and among the LOOKED_AT_MAX records from there.
        """
        low, high = 0, self.head().number
        while low < high:
            middle = (low + high) // 2
            if self._at_after(middle, since_utc_ms) < since_utc_ms:
                low = middle + 1
            else:
                high = middle
        found = self._database.row(
            "SELECT number, at_utc_ms, trusted, kind, body FROM records"
            " WHERE number > ? AND number <= ? AND kind = 'sample' ORDER BY number LIMIT 1",
            low,
            low + LOOKED_AT_MAX,
        )
        return None if found is None else PageRow(*found)

    def _at_after(self, number: int, otherwise: int) -> int:
        """The instant of the next record that is whole.

        One whose clock was not believed comes between those about it whose was: where it says that
        it does not, it is as old as the one before it.
        """
        row = self._database.row(
            "SELECT at_utc_ms, trusted FROM records WHERE number > ? ORDER BY number LIMIT 1",
            number,
        )
        if row is None:
            return otherwise
        at_utc_ms, trusted = int(row[0]), row[1]
        if trusted:
            return at_utc_ms
        following = self._believed(number + 1, number + UNTRUSTED_MAX, "ASC")
        before = self._believed(number - UNTRUSTED_MAX, number, "DESC")
        if following is not None and at_utc_ms > following:
            return following if before is None else before
        return at_utc_ms if before is None else max(at_utc_ms, before)

    def _believed(self, first: int, last: int, order: Literal["ASC", "DESC"]) -> int | None:
        """The instant of the first or last record between two numbers whose clock was believed."""
        row = self._database.row(
            "SELECT at_utc_ms FROM records WHERE number BETWEEN ? AND ? AND trusted = 1"  # noqa: S608  # words of ours
            f" ORDER BY number {order} LIMIT 1",
            first,
            last,
        )
        return None if row is None else int(row[0])

    def follow(self, after: Head, limit: int) -> Head:
        """The head after at most `limit` more records. JournalDamaged where the chain breaks."""
        before = chain.origin(self.epoch) if after.number == 0 else after
        return chain.verify(before, stored(self._database, before.number, limit))

    def after(self, number: int, limit: int) -> list[StoredRow]:
        """At most `limit` records after `number`, with what the chain needs."""
        return stored(self._database, number, limit)

    def begins_before(self, at_utc_ms: int) -> int:
        """The number after which a reader finds every record stamped at or after an instant."""
        found = self._database.row(
            "SELECT min(number) FROM (SELECT number FROM records WHERE at_utc_ms >= ?1"
            " UNION ALL SELECT number FROM pruned WHERE at_utc_ms >= ?1)",
            at_utc_ms,
        )
        first = None if found is None else found[0]
        return self.head().number if first is None else int(first) - 1

    def counts(self) -> Sequence[tuple[str, int, int]]:
        """Of each kind: its name, how many are whole, how many are pruned."""
        return [
            (kind, whole, pruned)
            for kind, whole, pruned in self._database.rows(
                "SELECT kind, sum(whole), sum(1 - whole) FROM"
                " (SELECT kind, 1 AS whole FROM records UNION ALL SELECT kind, 0 FROM pruned)"
                " GROUP BY kind ORDER BY kind"
            )
        ]

    def used_bytes(self) -> int:
        return used_bytes(self._database)

    def archives(self) -> list[Path]:
        """The files of earlier epochs (`agent.journal.epoch`)."""
        name = self.path
        return sorted(name.parent.glob(f"{name.stem}-{'?' * 16}{name.suffix}"))

    def cursors(self) -> Mapping[str, int]:
        return dict(cursors(self._database))

    def parked(self) -> Mapping[str, int]:
        """How many records each client has parked."""
        return dict(self._database.rows("SELECT client, count(*) FROM parked GROUP BY client"))

    def is_parked(self, client: str, number: int) -> bool:
        found = "SELECT 1 FROM parked WHERE client = ? AND number = ?"
        return self._database.row(found, client, number) is not None

    def parked_numbers(self, client: str) -> Iterator[int]:
        """The records that a client has parked: few, each refused by itself."""
        found = "SELECT number FROM parked WHERE client = ? ORDER BY number"
        return (number for (number,) in self._database.rows(found, client))

    def hash_of(self, number: int) -> bytes | None:
        """None when there is no such record, or too little is left of it."""
        return hash_of(self._database, number)

    def verify(self) -> Iterator[Head]:
        """Follow the whole chain; yields after every page so that the caller may rest or stop.

        JournalDamaged at the first record that breaks it. Memory does not grow with the file.
        """
        head = chain.origin(self.epoch)
        while page := stored(self._database, head.number, VERIFY_PAGE_RECORDS):
            head = chain.verify(head, page)
            yield head

    def close(self) -> None:
        self._database.close()


def decoded(file: Path, row: StoredRow) -> Body:
    """What a whole row says. JournalNewer when this version does not know it."""
    assert row.body is not None, "it was given up"
    try:
        return rows.decode_body(row.kind, row.body)
    except rows.RowError as why:
        said = {"record": row.number, "kind": row.kind, "raw": why}
        raise JournalNewer("journal_failed.record_newer", file=file, **said) from why


def is_ours(database: Database) -> int:
    """The file's format. JournalDamaged when it is no journal, JournalNewer when it is newer."""
    (version,) = database.row("PRAGMA user_version") or (0,)
    (application,) = database.row("PRAGMA application_id") or (0,)
    empty = database.row("SELECT 1 FROM sqlite_schema") is None
    if not empty and application != APPLICATION_ID:
        raise JournalDamaged("journal_damaged.foreign", file=database.path)
    if version > len(MIGRATIONS):
        formats = {"version": version, "known": len(MIGRATIONS)}
        raise JournalNewer("journal_failed.newer", file=database.path, **formats)
    return int(version)


def _overlay(database: Database) -> None:
    version = is_ours(database)
    if version == 0:  # what was written is in the log, which is not here
        raise JournalFailed("journal_failed.log_not_copied", file=database.path)
    if version < len(MIGRATIONS):
        database.overlay(OVERLAYS[version])


def find_head(database: Database, epoch: str) -> Head:
    """The newest record is never pruned."""
    newest = database.row("SELECT number, hash FROM records ORDER BY number DESC LIMIT 1")
    return chain.origin(epoch) if newest is None else Head(*newest)


def stored(database: Database, after: int, limit: int) -> list[StoredRow]:
    return [StoredRow(*row) for row in database.rows(_ALL, after, limit)]


def hash_of(database: Database, number: int) -> bytes | None:
    found = database.row(
        "SELECT hash FROM records WHERE number = ?1"
        " UNION ALL SELECT hash FROM pruned WHERE number = ?1",
        number,
    )
    return None if found is None else found[0]


def entry_rows(database: Database) -> Iterator[StoredRow]:
    kinds = sorted(rows.ENTRIES)
    found = database.rows(
        "SELECT number, at_utc_ms, trusted, kind, body, NULL, hash FROM records"  # noqa: S608  # words of ours
        f" WHERE kind <> 'sample' AND kind IN ({','.join('?' * len(kinds))}) ORDER BY number",
        *kinds,
    )
    return (StoredRow(*row) for row in found)


def change_rows(database: Database, limit: int) -> Iterator[StoredRow]:
    """The newest changes of condition that are whole, oldest first."""
    found = database.rows(
        "SELECT number, at_utc_ms, trusted, kind, body, NULL, hash FROM records"
        " WHERE kind <> 'sample' AND kind = 'condition_changed' AND body IS NOT NULL"
        " ORDER BY number DESC LIMIT ?",
        limit,
    )
    return (StoredRow(*row) for row in reversed(found))


def used_bytes(database: Database) -> int:
    """Pages that hold something. The file does not shrink: what is free is written to again."""
    (pages,) = database.row("PRAGMA page_count") or (0,)
    (free,) = database.row("PRAGMA freelist_count") or (0,)
    (size,) = database.row("PRAGMA page_size") or (0,)
    return int((pages - free) * size)


CURSOR = "cursor "


def cursors(database: Database) -> Iterator[tuple[str, int]]:
    for name, value in database.rows("SELECT name, value FROM kept"):
        if name.startswith(CURSOR):
            if not bytes(value).isdigit():
                raise JournalDamaged("journal_damaged.not_a_journal", file=database.path, name=name)
            yield name.removeprefix(CURSOR), int(value)


def kept(database: Database, name: str) -> bytes | None:
    found = database.row("SELECT value FROM kept WHERE name = ?", name)
    return None if found is None else bytes(found[0])


def text(database: Database, name: str) -> str:
    value = kept(database, name)
    if value is None or not value.isascii():
        raise JournalDamaged("journal_damaged.not_a_journal", file=database.path, name=name)
    return value.decode("ascii")
