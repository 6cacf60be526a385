"""When a certificate's end is worth a word, day by day."""

import pytest

from agent.core.model import Moment
from agent.ports import Certificate
from agent.uplink.expiry import warning

DAY_MS = 86_400_000
ENDS = 1_800_000_000_000  # 15 January 2027
OVER = "the platform's certificate expired on 2027-01-15: no link is made until it is renewed"


def told(left_ms: int, *, trusted: bool = True, language: str = "en") -> str:
    said = warning([Certificate("broker", ENDS)], Moment(ENDS - left_ms, 0, "boot", trusted))
    return "" if said is None else said.said(language)


@pytest.mark.parametrize(
    ("left_ms", "words"),
    [
        (31 * DAY_MS, ""),
        (30 * DAY_MS, "the platform's certificate expires in 30 days, on 2027-01-15: renew it"),
        (8 * DAY_MS, "the platform's certificate expires in 8 days, on 2027-01-15: renew it"),
        (7 * DAY_MS, "the platform's certificate expires in 7 days, on 2027-01-15: renew it now"),
        (1, "the platform's certificate expires in 0 days, on 2027-01-15: renew it now"),
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
    assert "the station's" in str(warning(several, Moment(ENDS, 0, "boot", trusted=True)))


def test_without_certificates_there_is_nothing_to_say() -> None:
    assert warning([], Moment(ENDS, 0, "boot", trusted=True)) is None


def test_it_is_said_in_the_language_of_whoever_reads() -> None:
    assert told(8 * DAY_MS, language="zh") == "平台证书还有 8 天到期（2027-01-15），请安排更换"
    assert told(0, language="zh") == "平台证书已于 2027-01-15 到期，更换之前无法连接平台"
