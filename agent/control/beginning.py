"""Room rule: where control goes on from. The last checkpoint, if its entries make the same account.

A checkpoint that cannot be read, or that its entries do not explain, counts for nothing: what was
entered is the account. That this was so is written down.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agent import rows
from agent.core.model import Rebuilt, Record
from agent.core.rebuild import ledger_of, rebuilt, reconciled
from agent.core.state import State
from agent.journal import Journal

REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class Beginning:
    """`rebuilt` when the last checkpoint was of no use."""

    state: State
    rebuilt: Rebuilt | None = None


def beginning_of(journal: Journal) -> Beginning:
    records = tuple(journal.entries())
    text = journal.state()
    if text is None and not records:
        return Beginning(State())
    try:
        state = None if text is None else rows.from_row(State, json.loads(text))
    except ValueError as unreadable:  # no JSON, or rows that do not fit
        return _from_entries(journal, records, str(unreadable))
    if state is None:
        return _from_entries(journal, records, "there is no checkpoint")
    assert isinstance(state, State), "the checkpoint is a state"
    if state.ledger != ledger_of(records):
        why = "its account is not that of its entries"
        return Beginning(reconciled(state, records), Rebuilt(len(records), why))
    return Beginning(state)


def _from_entries(journal: Journal, records: Sequence[Record], why: str) -> Beginning:
    state = rebuilt(records, journal.condition_changes())
    return Beginning(state, Rebuilt(len(records), why[:REASON_MAX]))
