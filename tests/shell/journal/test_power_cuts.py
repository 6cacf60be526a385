"""Power cuts: what was not synced is gone, torn or garbage; what was promised must not be.

A real run of the journal is captured once; then the power is cut under it thousands of times. The
same trials with a safeguard taken away must fail, or they would prove nothing.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shell.journal.powercut.capture import (
    Create,
    Operation,
    Promise,
    Write,
    captured,
)
from tests.shell.journal.powercut.migration import OLD_EPOCH, OLD_HASH, OLD_NUMBER
from tests.shell.journal.powercut.trials import cut_everywhere, migrated, swapped

SCRIPTS = Path(__file__).parent / "powercut"
OLD = Path(__file__).parent / "old" / "version-1.db"
CUTS = 1600
CUTS_UNDER_MUTANT = 400
CUTS_AT_ONCE = 300  # of what happens once in the life of a journal


def run(folder: Path, mutant: str = "none") -> list[Operation]:
    return captured(SCRIPTS / "workload.py", folder, mutant)


def migration(folder: Path, mutant: str = "none") -> list[Operation]:
    """The journal of the version before is promised as it lies there."""
    promise = Promise(OLD_EPOCH, OLD_NUMBER, OLD_HASH)
    first, *rest = captured(SCRIPTS / "migration.py", folder, mutant, OLD)
    return [first, promise, *rest]


def swap(folder: Path, mutant: str = "none") -> list[Operation]:
    return captured(SCRIPTS / "swap.py", folder, mutant)


ONCE = {"migration": (migration, migrated), "change of epoch": (swap, swapped)}


def test_no_power_cut_loses_what_was_promised_or_leaves_it_unreadable(
    tmp_path: Path, soak: int, record_property: Callable[[str, object], None]
) -> None:
    operations = run(tmp_path)
    promises = {one.number for one in operations if isinstance(one, Promise)}
    assert _folded(operations), "the log was never folded into the file: cut a longer run"
    for seed in range(soak):
        seen = cut_everywhere(operations, CUTS, seed)
        row = {"what": f"power cut under the journal, seed {seed}", "trials": seen.cuts}
        found = {"promised": seen.promised, "lost": seen.lost, "unreadable": seen.unreadable}
        record_property("soak: kills and power cuts", {**row, **found})
        assert (seen.lost, seen.unreadable, seen.torn) == (0, 0, 0), (seed, seen.examples)
        assert seen.cuts == CUTS
        assert seen.states > CUTS * 0.8
        assert seen.promised == len(promises) > 150


@pytest.mark.parametrize("what", ONCE)
def test_a_power_cut_while_the_file_itself_changes_loses_nothing(
    tmp_path: Path, soak: int, what: str, record_property: Callable[[str, object], None]
) -> None:
    capture, judge = ONCE[what]
    operations = capture(tmp_path)
    for seed in range(soak):
        seen = cut_everywhere(operations, CUTS_AT_ONCE, seed, judge)
        row = {"what": f"power cut under a {what}, seed {seed}", "trials": seen.cuts}
        found = {"promised": seen.promised, "lost": seen.lost, "unreadable": seen.unreadable}
        record_property("soak: kills and power cuts", {**row, **found})
        assert (seen.lost, seen.unreadable, seen.torn) == (0, 0, 0), (seed, seen.examples)
        assert seen.states > CUTS_AT_ONCE // 2


@pytest.mark.parametrize("what", ONCE)
def test_a_change_of_the_file_that_is_not_synced_is_found_out(tmp_path: Path, what: str) -> None:
    capture, judge = ONCE[what]
    seen = cut_everywhere(capture(tmp_path, "no_sync"), CUTS_AT_ONCE, 1, judge)
    assert seen.lost + seen.unreadable > 0


@pytest.mark.parametrize("mutant", ["no_sync", "late_sync", "shared_sectors"])
def test_a_safeguard_taken_away_is_found_out(tmp_path: Path, mutant: str) -> None:
    operations = run(tmp_path, mutant)
    seen = cut_everywhere(operations, CUTS_UNDER_MUTANT, 1)
    assert seen.lost > 0


def _folded(operations: list[Operation]) -> bool:
    """The log went into the file between two commits, not only at an opening or a closing."""
    since_promise = False
    folded = False
    for one in operations:
        if isinstance(one, Promise) and folded:
            return True
        if isinstance(one, Promise | Create):
            since_promise, folded = isinstance(one, Promise), False
        elif isinstance(one, Write) and one.name == "journal.db":
            folded = since_promise
    return False
