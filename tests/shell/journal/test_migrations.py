"""An old journal of every version opens, and holds what it held.

`old/version-N.db` was written by the program of that version and is never written anew: three
samples of version 1 are pruned (5 to 7), one record of every four has an untrusted clock.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent import rows
from agent.cli import main
from agent.core.model import Allocate, FitMeter
from agent.journal import Journal, Reader, Stamped, Transaction
from agent.journal.schema import MIGRATIONS, OVERLAYS

OLD = Path(__file__).parent / "old"
HEAD = "e7fb93b9f8280576b1591d9e111403db1b85b90529d28164e1723ef611831cc8"


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_old_journal_opens_and_goes_on(
    path: Path, version: int, sample: Callable[[int], Stamped]
) -> None:
    shutil.copy(OLD / f"version-{version}.db", path)
    journal = Journal.open(path)
    assert journal._database.row("PRAGMA user_version") == (len(MIGRATIONS),)
    assert (journal.epoch, journal.head.number) == ("f703d987fd00408b", 34)
    assert journal.head.hash.hex() == HEAD
    assert journal.state() == b"[30]"
    assert rows.dumps({"nameplates": {}})[:13] == (journal.book() or b"")[:13]
    assert journal.cursors() == {"division": 30, "region": 15}
    assert [type(entry.body) for entry in journal.entries()] == [FitMeter, Allocate]
    head = journal.append(Transaction([sample(31)]))
    reader = Reader(path)
    assert list(reader.verify()) == [head]
    assert head.number == 35
    page = reader.page(3, 5).rows
    assert [row.number for row in page] == [4, 5, 6, 7, 8]
    assert [row.body == b"null" for row in page] == [False, True, True, True, False]
    assert reader.is_parked("region", 4)
    reader.close()
    journal.close()
    Journal.open(path).close()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_old_journal_is_read_as_it_is(
    path: Path, version: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An earlier epoch's file, or an office's copy from a station that is not upgraded yet."""
    shutil.copy(OLD / f"version-{version}.db", path)
    was = path.read_bytes()
    with closing(Reader(path)) as reader:
        told = reader.after(0, 100)
        kept = reader.head(), reader.counts(), reader.cursors(), reader.parked()
        page = reader.page(3, 5).rows
        assert (list(reader.verify()), reader.head().hash.hex()) == ([reader.head()], HEAD)
    assert main(["journal", "export", str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 34
    assert path.read_bytes() == was
    Journal.open(path).close()
    with closing(Reader(path)) as reader:
        assert (reader.head(), reader.counts(), reader.cursors(), reader.parked()) == kept
        assert reader.page(3, 5).rows == page
        assert reader.after(0, 100) == told


def test_every_version_that_was_ever_written_is_kept_here() -> None:
    kept = sorted(file.name for file in OLD.glob("*.db"))
    assert kept == [f"version-{version}.db" for version in range(1, len(MIGRATIONS))]
    assert len(OVERLAYS) == len(MIGRATIONS), "and a reader knows how each of them is read"
