"""Room rule: how a journal that turns out to be an old copy begins to count anew. No clock.

A platform that holds a record beyond our newest, or another one under the same number, shows that
this file is an older copy of the journal (a card restored from an image). The numbers since then
are taken, so the records begin again at 1 in a new epoch. Nothing is lost: the first record says
what happened, then follow all entries, the latches that stand and whatever not every uplink had
passed; checkpoint and book come along; the old file stays beside the new one under its epoch's
name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from agent import rows
from agent.core.model import ConditionChanged, ConditionKind, EpochBegan, Record
from agent.durable import sync_folder
from agent.journal.database import JournalFailed
from agent.journal.place import note_place
from agent.journal.reader import Reader, decoded
from agent.journal.store import Journal, Stamped, Transaction

# A platform that is wrong, or lies, must not fill the card: so many records lie between two
# epochs (most of a day), and so many old files are kept.
EPOCH_RECORDS_MIN: Final = 1000
ARCHIVES_MAX: Final = 5
BATCH_RECORDS: Final = 1000
# Two weeks of minutes: carried over within a lease, so that no platform's claim stops a pump.
SENT_AGAIN_MAX: Final = 20_000
FRESH: Final = "new-journal.db"

# Of the old epoch alone.
NOT_CARRIED: Final = ("epoch_began", "seal")


class Ahead(NamedTuple):
    """Which platform holds which record that this journal never wrote."""

    platform: str
    number: int


def may_begin(reader: Reader) -> str | None:
    """Why no new epoch may begin now; None when it may."""
    first = reader.page(0, 1).rows
    again = first and first[0].kind == "epoch_began"
    if again and reader.head().number < _copied(first[0].body) + EPOCH_RECORDS_MIN:
        return f"this epoch has only begun: it must first have {EPOCH_RECORDS_MIN} records"
    if not has_room(reader):
        return (
            f"{ARCHIVES_MAX} journals of earlier epochs stand in {reader.path.parent}: find out why"
            " the card is restored again and again, then move them away"
        )
    return None


def _copied(first: bytes) -> int:
    """What a newer version says there, before it was rolled back, is for that version to read."""
    try:
        began = rows.decode_body("epoch_began", first)
    except rows.RowError:
        return 0
    assert isinstance(began, EpochBegan), "as its kind says"
    return began.copied


def has_room(reader: Reader) -> bool:
    """Whether the file that a new epoch replaces may stay beside it.

    All that is asked where the journal itself is seen to be a copy: nobody's word is taken for it.
    A power cut in the midst may have left this file its name beside it already.
    """
    own = _archive(reader.path, reader.epoch)
    return sum(one != own for one in reader.archives()) < ARCHIVES_MAX


def begin_epoch(
    path: Path,
    ahead: Ahead,
    at_utc_ms: int,
    *,
    trusted: bool,
    uplinks: Sequence[str],
    alive: Callable[[], object],
    cursors: Mapping[str, int] | None = None,
) -> EpochBegan:
    """Put a journal of a new epoch in the place of this one, which nobody has open; its record 1.

    What not all of `uplinks` have passed is carried over, by `cursors` as they were before this
    copy was sent from: a platform takes what has a number that it knows for a repetition. At any
    moment a power cut leaves one of the two, whole, under the name. A year that one of them has not
    read takes 14 s of a PC's core, and a Pi has slower ones: `alive` is called for each batch, lest
    it be taken for stuck.
    """
    fresh = path.with_name(FRESH)
    for leftover in (fresh, _beside(fresh, "-wal"), _beside(fresh, "-shm")):
        leftover.unlink(missing_ok=True)
    with closing(Journal.open(path)) as old, closing(Journal.open(fresh)) as new:
        cursors = _unsent_yet(old.cursors(), cursors)
        passed = min((cursors.get(name, 0) for name in uplinks), default=old.head.number)
        archive = _archive(path, old.epoch)
        began = EpochBegan(
            previous_epoch=old.epoch,
            previous_number=old.head.number,
            previous_hash=old.head.hash.hex(),
            seen_number=ahead.number,
            platform=ahead.platform,
            copied=sum(1 for _ in _carried(old, passed, alive)),
            passed=passed,
        )
        first = Stamped(at_utc_ms, trusted, began)
        nothing_read = dict.fromkeys(uplinks, 0)
        new.append(Transaction([first], old.state(), nothing_read, book=old.book()))
        carried = _carried(old, passed, alive)
        while batch := list(islice(carried, BATCH_RECORDS)):
            new.append(Transaction(batch))
        old.fold()
        new.fold()
        # Before the swap: after a power cut between the two, the old file is seen to be a copy.
        note_place(fresh, new)
    _drop_logs(path, fresh)
    _take_place(fresh, path, archive)
    return began


def _unsent_yet(now: Mapping[str, int], before: Mapping[str, int] | None) -> Mapping[str, int]:
    """The cursors as they were `before`, where that is not long ago."""
    if before is None:
        return now
    since = {name: number - before.get(name, 0) for name, number in now.items()}
    return {name: now[name] - (n if n <= SENT_AGAIN_MAX else 0) for name, n in since.items()}


def _carried(old: Journal, passed: int, alive: Callable[[], object]) -> Iterator[Stamped]:
    """Every entry, what stands latched, and every record that not every uplink has passed."""
    told = chain(old.entries(passed), _latches(old, passed))
    sent = (Stamped(one.at_utc_ms, one.trusted, one.body) for one in told)
    return chain(sent, _unsent(old, passed, alive))


def _latches(old: Journal, passed: int) -> Iterable[Record]:
    """The last word of each condition, where it is a latch: no entry tells of it again."""
    last: dict[ConditionKind, Record] = {}
    for record in old.condition_changes():
        change = record.body
        assert isinstance(change, ConditionChanged), "as its kind says"
        if record.number <= passed:
            last.pop(change.kind, None)
            if change.raised and change.latched:
                last[change.kind] = record
    return last.values()


def _unsent(old: Journal, passed: int, alive: Callable[[], object]) -> Iterator[Stamped]:
    """As far as it is whole."""
    while page := old.after(passed, BATCH_RECORDS):
        alive()
        for row in page:
            if row.body is not None and row.kind not in NOT_CARRIED:
                body = decoded(old.path, row)
                yield Stamped(row.at_utc_ms, bool(row.trusted), body)
        passed = page[-1].number


def _drop_logs(path: Path, fresh: Path) -> None:
    """What a log still held would be replayed into another file."""
    for log in (_beside(path, "-wal"), _beside(fresh, "-wal")):
        if log.exists() and log.stat().st_size > 0:
            raise JournalFailed("journal_failed.log_in_use", file=log)
        log.unlink(missing_ok=True)
    _beside(path, "-shm").unlink(missing_ok=True)


def _take_place(fresh: Path, path: Path, archive: Path) -> None:
    try:
        if not archive.exists():
            archive.hardlink_to(path)
        sync_folder(path.parent)
        fresh.replace(path)
        sync_folder(path.parent)
        fresh.with_suffix(".lock").unlink(missing_ok=True)
    except OSError as error:
        aside = {"aside": archive.name, "raw": error.strerror}
        raise JournalFailed("journal_failed.not_put_aside", file=path, **aside) from error


def _archive(path: Path, epoch: str) -> Path:
    return path.with_name(f"{path.stem}-{epoch}{path.suffix}")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
