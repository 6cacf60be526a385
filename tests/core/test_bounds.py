"""Room rule: the last value on either side of a bound, as tables. One row proves one side of one.

Stories come near a bound in their own time; here it is met exactly.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core import calendar
from agent.core.attendance import Attendance, Trial, failed, on_trial, wait_ms
from agent.core.crosscheck import (
    Bucket,
    Checks,
    Sight,
    compare,
    flow_meter_lost,
    watch_checks,
    without_signal,
)
from agent.core.interlock import Present, Standing, Trip, acknowledge, assess, decide
from agent.core.ledger import Grant, expired
from agent.core.model import ConditionKind, Contacts, Fault, Moment, Quantity, Use, elapsed_ms
from agent.core.override import Lifting, spend
from agent.core.protection import Motor, protect
from agent.core.pump import View
from agent.core.rules import RULES
from agent.core.terms import Facts
from agent.core.totalizer import (
    Accepted,
    Bound,
    Held,
    Judgement,
    Segment,
    Stood,
    Totalizer,
    judge,
)
from tests.core.story import DAY, HOUR, MINUTE, SITE, reading, readings, utc_ms

K = ConditionKind
AT = utc_ms(2026, 6, 1)
BUCKET_MS = 10 * MINUTE


def moment(utc: int = AT, passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(utc, 5 * HOUR + passed_ms, boot, trusted)


# --- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "now", "latest_ms"),
    [
        (None, moment(trusted=False), None),
        (None, moment(), AT),
        (moment(), moment(AT - DAY, MINUTE), AT + MINUTE),  # a step back revives nothing
        (moment(), moment(AT + DAY, MINUTE), AT + DAY),
        (moment(), moment(AT + 9 * DAY, MINUTE, trusted=False), AT + MINUTE),
        (moment(), moment(AT - DAY, boot="b2"), AT - DAY),
        (moment(), moment(AT + DAY, boot="b2", trusted=False), AT),
    ],
)
def test_orders_expire_by_the_latest_calendar_that_can_be_vouched_for(
    mark: Moment | None, now: Moment, latest_ms: int | None
) -> None:
    assert calendar.latest_ms(mark, now) == latest_ms


def test_a_calendar_that_is_not_believed_is_reckoned_from_the_last_that_was() -> None:
    assert calendar.reckoned(moment(), moment(0, MINUTE, trusted=False)).utc_ms == AT + MINUTE
    assert calendar.reckoned(moment(), moment(0, boot="b2", trusted=False)).utc_ms == AT


def test_after_a_boot_the_whole_delay_is_waited_for_again() -> None:
    people = Attendance()
    for _ in range(5):
        people = failed(people, ("port:x",), moment())
    assert wait_ms(people, ("port:x",), moment()) == 30_000
    assert wait_ms(people, ("port:x",), moment(passed_ms=29_999)) == 1
    assert wait_ms(people, ("port:x",), moment(passed_ms=30_000)) == 0
    assert wait_ms(people, ("port:x",), Moment(AT, 0, "b2", trusted=False)) == 30_000


# --- what an override has left -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("passed_ms", "withdrawn_l", "left"),
    [
        (999, 0, (500, 1)),
        (1000, 0, None),
        (500, 499, (1, 500)),
        (500, 500, None),
        (500, -900, (500, 500)),  # a new year began: what passed in between is not known
    ],
)
def test_an_override_is_over_with_its_last_millisecond_or_litre(
    passed_ms: int, withdrawn_l: int, left: tuple[int, int] | None
) -> None:
    lifting = Lifting(Use.FIRE, volume_l=500, lasts_ms=1000, withdrawn_l=0)
    spent = spend(
        lifting, passed_ms=passed_ms, withdrawn_l=withdrawn_l, flow_l_per_h=0, seen_ms=passed_ms
    )
    assert (spent and (spent.left_l, spent.left_ms)) == left


def test_unmetered_water_of_an_override_is_reckoned_until_the_totalizer_tells() -> None:
    lifting = Lifting(Use.FIRE, volume_l=100_000, lasts_ms=DAY, withdrawn_l=7_000)
    for _ in range(60):
        blind = spend(lifting, passed_ms=1000, withdrawn_l=None, flow_l_per_h=90_000, seen_ms=1000)
        assert blind is not None
        lifting = blind
    assert (lifting.left_l, lifting.left_ms) == (100_000 - 1_500, DAY - MINUTE)
    told = spend(lifting, passed_ms=1000, withdrawn_l=8_400, flow_l_per_h=90_000, seen_ms=1000)
    assert told is not None
    assert told.left_l == 100_000 - 1_400


# --- water against electricity -----------------------------------------------------------------


def sight(flow_l_per_h: int = 90_000, power_w: int = 30_000, **changes: Any) -> Sight:
    seen = Sight(
        view=View(None, None, flow_l_per_h, power_w),
        total_l=500_000,
        energy_wh=70_000,
        readings=readings(500_000, flow_l_per_h, 70_000, power_w),
        contacts=Contacts(),
        site=SITE,
        step_ms=1000,
        running_ms=HOUR,
        permitted=True,
        judged=True,
        rated_l_per_kwh=3_000,
    )
    return replace(seen, **changes)


def ratio(*buckets: Bucket, moved_l: int, used_wh: int, **changes: Any) -> bool | None:
    """What the window says when its last bucket is full with this scan."""
    *full, last = buckets
    checks = Checks(
        total_l=500_000 - moved_l,
        energy_wh=70_000 - used_wh,
        full=tuple(full),
        filling=replace(last, lasted_ms=BUCKET_MS - 1000),
    )
    return watch_checks(checks, sight(**changes)).ratio_off


@pytest.mark.parametrize(
    ("water_l", "off"), [(6_749, True), (6_750, False), (11_250, False), (11_251, True)]
)
def test_a_ratio_is_out_of_band_beyond_a_quarter_and_not_at_it(water_l: int, *, off: bool) -> None:
    third = Bucket(3_000, 1_000, BUCKET_MS)
    moved = water_l - 3 * 3_000
    last = Bucket(3_000 + moved - 25, 990)
    assert ratio(third, third, last, moved_l=25, used_wh=10) is off


def test_a_window_of_two_thirds_or_of_too_little_electricity_tells_nothing() -> None:
    full = Bucket(9_000, 1_000, BUCKET_MS)
    assert ratio(full, Bucket(9_000, 1_000), moved_l=25, used_wh=10) is None
    little = Bucket(9_000, 160, BUCKET_MS)
    assert ratio(little, little, Bucket(9_000, 160), moved_l=25, used_wh=19) is None
    assert ratio(little, little, Bucket(9_000, 160), moved_l=25, used_wh=20) is True


def test_the_oldest_of_three_makes_room_and_without_a_rated_ratio_none_is_off() -> None:
    odd, usual = Bucket(90_000, 1_000, BUCKET_MS), Bucket(3_000, 1_000, BUCKET_MS)
    assert ratio(odd, usual, usual, Bucket(3_000, 990), moved_l=0, used_wh=10) is False
    assert ratio(odd, odd, Bucket(3_000, 990), moved_l=0, used_wh=10, rated_l_per_kwh=0) is False


def test_a_total_that_stepped_back_and_a_pump_that_starts_fill_no_bucket() -> None:
    before = Checks(total_l=500_001, energy_wh=70_000)
    assert watch_checks(before, sight()).filling == Bucket()
    still = Checks(total_l=500_000, energy_wh=70_000)
    assert watch_checks(still, sight(running_ms=29_999)).filling == Bucket()
    assert watch_checks(still, sight(running_ms=30_000)).filling == Bucket(0, 0, 1000)


@pytest.mark.parametrize(
    ("power_w", "learned_w", "dry"),
    [
        (9_000, 30_000, False),
        (9_001, 30_000, True),  # 30 percent of what it draws when it delivers
        (5_500, None, False),
        (5_501, None, True),  # a tenth of the largest, until it was seen to deliver
        (500, 100, False),
        (501, 100, True),  # and never less than idling
    ],
)
def test_what_a_pump_draws_that_lifts_nothing(
    power_w: int, learned_w: int | None, *, dry: bool
) -> None:
    found = compare(Facts(), Checks(pump_power_w=learned_w), sight(0, power_w))
    assert found.energy_without_water is dry


@pytest.mark.parametrize(
    ("flow_l_per_h", "still"), [(1_000, True), (1_001, False), (-1_001, False)]
)
def test_what_flows_below_a_hundredth_of_the_largest_flow_is_nothing(
    flow_l_per_h: int, *, still: bool
) -> None:
    assert compare(Facts(), Checks(), sight(flow_l_per_h)).energy_without_water is still


@pytest.mark.parametrize(
    ("flow_l_per_h", "power_w", "backward", "pumping"),
    [
        (-1_000, 30_000, False, False),
        (-1_001, 30_000, True, True),
        (-1_001, 0, True, False),  # a column that drains
    ],
)
def test_only_a_pump_that_draws_power_pumps_backward(
    flow_l_per_h: int, power_w: int, *, backward: bool, pumping: bool
) -> None:
    found = compare(Facts(), Checks(), sight(flow_l_per_h, power_w))
    assert (found.reverse_flow, found.pumping_backward) == (backward, pumping)


@pytest.mark.parametrize("bypass", [None, False, True])
def test_only_a_bypass_excuses_a_pump_that_runs_while_it_is_cut(*, bypass: bool | None) -> None:
    contacts = Contacts(bypass_closed=bypass)
    runs = compare(Facts(), Checks(), sight(permitted=False, contacts=contacts))
    assert runs.power_while_cut is runs.flow_while_cut is (bypass is not True)
    assert runs.bypassed is bypass
    permitted = compare(Facts(), Checks(), sight())
    assert permitted.power_while_cut is permitted.flow_while_cut is False
    closed = sight(0, 0, permitted=False, contacts=Contacts(contactor_closed=True))
    assert compare(Facts(), Checks(), closed).power_while_cut is True


@pytest.mark.parametrize("judged", [None, False, True])
def test_what_was_judged_now_and_then_is_told_as_it_was_judged(*, judged: bool | None) -> None:
    checks = Checks(ratio_off=judged, creeping=judged)
    told = compare(Facts(), checks, sight())
    assert (told.ratio_off, told.creeping) == (judged, judged)
    shared = sight(site=replace(SITE, shared_power_meter=True))
    assert compare(Facts(), checks, shared).ratio_off is False


def test_creep_is_counted_from_ten_minutes_of_rest_and_judged_by_the_hour() -> None:
    """An hour of a litre at a time, and what it says in the scan that completes it."""

    def crept(litres: int, crept_ms: int, resting_ms: int = HOUR) -> bool | None:
        checks = Checks(
            total_l=499_999, resting_ms=resting_ms, crept_l=litres - 1, crept_ms=crept_ms
        )
        return watch_checks(checks, sight(0, 0)).creeping

    assert crept(99, HOUR - 2_000) is None
    assert crept(99, HOUR - 1_000) is False
    assert crept(100, 0) is True
    assert crept(100, 0, resting_ms=10 * MINUTE - 1_000) is True
    assert crept(100, 0, resting_ms=10 * MINUTE - 1_001) is None


def test_a_pump_that_runs_ends_the_count_of_what_crept() -> None:
    crept = Checks(total_l=500_000, resting_ms=HOUR, crept_l=60, crept_ms=MINUTE)
    after = watch_checks(crept, sight())
    assert (after.resting_ms, after.crept_l, after.crept_ms) == (0, 0, 0)


def test_the_learned_power_follows_the_measured_one_by_a_sixty_fourth() -> None:
    learned = Checks(total_l=500_000, energy_wh=70_000, pump_power_w=30_000)
    assert watch_checks(learned, sight(power_w=36_400)).pump_power_w == 30_100
    assert watch_checks(learned, sight(power_w=23_600)).pump_power_w == 29_900
    for changes in ({"flow_l_per_h": 0}, {"permitted": False}, {"running_ms": 29_999}):
        assert watch_checks(learned, sight(power_w=36_400, **changes)).pump_power_w == 30_000


def test_what_is_judged_by_the_hour_cannot_be_told_in_the_scan_after_it() -> None:
    judged = Checks(total_l=500_000, energy_wh=70_000, ratio_off=True, creeping=True)
    for seen in (sight(), sight(0, 0)):
        after = watch_checks(judged, seen)
        assert (after.ratio_off, after.creeping) == (None, None)


def test_a_coarse_meter_creeps_by_two_of_its_steps_and_not_while_nobody_looks() -> None:
    crept = Checks(total_l=499_999, resting_ms=HOUR, crept_l=149)
    coarse = replace(SITE, flow_resolution_l=100)
    assert watch_checks(crept, sight(0, 0)).creeping is True
    assert watch_checks(crept, sight(0, 0, site=coarse)).creeping is None
    assert watch_checks(replace(crept, crept_l=199), sight(0, 0, site=coarse)).creeping is True
    unseen = watch_checks(crept, sight(0, 0, step_ms=0))
    assert (unseen.crept_l, unseen.resting_ms) == (149, HOUR)
    assert watch_checks(replace(crept, crept_l=5), sight(0, 0)).resting_ms == HOUR + 1000


@pytest.mark.parametrize(("proven_ms", "lost"), [(9_999, None), (10_000, False)])
def test_a_signal_is_proven_by_ten_seconds_of_water(proven_ms: int, *, lost: bool | None) -> None:
    assert compare(Facts(), Checks(proven_ms=proven_ms), sight()).flow_signal_lost is lost
    assert watch_checks(Checks(proven_ms=proven_ms), sight()).proven_ms == proven_ms + 1000
    assert watch_checks(Checks(proven_ms=proven_ms), sight(0)).proven_ms == 0


@pytest.mark.parametrize(
    ("total", "flow", "lost"),
    [
        (None, None, False),
        (Fault.NO_SIGNAL, Fault.EMPTY_PIPE, False),  # the column drained; while it runs, a signal
        (Fault.TIMEOUT, Fault.TIMEOUT, True),
        (Fault.TIMEOUT, None, True),
        (None, Fault.GARBLED, True),
        (Fault.GARBLED, Fault.NO_SIGNAL, True),  # the graver of the two
        (Fault.NO_SIGNAL, Fault.GARBLED, True),
    ],
)
def test_a_flow_meter_is_lost_by_the_graver_of_its_faults(
    total: Fault | None, flow: Fault | None, *, lost: bool
) -> None:
    shown = (
        reading(Quantity.FORWARD_TOTAL_L, 5, total),
        reading(Quantity.FLOW_L_PER_H, 5, flow),
    )
    assert flow_meter_lost(shown) is lost
    assert flow_meter_lost(shown[:1])


# --- totals ------------------------------------------------------------------------------------


def judged(last: int, total: int, resolution: int = 1, **changes: Any) -> Judgement:
    segment = Segment("f1", 0, resolution, 1_000_000_000, 100_000)
    before = replace(Totalizer(last, moment()), **changes)
    return judge(
        before,
        segment,
        total,
        moment(passed_ms=1000),
        slack_ms=1000,
        confirm_scans=3,
        bound=Bound(missing=True),
    )


@pytest.mark.parametrize(
    ("step", "resolution", "kind"),
    [
        (2, 1, Accepted),
        (3, 1, Held),
        (200, 100, Accepted),
        (201, 100, Held),
        (0, 1, Accepted),
        (-1, 1, Stood),
        (-1_000, 1, Stood),
        (-1_001, 1, Held),
        (-2_000, 1_000, Stood),
        (-2_001, 1_000, Held),
    ],
)
def test_two_steps_of_the_display_pass_and_a_cubic_metre_back_is_drain_back(
    step: int, resolution: int, kind: type[Judgement]
) -> None:
    assert isinstance(judged(500_000, 500_000 + step, resolution), kind)


def test_a_total_that_went_back_is_held_until_somebody_rules_and_is_no_news() -> None:
    held = judged(500_000, 500_001, reversed=True)
    assert isinstance(held, Held)
    assert not held.fresh


@pytest.mark.parametrize(
    ("utc", "ended", "trusted", "over"),
    [
        (99, 99, True, False),
        (100, 0, True, True),
        (99, 100, True, True),
        (99, 100, False, True),  # it had ended before, whatever the calendar says now
        (500, 99, False, False),
    ],
)
def test_a_provisional_allocation_is_over_with_its_instant(
    utc: int, ended: int, *, trusted: bool, over: bool
) -> None:
    grant = Grant(2026, provisional=5, provisional_until_utc_ms=100)
    assert expired(grant, moment(utc, trusted=trusted), ended) is over


@pytest.mark.parametrize(("step_ms", "passed_ms"), [(-5, 0), (0, 0), (1, 1), (DAY, DAY)])
def test_between_two_boots_a_calendar_that_is_believed_tells_the_time(
    step_ms: int, passed_ms: int
) -> None:
    assert elapsed_ms(moment(), moment(AT + step_ms, boot="b2")) == passed_ms
    assert elapsed_ms(moment(), moment(AT + step_ms, boot="b2", trusted=False)) is None


# --- the motor ---------------------------------------------------------------------------------

VOLTS = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
AMPERES = (Quantity.CURRENT_1_MA, Quantity.CURRENT_2_MA, Quantity.CURRENT_3_MA)


def guarded(
    volts: tuple[int | None, ...] = (),
    amperes: tuple[int | None, ...] = (),
    running_ms: int = HOUR,
    **limits: Any,
) -> Facts:
    shown = tuple(
        reading(one, value, Fault.GARBLED if value is None else None)
        for one, value in (
            *zip(VOLTS, volts, strict=bool(volts)),
            *zip(AMPERES, amperes, strict=bool(amperes)),
        )
    )
    site = replace(SITE, limits=replace(SITE.limits, **limits))
    return protect(Facts(), Motor(running_ms), View(None, None, 90_000, 30_000), shown, site)


@pytest.mark.parametrize(
    ("weakest", "lost"), [(65_999, True), (66_000, False), (220_000, False), (None, None)]
)
def test_a_phase_is_lost_below_three_tenths_of_the_strongest(
    weakest: int | None, *, lost: bool | None
) -> None:
    assert guarded((220_000, weakest, 220_000)).phase_lost is lost
    assert guarded(amperes=(220_000, weakest, 220_000)).phase_lost is lost
    assert guarded((), ()).phase_lost is False


@pytest.mark.parametrize(
    ("most", "limit_ma", "high"),
    [(50_000, 50_000, False), (50_001, 50_000, True), (None, 50_000, None), (None, 0, False)],
)
def test_a_current_is_high_above_its_limit_and_where_there_is_one(
    most: int | None, limit_ma: int, *, high: bool | None
) -> None:
    assert guarded(amperes=(9, most, 9), over_current_ma=limit_ma).current_high is high


@pytest.mark.parametrize(
    ("least", "percent", "low"),
    [(186_999, 85, True), (187_000, 85, False), (None, 85, None), (None, 0, False)],
)
def test_a_voltage_is_low_below_its_share_of_the_nominal(
    least: int | None, percent: int, *, low: bool | None
) -> None:
    assert guarded((220_000, least, 220_000), under_voltage_percent=percent).voltage_low is low


def test_a_motor_that_starts_is_not_judged_at_all() -> None:
    starting = guarded((9, 220_000, 220_000), (9, 9, 90_000), 29_999, over_current_ma=1)
    assert (starting.phase_lost, starting.current_high, starting.voltage_low) == (None, None, None)
    assert guarded((9, 220_000, 220_000), running_ms=30_000).phase_lost is True


@pytest.mark.parametrize(
    ("level_mm", "low"),
    [(0, None), (1, False), (40_000, False), (40_001, True), (59_999, True), (60_000, None)],
)
def test_a_well_is_dry_below_its_level_and_never_at_an_end_of_the_probe(
    level_mm: int, *, low: bool | None
) -> None:
    limits = replace(SITE.limits, dry_level_mm=40_000, probe_depth_mm=60_000)
    shown = (reading(Quantity.LEVEL_MM, level_mm),)
    view = View(None, None, 90_000, 30_000)
    assert protect(Facts(), Motor(HOUR), view, shown, replace(SITE, limits=limits)).level_low is low


# --- latches -----------------------------------------------------------------------------------


def test_facts_that_say_nothing_raise_nothing_and_bar_nothing() -> None:
    """They are named so that a false one is health."""
    after = assess(RULES, Standing(), Present(Facts(), moment(), 1000, SITE))
    assert after == Standing(seen_ms=1000)
    assert decide(RULES, after.conditions, 1, Facts()).permit
    assert not decide(RULES, after.conditions, 0, Facts()).permit


def test_an_acknowledgement_forgives_the_trips_of_its_own_condition_and_of_no_other() -> None:
    trips = (Trip(K.DRY_WELL, 1), Trip(K.PHASE_LOSS, 2), Trip(K.DRY_WELL, 3))
    after = acknowledge(RULES, Standing(trips=trips), K.DRY_WELL, SITE)
    assert after.trips == (Trip(K.PHASE_LOSS, 2),)


def test_a_trial_of_the_relay_is_over_with_its_last_millisecond() -> None:
    people = Attendance(trial=Trial(lasts_ms=5_000, began=moment()))
    assert on_trial(people, moment(passed_ms=4_999))
    assert not on_trial(people, moment(passed_ms=5_000))
    assert not on_trial(people, moment(boot="b2"))


# --- a signal ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "power_w", "believed"),
    [
        (None, 30_000, True),
        (Fault.NO_SIGNAL, 30_000, False),
        (Fault.NO_SIGNAL, None, False),  # nobody says that the pump stands
        (Fault.NO_SIGNAL, 0, True),  # the column drained back, and the total is right
        (Fault.TIMEOUT, 30_000, True),  # another matter: the total itself was read
    ],
)
def test_a_total_is_as_bad_as_a_flow_without_a_signal_unless_the_pump_stands(
    flow: Fault | None, power_w: int | None, *, believed: bool
) -> None:
    total = reading(Quantity.FORWARD_TOTAL_L, 5)
    view = View(None, None, None, power_w)
    shown = without_signal((total, reading(Quantity.FLOW_L_PER_H, 5, flow)), view, SITE)
    assert (shown[0] == total) is believed
    assert shown[0].fault is (None if believed else flow)
    assert without_signal((total,), view, SITE) == (total,)
