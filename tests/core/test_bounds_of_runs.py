"""Room rule: the last value on either side of a bound: runs of the pump, and what a cut keeps back.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.ledger import Ledger
from agent.core.model import Action, ConditionKind, Moment, Session, StartCause, StopCause, Use
from agent.core.override import Lifting
from agent.core.pump import (
    Counts,
    Pump,
    Run,
    View,
    coast_down_l,
    note_cut,
    running_flow_l_per_h,
    split,
    watch_pump,
)
from agent.core.state import State
from tests.core.story import HOUR, SITE, Story, addition, utc_ms

K = ConditionKind
AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


# --- the margin --------------------------------------------------------------------------------


@pytest.mark.parametrize(("allocated_l", "cut"), [(86, True), (87, False)])
def test_what_a_cut_pump_still_takes_is_kept_back_and_no_litre_more(
    allocated_l: int, *, cut: bool
) -> None:
    """100 m3/h pass 31 l until the cut has worked, and 55 l in an assumed coast-down of 2 s."""
    story = Story().commission(allocated_l).after(2)
    assert story.permitted is not cut
    assert (K.ALLOCATION_EXHAUSTED in story.conditions) is cut


def test_a_warning_of_hours_falls_a_tenth_above_the_bound_that_raised_it() -> None:
    site = replace(SITE, limits=replace(SITE.limits, warn_pumping_ms=HOUR))
    story = Story(site=site).commission(100_001).after(1)
    assert K.HOURS_LOW not in story.conditions
    story = Story(site=site).commission(100_000).after(1)
    assert story.conditions == {K.HOURS_LOW: Action.WARN}
    assert story.order(addition(10_000)) is None
    assert story.conditions == {K.HOURS_LOW: Action.WARN}
    assert story.order(addition(1)) is None
    assert story.conditions == {}


def test_without_an_account_nothing_runs_low() -> None:
    site = replace(SITE, limits=replace(SITE.limits, warn_pumping_ms=HOUR, warn_remaining_l=5))
    story = Story(site=site).at(1)
    assert set(story.conditions) == {K.NOT_COMMISSIONED, K.NOT_ALLOCATED}


def test_running_on_without_a_journal_ends_with_its_last_millisecond() -> None:
    story = Story(site=replace(SITE, run_on_ms=10_001)).commission(10**8).after(2)
    story.start()
    story.after(5).journal_failing = True
    story.after(11)
    assert story.permitted
    story.after(1)
    assert story.reasons[0] is K.JOURNAL_FAILING


def test_an_override_whose_litres_are_all_but_spent_ends_with_a_cut() -> None:
    """What remains of it then is less than a running pump takes until it stands."""
    story = Story(site=SITE)
    state = State(lifting=Lifting(Use.FIRE, 87, HOUR, 0), ledger=Ledger(), scanned_at=moment(-1000))
    story.state, story.begins_utc_ms = state, AT
    story.look()
    assert story.state.lifting is not None
    story.state = replace(state, lifting=Lifting(Use.FIRE, 86, HOUR, 0))
    story.look()
    assert story.state.lifting is None


def test_a_journal_that_writes_again_is_given_its_whole_time_when_it_fails_next() -> None:
    story = Story().commission(10**6).after(2)
    story.journal_failing = True
    story.after(3)
    failed_at = story.state.journal_failed_at
    assert failed_at is not None
    assert story.moment.utc_ms - failed_at.utc_ms == 2000
    assert story.state.journal_failed_remaining_l == 10**6
    story.journal_failing = False
    story.after(1)
    after = story.state
    assert after.journal_failed_at is None
    assert after.journal_failed_remaining_l is None


# --- runs --------------------------------------------------------------------------------------


def seen(flow_l_per_h: int | None, power_w: int | None, total_l: int = 500) -> View:
    counts = Counts(total_l, total_l - 100, 40, 30)
    return View(counts, counts, flow_l_per_h, power_w)


def watched(pump: Pump, view: View, *, permitted: bool = True) -> Pump:
    after, _ = watch_pump(pump, view, SITE, moment(), permitted=permitted, unseen=False)
    return after


@pytest.mark.parametrize(
    ("learned", "flow_l_per_h", "follows"),
    [
        (160_000, 90_000, 150_000),  # a sixteenth at a time
        (80_000, 90_000, 90_000),  # at once
        (None, 0, 93_750),  # from the declared maximum
        (80_000, None, 80_000),
    ],
)
def test_a_learned_flow_falls_slowly_and_rises_at_once(
    learned: int | None, flow_l_per_h: int | None, follows: int
) -> None:
    pump = Pump(flow_l_per_h=learned)
    assert watched(pump, seen(flow_l_per_h, 30_000)).flow_l_per_h == follows
    assert watched(pump, seen(flow_l_per_h, 30_000), permitted=False).flow_l_per_h == learned
    assert watched(pump, seen(flow_l_per_h, 0)).flow_l_per_h == learned


def test_what_a_running_pump_is_expected_to_deliver_is_the_most_that_is_known() -> None:
    assert running_flow_l_per_h(Pump(), seen(90_000, 1), SITE) == 100_000
    assert running_flow_l_per_h(Pump(flow_l_per_h=80_000), seen(90_000, 1), SITE) == 90_000
    assert running_flow_l_per_h(Pump(flow_l_per_h=80_000), seen(None, 1), SITE) == 80_000
    assert running_flow_l_per_h(Pump(flow_l_per_h=0), seen(0, 1), SITE) == 1


def test_a_coast_down_is_assumed_until_it_was_seen() -> None:
    assert coast_down_l(Pump(), 90_000) == 50
    assert coast_down_l(Pump(coast_l=0), 90_000) == 0
    assert coast_down_l(Pump(coast_l=7), 90_000) == 7
    assert coast_down_l(Pump(), 3_600_000) == 2_000  # a litre in a millisecond, for two seconds


def test_thirty_seconds_of_the_declared_flow_are_the_longest_coast_down() -> None:
    site = replace(SITE, flow_max_l_per_h=3_600_000)
    pump = Pump(cut_total_l=-90_000, idle_scans=2)
    after, _ = watch_pump(pump, seen(0, 0), site, moment(), permitted=False, unseen=False)
    assert after.coast_l == 30_000


@pytest.mark.parametrize(
    ("flow_l_per_h", "power_w", "runs"),
    [(1_000, 500, False), (1_001, 500, True), (1_000, 501, True), (None, 501, True)],
)
def test_a_pump_runs_above_its_idling_power_or_above_a_hundredth_of_its_flow(
    flow_l_per_h: int | None, power_w: int, *, runs: bool
) -> None:
    assert watched(Pump(), seen(flow_l_per_h, power_w)).running is runs


def test_only_a_pump_that_is_permitted_to_run_on_ends_its_coast_down_untold() -> None:
    cut = Pump(running=True, cut_total_l=440)
    assert watched(cut, seen(90_000, 30_000), permitted=True).cut_total_l is None
    assert watched(cut, seen(90_000, 30_000), permitted=False).cut_total_l == 440
    rested = watched(replace(cut, idle_scans=2), seen(0, 0), permitted=True)
    assert rested.coast_l == 60


def test_what_flowed_while_nobody_looked_is_no_coast_down() -> None:
    cut = Pump(cut_total_l=440, coast_l=20, idle_scans=2)
    after, _ = watch_pump(cut, seen(0, 0), SITE, moment(), permitted=False, unseen=True)
    assert (after.coast_l, after.cut_total_l) == (20, None)


@pytest.mark.parametrize(
    ("cut_total_l", "coast_l", "learned_l"),
    [
        (440, None, 60),
        (440, 100, 75),  # a short one shrinks the margin by a quarter
        (440, 80, 60),
        (501, None, 0),  # it drained back
        (-999, None, 833),  # 30 s at the declared flow: more is no coasting
    ],
)
def test_a_coast_down_is_learned_when_water_has_come_to_rest(
    cut_total_l: int, coast_l: int | None, learned_l: int
) -> None:
    pump = Pump(cut_total_l=cut_total_l, coast_l=coast_l, idle_scans=2)
    after = watched(pump, seen(0, 0), permitted=False)
    assert (after.coast_l, after.cut_total_l) == (learned_l, None)
    sooner = watched(replace(pump, idle_scans=1), seen(0, 0), permitted=False)
    assert (sooner.coast_l, sooner.cut_total_l) == (coast_l, cut_total_l)
    flows = watched(pump, seen(1_001, 0), permitted=False)
    assert flows.coast_l == coast_l
    for blind in (replace(seen(0, 0), interrupted=True), seen(None, 0), seen(0, None)):
        assert watched(pump, blind, permitted=False).coast_l == coast_l


def test_a_run_has_ended_at_the_third_idle_scan_and_says_what_it_took() -> None:
    run = Run(moment(-HOUR), 200, 20, start_counted_l=100, start_used_wh=10)
    pump = Pump(running=True, run=run)
    for _ in range(2):
        pump, ended = watch_pump(pump, seen(0, 0), SITE, moment(), permitted=True, unseen=False)
        assert ended is None
    pump, ended = watch_pump(pump, seen(0, 0), SITE, moment(), permitted=True, unseen=False)
    assert pump.run is None
    assert ended == Session(
        AT - HOUR,
        AT,
        200,
        500,
        20,
        40,
        StopCause.OWNER,
        volume_l=300,
        energy_wh=20,
        litres_per_kwh=15_000,
        start_cause=StartCause.OWNER,
        metered=True,
    )


def test_a_pump_that_runs_again_before_its_run_was_settled_goes_on_with_that_run() -> None:
    run = Run(moment(-HOUR), 200, 20, start_counted_l=100, start_used_wh=10)
    over = replace(run, stopped=moment(-1), why=StopCause.CUT)
    assert watched(Pump(run=over), seen(90_000, 30_000)).run == replace(over, stopped=None)


@pytest.mark.parametrize(("early_ms", "split_in_two"), [(1, True), (0, False), (-1, False)])
def test_a_run_that_begins_with_the_year_is_the_new_years(
    early_ms: int, *, split_in_two: bool
) -> None:
    run = Run(moment(-early_ms), 200, 20, start_counted_l=100, start_used_wh=10)
    closed, opened = Counts(250, 150, 25, 15), Counts(250, 0, 25, 0)
    pump, ended = split(Pump(running=True, run=run), closed, opened, moment())
    assert bool(ended) is split_in_two
    assert pump.run is not None
    if split_in_two:
        assert (ended[0].volume_l, ended[0].energy_wh, ended[0].cause) == (50, 5, StopCause.YEAR)
        assert (pump.run.start_counted_l, pump.run.start_used_wh) == (0, 0)
        assert pump.run.start_cause is StartCause.YEAR
    else:
        assert (pump.run.start_counted_l, pump.run.start_used_wh) == (-50, -5)


@pytest.mark.parametrize(("late_ms", "cause"), [(-1, "cut"), (0, "cut"), (1, "year")])
def test_a_run_that_was_over_as_the_year_began_is_the_old_years(late_ms: int, cause: str) -> None:
    over = moment(late_ms, trusted=False)
    run = Run(moment(-HOUR), 200, 20, stopped=over, why=StopCause.CUT)
    pump, (ended,) = split(Pump(run=run), Counts(250, 150), Counts(250, 0), moment())
    assert ended.cause == cause
    assert (pump.run is None) is (cause == "cut")


@pytest.mark.parametrize(
    ("began", "split_in_two"),
    [
        (moment(HOUR, trusted=False), False),  # in this boot, before its time was known
        (replace(moment(HOUR, trusted=False), boot="b0"), True),  # nobody knows
        (replace(moment(HOUR), boot="b0"), False),
        (replace(moment(-1), boot="b0", monotonic_ms=10**12), True),
    ],
)
def test_when_a_run_began_is_told_by_its_boot_or_its_calendar(
    began: Moment, *, split_in_two: bool
) -> None:
    run = Run(began, 200, 20, start_counted_l=100)
    _, ended = split(Pump(running=True, run=run), Counts(250, 150), Counts(250, 0), moment())
    assert bool(ended) is split_in_two


def test_a_cut_of_a_pump_that_stands_teaches_nothing() -> None:
    assert note_cut(Pump(), 500, (K.LAID_UP,)) == Pump()
    run = Run(moment(), 200, 20)
    cut = note_cut(Pump(running=True, run=run), 500, (K.LAID_UP,))
    assert cut.run == replace(run, cut=True, reasons=(K.LAID_UP,))
    assert cut.cut_total_l == 500
