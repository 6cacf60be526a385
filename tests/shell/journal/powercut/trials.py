"""Cuts the power again and again under a captured run, and counts what was lost."""

import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.journal import Journal, JournalDamaged, JournalFailed, Reader
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


def cut_everywhere(operations: Sequence[Operation], trials: int, seed: int) -> Seen:
    """`trials` cuts, each after an operation that leaves something unsynced, each fate in turn."""
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
                _judge(folder, disk, seen, where)
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


def _judge(folder: Path, disk: Disk, seen: Seen, where: str) -> None:
    path = folder / "journal.db"
    try:
        journal = Journal.open(path)
    except (JournalDamaged, JournalFailed) as why:
        seen.unreadable += 1
        seen.fails(f"{where}: {why}")
        return
    reader = Reader(path)
    try:
        for _ in reader.verify():
            pass
        newest = max(disk.promised, default=0)
        found = journal._database.row("SELECT hash FROM records WHERE number = ?", newest)
        if newest and (found is None or found[0].hex() != disk.promised[newest]):
            seen.lost += 1
            seen.fails(f"{where}: promised {newest}, found up to {journal.head.number}")
        state = (journal.state() or b"0").rstrip(b"\0")
        if state != b"%d" % journal.head.number:
            seen.torn += 1
            seen.fails(f"{where}: state {state[:20]!r} beside record {journal.head.number}")
    except JournalDamaged as why:
        seen.unreadable += 1
        seen.fails(f"{where}: {why}")
    finally:
        reader.close()
        journal.close()
