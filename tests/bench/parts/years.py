"""Room rule: a journal that holds a year of minute records, as an old station has it."""

from pathlib import Path

from agent.core.model import Sample
from agent.journal import Journal, Stamped, Transaction

RECORDS = 525_600
_AT_ONCE = 5_000
_BEGUN_UTC_MS = 1_735_689_600_000


def minute(number: int) -> Stamped:
    """A pump that runs: every figure has the digits of a real one."""
    sample = Sample(
        45_678_901 + number * 1400,
        83_000 + number % 100,
        35_210_000 + number * 350,
        22_000 + number % 77,
        31_250,
        permitted=True,
        allocated_l=62_500_000,
        withdrawn_l=12_345_678 + number * 100,
    )
    return Stamped(_BEGUN_UTC_MS + number * 60_000, trusted=True, body=sample)


def fill(path: Path) -> float:
    """Bytes per record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal.open(path)
    for first in range(0, RECORDS, _AT_ONCE):
        last = min(first + _AT_ONCE, RECORDS)
        journal.append(Transaction([minute(number) for number in range(first, last)]))
    journal.close()
    return path.stat().st_size / RECORDS
