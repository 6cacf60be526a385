"""Room rule: what a report says of a journal: every litre once, in the year that counts it."""

import pytest

from agent.core.model import (
    Allocate,
    AllocationKind,
    Convert,
    Correct,
    OpenYear,
    RemoveMeter,
    Role,
    RolledOver,
)
from agent.report.made import NothingToReport
from agent.report.well import Volumes

from .conftest import DAY, Pen, Report, fit_flow, fit_power, metered, ms, plan, sample


def correct(year: int, litres: int) -> Correct:
    return Correct(year, litres, "冲洗", "更正〔2026〕1号", "li", None)


def convert(litres: int) -> Convert:
    return Convert(litres, 100, 1, 3000, 0, 0, None, None)


def whole_year(pen: Pen) -> None:
    """10 m³ in March, 20 in May of which 4 converted and 1 corrected, 5 in October."""
    pen.commission("2026-03-01", before=300_000)
    pen.write("2026-03-10", sample(1_010_000, 3_000, withdrawn=310_000))
    pen.write("2026-05-02", sample(1_025_000, 8_000, withdrawn=325_000))
    pen.write("2026-05-03", convert(4_000), correct(2026, 1_000))
    pen.write("2026-05-04", sample(1_025_000, 8_000, withdrawn=330_000))
    pen.write("2026-10-01T00:00", sample(1_030_000, 9_500, withdrawn=335_000))


def test_months_quarters_and_the_year_add_up(pen: Pen, report: Report) -> None:
    whole_year(pen)
    year = report(pen.save(), "2026")
    assert year.sums.volumes == Volumes(30_000, 4_000, 1_000, 300_000)
    assert year.remaining_l == 62_500_000 - 335_000
    assert metered(year)["2026-03"] == 10_000
    assert metered(year)["2026-10"] == 5_000
    assert [one.name for one in year.months] == [f"2026-{month:02}" for month in range(1, 11)]
    assert year.months[-1].to_date.withdrawn_l == 335_000
    second = report(pen.path, "2026Q2")
    assert second.sums.volumes == Volumes(15_000, 4_000, 1_000, 0)
    assert second.to_date.volumes.withdrawn_l == 330_000
    assert second.sums.energy_wh == 5_000
    assert report(pen.path, "2026-04").sums.volumes == Volumes()
    assert report(pen.path, "2026-05-02").to_date.volumes.withdrawn_l == 325_000
    assert report(pen.path, "2026-05-01").to_date.volumes.withdrawn_l == 310_000


def test_the_samples_of_a_station_agree_with_its_entries_or_it_is_said(
    pen: Pen, report: Report
) -> None:
    whole_year(pen)
    pen.write("2026-10-02", sample(1_030_000, withdrawn=334_999))  # a litre that was given back
    pen.write("2026-10-03", sample(1_030_000, withdrawn=337_001))  # more than drains back
    told = report(pen.save(), "2026")
    assert (told.compared, told.disagreements) == (6, 2)
    assert told.to_date.volumes.withdrawn_l == 335_000


def test_the_peak_before_the_column_drained_back_counts(pen: Pen, report: Report) -> None:
    """No sample shows the accepted total; the account that stands beside it does."""
    pen.commission("2026-03-01")
    pen.write("2026-03-02", sample(1_009_300, withdrawn=10_000))
    pen.write("2026-03-03", sample(None, withdrawn=10_400))
    told = report(pen.save(), "2026")
    assert (told.sums.volumes.metered_l, told.disagreements) == (10_400, 0)


def test_a_year_ends_where_the_ledger_closed_it(pen: Pen, report: Report) -> None:
    """Nobody looked from 20 December to 10 January: the year's own opening says what was when."""
    pen.commission("2026-12-01")
    pen.write("2026-12-20", sample(1_100_000, 40_000, withdrawn=100_000))
    pen.write("2027-01-10", plan(2027, 50_000_000), OpenYear(
        2027, 2026, 1_160_000, 0, apportioned=True, energy_total_wh=60_000
    ))  # fmt: skip
    pen.write("2027-01-10", sample(1_200_000, 75_000, withdrawn=40_000))
    pen.write("2027-02-01T00:00", sample(1_201_000, 75_500, withdrawn=41_000))
    before = report(pen.save(), "2026")
    assert metered(before)["2026-12"] == 160_000
    assert before.sums.energy_wh == 60_000
    after = report(pen.path, "2027")
    assert metered(after) == {"2027-01": 40_000, "2027-02": 1_000}
    assert after.sums.energy_wh == 15_500
    assert after.last_year is not None
    assert after.last_year.volumes.metered_l == 160_000
    assert after.allocated_l == 50_000_000


