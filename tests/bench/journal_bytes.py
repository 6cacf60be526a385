"""Bytes the journal writes per hour at one record a minute, and bytes per record of a year.

Run as `python -m tests.bench.journal_bytes [FOLDER]` (a folder on a real disk, not on tmpfs).
Prints one line of JSON.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from agent.core.model import Sample
from agent.journal import Journal, Stamped, Transaction

HOURS = 30
YEAR_RECORDS = 525_600
STATE_BYTES = 800


def minute(n: int) -> Stamped:
    """A pump that runs: every figure has the digits of a real one."""
    sample = Sample(
        45_678_901 + n * 1400,
        83_000 + n % 100,
        35_210_000 + n * 350,
        22_000 + n % 77,
        31_250,
        permitted=True,
        allocated_l=62_500_000,
        withdrawn_l=12_345_678 + n * 1400,
    )
    return Stamped(1_767_200_000_000 + n * 60_000, trusted=True, body=sample)


def bytes_written() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def bytes_per_hour(folder: Path) -> int:
    journal = Journal.open(folder / "hours.db")
    before = bytes_written()
    for n in range(60 * HOURS):
        state = os.urandom(STATE_BYTES // 2).hex().encode()
        journal.append(Transaction([minute(n)], state, {"division": n, "region": n}))
    written = bytes_written() - before
    journal.close()
    return written // HOURS


def bytes_per_record(folder: Path) -> float:
    path = folder / "year.db"
    journal = Journal.open(path)
    for first in range(0, YEAR_RECORDS, 1440):
        last = min(first + 1440, YEAR_RECORDS)
        journal.append(Transaction([minute(n) for n in range(first, last)]))
    journal.close()
    return path.stat().st_size / YEAR_RECORDS


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else "/var/tmp"
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        print(
            json.dumps(
                {
                    "written_bytes_per_h": bytes_per_hour(folder),
                    "bytes_per_record": round(bytes_per_record(folder), 1),
                }
            )
        )


if __name__ == "__main__":
    main()
