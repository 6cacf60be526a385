"""The first sample of a day is found whatever the clock said at other times."""

from contextlib import closing
from pathlib import Path

import pytest

from agent.core.model import Sample
from agent.journal import Journal, Reader, Stamped, Transaction

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
FIRST_MS = 20_000 * DAY_MS  # a midnight of no zone in particular
DAYS = 60


@pytest.mark.parametrize("wrong_ms", [0, FIRST_MS + 4_000 * DAY_MS], ids=["1970", "2035"])
def test_a_clock_that_was_wrong_for_three_days_hides_none_of_the_others(
    tmp_path: Path, wrong_ms: int
) -> None:
    sample = Sample(0, 0, 0, 0, None, permitted=True, allocated_l=None, withdrawn_l=0)
    wrong = range(32, 35)  # days
    hours = [
        (wrong_ms + hour * HOUR_MS, False) if hour // 24 in wrong
        else (FIRST_MS + hour * HOUR_MS, True)
        for hour in range(DAYS * 24)
    ]  # fmt: skip
    journal = Journal.open(tmp_path / "journal.db")
    journal.append(Transaction([Stamped(at, trusted, sample) for at, trusted in hours]))
    journal.close()
    with closing(Reader(tmp_path / "journal.db")) as reader:
        found = [reader.first_sample(FIRST_MS + day * DAY_MS) for day in range(DAYS)]
        days = [one and (one.at_utc_ms - FIRST_MS) / DAY_MS for one in found]
    for day, began in enumerate(days):
        assert began is not None
        if day in wrong:  # nobody knows: what is told is of none of them
            assert began >= wrong.stop
        else:
            assert began == day


def test_a_clock_that_nobody_vouched_for_and_was_right_begins_the_day(tmp_path: Path) -> None:
    """A night without a network; and a station that never had one."""
    sample = Sample(0, 0, 0, 0, None, permitted=True, allocated_l=None, withdrawn_l=0)
    for name, offline in (("night", range(20, 30)), ("always", range(48))):
        path = tmp_path / name
        journal = Journal.open(path)
        hours = [(FIRST_MS + hour * HOUR_MS, hour not in offline) for hour in range(48)]
        journal.append(Transaction([Stamped(at, trusted, sample) for at, trusted in hours]))
        journal.close()
        with closing(Reader(path)) as reader:
            found = reader.first_sample(FIRST_MS + DAY_MS)
        assert found is not None
        assert found.at_utc_ms == FIRST_MS + DAY_MS
