"""Room rule: what a report says of how a well was run, and of the records that arrived."""

from dataclasses import replace

from agent.core.model import (
    Action,
    ConditionChanged,
    ConditionKind,
    InterruptionBegan,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    LayUp,
    Origin,
    Override,
    Resume,
    Session,
    StopCause,
    Use,
    Verdict,
)
from agent.journal import Parked

from .conftest import HOUR, MINUTE, Pen, Report, ms, sample


def changed(kind: ConditionKind, *, raised: bool) -> ConditionChanged:
    return ConditionChanged(kind, raised, Action.ALARM, latched=False)


def run(started: str, stopped: str, litres: int, watt_hours: int) -> Session:
    return Session(
        ms(started), ms(stopped), 0, 0, None, None, StopCause.OWNER,
        volume_l=litres, energy_wh=watt_hours,
    )  # fmt: skip


def test_running_hours_and_the_ratio(pen: Pen, report: Report) -> None:
    """A run over a month's end is split; one that was not metered throughout has no ratio."""
    pen.commission("2026-03-01")
    pen.write("2026-04-01T02:00", run("2026-03-31T22:00", "2026-04-01T02:00", 320_000, 100_000))
    unmetered = run("2026-04-02T00:00", "2026-04-03T00:00", 5_000, 2_000)
    pen.write("2026-04-02T00:30", sample(None, power=30_000))
    pen.write("2026-04-02T01:00", sample(None, power=0))
    pen.write("2026-04-03T00:00", replace(unmetered, metered=False), sample(None))
    told = report(pen.save(), "2026", interval_ms=30 * MINUTE)
    march, april = told.months[2:4]
    assert march.sums.running_ms == 2 * HOUR
    assert april.sums.running_ms == 2 * HOUR + 30 * MINUTE
    assert told.sums.litres_per_kwh == 3200


def test_static_and_dynamic_levels(pen: Pen, report: Report) -> None:
    """The pump off for eight hours, or running for half an hour; between them the well moves."""
    pen.commission("2026-03-01")
    for day, depth in ((1, 40_000), (2, 40_400)):
        begins = ms(f"2026-04-0{day}")
        for hour in range(11):
            pen.write(begins + hour * HOUR, sample(1_000_000, level=depth))
        for minute in range(0, 120, 15):
            at = begins + 11 * HOUR + minute * MINUTE
            pen.write(at, sample(1_000_000, power=30_000, level=48_000))
    told = report(pen.save(), "2026Q2")
    static, dynamic = told.static, told.dynamic
    assert (static.start_mm, static.end_mm, static.mean_mm) == (40_000, 40_400, 40_200)
    assert (dynamic.start_mm, dynamic.mean_mm) == (48_000, 48_000)
    assert static.quarter_change_mm is None


def test_levels_change_on_the_quarter_and_on_the_year(pen: Pen, report: Report) -> None:
    pen.commission("2025-03-01")
    for at, depth in (("2025-05-01", 38_000), ("2026-02-01", 39_000), ("2026-05-01", 40_500)):
        for hour in range(10):
            pen.write(ms(at) + hour * HOUR, sample(1_000_000, level=depth))
    static = report(pen.save(), "2026Q2").static
    assert (static.quarter_change_mm, static.year_change_mm) == (1_500, 2_500)


def test_completeness_and_arrival(pen: Pen, report: Report) -> None:
    """Ten hours of which two have no sample; platform a has passed all, b half, and refused one."""
    pen.commission("2026-03-01T00:00")
    first = len(pen.records) + 1
    for hour in (1, 2, 3, 6, 7, 8, 9, 10):
        good = 1_000_000 if hour != 9 else None
        pen.write(ms("2026-03-01") + hour * HOUR, sample(good))
    pen.write("2026-03-01T10:00", sample(1_000_000))  # twice at an instant is once
    last = len(pen.records)
    pen.cursors = {"a": last, "b": first + 3}
    pen.parked = [Parked("b", first, "refused")]
    told = report(pen.save(), "2026", platforms=("a", "b", "c"))
    assert (told.completeness.expected, told.completeness.recorded) == (10, 8)
    assert told.completeness.good == 7
    of = {one.platform: one for one in told.arrivals}
    assert (of["a"].records, of["a"].delivered, of["a"].intervals) == (last, last, 8)
    assert (of["b"].delivered, of["b"].parked, of["b"].intervals) == (first + 2, 1, 3)
    assert (of["c"].delivered, of["c"].intervals) == (0, 0)


