"""Real processes: one that is killed, and one whose writes the kernel refuses."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agent.journal import Journal

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
KILLS = 300


def _run(script: str, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_no_acknowledged_record_is_lost_by_sigkill(
    tmp_path: Path, soak: int, record_property: Callable[[str, object], None]
) -> None:
    trials = KILLS * soak
    seen = _run("killed.py", str(tmp_path), str(trials), "2026")
    row = {"what": "journal killed at its work", "trials": seen["kills"]}
    found = {name: seen[name] for name in ("promised", "lost", "unreadable")}
    record_property("soak: kills and power cuts", {**row, **found})
    assert (seen["lost"], seen["unreadable"], seen["state_torn"]) == (0, 0, 0)
    # The kills were real, hit a process at work, and some fell between a commit and its promise.
    assert seen["kills"] == trials
    assert isinstance(seen["promised"], int)
    assert seen["promised"] > trials
    assert isinstance(seen["unfinished"], int)
    assert seen["unfinished"] > 0


def test_a_write_that_the_kernel_cuts_short_loses_nothing_and_heals(tmp_path: Path) -> None:
    seen = _run("starved.py", str(tmp_path / "journal.db"))
    assert "journal goes on by itself" in str(seen["why"])
    kept = seen["kept"]
    assert isinstance(kept, int)
    assert kept > 0
    assert (seen["head"], seen["state"]) == (kept + 1, kept)
    assert seen["recovered"] is True
    assert seen["head_after"] == kept + 2
    journal = Journal.open(tmp_path / "journal.db")
    assert journal.head.number == seen["head_after"]
    journal.close()
