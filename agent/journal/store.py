"""Room rule: what the journal keeps and in which order. Meets SQLite only through `database`.

Records, ledger checkpoint, cursors, parked records and the book are in one file and change in one
transaction, so that a crash at any moment leaves the state that the records explain.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from agent import rows
from agent.core.model import Body, Record
from agent.journal import chain
from agent.journal.chain import Head, StoredRow
from agent.journal.database import Database
from agent.journal.opening import check, create, lock, migrate
from agent.journal.reader import entry_rows, find_head, kept, text
from agent.journal.schema import KEEP

# A record longer than this is our own fault.
BODY_BYTES_MAX = 16 * 1024
PARK_REASON_MAX = 200
# Written when there is nothing else to prove it with; as large as a scan's own transaction.
PROBE_BYTES = 16 * 1024

_CURSOR = "cursor "


class Stamped(NamedTuple):
    """A body with its moment, before it has a number."""

    at_utc_ms: int
    trusted: bool
    body: Body


class Parked(NamedTuple):
    """A record that a platform rejected for itself."""

    client: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """What becomes durable together. None and empty mean: as it was."""

    bodies: Sequence[Stamped] = ()
    state: bytes | None = None
    cursors: Mapping[str, int] = field(default_factory=dict)
    parked: Sequence[Parked] = ()
    book: bytes | None = None


class Journal:
    """The journal, open for writing. One process holds it at a time."""

    def __init__(self, database: Database, undo: ExitStack) -> None:
        self._database = database
        self._undo = undo
        self.epoch = text(database, "epoch")
        self.head = find_head(database, self.epoch)
        self._cursors = dict(self._stored_cursors())

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open, or create with a new epoch. Checked before it is believed.

        JournalFailed when it cannot be reached or is held by another process, JournalDamaged when
        a check fails, JournalNewer when this version is too old for it.
        """
        with ExitStack() as undo:
            lock(path, undo)
            if not path.exists():
                create(path)
            database = Database(path, writable=True)
            undo.callback(database.close)
            migrate(database)
            check(database)
            return cls(database, undo.pop_all())

    def append(self, transaction: Transaction) -> Head:
        """Write all of it durably and return the new head; JournalFailed and nothing is written.

        An empty transaction writes something too, so that success always proves the file well.
        """
        numbered, head = self._numbered(transaction.bodies)
        moved = {
            client: number
            for client, number in transaction.cursors.items()
            if self._cursors.get(client) != number
        }
        values = {_CURSOR + client: b"%d" % number for client, number in moved.items()}
        if transaction.state is not None:
            values["state"] = transaction.state
        if transaction.book is not None:
            values["book"] = transaction.book
        if not numbered and not values:
            values["probe"] = bytes(PROBE_BYTES)
        parked = [
            park._replace(reason=park.reason[:PARK_REASON_MAX]) for park in transaction.parked
        ]
        with self._database.transaction():
            self._database.run_many("INSERT INTO records VALUES(?,?,?,?,?,?,?)", numbered)
            self._database.run_many(KEEP, values.items())
            self._database.run_many("INSERT OR IGNORE INTO parked VALUES(?,?,?)", parked)
        self.head = head
        self._cursors.update(moved)
        return head

    def state(self) -> bytes | None:
        """The ledger checkpoint of the last transaction that carried one."""
        return kept(self._database, "state")

    def book(self) -> bytes | None:
        return kept(self._database, "book")

    def cursors(self) -> Mapping[str, int]:
        """How far each client has come, as committed."""
        return dict(self._cursors)

    def entries(self) -> Iterator[Record]:
        """Every entry since record 1: what the ledger is rebuilt from."""
        for row in entry_rows(self._database):
            assert row.body is not None, "entries are never pruned"
            body = rows.decode_body(row.kind, row.body)
            yield Record(row.number, row.at_utc_ms, bool(row.trusted), body)

    def close(self) -> None:
        self._undo.close()

    def _numbered(self, bodies: Sequence[Stamped]) -> tuple[list[StoredRow], Head]:
        numbered = []
        head = self.head
        for at_utc_ms, trusted, body in bodies:
            kind, text = rows.encode_body(body)
            assert len(text) <= BODY_BYTES_MAX, f"a {kind} of {len(text)} bytes"
            digest = hashlib.sha256(text).digest()
            head = chain.follow(head, at_utc_ms, kind, digest, trusted=trusted)
            numbered.append(
                StoredRow(head.number, at_utc_ms, int(trusted), kind, text, None, head.hash)
            )
        return numbered, head

    def _stored_cursors(self) -> Iterator[tuple[str, int]]:
        for name, value in self._database.rows("SELECT name, value FROM kept"):
            if name.startswith(_CURSOR):
                yield name.removeprefix(_CURSOR), int(value)
