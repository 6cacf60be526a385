"""Control begins where the last commit left off, or where its entries say, and says which."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent import rows
from agent.cli import control as command
from agent.control import beginning_of
from agent.core.ledger import Ledger
from agent.core.model import (
    Action,
    Allocate,
    AllocationKind,
    ConditionChanged,
    ConditionKind,
    Origin,
    Stop,
    Stopped,
)
from agent.core.posting import post
from agent.core.state import State
from agent.journal import Ahead, Journal, Stamped, Transaction, begin_epoch

ENTRY = Allocate(2026, AllocationKind.PLAN, 100_000, "plan 7", "li", None)
AT = 1_780_000_000_000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal.db")
    yield opened
    opened.close()


def write(journal: Journal, state: bytes | None) -> None:
    journal.append(Transaction([Stamped(AT, trusted=True, body=ENTRY)], state))


def checkpoint(state: State) -> bytes:
    return rows.dumps(rows.to_row(state))


def test_a_new_station_begins_with_nothing(journal: Journal) -> None:
    begun = beginning_of(journal)
    assert (begun.state, begun.rebuilt) == (State(), None)


def test_a_checkpoint_that_its_entries_explain_is_where_control_goes_on(journal: Journal) -> None:
    state = State(ledger=post(Ledger(), ENTRY), seen_ids=("c1",))
    write(journal, checkpoint(state))
    begun = beginning_of(journal)
    assert (begun.state, begun.rebuilt) == (state, None)


@pytest.mark.parametrize(
    "text", [b"{", b"[1,2,3]", b'["\xff"]', b"null", b'[[null,"p1",2026,0,0,[[1,"x"]]]]']
)
def test_a_checkpoint_that_cannot_be_read_gives_way_to_the_entries(
    journal: Journal, text: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    write(journal, text)
    begun = command._beginning(journal)
    assert begun.state.ledger == post(Ledger(), ENTRY)
    assert not begun.state.permitted
    assert begun.rebuilt is not None
    assert begun.rebuilt.entries == 1
    assert begun.rebuilt.reason
    assert "its entries are" in capsys.readouterr().err


def test_entries_without_a_checkpoint_are_enough(journal: Journal) -> None:
    write(journal, None)
    begun = beginning_of(journal)
    assert begun.state.ledger == post(Ledger(), ENTRY)
    assert begun.rebuilt is not None


def test_an_account_that_its_entries_do_not_explain_is_set_right(journal: Journal) -> None:
    richer = State(ledger=post(post(Ledger(), ENTRY), ENTRY), seen_ids=("c1",))
    richer_ledger = post(richer.ledger, Allocate(2027, AllocationKind.PLAN, 1, "x", "y", None))
    write(journal, checkpoint(State(ledger=richer_ledger, seen_ids=("c1",))))
    begun = beginning_of(journal)
    assert begun.state.ledger == post(Ledger(), ENTRY)
    assert begun.state.seen_ids == ("c1",)
    assert begun.rebuilt is not None


def test_a_stop_and_a_latch_outlive_a_checkpoint_that_cannot_be_read(journal: Journal) -> None:
    """Somebody may be at work in the well: no damaged row lets the pump run again."""
    dry = ConditionChanged(ConditionKind.DRY_WELL, True, Action.CUT, True)
    wet = ConditionChanged(ConditionKind.DRY_WELL, False, Action.CUT, True)
    lost = ConditionChanged(ConditionKind.PHASE_LOSS, True, Action.CUT, True)
    stopped = Stopped(Origin.CONSOLE, "li", "work on the well", None)
    for body in (dry, lost, stopped, wet):
        journal.append(Transaction([Stamped(AT, trusted=True, body=body)], b"{"))
    state = beginning_of(journal).state
    assert state.stops == (Stop(Origin.CONSOLE, "li", "work on the well"),)
    assert [one.kind for one in state.standing.conditions] == [ConditionKind.PHASE_LOSS]


def test_a_latch_outlives_a_restored_card_and_then_an_older_version(tmp_path: Path) -> None:
    """Every platform had it, so that a new epoch left it behind; then no checkpoint told of it."""
    kinds = (ConditionKind.DRY_WELL, ConditionKind.PHASE_LOSS, ConditionKind.OVER_CURRENT)
    dry, lost, heavy = (ConditionChanged(one, True, Action.CUT, True) for one in kinds)
    low = ConditionChanged(ConditionKind.ALLOCATION_LOW, True, Action.WARN, False)
    changes = [dry, lost, low, replace(lost, raised=False), heavy, replace(heavy, raised=False)]
    path = tmp_path / "journal.db"
    with closing(Journal.open(path)) as journal:
        bodies = [Stamped(AT, trusted=True, body=one) for one in changes]
        write(journal, checkpoint(State()))
        journal.append(Transaction(bodies, None, {"a": 6}))
    began = begin_epoch(path, Ahead("", 7), AT, trusted=True, uplinks=["a"], alive=list)
    assert began.copied == 4, "the entry, both latches, and the one change that was not sent"
    with closing(Journal.open(path)) as journal:
        journal.append(Transaction([], b'["of a newer version"]'))
        conditions = beginning_of(journal).state.standing.conditions
    assert [one.kind for one in conditions] == [ConditionKind.DRY_WELL]


def test_of_the_changes_of_conditions_the_newest_are_asked_and_told_in_order(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.journal.store.CHANGES_MAX", 2)
    kind = ConditionKind.ALLOCATION_LOW
    changes = [ConditionChanged(kind, True, Action.WARN, False, level) for level in (1, 2, 3)]
    for change in changes:
        journal.append(Transaction([Stamped(AT, trusted=True, body=change)]))
    assert [one.body for one in journal.condition_changes()] == changes[1:]


def test_a_condition_of_a_newer_version_keeps_no_older_one_from_starting(
    journal: Journal, tmp_path: Path
) -> None:
    """A checkpoint that cannot be read is most likely one that a newer version wrote."""
    for kind in (ConditionKind.DRY_WELL, ConditionKind.PHASE_LOSS):
        change = ConditionChanged(kind, True, Action.CUT, True)
        journal.append(Transaction([Stamped(AT, trusted=True, body=change)], b"{"))
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database, database:
        database.execute(
            "UPDATE records SET body = CAST(replace(body, 'dry_well', 'moonlight') AS BLOB)"
        )
    assert [one.kind for one in beginning_of(journal).state.standing.conditions] == [
        ConditionKind.PHASE_LOSS
    ]
