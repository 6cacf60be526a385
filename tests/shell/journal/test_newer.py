"""What a version finds in its journal after a newer one of the same format was rolled back."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent import rows
from agent.cli import DATA, main
from agent.control import beginning_of
from agent.core.model import Body, EpochBegan, Seal
from agent.journal import (
    Ahead,
    Journal,
    JournalNewer,
    Reader,
    Retention,
    Stamped,
    Transaction,
    Upkeep,
    begin_epoch,
    may_begin,
)
from agent.journal.retention import DAY_MS

Minute = Callable[[int], Stamped]


@pytest.fixture(autouse=True)
def longer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer version gave every kind but the sample a field more, and uses it."""
    usual = rows.encode_body

    def encode(body: Body) -> tuple[str, bytes]:
        kind, text = usual(body)
        return kind, text if kind == "sample" else rows.dumps([*json.loads(text), *[None] * 9])

    monkeypatch.setattr(rows, "encode_body", encode)


def test_an_entry_that_is_not_known_is_one_refusal_that_says_what_to_do(
    path: Path, sample: Minute, entry: Minute
) -> None:
    """An account without it would be wrong: control does not start, and says why."""
    with closing(Journal.open(path)) as journal:
        journal.append(Transaction([sample(1), entry(2026)], state=b"[1]"))
        with pytest.raises(JournalNewer, match=r"record 2 \(allocate\).*install that version ag"):
            beginning_of(journal)
    with closing(Journal.open(path)) as journal:
        assert journal.head.number == 2, "and changes nothing"


def test_a_new_epoch_that_cannot_carry_a_record_is_refused_and_leaves_the_old_one(
    path: Path, sample: Minute, entry: Minute
) -> None:
    with closing(Journal.open(path)) as journal:
        journal.append(Transaction([sample(1), entry(2026)]))
        epoch = journal.epoch
    with pytest.raises(JournalNewer, match="record 2 "):
        begin_epoch(path, Ahead("a", 9), 1, trusted=True, uplinks=["a"], alive=list)
    with closing(Journal.open(path)) as journal:
        assert (journal.epoch, journal.head.number) == (epoch, 2)


def test_neither_a_seal_nor_a_beginning_that_is_not_known_ends_control(
    path: Path, sample: Minute
) -> None:
    began = EpochBegan("e", 5, "00", 7, "a", copied=3)
    seal = Stamped(3 * DAY_MS, trusted=True, body=Seal(1, "00", "11", "22"))
    with closing(Journal.open(path)) as journal:
        first = Stamped(1, trusted=True, body=began)
        journal.append(Transaction([first, seal, *(sample(n) for n in range(998))]))
        Upkeep(journal, Retention(1, 1, 1 << 40), None)
        assert journal.newest_utc_ms("seal") == 3 * DAY_MS
        assert journal.newest_utc_ms("gap") is None
    with closing(Reader(path)) as reader:
        assert may_begin(reader) is None


def test_an_export_ends_where_it_cannot_read_on(
    path: Path, sample: Minute, entry: Minute, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Journal.open(path)) as journal:
        journal.append(Transaction([sample(1), entry(2026), sample(2)]))
    for form in ("--jsonl", "--csv"):
        found = main(["journal", "export", str(path), form, "--language", "en"])
        out, err = capsys.readouterr()
        assert found == DATA
        assert len(out.splitlines()) == 2
        assert err.startswith(f"{path}: record 2 (allocate) was written by a newer version")
