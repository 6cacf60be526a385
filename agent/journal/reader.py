"""Room rule: how what is kept is read, in short transactions and bounded pages. Writes nothing."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from agent import rows
from agent.journal import chain
from agent.journal.chain import Head, JournalDamaged, StoredRow
from agent.journal.database import Database

VERIFY_PAGE_RECORDS = 1000

_COLUMNS = "number, at_utc_ms, trusted, kind, body, digest, hash"


class PageRow(NamedTuple):
    """A record as it is served: `body` is the stored JSON text, or `null` once pruned."""

    number: int
    at_utc_ms: int
    trusted: int
    kind: str
    body: bytes


class Page(NamedTuple):
    rows: list[PageRow]
    head: Head


class Reader:
    """A connection that only reads, beside the writer, in this process or another."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, writable=False)
        self.epoch = text(self._database, "epoch")

    def head(self) -> Head:
        return find_head(self._database, self.epoch)

    def page(self, after: int, limit: int, *, bytes_max: int = 1 << 20) -> Page:
        """At most `limit` records after number `after`, oldest first, in one short transaction.

        The page ends early, but never empty, once its bodies pass `bytes_max`.
        """
        served: list[PageRow] = []
        size = 0
        with self._database.snapshot():
            found = self._database.stream(
                "SELECT number, at_utc_ms, trusted, kind, coalesce(body, x'6e756c6c') FROM records"
                " WHERE number > ? ORDER BY number LIMIT ?",
                after,
                limit,
            )
            for row in found:
                served.append(PageRow(*row))
                size += len(row[4])
                if size > bytes_max:
                    break
            found.close()
            return Page(served, find_head(self._database, self.epoch))

    def parked(self) -> Mapping[str, int]:
        """How many records each client has parked."""
        return dict(self._database.rows("SELECT client, count(*) FROM parked GROUP BY client"))

    def is_parked(self, client: str, number: int) -> bool:
        found = "SELECT 1 FROM parked WHERE client = ? AND number = ?"
        return self._database.row(found, client, number) is not None

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


def find_head(database: Database, epoch: str) -> Head:
    newest = database.row("SELECT number, hash FROM records ORDER BY number DESC LIMIT 1")
    return chain.origin(epoch) if newest is None else Head(*newest)


def stored(database: Database, after: int, limit: int) -> list[StoredRow]:
    found = database.rows(
        f"SELECT {_COLUMNS} FROM records WHERE number > ? ORDER BY number LIMIT ?",  # noqa: S608
        after,
        limit,
    )
    return [StoredRow(*row) for row in found]


def entry_rows(database: Database) -> Iterator[StoredRow]:
    kinds = sorted(rows.ENTRIES)
    found = database.rows(
        f"SELECT {_COLUMNS} FROM records WHERE kind <> 'sample'"  # noqa: S608
        f" AND kind IN ({','.join('?' * len(kinds))}) ORDER BY number",
        *kinds,
    )
    return (StoredRow(*row) for row in found)


def kept(database: Database, name: str) -> bytes | None:
    found = database.row("SELECT value FROM kept WHERE name = ?", name)
    return None if found is None else bytes(found[0])


def text(database: Database, name: str) -> str:
    value = kept(database, name)
    if value is None:
        raise JournalDamaged(f"{database.path} has no {name}: it is no journal; restore a copy")
    return value.decode()
