"""Room rule: which records are given up, and when. Reads and prunes through the journal alone.

Samples are kept for some years, everything else longer, entries for ever. A record goes only when
it is old enough and every uplink has passed it. Only the byte budget may take one before that, the
oldest sample first, and then a Gap says so. All of it in slices, so that no scan waits for it.
"""

from dataclasses import dataclass
from typing import Final

from agent.core.model import Gap
from agent.journal.chain import StoredRow
from agent.journal.store import Journal, Stamped

SLICE_RECORDS: Final = 500
# Under the byte budget a Gap is written for each slice: fewer and larger ones.
FORCED_RECORDS: Final = 2000
DAY_MS: Final = 86_400_000
PAGES_PERCENT: Final = 99  # once over the budget, prune down to so much of it


@dataclass(frozen=True, slots=True)
class Retention:
    """How long, and how much at the most."""

    samples_days: int
    events_days: int
    bytes_max: int


@dataclass(frozen=True, slots=True)
class Now:
    """What the scan knows: the time, and the number that every uplink has passed."""

    utc_ms: int
    trusted: bool
    passed: int


class Pruning:
    """Remembers how far it has come; `step` is one bounded slice."""

    def __init__(self, journal: Journal, rules: Retention) -> None:
        self._journal = journal
        self._rules = rules
        self._over = False

    def step(self, now: Now) -> bool:
        """Prune one slice. False when there is nothing more to do now."""
        return self._by_age(now) or self._by_bytes(now)

    def _by_age(self, now: Now) -> bool:
        """An instant that is not to be believed prunes nothing."""
        if not now.trusted:
            return False
        for name, days in (
            ("samples", self._rules.samples_days),
            ("events", self._rules.events_days),
        ):
            samples = name == "samples"
            after = self._journal.mark(name)
            found = self._journal.prunable(after, SLICE_RECORDS, samples=samples)
            old = self._older(found, now.utc_ms - days * DAY_MS)
            going = [row for row in old if row.number <= now.passed]
            if going:
                self._journal.prune(going, None, {name: going[-1].number})
                return True
        return False

    def _older(self, found: list[StoredRow], before_utc_ms: int) -> list[StoredRow]:
        """Those up to the last one that is surely old.

        A record of an untrusted clock says nothing of its own age; it is as old as what follows.
        """
        last = 0
        for place, row in enumerate(found, 1):
            if not row.trusted:
                continue
            if row.at_utc_ms >= before_utc_ms:
                return found[:last]
            last = place
        if found and last < len(found):
            follows = self._journal.trusted_after(found[-1].number)
            if follows is not None and follows < before_utc_ms:
                last = len(found)
        return found[:last]

    def _by_bytes(self, now: Now) -> bool:
        used = self._journal.used_bytes()
        limit = self._rules.bytes_max
        self._over = used > (limit * PAGES_PERCENT // 100 if self._over else limit)
        if not self._over:
            return False
        for name in ("samples", "events"):
            after = self._journal.mark(name)
            found = self._journal.prunable(after, FORCED_RECORDS, samples=name == "samples")
            if found:
                self._journal.prune(found, self._gap(found, now), {name: found[-1].number})
                return True
        return False

    def _gap(self, given_up: list[StoredRow], now: Now) -> Stamped:
        unsent = sum(row.number > now.passed for row in given_up)
        reason = (
            f"byte budget: records {given_up[0].number} to {given_up[-1].number} of epoch"
            f" {self._journal.epoch} given up early, {unsent} of them before every platform"
            " had them"
        )
        instants = [row.at_utc_ms for row in given_up]
        gap = Gap(len(given_up), min(instants), max(instants), reason)
        return Stamped(now.utc_ms, now.trusted, gap)
