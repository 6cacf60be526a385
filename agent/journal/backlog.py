"""Room rule: what waits to be written, and what is given up first. Knows no thread and no file.

Order is kept. When the bound is reached the oldest sample goes first, and only when no sample is
left the oldest record of any kind; what went is said in one Gap at the front.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from agent.core.model import Gap, Sample
from agent.journal.store import Stamped, Transaction


class Lost(NamedTuple):
    """How many records were given up, the oldest of them and the newest."""

    records: int
    first: Stamped
    last: Stamped


@dataclass(slots=True)
class Backlog:
    """`rest` is everything of the waiting transactions but their bodies; the newest value wins."""

    records_max: int
    bodies: list[Stamped] = field(default_factory=list)
    rest: Transaction = field(default_factory=Transaction)
    lost: Lost | None = None

    def __bool__(self) -> bool:
        return bool(self.bodies) or self.lost is not None or self.rest != Transaction()

    def add(self, newer: Transaction) -> None:
        self.bodies.extend(newer.bodies)
        self.rest = _newest(self.rest, newer)
        while len(self.bodies) > self.records_max:
            samples = (n for n, item in enumerate(self.bodies) if isinstance(item.body, Sample))
            given_up = self.bodies.pop(next(samples, 0))
            self.lost = _and_lost(self.lost, Lost(1, given_up, given_up))

    def put_before(self, older: "Backlog") -> None:
        """What could not be written goes back before what came meanwhile."""
        newer = Transaction(self.bodies)
        self.bodies = list(older.bodies)
        self.rest = _newest(older.rest, self.rest)
        if older.lost is not None:
            self.lost = older.lost if self.lost is None else _and_lost(older.lost, self.lost)
        self.add(newer)

    def transaction(self, reason: str, last: Transaction) -> Transaction:
        """All that waits and `last` behind it; a Gap in front when something was given up."""
        bodies = [*self.bodies, *last.bodies]
        if self.lost is not None:
            begin, end = self.lost.first, self.lost.last
            gap = Gap(self.lost.records, begin.at_utc_ms, end.at_utc_ms, reason)
            bodies.insert(0, Stamped(end.at_utc_ms, end.trusted, gap))
        rest = _newest(self.rest, last)
        return Transaction(bodies, rest.state, rest.cursors, rest.parked, rest.book)


def _newest(older: Transaction, newer: Transaction) -> Transaction:
    return Transaction(
        state=older.state if newer.state is None else newer.state,
        cursors={**older.cursors, **newer.cursors},
        # A dict keeps the order, and what was said twice once.
        parked=tuple(dict.fromkeys((*older.parked, *newer.parked))),
        book=older.book if newer.book is None else newer.book,
    )


def _and_lost(before: Lost | None, more: Lost) -> Lost:
    return more if before is None else Lost(before.records + more.records, before.first, more.last)