def test_a_year_that_opens_without_a_power_meter_begins_without_electricity(
    pen: Pen, report: Report
) -> None:
    """One that is fitted before the clock was believed counts for the year that then opens."""
    pen.commission("2026-12-01")
    pen.write("2026-12-20", sample(1_100_000, 40_000, withdrawn=100_000))
    pen.write("2026-12-21", RemoveMeter(Role.POWER_METER, "P-1", 40_000, "form 2", "li"))
    pen.write("2027-01-09", fit_power(700))
    pen.write("2027-01-10", sample(1_100_000, 900, withdrawn=100_000))
    pen.write("2027-01-11", OpenYear(2027, 2026, 1_100_000, 0, apportioned=True))
    pen.write("2027-01-12", sample(1_103_000, 1_700, withdrawn=3_000))
    assert report(pen.save(), "2026").sums.energy_wh == 40_000
    assert report(pen.path, "2027").sums.energy_wh == 1_000


def test_what_was_reckoned_over_new_year_is_told_of_both_years(pen: Pen, report: Report) -> None:
    pen.commission("2026-12-01")
    pen.write("2026-12-31", sample(1_100_000, withdrawn=100_000))
    pen.write("2027-01-02", convert(9_000))
    pen.write("2027-01-02", sample(None, withdrawn=109_000))
    pen.write("2027-01-03", OpenYear(
        2027, 2026, 1_100_000, 0, apportioned=True, energy_total_wh=0, converted_l=6_000
    ))  # fmt: skip
    pen.write("2027-01-03", sample(1_100_000, withdrawn=6_000))
    before = report(pen.save(), "2026")
    assert before.sums.volumes == Volumes(100_000, 3_000, 0, 0)
    after = report(pen.path, "2027")
    assert after.sums.volumes == Volumes(0, 6_000, 0, 0)
    assert (before.disagreements, after.disagreements) == (0, 0)


def test_what_is_entered_late_belongs_to_the_year_it_names(pen: Pen, report: Report) -> None:
    pen.commission("2026-12-01")
    pen.write("2026-12-20", sample(1_100_000, withdrawn=100_000))
    pen.write("2027-01-01T00:00", OpenYear(2027, 2026, 1_100_000, 0, energy_total_wh=0))
    pen.write("2027-01-20", correct(2026, 7_000), plan(2026, -500, AllocationKind.CORRECTION))
    told = report(pen.save(), "2026")
    assert told.sums.volumes == Volumes(100_000, 0, 7_000, 0)
    assert told.allocated_l == 62_499_500
    assert [one.volume_l for one in told.corrections] == [7_000]
    assert told.months[-1].to_date.withdrawn_l == 107_000
    assert report(pen.path, "2026-12").to_date.volumes.withdrawn_l == 107_000
    assert report(pen.path, "2026-12-30").to_date.volumes.withdrawn_l == 100_000
    assert report(pen.path, "2027-01").sums.volumes == Volumes()


def test_a_clock_that_is_not_believed_moves_nothing(pen: Pen, report: Report) -> None:
    pen.commission("2026-03-01")
    pen.write("2026-03-02", sample(1_001_000, withdrawn=1_000))
    pen.write("2036-02-07", sample(1_002_000, withdrawn=2_000), trusted=False)
    pen.write("1970-01-02", sample(1_003_000, withdrawn=3_000), trusted=False)
    pen.write("2026-04-02", sample(1_004_000, withdrawn=4_000))
    assert metered(report(pen.save(), "2026")) == {
        "2026-01": 0, "2026-02": 0, "2026-03": 3_000, "2026-04": 1_000,
    }  # fmt: skip


def test_exchanges_and_roll_over_lose_nothing(pen: Pen, report: Report) -> None:
    """And both readings of an exchange are told, with the papers."""
    pen.commission("2026-03-01")
    pen.write("2026-03-02", sample(1_010_000, withdrawn=10_000))
    pen.write("2026-03-03", fit_flow(999_999_000, closed=1_012_000))
    pen.write("2026-03-04", RolledOver(999_999_900, 600, 1_000_000_000))
    pen.write("2026-03-04", sample(600, withdrawn=13_600))
    pen.write("2026-04-05", RemoveMeter(Role.FLOW_METER, "F-2", 2_600, "检修单", "li"))
    told = report(pen.save(), "2026-04")
    assert told.to_date.volumes.metered_l == 15_600
    assert told.sums.volumes.metered_l == 2_000
    flow = [one for one in told.fittings if one.role is Role.FLOW_METER]
    assert [(one.removed_serial, one.removed_total) for one in flow] == [
        ("F-1", 1_012_000), ("F-2", 2_600),
    ]  # fmt: skip
    assert [(one.fitted_serial, one.fitted_total) for one in flow] == [
        ("F-2", 999_999_000), (None, None),
    ]  # fmt: skip


def provisional(litres: int, until: str) -> Allocate:
    return Allocate(2026, AllocationKind.PROVISIONAL, litres, "临 3", "li", None, ms(until))


