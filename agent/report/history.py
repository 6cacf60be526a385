"""Room rule: every record of a station in one line, as far as its hash chain proves it.

A station whose card was restored has a journal of a new epoch, which begins with copies of what
was carried over, and the file of the epoch before beside it. Here the old file's records come
first and the copies are left out, so that each record is told once. What cannot be proven is not
told: the line ends at the first record that is not what was written, and the proof says which.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from agent import rows
from agent.catalogue import LANGUAGES, Told
from agent.core.model import EpochBegan, Seal
from agent.journal import (
    JournalDamaged,
    JournalFailed,
    JournalNewer,
    Reader,
    StoredRow,
    chain,
    seals,
)
from agent.journal.chain import Head
from agent.report.well import EpochProof

PAGE_RECORDS: Final = 1000
# A journal that was restored more often than this is no longer one station's history.
EPOCHS_MAX: Final = 10


class Row(NamedTuple):
    """A row, and the file that it stands in: 0 is the oldest."""

    row: StoredRow
    epoch: int


@dataclass(slots=True)
class _Chain:
    """What has been proven of one file so far."""

    reader: Reader
    head: Head
    damage: Told | None = None
    before: deque[Head] = field(default_factory=lambda: deque(maxlen=seals.SEALED_WITHIN))
    pruned: int = 0
    seals: int = 0
    sealed_through: int = 0
    sealed_utc_ms: int | None = None
    keys: set[str] = field(default_factory=set)

    def proof(self) -> EpochProof:
        return EpochProof(
            epoch=self.reader.epoch,
            records=self.head.number,
            hash=self.head.hash.hex(),
            damage=() if self.damage is None else tuple(map(self.damage.said, LANGUAGES)),
            pruned=self.pruned,
            seals=self.seals,
            sealed_through=self.sealed_through,
            sealed_utc_ms=self.sealed_utc_ms,
            keys=tuple(sorted(self.keys)),
        )


class History:
    """A journal and the earlier epochs that stand beside it. Closes what it opened."""

    def __init__(self, path: Path) -> None:
        """JournalFailed, JournalNewer or JournalDamaged when the file cannot be opened at all."""
        self.file = path
        self.missing_epoch = ""
        with ExitStack() as undo:
            newest = undo.enter_context(closing(Reader(path)))
            self.readers = self._earlier(newest, undo)
            self._undo = undo.pop_all()
        self._chains = [_Chain(one, chain.origin(one.epoch)) for one in self.readers]

    def _earlier(self, newest: Reader, undo: ExitStack) -> list[Reader]:
        """The files of earlier epochs whose chain holds up to where the next one goes on."""
        found = [newest]
        while (began := beginning(found[0])) is not None:
            older = _opened(newest.path, began) if len(found) < EPOCHS_MAX else None
            if older is None:
                self.missing_epoch = began.previous_epoch
                break
            undo.callback(older.close)
            found.insert(0, older)
        return found

    def told(self) -> Iterator[Row]:
        """Ends at the first record that is not proven. Memory does not grow with the files."""
        for epoch, one in enumerate(self._chains):
            copies = 0 if epoch == 0 else _copied(one.reader) + 1
            for row in self._proven(one):
                if row.number > copies:
                    yield Row(row, epoch)
            if one.damage:
                return  # what follows may rest on what is lost

    def _proven(self, one: _Chain) -> Iterator[StoredRow]:
        try:
            for row, head in chain.walk(one.head, _rows(one.reader)):
                one.before.append(one.head)
                one.head = head
                if row.body is None:
                    one.pruned += 1
                elif row.kind == "seal":
                    self._sealed(one, row)
                yield row
        except JournalDamaged as damaged:
            one.damage = damaged
        except rows.RowError as unread:
            one.damage = _unread(one.head.number, unread)

    def _sealed(self, one: _Chain, row: StoredRow) -> None:
        assert row.body is not None, "a seal is never pruned before what it seals"
        seal = rows.decode_body(row.kind, row.body)
        assert isinstance(seal, Seal), "as its kind says"
        seals.check(seal, one.reader.epoch, one.before)
        one.seals += 1
        one.sealed_through, one.sealed_utc_ms = seal.through, row.at_utc_ms
        one.keys.add(seal.public_key)

    def unread(self, told: Row, why: rows.RowError) -> None:
        """A record that the chain proves, and that this version cannot read."""
        self._chains[told.epoch].damage = _unread(told.row.number, why)

    @property
    def damage(self) -> Told | None:
        return next((one.damage for one in self._chains if one.damage is not None), None)

    def proof(self) -> tuple[EpochProof, ...]:
        return tuple(one.proof() for one in self._chains)

    def close(self) -> None:
        self._undo.close()


def _unread(record: int, why: rows.RowError) -> Told:
    return Told("report_problem.unread", record=record, why=str(why))


def _rows(reader: Reader) -> Iterator[StoredRow]:
    after = 0
    while page := reader.after(after, PAGE_RECORDS):
        yield from page
        after = page[-1].number


def beginning(reader: Reader) -> EpochBegan | None:
    """What the first record says of the epoch before, when there was one."""
    first: Sequence[StoredRow] = reader.after(0, 1)
    if not first or first[0].kind != "epoch_began" or first[0].body is None:
        return None
    try:
        body = rows.decode_body("epoch_began", first[0].body)
    except rows.RowError:
        return None  # the record says so itself, when its turn comes
    assert isinstance(body, EpochBegan), "as its kind says"
    return body


def _copied(reader: Reader) -> int:
    began = beginning(reader)
    return 0 if began is None else began.copied


def _opened(newest: Path, began: EpochBegan) -> Reader | None:
    """The file of the epoch before, under the station's name for it where this is a copy."""
    epoch = began.previous_epoch
    if not epoch.isalnum():  # it becomes a name: a forged one could lead anywhere
        return None
    names = dict.fromkeys((f"{newest.stem}-{epoch}{newest.suffix}", f"journal-{epoch}.db"))
    found = (_left_at(newest.with_name(name), began) for name in names)
    return next((reader for reader in found if reader is not None), None)


def _left_at(file: Path, began: EpochBegan) -> Reader | None:
    """The file, if it is there and is whole up to what it was left at."""
    if not file.is_file():
        return None
    with ExitStack() as undo:
        try:
            reader = Reader(file)
            undo.callback(reader.close)
            head = chain.origin(reader.epoch)
            for head in reader.verify():  # noqa: B007  # the last one is what counts
                pass
        except (JournalDamaged, JournalFailed, JournalNewer):
            return None
        if (reader.epoch, head.number, head.hash.hex()) != (
            began.previous_epoch,
            began.previous_number,
            began.previous_hash,
        ):
            return None
        undo.pop_all()
    return reader
