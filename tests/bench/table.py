"""Room rule: runs the measurements beside it and prints one table. Measures nothing itself.

Each other file of this folder offers `rows() -> Iterable[Row]`: what was measured, the figure,
its budget (DESIGN §13) and whether it held. A name on the command line picks one file. The exit
code is 1 when a budget is broken. `parts/` is what the measurements share.
"""

import importlib.util
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.parts.row import Row

WIDTHS = (64, 34, 24, 7)


def main(names: Sequence[str]) -> int:
    folder = Path(__file__).parent
    files = {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "table"}
    unknown = [name for name in names if name not in files]
    if unknown:
        print(f"no measurement is called {', '.join(unknown)}; there are: {', '.join(files)}")
        return 2
    began_s = time.perf_counter()
    print(machine(), end="\n\n", flush=True)
    _line(("what", "measured", "budget", "verdict"))
    _line(tuple("-" * width for width in WIDTHS))
    over = []
    for name in names or files:
        # Row by row: a measurement of a year of backlog takes its time, and one may look on.
        for row in _rows(files[name]):
            _line((row.what, row.measured, row.budget, row.verdict))
            over += [row.what] if row.held is False else []
    print(f"\n{time.perf_counter() - began_s:.0f} s. ", end="")
    print(f"Over budget: {'; '.join(over)}." if over else "Every budget held.")
    return 1 if over else 0


def machine() -> str:
    """What it was measured on: figures of another machine are other figures."""
    return (
        f"{os.cpu_count()} cores {platform.machine()} ({_processor()}), Linux {platform.release()},"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version},"
        f" load {os.getloadavg()[0]:.2f}"
    )


def _processor() -> str:
    """A Raspberry Pi says what it is in its device tree, a PC in the processor's own words."""
    model = Path("/proc/device-tree/model")
    if model.exists():
        return model.read_text("utf-8").rstrip("\0")
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def _rows(path: Path) -> Iterable[Row]:
    specification = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    rows: Iterable[Row] = module.rows()
    return rows


def _line(cells: tuple[str, ...]) -> None:
    padded = (cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    print("  ".join(padded).rstrip(), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
