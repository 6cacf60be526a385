"""Room rule: how one record's hash follows from the one before. Knows no file.

A record that was altered, removed or put in between breaks the chain at its number. A pruned
record has lost its body but keeps the body's digest, so the chain still holds.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.catalogue import Told


class JournalDamaged(Told):
    """The file does not hold what was written into it. It says where, and what to do."""


class Head(NamedTuple):
    """The number of the newest record and the hash that vouches for it and all before."""

    number: int
    hash: bytes


class StoredRow(NamedTuple):
    """A record as the file holds it.

    Whole, it has `body` and `hash`. Pruned, it has `digest`, and `hash` only where the next
    record is whole.
    """

    number: int
    at_utc_ms: int
    trusted: int
    kind: str
    body: bytes | None
    digest: bytes | None
    hash: bytes | None


def origin(epoch: str) -> Head:
    """What stands before record 1 of an epoch."""
    return Head(0, hashlib.sha256(b"wellkeeper " + epoch.encode()).digest())


def follow(before: Head, at_utc_ms: int, kind: str, digest: bytes, *, trusted: bool) -> Head:
    """The head after one more record, whose body has the SHA-256 `digest`."""
    number = before.number + 1
    stamp = struct.pack(">Qq?", number, at_utc_ms, trusted)
    material = b"".join((before.hash, stamp, kind.encode(), b"\x00", digest))
    return Head(number, hashlib.sha256(material).digest())


def sealed(epoch: str, head: Head) -> bytes:
    """What a seal signs: plain text, so that any Ed25519 tool can check it."""
    return f"wellkeeper seal {epoch} {head.number} {head.hash.hex()}".encode()


def verify(before: Head, rows: Iterable[StoredRow]) -> Head:
    """The head after `rows`. JournalDamaged at the first that breaks the chain."""
    for _, after in walk(before, rows):
        before = after
    return before


def walk(before: Head, rows: Iterable[StoredRow]) -> Iterator[tuple[StoredRow, Head]]:
    """Each of `rows` with the head after it. JournalDamaged at the first that breaks the chain."""
    sure = before.number
    for row in rows:
        if row.number != before.number + 1:
            raise JournalDamaged("journal_damaged.missing", record=before.number + 1)
        digest = row.digest if row.body is None else hashlib.sha256(row.body).digest()
        if digest is None:
            raise JournalDamaged("journal_damaged.body_lost", record=row.number)
        before = follow(before, row.at_utc_ms, row.kind, digest, trusted=bool(row.trusted))
        unsure = row.hash is None and row.body is None  # the next that has a hash vouches for it
        if not unsure and before.hash != row.hash:
            if sure < row.number - 1:
                among = {"first": sure + 1, "last": row.number}
                raise JournalDamaged("journal_damaged.altered_among", **among)
            raise JournalDamaged("journal_damaged.altered", record=row.number)
        sure = sure if unsure else row.number
        yield row, before
