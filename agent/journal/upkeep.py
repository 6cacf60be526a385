"""Room rule: what the journal does for itself, one bounded step at a time. Knows no thread.

Three things, none of which may keep a scan waiting: follow the whole chain once after each start,
seal the head once a day, and give up what has been kept long enough.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.core.model import Seal
from agent.journal import chain
from agent.journal.retention import DAY_MS, Now, Pruning, Retention
from agent.journal.store import Journal, Stamped, Transaction

VERIFY_RECORDS: Final = 500
# A new look for what may be given up; until then nothing was found.
PRUNE_EVERY_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Signer:
    """The station's key: its public half in hex, and what signs with the other half."""

    public: str
    sign: Callable[[bytes], bytes]


class Upkeep:
    """Called by the thread that owns the journal, when nobody waits for a commit."""

    def __init__(self, journal: Journal, rules: Retention, signer: Signer | None) -> None:
        self._journal = journal
        self._pruning = Pruning(journal, rules)
        self._signer = signer
        self._verified: chain.Head | None = chain.origin(journal.epoch)
        sealed = journal.newest("seal")
        self._sealed_day = None if sealed is None else sealed[1] // DAY_MS
        self._prune_due_ms = 0

    def step(self, now: Now) -> None:
        """The most pressing step. JournalDamaged when the chain is found broken."""
        if self._sealed_day != now.utc_ms // DAY_MS:
            self._seal(now)
        elif self._verified is not None:
            self._verify(self._verified)
        elif now.utc_ms >= self._prune_due_ms or now.utc_ms < self._prune_due_ms - PRUNE_EVERY_MS:
            more = self._pruning.step(now)
            self._prune_due_ms = now.utc_ms + (0 if more else PRUNE_EVERY_MS)

    def _verify(self, verified: chain.Head) -> None:
        page = self._journal.after(verified.number, VERIFY_RECORDS)
        self._verified = chain.verify(verified, page) if page else None

    def _seal(self, now: Now) -> None:
        """Sign the head. The signature vouches for it and for every record before it."""
        head = self._journal.head
        if self._signer is not None and head.number > 0:
            said = chain.sealed(self._journal.epoch, head)
            signature = self._signer.sign(said).hex()
            seal = Seal(head.number, head.hash.hex(), self._signer.public, signature)
            self._journal.append(Transaction([Stamped(now.utc_ms, now.trusted, seal)]))
        self._sealed_day = now.utc_ms // DAY_MS
