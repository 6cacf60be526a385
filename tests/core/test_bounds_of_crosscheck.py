"""Room rule: the last value on either side of a bound: water against electricity.

As in test_bounds.py.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.crosscheck import (
    Bucket,
    Checks,
    Sight,
    compare,
    flow_meter_lost,
    watch_checks,
    without_signal,
)
from agent.core.model import Contacts, Fault, Quantity
from agent.core.pump import View
from agent.core.terms import Facts
from tests.core.story import HOUR, MINUTE, SITE, reading, readings

BUCKET_MS = 10 * MINUTE


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
        (-1_001, None, True, None),
        (-1_000, None, False, False),
        (None, 30_000, None, None),
    ],
)
def test_only_a_pump_that_draws_power_pumps_backward(
    flow_l_per_h: int | None, power_w: int | None, *, backward: bool | None, pumping: bool | None
) -> None:
    found = compare(Facts(), Checks(), sight(view=View(None, None, flow_l_per_h, power_w)))
    assert (found.reverse_flow, found.pumping_backward) == (backward, pumping)


@pytest.mark.parametrize(
    ("flow_l_per_h", "power_w", "accused"),
    [
        (1_001, 500, True),
        (1_001, 501, False),
        (1_000, None, False),
        (None, 501, False),
        (1_001, None, None),
        (None, 500, None),
    ],
)
def test_one_meter_is_enough_to_say_that_no_water_passes_without_energy(
    flow_l_per_h: int | None, power_w: int | None, *, accused: bool | None
) -> None:
    found = compare(Facts(), Checks(), sight(view=View(None, None, flow_l_per_h, power_w)))
    assert found.water_without_energy is accused


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


def test_a_power_meter_that_others_share_accuses_no_pump_that_is_cut() -> None:
    shared = compare(
        Facts(), Checks(), sight(permitted=False, site=replace(SITE, shared_power_meter=True))
    )
    assert (shared.power_while_cut, shared.flow_while_cut) == (False, True)


@pytest.mark.parametrize(
    ("total", "power_w", "judged", "lost"),
    [
        (Fault.TIMEOUT, None, True, True),
        (Fault.TIMEOUT, 0, True, False),
        (None, None, True, False),
        (Fault.TIMEOUT, None, False, None),  # the mains are away
    ],
)
def test_both_meters_are_lost_when_neither_says_a_thing(
    total: Fault | None, power_w: int | None, *, judged: bool, lost: bool | None
) -> None:
    shown = (
        reading(Quantity.FORWARD_TOTAL_L, 5, total),
        reading(Quantity.FLOW_L_PER_H, 5, total),
    )
    seen = sight(view=View(None, None, None, power_w), readings=shown, judged=judged)
    assert compare(Facts(), Checks(), seen).both_meters_lost is lost


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
    resting = Checks(total_l=500_000)
    for scans in (1, 2):
        resting = watch_checks(resting, sight(0, 0))
        assert resting.resting_ms == scans * 1000


@pytest.mark.parametrize(("flow_l_per_h", "power_w"), [(90_000, 30_000), (90_000, 0), (0, 30_000)])
def test_a_pump_that_runs_or_water_that_flows_ends_the_count_of_what_crept(
    flow_l_per_h: int, power_w: int
) -> None:
    crept = Checks(total_l=500_000, resting_ms=HOUR, crept_l=60, crept_ms=MINUTE)
    after = watch_checks(crept, sight(flow_l_per_h, power_w))
    assert (after.resting_ms, after.crept_l, after.crept_ms) == (0, 0, 0)


def test_what_was_judged_of_creep_is_not_judged_again() -> None:
    much = Checks(total_l=499_999, resting_ms=HOUR, crept_l=500, crept_ms=MINUTE)
    after = watch_checks(much, sight(0, 0))
    assert (after.creeping, after.crept_l, after.crept_ms) == (True, 0, 0)
    assert after.resting_ms == HOUR + 1000


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
    assert watch_checks(Checks(proven_ms=proven_ms), sight(0)).proven_ms is None
    assert watch_checks(Checks(), sight()).proven_ms == 0


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
    shown = without_signal((total, reading(Quantity.FLOW_L_PER_H, 5, flow)), view, Contacts(), SITE)
    assert (shown[0] == total) is believed
    assert shown[0].fault is (None if believed else flow)
    assert without_signal((total,), view, Contacts(), SITE) == (total,)
