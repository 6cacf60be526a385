"""Room rule: what processes cost, as the kernel counts it in /proc. Knows none of them.

Memory is the proportional set size among the processes given, as if they had the host to
themselves: a page of the interpreter is divided by those of them that use it, and by nobody else.
The kernel's own figure also divides by whatever else runs Python on the host, and flatters.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
ENTRY_BYTES = 8
PRESENT, OF_A_FILE = 1 << 63, 1 << 61

# Inode, device and page number: what is shared between processes is one such page.
FilePage = tuple[str, str, int]


def memory_mib(pids: Mapping[str, int]) -> dict[str, float]:
    """By name."""
    private: dict[str, int] = {}
    files: dict[str, set[FilePage]] = {}
    for name, pid in pids.items():
        private[name], files[name] = _pages(pid)
    users = Counter(page for pages in files.values() for page in pages)
    return {
        name: PAGE * (private[name] + sum(1 / users[page] for page in files[name])) / 2**20
        for name in pids
    }


def _pages(pid: int) -> tuple[int, set[FilePage]]:
    """How many pages in memory are its own, and which are a file's."""
    private, of_files = 0, set()
    with Path(f"/proc/{pid}/pagemap").open("rb", buffering=0) as pagemap:
        for line in Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines():
            span, _, offset, device, inode, *_ = line.split()
            first, last = (int(end, 16) // PAGE for end in span.split("-"))
            if first * ENTRY_BYTES >= 1 << 63:
                continue  # the kernel's own page, the same in every process
            begin = int(offset, 16) // PAGE
            for number, entry in _entries(pagemap.fileno(), first, last - first):
                if entry & PRESENT and entry & OF_A_FILE:
                    of_files.add((device, inode, begin + number))
                else:
                    private += bool(entry & PRESENT)
    return private, of_files


def _entries(pagemap: int, first: int, count: int) -> Iterator[tuple[int, int]]:
    octets = os.pread(pagemap, count * ENTRY_BYTES, first * ENTRY_BYTES)
    yield from enumerate(memoryview(octets).cast("Q"))


def cpu_ms(pid: int) -> float:
    """User and system time of all its threads so far, in steps of a clock tick (10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def written_bytes(pid: int) -> int:
    """What it has dirtied on block devices. What a file system writes for itself is not in it."""
    lines = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])
