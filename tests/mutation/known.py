"""Room rule: what was learned of the core and its tests, and when that is worth nothing any more.

A test that came later is learned beside the others; one that was changed is remembered as it was,
until `make clean`. When a file of the core has changed, all of it is forgotten.
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CORE = ROOT / "agent" / "core"
MEMORY = ROOT / ".mutants.json"


class Known(NamedTuple):
    """Which tests execute a line (FILE:LINE), and the seconds of CPU that each takes."""

    lines: dict[str, list[str]]
    took_s: dict[str, float]


def recalled() -> Known | None:
    """What was learned before, if nothing has changed since."""
    try:
        kept = json.loads(MEMORY.read_text("utf-8"))
    except FileNotFoundError:
        return None
    if kept["of"] != _fingerprint():
        return None
    tests = list(kept["took_s"])
    lines = {line: [tests[place] for place in places] for line, places in kept["lines"].items()}
    return Known(lines, kept["took_s"])


def keep(known: Known) -> None:
    places = {test: place for place, test in enumerate(known.took_s)}
    lines = {line: [places[one] for one in tests] for line, tests in known.lines.items()}
    kept = {"of": _fingerprint(), "took_s": known.took_s, "lines": lines}
    MEMORY.write_text(json.dumps(kept), "utf-8")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(CORE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
