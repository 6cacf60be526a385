"""What a process wrote and synced, in order, as the kernel saw it (strace).

Nothing is linked into the program and nothing of it is replaced: what is captured is what Python's
own SQLite did (docs/decisions/0007-power-cuts.md).
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[4]
CALLS = "openat,close,write,pwrite64,fsync,fdatasync,ftruncate,unlink,rename,link"
# Other ways to change a file: when one of them turns up, the capture no longer sees everything.
UNEXPECTED = "writev,pwritev,pwritev2,fallocate,sync_file_range,copy_file_range,sendfile,msync"
WAIT_S = 120
# What is not SQLite's is a note, made anew and written in one piece.
NOTE_BYTES_MAX = 100

_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Create:
    """`content` was there, and safe, before the program came."""

    name: str
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Write:
    """To the file that `name` stood for when it was opened."""

    name: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    name: str


@dataclass(frozen=True, slots=True)
class SyncNames:
    """The directory: which names there are."""


@dataclass(frozen=True, slots=True)
class Unlink:
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """`name` stands for the file of `of` as well; `moved`: for it alone."""

    of: str
    name: str
    moved: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """The program has said that record `number` of `epoch` with this hash is safe."""

    epoch: str
    number: int
    hash: str


Operation = Create | Write | Truncate | Sync | SyncNames | Unlink | Link | Promise


def captured(
    script: Path, folder: Path, mutant: str, before: Path | None = None
) -> list[Operation]:
    """Run the script on a journal in `folder/disk`, its ledger beside it, and tell what it did.

    `before` is a journal that lies there already.
    """
    disk, ledger, log = folder / "disk", folder / "ledger", folder / "strace.log"
    disk.mkdir()
    present = [] if before is None else [Create("journal.db", before.read_bytes())]
    for one in present:
        (disk / one.name).write_bytes(one.content)
    subprocess.run(
        [
            *("strace", "-f", "-xx", "--seccomp-bpf", "-s", "2000000", "-o", str(log)),
            *("-e", f"trace={CALLS},{UNEXPECTED}"),
            *(sys.executable, str(script), str(disk / "journal.db"), str(ledger), mutant),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=WAIT_S,
    )
    trace = _Trace(disk, ledger, {one.name for one in present})
    with log.open("r", encoding="ascii") as lines:
        found = [operation for line in lines if (operation := trace.operation(line)) is not None]
    log.unlink()
    return [*present, *found]


class _Trace:
    """Reads strace's lines; knows which descriptor is which file."""

    def __init__(self, disk: Path, ledger: Path, known: set[str]) -> None:
        self._disk = disk
        self._ledger = ledger
        self._opened: dict[str, Path] = {}
        self._known = known

    def operation(self, line: str) -> Operation | None:
        """None for what does not concern the disk or the ledger."""
        assert "unfinished" not in line, "two threads: the order of their calls is not known"
        found = _CALL.match(line)
        if found is None or found[3].startswith("-"):
            return None
        call, arguments, result = found[1], found[2], found[3]
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        if call == "openat":
            return self._open(Path(texts[0].decode()), result, creating="O_CREAT" in arguments)
        if call in ("unlink", "rename", "link"):
            return self._name(call, [Path(text.decode()) for text in texts])
        descriptor = arguments.split(",")[0]
        if call == "close":
            self._opened.pop(descriptor, None)
            return None
        path = self._opened.get(descriptor)
        if path == self._ledger:
            epoch, number, digest = texts[0].decode().split()
            return Promise(epoch, int(number), digest)
        if path == self._disk:
            return SyncNames()
        if path is None or path.parent != self._disk:
            return None
        return _to_file(call, path.name, arguments, texts)

    def _open(self, path: Path, descriptor: str, *, creating: bool) -> Operation | None:
        self._opened[descriptor] = path
        if path.parent != self._disk or path.name in self._known or not creating:
            return None
        self._known.add(path.name)
        return Create(path.name)

    def _name(self, call: str, paths: list[Path]) -> Operation | None:
        if paths[0].parent != self._disk:
            return None
        names = [path.name for path in paths]
        if call != "link":
            self._known.discard(names[0])
        if call == "unlink":
            return Unlink(names[0])
        self._known.add(names[1])
        return Link(names[0], names[1], moved=call == "rename")


def _to_file(call: str, name: str, arguments: str, texts: list[bytes]) -> Operation:
    last = int(arguments.rsplit(",", 1)[-1]) if "," in arguments else 0
    if call == "pwrite64":
        return Write(name, last, texts[0])
    if call == "ftruncate":
        return Truncate(name, last)
    if call == "write" and len(texts[0]) <= NOTE_BYTES_MAX:
        return Write(name, 0, texts[0])
    assert call in ("fsync", "fdatasync"), f"{call} changes {name}: the capture must learn it"
    return Sync(name)
