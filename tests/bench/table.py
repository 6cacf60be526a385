"""Room rule: runs the measurements beside it and prints one table. Measures nothing itself.

Each other file of this folder offers `rows() -> Iterable[tuple[str, str, str]]`: what was
measured, the figure, its budget (DESIGN §13). A name on the command line picks one file.
"""

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

WIDTHS = (58, 22, 30)


def main(names: Sequence[str]) -> int:
    folder = Path(__file__).parent
    files = {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "table"}
    unknown = [name for name in names if name not in files]
    if unknown:
        print(f"no measurement is called {', '.join(unknown)}; there are: {', '.join(files)}")
        return 2
    _line(("what", "measured", "budget"))
    _line(tuple("-" * width for width in WIDTHS))
    for name in names or files:
        # Row by row: a measurement of a year of backlog takes its time, and one may look on.
        for row in _rows(files[name]):
            _line(row)
    return 0


def _rows(path: Path) -> Iterable[tuple[str, ...]]:
    specification = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    rows: Iterable[tuple[str, ...]] = module.rows()
    return rows


def _line(cells: tuple[str, ...]) -> None:
    padded = (cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    print("  ".join(padded).rstrip(), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
