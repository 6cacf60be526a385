"""Cuts the power again and again under a captured run, and counts what was lost."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.model import EpochBegan
from agent.journal import Journal, JournalDamaged, JournalFailed, Reader, begin_epoch
from tests.shell.journal.powercut import migration, swap
from tests.shell.journal.powercut.capture import Operation
from tests.shell.journal.powercut.disk import Disk, Fate, laid_out

MEMORY = Path("/dev/shm")  # thousands of files that live for a millisecond each


@dataclass(slots=True)
class Seen:
    """`examples` say of the first failures after which operation, and what became of the rest."""

    cuts: int = 0
    states: int = 0  # how many of them were different
    promised: int = 0
    lost: int = 0
    unreadable: int = 0
    torn: int = 0  # ledger checkpoint and records do not belong together
    examples: list[str] = field(default_factory=list)

    def fails(self, what: str) -> None:
        if len(self.examples) < 5:
            self.examples.append(what)


Judge = Callable[[Path, Disk, Seen, str], None]


def cut_everywhere(
    operations: Sequence[Operation], trials: int, seed: int, judge: Judge | None = None
) -> Seen:
    """`trials` cuts, each after an operation that leaves something unsynced, each fate in turn."""
    judge = judge or one_journal
    chance = random.Random(seed)
    disk, seen, known = Disk(), Seen(), set[tuple[int, int]]()
    fates = list(Fate)
    moments = _moments(operations)
    drawn = sorted(chance.choice(moments) for _ in range(trials))
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name) / "disk"
        cut = 0
        for position, operation in enumerate(operations):
            disk.take(operation)
            while cut < trials and drawn[cut] == position:
                fate = fates[cut % len(fates)]
                cut += 1
                state = disk.after_cut(fate, chance)
                seen.cuts += 1
                # The same files under the same promise have been opened before.
                key = (hash(frozenset(state.items())), len(disk.promised))
                if key in known:
                    continue
                known.add(key)
                seen.states += 1
                folder.mkdir()
                laid_out(state, folder)
                where = f"after operation {position} ({type(operation).__name__}), {fate.name}"
                judge(folder, disk, seen, where)
                shutil.rmtree(folder)
    seen.promised = len(disk.promised)
    return seen


def _moments(operations: Sequence[Operation]) -> list[int]:
    """The operations after which a cut can undo something."""
    disk = Disk()
    found = []
    for position, operation in enumerate(operations):
        disk.take(operation)
        if disk.at_risk:
            found.append(position)
    return found


def one_journal(folder: Path, disk: Disk, seen: Seen, where: str) -> None:
    """It opens, holds the newest promise, and its checkpoint is of its newest record."""
    with _opened(folder / "journal.db", seen, where) as journal:
        if journal is None:
            return
        _promised(journal, disk, seen, where)
        state = (journal.state() or b"0").rstrip(b"\0")
        if state != b"%d" % journal.head.number:
            seen.torn += 1
            seen.fails(f"{where}: state {state[:20]!r} beside record {journal.head.number}")


def migrated(folder: Path, disk: Disk, seen: Seen, where: str) -> None:
    """The same of a journal that an older version wrote: its entries are all there."""
    with _opened(folder / "journal.db", seen, where) as journal:
        if journal is None:
            return
        _promised(journal, disk, seen, where)
        of_old = journal.head.number == migration.OLD_NUMBER
        wanted = b"[30]" if of_old else b"%d" % journal.head.number
        if journal.state() != wanted or sum(1 for _ in journal.entries()) != migration.OLD_ENTRIES:
            seen.torn += 1
            seen.fails(f"{where}: state {journal.state()!r} beside record {journal.head.number}")


def swapped(folder: Path, disk: Disk, seen: Seen, where: str) -> None:
    """One of the two epochs stands under the name, whole; and what was not done is done again."""
    path = folder / "journal.db"
    with _opened(path, seen, where) as journal:
        if journal is None:
            return
        if not journal.head.number:
            _promised(journal, disk, seen, where)
            return
        began = journal.newest("epoch_began")
        if began is None:
            _promised(journal, disk, seen, where)
    if began is None:
        begin_epoch(path, swap.AHEAD, swap.OLD, trusted=True, uplinks=swap.UPLINKS, alive=list)
    with _opened(path, seen, where) as journal:
        if journal is None:
            return
        if began is not None:
            _promised(journal, disk, seen, where)
        _succeeds(journal, path, disk, seen, where)


def _succeeds(journal: Journal, path: Path, disk: Disk, seen: Seen, where: str) -> None:
    """The new epoch says truly what it follows and carries over; the old one is aside, whole."""
    found = journal.newest("epoch_began")
    assert found is not None, "it was begun"
    began = found[2]
    assert isinstance(began, EpochBegan), "as its kind says"
    copied = journal.after(1, began.copied)
    unsent = [n for n in range(1, began.previous_number + 1)
              if n > min(swap.PASSED.values()) or n % swap.ENTRY_EVERY == 0]  # fmt: skip
    sound = began.copied == len(copied) and (
        began.previous_number < swap.OLD or [one.at_utc_ms for one in copied] == unsent
    )
    if not sound:
        seen.lost += 1
        seen.fails(f"{where}: {len(copied)} of {began.copied} carried over")
    aside = path.with_name(f"journal-{began.previous_epoch}.db")
    with _opened(aside, seen, where) as old:
        if old is not None:
            _promised(old, disk, seen, where)


@contextmanager
def _opened(path: Path, seen: Seen, where: str) -> Iterator[Journal | None]:
    """None when it cannot be opened, or is not what was written."""
    with ExitStack() as undo:
        try:
            journal = undo.enter_context(closing(Journal.open(path)))
            reader = undo.enter_context(closing(Reader(path)))
            for _ in reader.verify():
                pass
        except (JournalDamaged, JournalFailed) as why:
            seen.unreadable += 1
            seen.fails(f"{where}: {why}")
            yield None
        else:
            yield journal


def _promised(journal: Journal, disk: Disk, seen: Seen, where: str) -> None:
    """What was promised last of this epoch is there, and then so is all before it."""
    promises = {number: said for (epoch, number), said in disk.promised.items()
                if epoch == journal.epoch}  # fmt: skip
    newest = max(promises, default=0)
    found = journal._database.row("SELECT hash FROM records WHERE number = ?", newest)
    # An epoch that nobody knows holds nothing that was promised.
    unknown = bool(disk.promised) and not promises and not journal.newest("epoch_began")
    if unknown or (newest and (found is None or found[0].hex() != promises[newest])):
        seen.lost += 1
        seen.fails(f"{where}: promised {newest}, found up to {journal.head.number}")