def test_a_well_that_is_laid_up_owes_no_records(pen: Pen, report: Report) -> None:
    pen.commission("2026-10-01")
    for hour in range(25):
        pen.write(ms("2026-10-01") + hour * HOUR, sample(1_000_000))
    pen.write("2026-10-02", LayUp(1_000_000, 0, "封存", "li"))
    pen.write("2026-11-30", Resume(1_000_000, 0, 0, 0, "启用", "li"))
    for hour in range(25):
        pen.write(ms("2026-11-30") + hour * HOUR, sample(1_000_000))
    told = report(pen.save(), "2026")
    assert told.completeness.expected == 48
    assert told.completeness.recorded == 48


INTERRUPTED = InterruptionBegan(
    ms("2026-06-30T22:00"), InterruptionCause.SILENT, running=True,
    policy=InterruptionPolicy.CONVERT, total_l=1_000_000, total_wh=0,
)  # fmt: skip
RESUMED = InterruptionEnded(
    ms("2026-06-30T22:00"), ms("2026-07-01T02:00"), InterruptionCause.SILENT, running=True,
    policy=InterruptionPolicy.CONVERT, converted_l=9, counted_l=4, standing_l=5,
)  # fmt: skip


def interrupted(pen: Pen) -> None:
    """An order that has nothing to do with it is no answer; somebody who looked is one."""
    pen.commission("2026-03-01")
    pen.write("2026-06-30T22:01", INTERRUPTED)
    order = Verdict("1", Origin.CONSOLE, "zhao", "AllocateOrder", None, None)
    pen.write("2026-06-30T22:30", order)
    pen.write("2026-07-01T01:00", replace(order, actor="wang", order="AcknowledgeOrder"))


def test_an_interruption_that_goes_on(pen: Pen, report: Report) -> None:
    interrupted(pen)
    (one,) = report(pen.save(), "2026Q2").interruptions
    assert (one.to_utc_ms, one.answered_by) == (None, "wang")


def test_an_interruption_is_told_in_each_period_that_it_touches(pen: Pen, report: Report) -> None:
    interrupted(pen)
    pen.write("2026-07-01T02:00", RESUMED)
    pen.write("2026-08-02", sample(1_000_000))
    pen.save()
    for name in ("2026Q2", "2026Q3", "2026"):
        (one,) = report(pen.path, name).interruptions
        assert (one.to_utc_ms, one.standing_l) == (ms("2026-07-01T02:00"), 5)
        assert one.answered_utc_ms == ms("2026-07-01T01:00")
    assert report(pen.path, "2026-08").interruptions == ()


def test_water_under_an_override_and_over_the_bypass(pen: Pen, report: Report) -> None:
    """It counts as any other, and is told besides."""
    over, bypass = ConditionKind.OVERRIDE, ConditionKind.BYPASSED
    pen.commission("2026-03-01")
    pen.write("2026-04-01T08:00", sample(1_005_000))
    given = Override(Use.LIVESTOCK, 50_000, HOUR, "干旱", "li", 1_006_000)
    pen.write("2026-04-01T09:00", given, changed(over, raised=True), sample(1_006_000))
    pen.write("2026-04-01T09:30", sample(1_016_000))
    pen.write("2026-04-01T10:00", changed(over, raised=False), sample(1_020_000))
    pen.write("2026-04-02", sample(1_021_000))
    pen.write("2026-04-30T23:00", changed(bypass, raised=True), sample(1_021_000))
    pen.write("2026-05-01T01:00", changed(bypass, raised=False), sample(1_029_000))
    told = report(pen.save(), "2026")
    (override,) = told.overrides
    assert (override.volume_l, override.granted_l, override.use) == (14_000, 50_000, Use.LIVESTOCK)
    assert override.to_utc_ms == ms("2026-04-01T10:00")
    assert [one.volume_l for one in told.bypasses] == [8_000]
    assert (told.sums.override_l, told.sums.bypass_l) == (14_000, 8_000)
    assert told.sums.volumes.metered_l == 29_000
    may = report(pen.path, "2026-05")
    assert (may.sums.bypass_l, len(may.bypasses), may.overrides) == (8_000, 1, ())
