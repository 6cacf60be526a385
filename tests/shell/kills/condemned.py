"""Room rule: orders to `doomed.py`, and what it says. Judges nothing."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

SCRIPT = Path(__file__).parent / "doomed.py"
ROOT = Path(__file__).parents[3]


class Condemned:
    """One process that lives and dies as it is told. `heard` brings what it says, line by line."""

    def __init__(self, who: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), who, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self._said = b""

    def order(self, call: str, nth: int) -> None:
        pipe = _pipe(self._process.stdin)
        pipe.write(f"{call} {nth}\n".encode())
        pipe.flush()

    def fileno(self) -> int:
        return _pipe(self._process.stdout).fileno()

    def heard(self) -> list[str]:
        """The lines that have come; waits until there is one."""
        while b"\n" not in self._said:
            more = os.read(self.fileno(), 4096)
            assert more, f"{SCRIPT.name} ended"
            self._said += more
        *lines, self._said = self._said.split(b"\n")
        return [line.decode() for line in lines]

    def close(self) -> None:
        _pipe(self._process.stdin).close()
        self._process.wait(20)
        _pipe(self._process.stdout).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
