"""Room rule: the documents of a station, in TinyDB's words. The one module that meets TinyDB.

The book holds what a station knows of itself and is no reading: which instrument with which serial
number stood in which role since when, how far its commissioning has come, who may sign in. TinyDB
keeps its JSON here in memory; the caller commits `pending()` to the journal together with the
record of the change, then says `committed()` or `rolled_back()`. There is no file of its own that
could disagree.
"""

import json
from dataclasses import dataclass
from typing import Any

from tinydb import TinyDB, where
from tinydb.storages import Storage
from tinydb.table import Table

from agent import rows
from agent.catalogue import Told
from agent.core.attendance import Progress
from agent.core.model import (
    Account,
    AccountChange,
    AccountChanged,
    KeyAdded,
    KeyRevoked,
    Language,
    PlatformKey,
    Rank,
    Role,
    SetupNoted,
    SetupOutcome,
    SetupStep,
)
from agent.pins import Verifier


class BookUnreadable(Told):
    """The card spoiled it, or a newer version wrote it. Without it a revoked key would count."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A meter that stands, or stood, in a role. `removed_utc_ms` None: it is still there."""

    role: Role
    serial: str
    document: str
    fitted_utc_ms: int
    removed_utc_ms: int | None


class Book:
    """Opened on what the journal holds (`Journal.book()`), None for a new station."""

    def __init__(self, text: bytes | None) -> None:
        """BookUnreadable when not all of it can be read: no chain of hashes vouches for it."""
        self._leaf = _Leaf(text)
        self._tables = TinyDB(storage=lambda: self._leaf)
        try:
            for read in (self.known, self.setup, self.keys, self.history):
                read()
        except (ValueError, LookupError, TypeError, AttributeError) as why:
            raise BookUnreadable("book.unreadable", raw=why) from why

    def pending(self) -> bytes | None:
        """What is to be committed; None when nothing changed."""
        return self._leaf.staged

    def committed(self) -> None:
        """What was pending is durable."""
        assert self._leaf.staged is not None, "nothing was pending"
        self._leaf = _Leaf(self._leaf.staged)
        self._tables = TinyDB(storage=lambda: self._leaf)

    def rolled_back(self) -> None:
        """What was pending is not, and never was."""
        self._leaf = _Leaf(self._leaf.text)
        self._tables = TinyDB(storage=lambda: self._leaf)

    def fit_instrument(self, role: Role, serial: str, document: str, at_utc_ms: int) -> None:
        """The instrument takes the role; one that had it is removed at the same instant."""
        table = self._table("instruments")
        still_there = (where("role") == role.value) & where("removed_utc_ms").test(_is_none)
        table.update({"removed_utc_ms": at_utc_ms}, still_there)
        table.insert(
            {
                "role": role.value,
                "serial": serial,
                "document": document,
                "fitted_utc_ms": at_utc_ms,
                "removed_utc_ms": None,
            }
        )

    def change_account(self, changed: AccountChanged, verifier: Verifier | None) -> None:
        """Keep what a record says of an account. A new PIN comes with its verifier."""
        table, name = self._table("accounts"), where("name") == changed.name
        if changed.change is AccountChange.REMOVED:
            table.remove(name)
            return
        kept = {
            "name": changed.name,
            "rank": changed.rank.value,
            "language": changed.language.value,
            "pin_id": changed.pin_id,
        }
        if verifier is not None:
            kept |= {"salt": verifier.salt, "digest": verifier.digest}
        table.upsert(kept, name)

    def known(self) -> dict[str, tuple[Account, Verifier]]:
        """Who may sign in, and by what his PIN is recognised."""
        return {
            found["name"]: (
                Account(
                    found["name"],
                    Rank(found["rank"]),
                    Language(found["language"]),
                    found["pin_id"],
                ),
                Verifier(found["salt"], found["digest"]),
            )
            for found in self._table("accounts").all()
        }

    def note_step(self, noted: SetupNoted, at_utc_ms: int) -> None:
        """Keep how a step of the commissioning ended; what was seen in it is in the record."""
        table = self._table("setup")
        if noted.step is not SetupStep.SIGNATURE:
            table.remove(where("step") == SetupStep.SIGNATURE.value)
        kept = {
            "step": noted.step.value,
            "outcome": noted.outcome.value,
            "author": noted.author,
            "at_utc_ms": at_utc_ms,
        }
        table.upsert(kept, where("step") == noted.step.value)

    def setup(self) -> tuple[Progress, ...]:
        """How far the commissioning has come."""
        found = {one["step"]: one["outcome"] for one in self._table("setup").all()}
        return tuple(
            Progress(step, SetupOutcome(found[step])) for step in SetupStep if step in found
        )

    def change_key(self, changed: KeyAdded | KeyRevoked, public: str, at_utc_ms: int) -> None:
        """Keep what a record says of a platform's key; a revoked one stays, to stay revoked."""
        table, kid = self._table("platform_keys"), where("kid") == changed.kid
        kept: dict[str, str | int] = {
            "platform": changed.platform,
            "kid": changed.kid,
            "public": public,
        }
        if isinstance(changed, KeyAdded):
            kept |= {"document": changed.document, "since_utc_ms": at_utc_ms}
        else:
            kept |= {"revoked": True, "revoked_utc_ms": at_utc_ms}
        table.upsert(kept, kid)

    def keys(self) -> tuple[PlatformKey, ...]:
        """The keys that were added or revoked here."""
        return tuple(
            PlatformKey(
                found["platform"],
                found["kid"],
                found["public"],
                revoked=found.get("revoked", False),
            )
            for found in self._table("platform_keys").all()
        )

    def instruments(self) -> dict[str, Any]:
        """By role, the instruments that stand there now: plain values, for the live state."""
        return {
            one.role.value: {
                "serial": one.serial,
                "document": one.document,
                "fitted_utc_ms": one.fitted_utc_ms,
            }
            for one in self.history()
            if one.removed_utc_ms is None
        }

    def history(self) -> tuple[Instrument, ...]:
        """Every instrument that ever had a role here, in the order they were fitted."""
        return tuple(
            Instrument(**{**found, "role": Role(found["role"])})
            for found in self._table("instruments").all()
        )

    def _table(self, name: str) -> Table:
        # TinyDB's query cache would survive a rollback.
        return self._tables.table(name, cache_size=0)


class _Leaf(Storage):
    """TinyDB's storage: the committed JSON, and above it what was written since."""

    def __init__(self, text: bytes | None) -> None:
        self.text = text
        self.staged: bytes | None = None

    def read(self) -> dict[str, dict[str, Any]] | None:
        text = self.text if self.staged is None else self.staged
        if text is None:
            return None
        found: dict[str, dict[str, Any]] = json.loads(text)
        return found

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        staged = rows.dumps(data)
        self.staged = None if staged == self.text else staged


def _is_none(value: object) -> bool:
    return value is None
