"""Room rule: how one record's hash follows from the one before. Knows no file.

A record that was altered, removed or put in between breaks the chain at its number. A pruned
record has lost its body but keeps the body's digest, so the chain still holds.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import NamedTuple


class JournalDamaged(Exception):
    """The file does not hold what was written into it. The message says where, and what to do."""


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
    """Follow the chain from `before` over `rows`. JournalDamaged at the first that breaks it."""
    for row in rows:
        if row.number != before.number + 1:
            raise JournalDamaged(f"journal record {before.number + 1} is missing{_NEXT}")
        digest = row.digest if row.body is None else hashlib.sha256(row.body).digest()
        if digest is None:
            raise JournalDamaged(f"journal record {row.number} has lost its body{_NEXT}")
        after = follow(before, row.at_utc_ms, row.kind, digest, trusted=bool(row.trusted))
        if row.hash is None and row.body is None:
            before = after  # the next record that is whole vouches for it
            continue
        if after.hash != row.hash:
            raise JournalDamaged(f"journal record {row.number} is not what was written{_NEXT}")
        before = after
    return before


_NEXT = (
    ": the journal was altered or the card is failing; keep the file for the authority, put in"
    " a new card, and commission the station again with the figures the platforms hold"
)
