# ruff: noqa: INP001 - a script, in no package
"""Room rule: equal files of two trees become one file with two names. Knows no package.

The two Pythons' trees differ by a few modules; linked, they weigh as one, in the package and on
the card.
"""

import hashlib
import os
import sys
from pathlib import Path


def main(top: Path) -> None:
    """Link every file under `top` to the first that has the same content and mode."""
    seen: dict[tuple[bytes, int], Path] = {}
    for path in sorted(one for one in top.rglob("*") if one.is_file() and not one.is_symlink()):
        content = path.read_bytes()
        if not content:
            continue
        first = seen.setdefault((hashlib.sha256(content).digest(), path.stat().st_mode), path)
        if first != path:
            path.unlink()
            os.link(first, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
