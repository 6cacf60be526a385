"""What is given up, when, and what stays: by age, by bytes, and never what must not go."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import rows
from agent.core.model import Gap, RelayMoved
from agent.journal import Journal, JournalDamaged, PageRow, Reader, Stamped, Transaction, opening
from agent.journal.retention import DAY_MS, Now, Pruning, Retention

from .conftest import EPOCH_UTC_MS

Minute = Callable[[int], Stamped]

YEARS = Retention(samples_days=731, events_days=3652, bytes_max=1 << 40)
ALL = 1 << 40


@pytest.fixture(autouse=True)
def short_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest records are never pruned; here that is ten of them."""
    monkeypatch.setattr("agent.journal.store.TAIL_RECORDS", 10)
    monkeypatch.setattr(opening, "TAIL_RECORDS", 10)


def aged(days: int, *, passed: int = ALL, trusted: bool = True) -> Now:
    return Now(EPOCH_UTC_MS + days * DAY_MS, trusted, passed)


def moved(n: int) -> Stamped:
    body = RelayMoved(permitted=True, lapsed=False, reasons=(), withdrawn_l=n, remaining_l=1)
    return Stamped(EPOCH_UTC_MS + 60_000 * n, trusted=True, body=body)


def everything(reader: Reader) -> list[PageRow]:
    return reader.page(0, ALL, bytes_max=ALL).rows


def pruned(path: Path) -> list[int]:
    """The numbers whose bodies are gone; the whole chain holds, and so does every start."""
    reader = Reader(path)
    head = reader.head()
    assert list(reader.verify())[-1] == head
    found = everything(reader)
    assert [row.number for row in found] == list(range(1, head.number + 1))
    gone = [row.number for row in found if row.body == b"null"]
    reader.close()
    return gone


def tidy(journal: Journal, rules: Retention, now: Now) -> int:
    pruning = Pruning(journal, rules)
    slices = 0
    while pruning.step(now):
        slices += 1
    return slices


def test_old_samples_go_and_entries_and_events_stay(
    path: Path, journal: Journal, sample: Minute, entry: Minute
) -> None:
    bodies = [sample(n) for n in range(1, 31)]
    bodies[4], bodies[9] = entry(2026), moved(10)
    journal.append(Transaction(bodies))
    head = journal.head
    assert tidy(journal, YEARS, aged(700)) == 0
    assert tidy(journal, YEARS, aged(732)) == 1
    assert journal.head == head
    assert pruned(path) == [n for n in range(1, 20) if n not in (5, 10)]
    journal.close()
    again = Journal.open(path)
    assert [one.number for one in again.entries()] == [5]
    assert tidy(again, YEARS, aged(3660)) == 1
    assert 10 in pruned(path)
    assert 5 not in pruned(path)
    again.append(Transaction([sample(n) for n in range(31, 61)]))
    assert tidy(again, YEARS, aged(732)) == 1
    assert pruned(path)[-1] == 49
    again.close()
    Journal.open(path).close()


def test_what_an_uplink_has_not_passed_stays_however_old(
    path: Path, journal: Journal, sample: Minute
) -> None:
    journal.append(Transaction([sample(n) for n in range(1, 31)]))
    assert tidy(journal, YEARS, aged(9000, passed=7)) == 1
    assert pruned(path) == [1, 2, 3, 4, 5, 6, 7]


def test_a_clock_that_is_not_trusted_prunes_nothing(
    path: Path, journal: Journal, sample: Minute
) -> None:
    journal.append(Transaction([sample(n) for n in range(1, 31)]))
    assert tidy(journal, YEARS, aged(9000, trusted=False)) == 0
    assert pruned(path) == []


def test_a_record_of_1970_is_as_old_as_what_follows_it(
    path: Path, journal: Journal, sample: Minute
) -> None:
    bodies = [sample(n) for n in range(1, 31)]
    for n in (4, 5, 6):
        bodies[n] = bodies[n]._replace(at_utc_ms=0, trusted=False)
    journal.append(Transaction(bodies))
    in_between = Now(EPOCH_UTC_MS + 731 * DAY_MS + 5 * 60_000, trusted=True, passed=ALL)
    assert tidy(journal, YEARS, in_between) == 1
    assert pruned(path) == [1, 2, 3, 4]
    assert tidy(journal, YEARS, aged(732)) == 1
    assert pruned(path)[-1] == 19


def test_a_slice_without_any_trusted_instant_does_not_stop_the_rest(
    path: Path, journal: Journal, sample: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.journal.retention.SLICE_RECORDS", 3)
    bodies = [sample(n)._replace(at_utc_ms=n, trusted=False) for n in range(1, 11)]
    journal.append(Transaction([*bodies, *(sample(n) for n in range(11, 31))]))
    assert tidy(journal, YEARS, aged(700)) == 0
    assert tidy(journal, YEARS, aged(732)) > 3
    assert pruned(path)[-1] == 19


def test_over_the_byte_budget_the_oldest_samples_go_and_a_gap_says_so(
    path: Path, journal: Journal, sample: Minute, entry: Minute
) -> None:
    for n in range(1, 9000, 100):
        journal.append(Transaction([entry(2026), moved(n), *(sample(n + k) for k in range(98))]))
    used = journal.used_bytes()
    limit = used * 3 // 4
    slices = tidy(journal, Retention(731, 3652, limit), aged(1, passed=2500))
    assert journal.used_bytes() <= limit
    gone = pruned(path)
    gaps = _gaps(path)
    assert len(gaps) == slices > 1
    assert sum(gap.lost for gap in gaps) == len(gone)
    assert gaps[0].reason == (
        f"byte budget: records 3 to 2042 of epoch {journal.epoch} given up early,"
        " 0 of them before every platform had them"
    )
    assert " 0 of them" not in gaps[1].reason
    assert gaps[0].from_utc_ms == sample(1).at_utc_ms
    reader = Reader(path)
    assert {row.kind for row in everything(reader) if row.number in set(gone)} == {"sample"}
    reader.close()
    assert len(list(journal.entries())) == 90
    # Room was made: the file does not grow while as much again is written.
    size = path.stat().st_size
    for n in range(9000, 10_000, 100):
        journal.append(Transaction([sample(n + k) for k in range(100)]))
    journal._database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size == size


def test_a_budget_that_nothing_can_meet_ends_by_itself(
    path: Path, journal: Journal, sample: Minute, entry: Minute
) -> None:
    journal.append(Transaction([entry(2026), moved(1), *(sample(n) for n in range(60))]))
    tidy(journal, Retention(731, 3652, 1), aged(1))
    assert pruned(path)[0] == 2
    assert len(list(journal.entries())) == 1


def _gaps(path: Path) -> list[Gap]:
    reader = Reader(path)
    found = [
        rows.decode_body(row.kind, row.body) for row in everything(reader) if row.kind == "gap"
    ]
    reader.close()
    return [one for one in found if isinstance(one, Gap)]


def test_a_pruned_record_still_tells_if_its_digest_is_altered(
    path: Path, journal: Journal, sample: Minute
) -> None:
    journal.append(Transaction([sample(n) for n in range(1, 31)]))
    tidy(journal, YEARS, aged(732))
    (kept,) = journal._database.row("SELECT digest FROM pruned WHERE number = 3") or (b"",)
    text = rows.dumps(rows.to_row(sample(3).body))
    assert kept == hashlib.sha256(text).digest()
    assert json.loads(text)
    journal._database.run("UPDATE pruned SET digest = zeroblob(32) WHERE number = 3")
    with pytest.raises(JournalDamaged, match="not what was written"):
        for _ in Reader(path).verify():
            pass
