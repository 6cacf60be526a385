"""Room rule: control's turn, line by line, without its threads: a seed decides what comes when.

The order is that of `agent/control/loop.py`, and so are the parts: the real scan, the real journal
on a real file, the real backlog of its writer. Between any two lines it can be killed; then it goes
on from the last commit, as `agent/cli/control.py` does.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent import rows
from agent.core.ledger import Ledger
from agent.core.model import Command, Entry, RelayMoved, Site, Started, Verdict
from agent.core.posting import post
from agent.core.rebuild import ledger_of, rebuilt, reconciled
from agent.core.scan import Outcome, scan
from agent.core.state import Seen, State
from agent.journal import Journal, Parked, Stamped, Transaction
from agent.journal.backlog import Backlog
from agent.journal.writer import PENDING_RECORDS_MAX
from tests.sim.hostclock import HostClock
from tests.sim.house import House

COMMANDS_PER_SCAN_MAX = 8
CURSORS_KEPT_MS = 60_000
LINES = ("seen", "judged", "cut", "committed", "submitted", "permitted", "written", "answered")


class Killed(Exception):
    """SIGKILL reached control here."""


@dataclass(slots=True)
class Inbox:
    """What people and platforms have sent and have no verdict for yet. They send it again."""

    waiting: list[Command] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def take(self) -> tuple[Command, ...]:
        return tuple(self.waiting[:COMMANDS_PER_SCAN_MAX])

    def answer(self, verdicts: list[Verdict]) -> None:
        answered = {one.command_id for one in verdicts}
        self.waiting = [one for one in self.waiting if one.id not in answered]
        self.verdicts += verdicts


@dataclass(slots=True)
class Station:
    """One control after another on one journal. `card_fails`: the disk takes no writes."""

    path: Path
    house: House
    clock: HostClock
    inbox: Inbox
    rng: random.Random
    told: Callable[[Entry], None]  # of each entry that became durable
    uplink_stale: bool = False
    card_fails: bool = False
    dies_at: str | None = None
    state: State = field(default_factory=State)
    folded: Ledger = field(default_factory=Ledger)  # of what was committed, entry by entry
    cursors: dict[str, int] = field(default_factory=dict)
    parked: list[tuple[str, int, str]] = field(default_factory=list)
    committed: Counter[str] = field(default_factory=Counter)
    _journal: Journal | None = None
    _backlog: Backlog = field(default_factory=lambda: Backlog(PENDING_RECORDS_MAX))
    failing: bool = False
    _written: bool = False
    _started: bool = False
    _handed_over_ms: int = 0

    @property
    def alive(self) -> bool:
        return self._journal is not None

    @property
    def journal(self) -> Journal:
        assert self._journal is not None, "control is up"
        return self._journal

    # --- life and death --------------------------------------------------------------------------

    def start(self) -> None:
        """From the last commit, as its entries prove."""
        self._journal = Journal.open(self.path)
        self.state, self.folded = _beginning(self._journal)
        self._backlog = Backlog(PENDING_RECORDS_MAX)
        self.failing = self._written = False
        self._started = True
        self._handed_over_ms = self.clock.now_ms

    def stop(self) -> None:
        """In order: what waits is written, if the card takes it."""
        if self.alive:
            self._submit_all()
            self._flush()
            self.die()

    def die(self) -> None:
        self.dies_at = None
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _pass(self, line: str) -> None:
        if self.dies_at == line:
            raise Killed(line)

    # --- one turn --------------------------------------------------------------------------------

    def turn(self, site: Site) -> tuple[Seen, State, Outcome]:
        """As in control. Killed when it is to die within this turn; nothing else happens then."""
        before = self.state
        seen = self._see()
        self._pass("seen")
        outcome = scan(site, before, seen)
        self._pass("judged")
        self._cut_if_told(outcome)
        self._pass("cut")
        if outcome.durable and not self._commit(outcome):
            seen = replace(seen, commands=(), journal_failing=True)
            outcome = scan(site, before, seen)
            assert not outcome.durable, "a scan that may enter nothing needs no disk"
            self._cut_if_told(outcome)
        self._pass("committed")
        if not outcome.durable:
            self._submit(outcome)
        self._pass("submitted")
        if outcome.decision.permit:
            self._permit(outcome)
        self._pass("permitted")
        self.state, self._started = outcome.state, False
        self._flush()
        self._pass("written")
        self.inbox.answer([one for one in outcome.bodies if isinstance(one, Verdict)])
        self._pass("answered")
        return seen, before, outcome

    def _see(self) -> Seen:
        moment = self.clock.moment
        relay = self.house.position()
        started = Started("sim", moment.boot, relay_permitted=relay is True)
        return Seen(
            moment=moment,
            readings=self.house.readings(),
            commands=() if self.failing else self.inbox.take(),
            relay_permitted=relay,
            journal_failing=self.failing,
            journal_written=self._written,
            started=started if self._started else None,
            contacts=self.house.contacts,
            uplink_stale=self.uplink_stale,
        )

    def _cut_if_told(self, outcome: Outcome) -> None:
        if not outcome.decision.permit and not self.house.relay_hangs:
            self.house.open_relay(", ".join(outcome.decision.reasons) or "no lease")

    def _permit(self, outcome: Outcome) -> None:
        if self.house.relay_hangs:
            return
        begins = any(isinstance(one, RelayMoved) and one.permitted for one in outcome.bodies)
        (self.house.permit if begins else self.house.renew)(outcome.decision.lease_ms)

    # --- the journal -----------------------------------------------------------------------------

    def _commit(self, outcome: Outcome) -> bool:
        kept = self._append(self._transaction(outcome.state, _stamped(outcome)))
        if kept:
            self._handed_over_ms = self.clock.now_ms
        return kept

    def _submit(self, outcome: Outcome) -> None:
        now_ms = self.clock.now_ms
        moved = self.cursors != self.journal.cursors()
        if outcome.bodies or (moved and now_ms - self._handed_over_ms >= CURSORS_KEPT_MS):
            self._backlog.add(self._transaction(outcome.state, _stamped(outcome)))
            self._handed_over_ms = now_ms

    def _submit_all(self) -> None:
        self._backlog.add(self._transaction(self.state, ()))

    def _flush(self) -> None:
        """The writer's thread had time: what waits is written; a card that failed is tried."""
        if self._backlog or self.failing:
            self._append(Transaction())

    def _append(self, last: Transaction) -> bool:
        transaction = self._backlog.transaction("the card failed", last)
        if self.card_fails:
            self.failing = True
            return False
        self.journal.append(transaction)
        self._backlog = Backlog(PENDING_RECORDS_MAX)
        self.failing, self._written = False, True
        self.parked.clear()
        for _, _, body in transaction.bodies:
            self.committed[rows.kind_of(type(body))] += 1
            if isinstance(body, Entry):
                self.folded = post(self.folded, body)
                self.told(body)
        return True

    def _transaction(self, state: State, bodies: tuple[Stamped, ...]) -> Transaction:
        return Transaction(
            bodies=bodies,
            state=rows.dumps(rows.to_row(state)),
            cursors=dict(self.cursors),
            parked=[Parked(*one) for one in self.parked],
        )


def _stamped(outcome: Outcome) -> tuple[Stamped, ...]:
    moment = outcome.moment
    return tuple(Stamped(moment.utc_ms, moment.trusted, body) for body in outcome.bodies)


def _beginning(journal: Journal) -> tuple[State, Ledger]:
    records, text = tuple(journal.entries()), journal.state()
    folded = ledger_of(records)
    if text is None:
        return (rebuilt(records) if records else State()), folded
    state = rows.from_row(State, json.loads(text))
    assert isinstance(state, State), "the checkpoint is a state"
    assert state.ledger == folded, "the account is that of its entries, at every commit"
    again = reconciled(state, records)
    assert again.ledger == state.ledger, "what is rebuilt is what was live"
    return state, folded
