"""The days and months of a console add up to the account, and are the report's."""

import re
from dataclasses import replace

import pytest

from agent import rows
from agent.core.model import Body, OpenYear, Sample
from tests.console.stations import Station, Visitor
from tests.core.story import DAY, HOUR, MINUTE, Story, utc_ms

_LINE = re.compile(r"^  ([0-9-]+) .* (-?[0-9,.]+) m³$", re.MULTILINE)


class Book(Station):
    """A station whose records are written by hand, up to the present of its story."""

    def __init__(self, now_utc_ms: int, withdrawn_m3: int) -> None:
        began = replace(Story(), begins_utc_ms=now_utc_ms)
        super().__init__(began.commission(62_500_000, before_l=withdrawn_m3 * 1000))
        self.records.clear()
        self.written = len(self.story.records)

    def write(self) -> None:
        """The story's own records are none of the book's."""

    def note(self, at_utc_ms: int, body: Body) -> None:
        place = (len(self.records) + 1, at_utc_ms, True)
        self.records.append((*place, rows.kind_of(type(body)), rows.to_row(body)))

    def sample(self, at_utc_ms: int, withdrawn_m3: int | None, total_m3: int | None = None) -> None:
        litres = [None if one is None else one * 1000 for one in (total_m3, withdrawn_m3)]
        self.note(at_utc_ms, Sample(litres[0], 0, 0, 0, None, True, None, litres[1]))

    def opens(self, at_utc_ms: int, year: int, total_m3: int) -> None:
        self.note(at_utc_ms, OpenYear(year, year - 1, total_m3 * 1000, 0))

    def shown(self, what: str = "", zone: str = "Asia/Shanghai") -> dict[str, float]:
        visitor = Visitor(self)
        settings = visitor.settings
        visitor.settings = replace(settings, station=replace(settings.station, zone=zone))
        said = visitor.signed_in(f"daily {what}".strip())
        return {day: float(told.replace(",", "")) for day, told in _LINE.findall(said)}


def test_the_last_day_of_a_year_has_its_water_and_so_has_the_first_of_the_next() -> None:
    book = Book(utc_ms(2027, 1, 3, 8), withdrawn_m3=60)
    book.sample(utc_ms(2026, 12, 31), 5_000, 9_000)
    book.sample(utc_ms(2026, 12, 31, 23, 59), 5_070, 9_070)
    book.opens(utc_ms(2027, 1, 1), 2027, 9_071)
    book.sample(utc_ms(2027, 1, 1), 1, 9_072)
    book.sample(utc_ms(2027, 1, 2), 40, 9_111)
    book.sample(utc_ms(2027, 1, 3), 55, 9_126)
    assert book.shown() == {"12-31": 71, "01-01": 40, "01-02": 15, "01-03": 5}
    assert book.shown("months") == {"2027-01": 60}


def test_a_year_that_opened_late_gives_its_month_what_it_counts() -> None:
    """The flow meter had no power until the tenth of March: till then the old account stood."""
    book = Book(utc_ms(2027, 4, 2, 8), withdrawn_m3=900)
    for month in (1, 2, 3):
        book.sample(utc_ms(2027, month, 1), 5_000)
    book.sample(utc_ms(2027, 3, 10), 5_000)
    book.opens(utc_ms(2027, 3, 10, 8), 2027, 9_000)
    book.sample(utc_ms(2027, 3, 10, 8), 2, 9_002)
    book.sample(utc_ms(2027, 3, 11), 40, 9_040)
    book.sample(utc_ms(2027, 4, 1), 700, 9_700)
    assert book.shown("months") == {"2027-03": 700, "2027-04": 200}
    assert book.shown()["03-10"] == 40


def test_an_old_copy_gives_no_month_what_the_file_before_it_tells() -> None:
    """The numbers began again in June, with what was entered since January."""
    book = Book(utc_ms(2026, 6, 20), withdrawn_m3=5_200)
    book.opens(utc_ms(2026, 1, 1), 2026, 0)
    book.sample(utc_ms(2026, 6, 5), 5_000, 9_000)
    assert book.shown("months") == {"2026-06": 200}


def test_no_day_is_given_the_water_of_those_after_it() -> None:
    """From the second to the fourth nothing was allocated, so that no sample tells the account."""
    book = Book(utc_ms(2026, 4, 6, 8), withdrawn_m3=1_500)
    book.sample(utc_ms(2026, 3, 31), 900)
    book.sample(utc_ms(2026, 4, 1), 1_000)
    for minute in range(3 * 1_440):
        book.sample(utc_ms(2026, 4, 2) + minute * MINUTE, None)
    book.sample(utc_ms(2026, 4, 5), 1_100)
    book.sample(utc_ms(2026, 4, 6), 1_300)
    assert book.shown() == {"03-31": 100, "04-01": 100, "04-05": 200, "04-06": 200}


def test_a_month_counts_from_where_its_account_is_known() -> None:
    book = Book(utc_ms(2026, 5, 6, 8), withdrawn_m3=1_500)
    book.sample(utc_ms(2026, 3, 1), 900)
    for day in range(1, 9):
        for minute in range(1_440):
            book.sample(utc_ms(2026, 4, day) + minute * MINUTE, None)
    book.sample(utc_ms(2026, 4, 9), 1_000)
    book.sample(utc_ms(2026, 5, 1), 1_400)
    assert book.shown("months") == {"2026-03": 100, "2026-04": 400, "2026-05": 100}


def test_a_day_that_gave_water_back_says_so() -> None:
    """A correction, or an estimate that metered water takes back, is on paper: it is no zero."""
    book = Book(utc_ms(2026, 6, 3, 8), withdrawn_m3=700)
    for day, withdrawn_m3 in enumerate((1_000, 400), 1):
        book.sample(utc_ms(2026, 6, day), withdrawn_m3)
    book.sample(utc_ms(2026, 6, 3), 500)
    assert book.shown() == {"06-01": -600, "06-02": 100, "06-03": 200}


@pytest.mark.parametrize(("zone", "june"), [("Asia/Shanghai", 300), ("Asia/Urumqi", 100)])
def test_a_month_begins_where_the_report_s_does(zone: str, june: float) -> None:
    book = Book(utc_ms(2026, 6, 20), withdrawn_m3=500)
    begins = utc_ms(2026, 6, 1)
    book.sample(begins - 30 * DAY, 100)
    book.sample(begins, 200)
    book.sample(begins + 2 * HOUR, 400)
    assert book.shown("months", zone)["2026-06"] == june
