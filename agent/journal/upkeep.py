"""Room rule: what the journal does for itself, one bounded step at a time. Knows no thread.

Three things, none of which may keep a scan waiting: follow the whole chain once after each start,
seal the head once a day, and give up what has been kept long enough.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from agent.core.model import Seal
from agent.journal import chain
from agent.journal.retention import DAY_MS, Now, Pruning, Retention
from agent.journal.seals import SEALED_WITHIN
from agent.journal.store import Journal, Stamped, Transaction

VERIFY_RECORDS: Final = 500
# A new look for what may be given up; until then nothing was found.
PRUNE_EVERY_MS: Final = 3_600_000
# A signature that could not be had is asked for again.
SEAL_AGAIN_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Signer:
    """The station's key: its public half in hex, and what begins to sign with the other half.

    The first is asked for when there is a signature: a key may be put back meanwhile.

    The signature comes later, or an exception of those in `passing`: then it is asked for again.
    """

    public: Callable[[], str]
    sign: Callable[[bytes], Future[bytes]]
    passing: tuple[type[Exception], ...] = ()


class Upkeep:
    """Called by the thread that owns the journal, when nobody waits for a commit."""

    def __init__(self, journal: Journal, rules: Retention, signer: Signer | None) -> None:
        self._journal = journal
        self._pruning = Pruning(journal, rules)
        self._signer = signer
        self._verified: chain.Head | None = chain.origin(journal.epoch)
        sealed_utc_ms = journal.newest_utc_ms("seal")
        self._sealed_day = None if sealed_utc_ms is None else sealed_utc_ms // DAY_MS
        self._prune_due_ms = 0
        self._signing: tuple[chain.Head, Future[bytes]] | None = None
        self._seal_due_ms = 0
        self.unsealed = False  # a seal is owed, and no signature could be had for it

    def step(self, now: Now) -> None:
        """The most pressing step. JournalDamaged when the chain is found broken."""
        if self._signing is not None and self._signing[1].done():
            self._seal(*self._signing, now)
        elif self._signing is None and self._owes_seal(now):
            self._begin_seal(now)
        elif self._verified is not None:
            self._verify(self._verified)
        elif now.utc_ms >= self._prune_due_ms or now.utc_ms < self._prune_due_ms - PRUNE_EVERY_MS:
            more = self._pruning.step(now)
            self._prune_due_ms = now.utc_ms + (0 if more else PRUNE_EVERY_MS)

    def _verify(self, verified: chain.Head) -> None:
        page = self._journal.after(verified.number, VERIFY_RECORDS)
        self._verified = chain.verify(verified, page) if page else None

    def _owes_seal(self, now: Now) -> bool:
        due = now.utc_ms >= self._seal_due_ms or now.utc_ms < self._seal_due_ms - SEAL_AGAIN_MS
        return self._sealed_day != now.utc_ms // DAY_MS and due

    def _begin_seal(self, now: Now) -> None:
        """Have the head signed. Signing takes its time, and this thread has commits to make."""
        head = self._journal.head
        self._sealed_day = now.utc_ms // DAY_MS
        if self._signer is not None and head.number > 0:
            said = chain.sealed(self._journal.epoch, head)
            self._signing = head, self._signer.sign(said)

    def _seal(self, head: chain.Head, signed: Future[bytes], now: Now) -> None:
        """The signature vouches for that head and for every record before it."""
        assert self._signer is not None, "it signed"
        if self._journal.head.number - head.number >= SEALED_WITHIN:
            self._signing = self._sealed_day = None  # the disk took nothing for long: afresh
            return
        try:
            signature = signed.result().hex()
        except self._signer.passing:
            self._signing = self._sealed_day = None
            self.unsealed = True
            self._seal_due_ms = now.utc_ms + SEAL_AGAIN_MS
            return
        seal = Seal(head.number, head.hash.hex(), self._signer.public(), signature)
        self._journal.append(Transaction([Stamped(now.utc_ms, now.trusted, seal)]))
        self._signing, self.unsealed = None, False
