"""When a certificate's end is worth a word, day by day."""

import pytest

from agent.core.model import Moment
from agent.ports import Certificate
from agent.uplink.expiry import warning

DAY_MS = 86_400_000
ENDS = 1_800_000_000_000  # 15 January 2027
OVER = "the broker's certificate expired on 2027-01-15: no link is made until it is renewed"


def told(left_ms: int, *, trusted: bool = True) -> str:
    return warning([Certificate("broker", ENDS)], Moment(ENDS - left_ms, 0, "boot", trusted))


@pytest.mark.parametrize(
    ("left_ms", "words"),
    [
        (31 * DAY_MS, ""),
        (30 * DAY_MS, "the broker's certificate expires in 30 days, on 2027-01-15: renew it"),
        (8 * DAY_MS, "the broker's certificate expires in 8 days, on 2027-01-15: renew it"),
        (7 * DAY_MS, "the broker's certificate expires in 7 days, on 2027-01-15: renew it now"),
        (1, "the broker's certificate expires in 0 days, on 2027-01-15: renew it now"),
        (0, OVER),
        (-DAY_MS, OVER),
    ],
)  # fmt: skip
def test_a_certificate_is_spoken_of_from_thirty_days_on(left_ms: int, words: str) -> None:
    assert told(left_ms) == words


def test_a_clock_that_is_not_believed_warns_of_nothing() -> None:
    assert told(0, trusted=False) == ""


def test_the_one_that_ends_first_is_named() -> None:
    several = [Certificate("authority", ENDS + DAY_MS), Certificate("station", ENDS)]
    assert "the station's" in warning(several, Moment(ENDS, 0, "boot", trusted=True))


def test_without_certificates_there_is_nothing_to_say() -> None:
    assert warning([], Moment(ENDS, 0, "boot", trusted=True)) == ""
