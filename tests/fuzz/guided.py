"""Room rule: the targets again, led by coverage with atheris, and one table. Knows no parser.

    python -m tests.fuzz.guided [--seconds N] [--folder FOLDER] [TARGET ...]

Each target runs in a process of its own, so that a find in one ends no other; what was found
stays in FOLDER, and so does the corpus, from which the next run goes on. Needs Python with atheris
(`make fuzz` makes one beside the project's own). The exit code is 1 when something was found.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

# Twenty times what any of these needs; what grows beyond it is a find.
MEMORY_MB_MAX = 1024
# A single input that takes so long is a find, too.
INPUT_S_MAX = 10
INPUT_BYTES_MAX = 32_768
MEMORY = Path("/dev/shm")
ONE = "--one"


class Found(NamedTuple):
    target: str
    executions: int
    per_s: int
    coverage: int
    new: int
    corpus: int
    peak_mb: int
    finds: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    from tests.fuzz.targets import TARGETS

    if unknown := set(options.names) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are: {', '.join(TARGETS)}")
    print(f"{'  '.join(f'{name:>11}' for name in Found._fields)}", flush=True)
    finds = 0
    for name in options.names or TARGETS:
        found = _guided(name, options.folder / name, options.seconds)
        finds += found.finds
        print("  ".join(f"{value:>11}" for value in found), flush=True)
    return 1 if finds else 0


def _guided(name: str, folder: Path, seconds: int) -> Found:
    """In a child; libFuzzer says in its last words what it did."""
    from tests.fuzz.targets import TARGETS

    corpus, finds = folder / "corpus", folder / "finds"
    corpus.mkdir(parents=True, exist_ok=True)
    finds.mkdir(exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    before = set(finds.iterdir())
    argv = [
        *(sys.executable, "-m", "tests.fuzz.guided", ONE, name, str(corpus)),
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY_MB_MAX}",
        f"-timeout={INPUT_S_MAX}",
        f"-max_len={INPUT_BYTES_MAX}",
        f"-artifact_prefix={finds}/",
        "-print_final_stats=1",
    ]
    # Thousands of files a second: in memory, where there is such a place.
    with tempfile.TemporaryDirectory(
        prefix="wkfuzz", dir=MEMORY if MEMORY.is_dir() else None
    ) as at:
        said = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", check=False,
            env={**os.environ, "TMPDIR": at},
        )  # fmt: skip
    (folder / "log.txt").write_text(said.stdout + said.stderr, "utf-8")
    coverage = [int(one) for one in re.findall(r"\bcov: (\d+)", said.stderr)]
    executions = _said(said.stderr, "number_of_executed_units")
    new = set(finds.iterdir()) - before
    return Found(
        name,
        executions,
        _said(said.stderr, "average_exec_per_sec"),
        max(coverage, default=0),
        max(coverage, default=0) - (coverage[0] if coverage else 0),
        len(list(corpus.iterdir())),
        _said(said.stderr, "peak_rss_mb"),
        # One that did not end well without leaving an input could not even begin.
        len(new) or int(said.returncode != 0),
    )


def _said(text: str, name: str) -> int:
    found = re.findall(rf"stat::{name}:\s+(\d+)", text)
    return int(found[-1]) if found else 0


def _one(name: str, arguments: list[str]) -> None:
    """The child: everything that is imported from here on is watched."""
    import atheris

    with atheris.instrument_imports(include=["agent", "drivers", "jwt", "tomllib"]):
        import jwt  # noqa: F401 - `agent.signing` loads it when it is first used, unwatched

        from tests.fuzz.targets import TARGETS
    atheris.Setup([name, *arguments], TARGETS[name].take)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == [ONE]:
        _one(sys.argv[2], sys.argv[3:])
    else:
        raise SystemExit(main())
