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
from agent.journal.opening import TAIL_RECORDS, check, create, lock, migrate
from agent.journal.reader import (
    CURSOR,
    change_rows,
    cursors,
    decoded,
    entry_rows,
    find_head,
    hash_of,
    kept,
    stored,
    text,
    used_bytes,
)
from agent.journal.schema import KEEP

# A record longer than this is our own fault.
BODY_BYTES_MAX = 16 * 1024
PARK_REASON_MAX = 200
# Written when there is nothing else to prove it with; as large as a scan's own transaction.
PROBE_BYTES = 16 * 1024


# Entries are the account; seals, gaps and epochs are what vouches for the rest. Never pruned.
SPARED = (*sorted(rows.ENTRIES), "epoch_began", "gap", "seal")
# A well has a few changes of condition a day: these are years of them.
CHANGES_MAX = 20_000
Marks = Mapping[str, int]
# Number, utc, trusted, kind, body, hash: as the table of records has them.
_Row = tuple[int, int, int, str, bytes, bytes]


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
        self._cursors = dict(cursors(database))

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
        values = {CURSOR + client: b"%d" % number for client, number in moved.items()}
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
            self._database.run_many("INSERT INTO records VALUES(?,?,?,?,?,?)", numbered)
            self._database.run_many(KEEP, values.items())
            self._database.run_many("INSERT OR IGNORE INTO parked VALUES(?,?,?)", parked)
        self.head = head
        self._cursors.update(moved)
        return head

    @property
    def path(self) -> Path:
        return self._database.path

    def hash_of(self, number: int) -> bytes | None:
        """None when there is no such record, or its hash went when it was pruned."""
        return hash_of(self._database, number)

    def state(self) -> bytes | None:
        """The ledger checkpoint of the last transaction that carried one."""
        return kept(self._database, "state")

    def book(self) -> bytes | None:
        return kept(self._database, "book")

    def cursors(self) -> Mapping[str, int]:
        """How far each client has come, as committed."""
        return dict(self._cursors)

    def entries(self, through: int | None = None) -> Iterator[Record]:
        """Every entry since record 1, up to `through`: what the ledger is rebuilt from.

        JournalNewer at one that this version does not know: without it the account is wrong.
        """
        for row in entry_rows(self._database):
            if through is not None and row.number > through:
                return
            body = decoded(self._database.path, row)
            yield Record(row.number, row.at_utc_ms, bool(row.trusted), body)

    def condition_changes(self) -> Iterator[Record]:
        """What became of conditions, oldest first: what latches are told by. A bounded past.

        After a return to an older version, what it does not know is nothing that it can latch.
        """
        for row in change_rows(self._database, CHANGES_MAX):
            assert row.body is not None, "it was asked for whole"
            try:
                body = rows.decode_body(row.kind, row.body)
            except rows.RowError:
                continue
            yield Record(row.number, row.at_utc_ms, bool(row.trusted), body)

    def after(self, number: int, limit: int) -> list[StoredRow]:
        """At most `limit` records after `number`, whole or pruned."""
        return stored(self._database, number, limit)

    def prunable(self, after: int, limit: int, *, samples: bool) -> list[StoredRow]:
        """The next whole records after `after` that are no entry, oldest first.

        The newest TAIL_RECORDS are never among them: a start verifies those.
        """
        spared = ",".join("?" * len(SPARED))
        which = "kind = 'sample'" if samples else f"kind <> 'sample' AND kind NOT IN ({spared})"
        found = self._database.rows(
            "SELECT number, at_utc_ms, trusted, kind, body, NULL, hash FROM records"  # noqa: S608  # words of ours
            f" WHERE number > ? AND number < ? AND {which} ORDER BY number LIMIT ?",
            after,
            self.head.number - TAIL_RECORDS,
            *(() if samples else SPARED),
            limit,
        )
        return [StoredRow(*row) for row in found]

    def trusted_after(self, number: int) -> int | None:
        """The instant of the first record after `number` that a trusted clock stamped."""
        found = self._database.row(
            "SELECT at_utc_ms FROM records WHERE number > ? AND trusted = 1"
            " ORDER BY number LIMIT 1",
            number,
        )
        return None if found is None else int(found[0])

    def prune(self, given_up: Sequence[StoredRow], gap: Stamped | None, marks: Marks) -> Head:
        """Empty the bodies of these records durably; the gap, if there is one, becomes the newest.

        Number, instant, kind and digest stay, so the chain holds. `marks` are kept with it.
        """
        gone = {row.number for row in given_up}
        left = []
        for row in given_up:
            assert row.body is not None, "pruned once"
            assert row.kind not in SPARED, f"a {row.kind} is never pruned"
            # The start verifies an entry from the hash before it; that one stays.
            successor_goes = row.number + 1 in gone
            digest = hashlib.sha256(row.body).digest()
            left.append((*row[:4], digest, None if successor_goes else row.hash))
        numbered, head = self._numbered(() if gap is None else (gap,))
        with self._database.transaction():
            self._database.run_many("INSERT INTO pruned VALUES(?,?,?,?,?,?)", left)
            self._database.run_many(
                "DELETE FROM records WHERE number = ?", [(number,) for number in gone]
            )
            self._database.run_many("INSERT INTO records VALUES(?,?,?,?,?,?)", numbered)
            kept_marks = {f"pruned {name}": b"%d" % number for name, number in marks.items()}
            self._database.run_many(KEEP, kept_marks.items())
        self.head = head
        return head

    def mark(self, name: str) -> int:
        """Up to which number pruning has come, of `samples` or `events`."""
        return int(kept(self._database, f"pruned {name}") or b"0")

    def used_bytes(self) -> int:
        return used_bytes(self._database)

    def newest(self, kind: str) -> tuple[int, int, Body] | None:
        """Number, instant and body of the newest record of a kind that is no sample."""
        found = self._newest(kind)
        return None if found is None else (found[0], found[1], rows.decode_body(kind, found[2]))

    def newest_utc_ms(self, kind: str) -> int | None:
        """When the newest of a kind was written, whichever version wrote it."""
        found = self._newest(kind)
        return None if found is None else int(found[1])

    def _newest(self, kind: str) -> tuple[int, int, bytes] | None:
        found = self._database.row(
            "SELECT number, at_utc_ms, body FROM records WHERE kind <> 'sample' AND kind = ?"
            " ORDER BY number DESC LIMIT 1",
            kind,
        )
        return None if found is None else (found[0], found[1], found[2])

    def fold(self) -> None:
        """Bring everything from the log into the file, and empty the log."""
        self._database.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._undo.close()

    def _numbered(self, bodies: Sequence[Stamped]) -> tuple[list[_Row], Head]:
        numbered: list[_Row] = []
        head = self.head
        for at_utc_ms, trusted, body in bodies:
            kind, text = rows.encode_body(body)
            assert len(text) <= BODY_BYTES_MAX, f"a {kind} of {len(text)} bytes"
            digest = hashlib.sha256(text).digest()
            head = chain.follow(head, at_utc_ms, kind, digest, trusted=trusted)
            numbered.append((head.number, at_utc_ms, int(trusted), kind, text, head.hash))
        return numbered, head
