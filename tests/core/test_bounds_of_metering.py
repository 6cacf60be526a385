"""Room rule: the last value on either side of a bound: runs, interruptions, suspicion, margins.

As in test_bounds.py; what stands here is about water that is counted, or is not.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.accounting import enter, pass_time
from agent.core.facts import Evidence, converting
from agent.core.interlock import Standing, Watch, acknowledge, acknowledgeable
from agent.core.interruptions import watch_metering
from agent.core.ledger import Ledger
from agent.core.model import (
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    Balance,
    Condition,
    ConditionKind,
    Contacts,
    Convert,
    Entry,
    Fault,
    FitMeter,
    InterruptionBegan,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    Moment,
    Quantity,
    Rate,
    RateMethod,
    Reading,
    Record,
    Role,
    Session,
    StartCause,
    StopCause,
    Use,
)
from agent.core.override import Lifting
from agent.core.protection import Motor, watch_motor
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
from agent.core.ratings import learn
from agent.core.rebuild import rebuilt, reconciled
from agent.core.rules import RULES
from agent.core.spent import Spent, Used, of_epoch
from agent.core.state import Interruption, Learned, Seen, State
from agent.core.supply import Supply, watch_supply
from agent.core.totalizer import (
    Accepted,
    Bound,
    Held,
    Judgement,
    Segment,
    Suspect,
    Totalizer,
    judge,
)
from tests.core.story import (
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    addition,
    plan,
    reading,
    readings,
    utc_ms,
)

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


def test_a_cut_of_a_pump_that_stands_teaches_nothing() -> None:
    assert note_cut(Pump(), 500, (K.LAID_UP,)) == Pump()
    run = Run(moment(), 200, 20)
    cut = note_cut(Pump(running=True, run=run), 500, (K.LAID_UP,))
    assert cut.run == replace(run, cut=True, reasons=(K.LAID_UP,))
    assert cut.cut_total_l == 500


# --- interruptions -----------------------------------------------------------------------------


def interrupted(converted_l: int, counted_l: int) -> State:
    """What was converted, and what the totalizer counted meanwhile after all."""
    rated = Rate(1, 1_000, RateMethod.TEST, 1, None, None, "r", "li", None)
    now = Interruption(
        moment(-HOUR),
        InterruptionCause.SILENT,
        True,  # the pump ran
        InterruptionPolicy.CONVERT,
        0,
        0,
        moment(-MINUTE),
        converted_l,
    )
    return State(
        ledger=Ledger(
            segment=Segment("f1", 0, 1, 10**9, 100_000),
            year=2026,
            converted_l=converted_l,
            rate=rated,
        ),
        totalizer=Totalizer(counted_l, moment()),
        interruption=now,
        scanned_at=moment(-1000),
    )


@pytest.mark.parametrize(
    ("converted_l", "counted_l", "standing_l"),
    [
        (100_000, 75_000, 0),  # within a quarter: an estimate may be off by as much
        (100_000, 74_999, 25_001),
        (1_000, 0, 0),  # within what two honest looks at a total differ by
        (1_001, 0, 1_001),
        (100_000, 120_000, 0),
        (100_000, 0, 100_000),
    ],
)
def test_metered_water_takes_back_an_estimate_that_it_explains(
    converted_l: int, counted_l: int, standing_l: int
) -> None:
    state, bodies = watch_metering(
        SITE, interrupted(converted_l, counted_l), moment(), running=True, may_enter=True
    )
    entry, ended = bodies
    assert isinstance(ended, InterruptionEnded)
    assert isinstance(entry, Convert)
    assert (ended.converted_l, ended.counted_l) == (converted_l, counted_l)
    assert ended.standing_l == standing_l == state.ledger.converted_l
    assert (entry.volume_l, entry.energy_wh, entry.ends) == (standing_l - converted_l, 0, True)
    assert (entry.from_utc_ms, entry.to_utc_ms) == (AT - MINUTE, AT)
    assert state.interruption is None


def test_an_interruption_in_which_nothing_was_converted_makes_no_entry() -> None:
    state, bodies = watch_metering(
        SITE, interrupted(0, 500), moment(), running=True, may_enter=True
    )
    assert [type(one) for one in bodies] == [InterruptionEnded]
    assert state.ledger.converted_l == 0
    waits, said = watch_metering(
        SITE, interrupted(5_000, 0), moment(), running=True, may_enter=False
    )
    assert (said, waits.interruption is None) == ((), False)


def test_silence_interrupts_when_it_has_lasted_as_long_as_its_alarm() -> None:
    story = Story().commission(10**8).after(2)
    story.start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(60)
    assert story.of(InterruptionBegan) == []
    story.after(1)
    (began,) = story.of(InterruptionBegan)
    assert began.policy is InterruptionPolicy.CUT, "no coefficient is in force"


@pytest.mark.parametrize(
    ("step_l", "kind"), [(70_000, K.TOTAL_JUMPED), (-70_000, K.TOTAL_REVERSED)]
)
def test_a_total_that_stays_elsewhere_for_three_scans_interrupts(step_l: int, kind: K) -> None:
    story = Story().commission(10**8).after(2)
    story.total_ml += step_l * 1000
    story.after(2)
    assert story.conditions == {}
    story.after(1)
    assert story.conditions == {kind: Action.ALARM}
    assert [one.cause for one in story.of(InterruptionBegan)] == [
        InterruptionCause.JUMPED if step_l > 0 else InterruptionCause.REVERSED
    ]


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


def test_every_total_of_the_station_ages_with_its_time() -> None:
    known = Totalizer(500, moment(), 5)
    state = State(totalizer=known, reverse=known, energy=known, scanned_at=moment())
    for may_run, runnable_ms in ((True, 1005), (False, 5)):
        pump = Pump(could_run=False)
        after = pass_time(SITE, replace(state, pump=pump), moment(1000), may_run=may_run)
        assert after.totalizer == replace(known, runnable_ms=runnable_ms)
        assert after.reverse == after.energy == replace(known, runnable_ms=1005)
    dark = pass_time(SITE, state, moment(1000, "b2", trusted=False), may_run=False)
    assert dark.totalizer == dark.reverse == dark.energy == replace(known, runnable_ms=None)


@pytest.mark.parametrize(
    ("converted_l", "lasted_ms", "left"),
    [
        (49_999, HOUR, (1, 71 * HOUR)),
        (50_000, HOUR, None),  # a twentieth of what is allocated
        (0, 72 * HOUR - 1, (50_000, 1)),
        (0, 72 * HOUR, None),
    ],
)
def test_electricity_stands_in_until_the_last_litre_and_millisecond(
    converted_l: int, lasted_ms: int, left: tuple[int, int] | None
) -> None:
    state, now = interrupted(converted_l, 0), moment(lasted_ms - HOUR)
    found = Evidence(
        Seen(now, ()),
        (),
        View(None, None, None, None),
        Balance(2026, 10**6, 0),
        water_given=False,
        moment=now,
    )
    exempt = converting(SITE, state, found)
    assert (exempt and (exempt.volume_l, exempt.time_ms)) == left


@pytest.mark.parametrize(("found", "proposes"), [(3_300, False), (3_301, True), (2_700, False)])
def test_a_coefficient_that_is_a_tenth_off_is_left_in_peace(found: int, *, proposes: bool) -> None:
    rated = Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None)
    learned = Learned(found * 100, 100_000, 10 * HOUR)
    state, said = learn(State(ledger=Ledger(rate=rated), learned=learned), ())
    assert (bool(said), state.learned) == (proposes, Learned())
    waiting = State(learned=replace(learned, lasted_ms=10 * HOUR - 1))
    assert learn(waiting, ()) == (waiting, ())


def test_meters_that_have_not_settled_are_excused_for_that_time_and_their_own() -> None:
    story = Story().commission(10**9).after(2)
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(1)
    (exempt,) = story.outcomes[-1].decision.exceptions
    assert (exempt.kind, exempt.time_ms) == (K.FLOW_METER_SILENT, 32 * MINUTE)
    assert exempt.volume_l == 53_333  # at the declared flow


# --- suspicion ---------------------------------------------------------------------------------

METER = Segment("f1", 0, 1, 1_000_000_000, 100_000)


def suspected(total: int, passed_ms: int = 1000, **changes: Any) -> Totalizer:
    before = Totalizer(
        500_000, moment(), runnable_ms=0, suspect=Suspect(600_000, 600_000, 1, moment())
    )
    judged = judge(
        replace(before, **changes),
        METER,
        total,
        moment(passed_ms),
        slack_ms=1000,
        confirm_scans=9,
        bound=Bound(),
    )
    assert isinstance(judged, Held)
    after = judged.totalizer.suspect
    assert judged.fresh is (after is not None and after.count == 1 and not changes)
    return judged.totalizer


@pytest.mark.parametrize(
    ("step", "count"),
    [(0, 2), (102, 2), (103, 1), (-1, 1)],  # 100 m3/h and a fifth, for a second and two scans; 2 l
)
def test_a_total_agrees_with_a_suspicion_when_it_goes_on_from_it(step: int, count: int) -> None:
    after = suspected(600_000 + step)
    assert after.suspect is not None
    assert after.suspect.count == count
    assert after.suspect.latest == 600_000 + step
    assert after.suspect.first == (600_000 if count == 2 else 600_000 + step)


def test_a_jump_keeps_the_lowest_total_that_belongs_to_it() -> None:
    after = suspected(590_000, jumped=True)
    assert after.suspect == Suspect(590_000, 590_000, 2, moment(1000))
    above = suspected(610_000, jumped=True)
    assert above.suspect == Suspect(600_000, 610_000, 2, moment(1000))
    below = suspected(400_000, jumped=True)
    assert below.suspect == Suspect(600_000, 600_000, 1, moment())


# --- what is remembered ------------------------------------------------------------------------


def test_a_motor_that_rests_has_run_for_no_time() -> None:
    view = View(None, None, 0, 0)
    assert watch_motor(Motor(5_000), view, (), SITE, 1000).running_ms == 0
    draws = View(None, None, 0, 501)
    assert watch_motor(Motor(5_000), draws, (), SITE, 1000).running_ms == 6_000
    blind = View(None, None, 0, None)
    assert watch_motor(Motor(5_000), blind, (), SITE, 1000).running_ms == 5_000


@pytest.mark.parametrize(
    ("levels", "believed", "odd"),
    [
        ((45_000,), 45_000, None),
        ((45_001,), 40_000, 45_001),
        ((34_999,), 40_000, 34_999),
        ((45_001, 50_001), 40_000, 50_001),
        ((45_001, 45_001, 40_000), 40_000, None),
    ],
)
def test_a_level_is_believed_within_five_metres_of_the_last(
    levels: tuple[int, ...], believed: int, odd: int | None
) -> None:
    site = replace(SITE, limits=replace(SITE.limits, probe_depth_mm=100_000))
    motor = Motor(level_mm=40_000)
    for one in levels:
        shown = (reading(Quantity.LEVEL_MM, one),)
        motor = watch_motor(motor, View(None, None, 0, 0), shown, site, 1000)
    assert (motor.level_mm, motor.odd_mm, motor.odd_ms) == (
        believed,
        odd,
        len(levels) * 1000 - 1000 if odd else 0,
    )


def test_a_far_level_is_believed_when_it_has_stayed_for_a_minute() -> None:
    site = replace(SITE, limits=replace(SITE.limits, probe_depth_mm=100_000))
    shown = (reading(Quantity.LEVEL_MM, 60_000),)
    motor = Motor(level_mm=40_000, odd_mm=60_000, odd_ms=58_999)
    motor = watch_motor(motor, View(None, None, 0, 0), shown, site, 1000)
    assert (motor.level_mm, motor.odd_ms) == (40_000, 59_999)
    motor = watch_motor(motor, View(None, None, 0, 0), shown, site, 1)
    assert (motor.level_mm, motor.odd_mm, motor.odd_ms) == (60_000, None, 0)


def test_the_meters_settle_when_the_mains_are_back_and_the_pump_may_restart_later() -> None:
    view = View(None, None, 0, 0)

    def after(supply: Supply, step_ms: int, *, booted: bool = False) -> Supply:
        return watch_supply(
            supply, view, readings(1), Contacts(), SITE, step_ms=step_ms, booted=booted
        )

    fresh = after(Supply(), 1000, booted=True)
    assert (fresh.settling_ms, fresh.hold_ms) == (120_000, 180_000)
    assert not after(fresh, 119_999).judged
    assert after(fresh, 120_000) == Supply(hold_ms=60_000)
    assert after(fresh, 120_000).judged
    assert after(Supply(), 1000) == Supply()


@pytest.mark.parametrize(("most_mv", "failed"), [(43_999, True), (44_000, False)])
def test_mains_below_a_fifth_of_their_voltage_on_every_phase_have_failed(
    most_mv: int, *, failed: bool
) -> None:
    three = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
    shown = [reading(one, value) for one, value in zip(three, (9, most_mv, 9), strict=True)]

    def found(*volts: Reading, flow_l_per_h: int = 0) -> bool:
        view = View(None, None, flow_l_per_h, 0)
        contacts = Contacts()
        return watch_supply(
            Supply(), view, volts, contacts, SITE, step_ms=1000, booted=False
        ).failed

    assert found(*shown) is failed
    assert not found(*shown[:2]), "the third phase may be there"
    assert not found(*shown, flow_l_per_h=90_000), "water flows: no voltage is believed"


def test_of_everything_a_checkpoint_knows_of_the_present_nothing_is_lost() -> None:
    """The account was altered, so the entries are believed; the rest of it stands."""
    known = State(
        permitted=True,
        cut_at=moment(1),
        cut_by_lapse=True,
        lifting=Lifting(Use.FIRE, 5, 6, 7),
        scanned_at=moment(2),
        watermark=moment(3),
        seen_ids=("a",),
        spent=Spent((Used("a", "b", 5),), 4, 3, "e"),
        ended_utc_ms=9,
        standing=Standing(conditions=(Condition(K.DRY_WELL, moment(), Action.CUT, latched=True),)),
    )
    state = reconciled(known, ())
    for name in [
        "permitted",
        "cut_at",
        "cut_by_lapse",
        "lifting",
        "scanned_at",
        "watermark",
        "seen_ids",
        "spent",
        "ended_utc_ms",
        "standing",
    ]:
        assert getattr(state, name) == getattr(known, name), name


def test_estimates_that_entries_tell_add_up_to_what_waits() -> None:
    def told(number: int, body: Entry) -> Record:
        return Record(number, AT + number * MINUTE, True, body)  # it was trusted

    def estimate(litres: int) -> Convert:
        return Convert(litres, 30, 1, 3_000, AT, AT + MINUTE, None, None)

    state = rebuilt([told(1, estimate(90)), told(2, estimate(60))])
    assert state.interruption is not None
    assert state.interruption.converted_l == 150 == state.ledger.converted_l
    assert state.interruption.entered_at.utc_ms == AT + 2 * MINUTE
    assert state.interruption.began.utc_ms == AT + MINUTE
    assert (
        rebuilt([told(1, estimate(90)), told(2, replace(estimate(0), ends=True))]).interruption
        is None
    )


def test_a_total_that_an_estimate_carries_was_accepted_when_its_stretch_began() -> None:
    fit = FitMeter(Role.FLOW_METER, "f1", 500, None, 1, 10**9, 100_000, 0, "d", "li")
    told = Convert(90, 30, 1, 3_000, AT + 7_000, AT + 9_000, 700, None)
    records = [
        Record(1, AT, True, fit),  # it was trusted
        Record(2, AT + 9_000, True, told),
    ]
    totalizer = rebuilt(records).totalizer
    assert totalizer is not None
    assert (totalizer.last, totalizer.runnable_ms) == (700, 2_000)


def test_a_latch_stands_into_a_year_without_a_plan_and_falls_with_the_plan() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 23) + 59 * MINUTE).commission(50)
    one_wh = AllocateEnergyOrder(2026, AllocationKind.PLAN, 1, "e 1")
    assert story.order(one_wh) is None
    story.energy_mwh += 20_000
    story.after(2)
    exhausted = {K.ALLOCATION_EXHAUSTED: Action.CUT, K.ENERGY_EXHAUSTED: Action.CUT}
    assert {one: story.conditions.get(one) for one in exhausted} == exhausted
    story.after(90)
    assert story.state.ledger.year == 2027
    assert K.NOT_ALLOCATED in story.conditions
    assert {one: story.conditions.get(one) for one in exhausted} == exhausted
    assert story.order(plan(10**6, 2027)) is None
    assert not exhausted.keys() & story.conditions.keys()


def test_a_memory_of_used_commands_belongs_to_one_journal() -> None:
    spent = Spent((Used("a", "b", 5),), 4, 3, "")
    assert of_epoch(spent, "e") == replace(spent, epoch="e")
    assert of_epoch(replace(spent, epoch="e"), "e") == replace(spent, epoch="e")
    assert of_epoch(replace(spent, epoch="e"), "f") == Spent((), 4, None, "f")


# --- latches -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held_ms", "cut_ms", "left_ms"),
    [
        (40 * MINUTE, 30 * MINUTE, 25 * MINUTE),  # five minutes are granted
        (10 * MINUTE, 30 * MINUTE, 10 * MINUTE),
        (10 * MINUTE, 5 * MINUTE, 0),
        (10 * MINUTE, 4 * MINUTE, 0),
    ],
)
def test_an_acknowledged_signal_is_granted_its_trial_and_no_more(
    held_ms: int, cut_ms: int, left_ms: int
) -> None:
    watches = (
        Watch(K.FLOW_SIGNAL_LOST, moment(), 0, held_ms),
        Watch(K.FLOW_SIGNAL_LOST, moment(), 1, held_ms),
        Watch(K.DRY_WELL, moment(), 0, held_ms),
    )
    site = replace(SITE, flow_meter_cut_ms=cut_ms)
    after = acknowledge(RULES, Standing(watches=watches), K.FLOW_SIGNAL_LOST, site)
    assert [one.held_ms for one in after.watches] == [held_ms, left_ms, held_ms]


def test_what_a_person_may_acknowledge_is_a_latch_or_a_protection_that_stands() -> None:
    def stands(kind: K, *, latched: bool) -> Condition:
        return Condition(kind, moment(), Action.CUT, latched=latched)

    conditions = (
        stands(K.FLOW_SIGNAL_LOST, latched=False),
        stands(K.RUNNING_WHILE_CUT, latched=True),
        stands(K.PHASE_LOSS, latched=False),
        stands(K.DRY_WELL, latched=True),
        stands(K.NOT_ALLOCATED, latched=False),
    )
    assert acknowledgeable(RULES, Standing(conditions=conditions)) == (
        K.RUNNING_WHILE_CUT,
        K.PHASE_LOSS,
        K.DRY_WELL,
    )


def test_a_total_that_another_entry_carries_is_as_old_as_the_entry() -> None:
    fit = FitMeter(Role.FLOW_METER, "f1", 500, None, 1, 10**9, 100_000, 0, "d", "li")
    rated = Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", 700)
    entries: tuple[Entry, ...] = (fit, rated)
    told = [Record(n, AT + n, True, one) for n, one in enumerate(entries, 1)]
    totalizer = rebuilt(told).totalizer
    assert totalizer is not None
    assert (totalizer.last, totalizer.runnable_ms) == (700, 0)


def test_another_flow_meter_has_another_reverse_total() -> None:
    fit = FitMeter(Role.FLOW_METER, "f2", 7, 500, 1, 10**9, 100_000, None, "d", "li")
    before = State(ledger=Ledger(segment=METER), reverse=Totalizer(5, moment()), backflow_l=9)
    after = enter(before, fit, moment())
    assert (after.reverse, after.backflow_l, after.totalizer) == (None, 0, Totalizer(7, moment()))


def test_evidence_that_allows_enough_is_enough() -> None:
    def judged(total: int) -> Judgement:
        waited = Totalizer(500_000, moment(), HOUR)
        return judge(
            waited, METER, total, moment(), slack_ms=1000, confirm_scans=3, bound=Bound(900)
        )

    allowed = judged(500_902)
    assert isinstance(allowed, Accepted)
    assert (allowed.rolled_over, allowed.confirmed, allowed.bounded) == (False, False, True)
    assert isinstance(judged(500_903), Held)