def test_an_expired_provisional_allocation_is_no_allowance(pen: Pen, report: Report) -> None:
    """Of months in which it was valid it is one; of a year that ended without a plan it is not."""
    pen.write("2026-01-01", fit_flow(1_000_000, before=0), fit_power(0))
    pen.write("2026-01-01", provisional(10_000, "2026-04-01"), OpenYear(2026, None, 1_000_000, 0))
    pen.write("2026-03-01", sample(1_008_000, withdrawn=8_000))
    pen.write("2026-12-31T12:00", sample(1_009_000, withdrawn=9_000))
    pen.write("2027-01-01T00:00", OpenYear(2027, 2026, 1_009_000, 0, provisional_ended=True))
    pen.write("2027-01-01T00:01", sample(1_009_000, withdrawn=0))
    told = report(pen.save(), "2026")
    assert (told.allocated_l, told.remaining_l, told.over_plan_l) == (None, None, 9_000)
    assert [one.allocated_l for one in told.months] == [10_000] * 3 + [None] * 9
    march = report(pen.path, "2026-03")
    assert (march.allocated_l, march.over_plan_l) == (10_000, 0)


@pytest.mark.parametrize(
    ("until", "allocated_l", "over_plan_l"), [("2027-01-01", 10_000, 0), ("2026-12-31", None, 900)]
)
def test_a_provisional_allocation_to_the_year_s_end_is_valid_in_all_of_it(
    pen: Pen, report: Report, until: str, allocated_l: int | None, over_plan_l: int
) -> None:
    pen.write("2026-01-01", fit_flow(1_000_000, before=0), fit_power(0))
    pen.write("2026-01-01", provisional(10_000, until), OpenYear(2026, None, 1_000_000, 0))
    pen.write("2026-12-31T12:00", sample(1_000_900, withdrawn=900))
    pen.write("2027-01-01T00:01", sample(1_000_900, withdrawn=900))
    told = report(pen.save(), "2026")
    assert (told.allocated_l, told.over_plan_l) == (allocated_l, over_plan_l)


def test_what_a_closed_year_was_given_afterwards_counts(pen: Pen, report: Report) -> None:
    pen.write("2026-01-01", fit_flow(1_000_000, before=0), fit_power(0))
    pen.write("2026-01-01", provisional(10_000, "2026-04-01"), OpenYear(2026, None, 1_000_000, 0))
    pen.write("2026-12-31T12:00", sample(1_009_000, withdrawn=9_000))
    pen.write("2027-01-01T00:00", OpenYear(2027, 2026, 1_009_000, 0, provisional_ended=True))
    pen.write("2027-02-01", plan(2026, 8_000, AllocationKind.CORRECTION))
    told = report(pen.save(), "2026")
    assert (told.allocated_l, told.over_plan_l) == (8_000, 1_000)


def test_documents_rounds_and_transfers_of_the_year(pen: Pen, report: Report) -> None:
    pen.commission("2026-03-01", litres=1_000_000)
    pen.write("2026-06-01", plan(2026, 200_000, AllocationKind.ADDITION))
    pen.write("2026-07-01", plan(2026, 300_000, AllocationKind.TRANSFER_OUT))
    pen.write("2026-07-02", plan(2027, 5_000_000), sample(1_950_000, withdrawn=950_000))
    told = report(pen.save(), "2026")
    assert told.allocated_l == 900_000
    assert told.over_plan_l == 50_000
    assert [one.volume_l for one in told.documents] == [1_000_000, 200_000, 300_000]
    assert [one.volume_l for one in told.transfers] == [300_000]
    assert report(pen.path, "2026-06").allocated_l == 1_200_000
    assert [one.allocated_l for one in told.months[2:]] == [
        1_000_000, 1_000_000, 1_000_000, 1_200_000, 900_000,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("of", "says"), [("2025", "begin at 2026-03-01"), ("2026Q4", "end at 2026-03-02")]
)
def test_a_period_without_records_is_refused(pen: Pen, report: Report, of: str, says: str) -> None:
    pen.commission("2026-03-01")
    pen.write("2026-03-02", sample(1_000_000))
    with pytest.raises(NothingToReport, match=says):
        report(pen.save(), of)


def test_a_journal_without_a_believed_time_is_refused(pen: Pen, report: Report) -> None:
    pen.write("1970-01-01", sample(None), trusted=False)
    with pytest.raises(NothingToReport, match="no record of a trusted time"):
        report(pen.save(), "2026")


def test_a_month_in_which_nothing_was_written_is_a_report(pen: Pen, report: Report) -> None:
    pen.commission("2026-03-01")
    pen.write("2026-06-02", sample(1_000_000))
    told = report(pen.save(), "2026-04")
    assert told.completeness.recorded == 0
    assert told.completeness.expected == 30 * 24
    assert told.through_utc_ms == ms("2026-05-01")


def test_the_same_journal_gives_the_same_report(pen: Pen, report: Report) -> None:
    whole_year(pen)
    assert report(pen.save(), "2026") == report(pen.path, "2026")


def test_a_station_that_was_set_up_in_mid_year_has_no_last_year(pen: Pen, report: Report) -> None:
    whole_year(pen)
    told = report(pen.save(), "2026")
    assert told.last_year is None
    assert told.begins_utc_ms == ms("2026-03-01")
    assert told.through_utc_ms == ms("2026-10-01")
    assert told.through_utc_ms - told.begins_utc_ms == DAY * 214
