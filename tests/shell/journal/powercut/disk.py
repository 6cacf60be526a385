"""A disk that may lose whatever was not synced, and what it can look like after a power cut.

What may happen to a file since its last sync (all of it at once, to several writes):
- each write is there or not, in any order, and of a write each 512-byte part is there or not;
- a 4096-byte sector that was being written when the power went holds anything, also where it held
  something that was synced long ago (an SD card rewrites whole sectors);
- a file is as long as the writes that are there make it; what was never written is zeros.
Names (files created, linked, moved, taken away) reach the disk in order, up to some point after
the last sync of the directory. The shared-memory file is only a cache: it holds anything.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import assert_never

from tests.shell.journal.powercut.capture import (
    Create,
    Link,
    Operation,
    Promise,
    Sync,
    SyncNames,
    Truncate,
    Unlink,
    Write,
)

PART_BYTES = 512
SECTOR_BYTES = 4096
CACHE = "-shm"


class Fate(Enum):
    """What became of the unsynced writes."""

    ALL = auto()  # what SIGKILL leaves: the kernel had them
    NONE = auto()
    PREFIX = auto()
    ALL_BUT_ONE = auto()
    ONLY_ONE = auto()
    SOME = auto()
    TORN = auto()  # some, and in parts
    SECTOR_LOST = auto()  # all but one, whose sector holds garbage


@dataclass(slots=True)
class _File:
    safe: bytes = b""
    unsynced: list[Write | Truncate] = field(default_factory=list)


class Disk:
    """Follows the operations; `after_cut` draws one of the states that a cut now could leave."""

    def __init__(self) -> None:
        self._files: list[_File] = []
        self._names: dict[str, int] = {}
        self._safe_names: dict[str, int] = {}
        self._unsynced_names: list[dict[str, int]] = []
        self.promised: dict[tuple[str, int], str] = {}  # in the order of the promises

    @property
    def at_risk(self) -> int:
        """How many operations a cut now could undo."""
        return len(self._unsynced_names) + sum(len(one.unsynced) for one in self._files)

    def take(self, operation: Operation) -> None:
        match operation:
            case Create(name, content):
                self._files.append(_File(content))
                self._rename({**self._names, name: len(self._files) - 1})
                if content:
                    self._safe_names, self._unsynced_names = self._names, []
            case Unlink(name):
                self._rename({key: at for key, at in self._names.items() if key != name})
            case Link(of, name, moved):
                names = {**self._names, name: self._names[of]}
                if moved:
                    del names[of]
                self._rename(names)
            case Write(name) | Truncate(name):
                self._file(name).unsynced.append(operation)
            case Sync(name):
                one = self._file(name)
                one.safe = _applied(one.safe, one.unsynced)
                one.unsynced = []
            case SyncNames():
                self._safe_names, self._unsynced_names = self._names, []
            case Promise(epoch, number, digest):
                self.promised[epoch, number] = digest
            case _:
                assert_never(operation)

    def after_cut(self, fate: Fate, chance: random.Random) -> dict[str, bytes]:
        """Name to content."""
        possible = [self._safe_names, *self._unsynced_names]
        match fate:
            case Fate.ALL:
                names = possible[-1]
            case Fate.NONE:
                names = possible[0]
            case _:
                names = chance.choice(possible)
        state = {}
        for name, at in names.items():
            one = self._files[at]
            if name.endswith(CACHE):
                state[name] = chance.randbytes(chance.choice((0, 3, 32768)))
            else:
                state[name] = _survived(one.safe, one.unsynced, fate, chance)
        return state

    def _file(self, name: str) -> _File:
        return self._files[self._names[name]]

    def _rename(self, names: dict[str, int]) -> None:
        self._names = names
        self._unsynced_names.append(names)


def laid_out(state: dict[str, bytes], folder: Path) -> None:
    """Put the files of a state into an empty folder."""
    for name, content in state.items():
        (folder / name).write_bytes(content)


def _survived(
    safe: bytes, unsynced: list[Write | Truncate], fate: Fate, chance: random.Random
) -> bytes:
    if not unsynced:
        return safe
    one = chance.randrange(len(unsynced))
    match fate:
        case Fate.ALL:
            return _applied(safe, unsynced)
        case Fate.NONE:
            return safe
        case Fate.PREFIX:
            return _applied(safe, unsynced[:one])
        case Fate.ALL_BUT_ONE:
            return _applied(safe, unsynced[:one] + unsynced[one + 1 :])
        case Fate.ONLY_ONE:
            return _applied(safe, [unsynced[one]])
        case Fate.SOME:
            return _applied(safe, [each for each in unsynced if chance.random() < 0.5])
        case Fate.TORN:
            return _applied(safe, list(_torn(unsynced, chance)))
        case Fate.SECTOR_LOST:
            whole = _applied(safe, unsynced[:one])
            return _with_garbage(whole, unsynced[one], chance)
    assert_never(fate)


def _applied(content: bytes, writes: list[Write | Truncate]) -> bytes:
    if not writes:
        return content
    changed = bytearray(content)
    for one in writes:
        if isinstance(one, Truncate):
            changed = changed[: one.size].ljust(one.size, b"\0")
        else:
            changed = changed.ljust(one.offset, b"\0")
            changed[one.offset : one.offset + len(one.content)] = one.content
    return bytes(changed)


def _torn(writes: list[Write | Truncate], chance: random.Random) -> Iterator[Write | Truncate]:
    for one in writes:
        if isinstance(one, Truncate):
            yield one
            continue
        begin, end = one.offset, one.offset + len(one.content)
        for part in range(begin - begin % PART_BYTES, end, PART_BYTES):
            first, last = max(begin, part), min(end, part + PART_BYTES)
            if chance.random() < 0.5:
                yield Write(one.name, first, one.content[first - begin : last - begin])


def _with_garbage(content: bytes, write: Write | Truncate, chance: random.Random) -> bytes:
    """The first sector that the write touches, as it may look when the power went meanwhile."""
    if isinstance(write, Truncate):
        return content
    begin = write.offset - write.offset % SECTOR_BYTES
    garbage = chance.choice((bytes(SECTOR_BYTES), chance.randbytes(SECTOR_BYTES)))
    # The last sector of a file ends with the file or with the write, whichever is later.
    end = min(begin + SECTOR_BYTES, max(len(content), write.offset + len(write.content)))
    return _applied(content, [Write(write.name, begin, garbage[: end - begin])])
