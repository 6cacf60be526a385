"""Room rule: the last value on either side of a bound: the motor, the level, the mains.

As in test_bounds.py.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.model import Contacts, Fault, Quality, Quantity, Reading
from agent.core.protection import Motor, protect, watch_motor
from agent.core.pump import View
from agent.core.supply import Supply, watch_supply
from agent.core.terms import Facts
from tests.core.story import HOUR, SITE, reading, readings

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
    [
        (50_000, 50_000, False),
        (50_001, 50_000, True),
        (None, 50_000, None),
        (90_000, 0, False),
        (None, 0, False),
        (10, 1, True),
    ],
)
def test_a_current_is_high_above_its_limit_and_where_there_is_one(
    most: int | None, limit_ma: int, *, high: bool | None
) -> None:
    assert guarded(amperes=(9, most, 9), over_current_ma=limit_ma).current_high is high


@pytest.mark.parametrize(
    ("least", "percent", "low"),
    [
        (186_999, 85, True),
        (187_000, 85, False),
        (None, 85, None),
        (0, 0, False),
        (None, 0, False),
        (2_199, 1, True),
        (2_200, 1, False),
    ],
)
def test_a_voltage_is_low_below_its_share_of_the_nominal(
    least: int | None, percent: int, *, low: bool | None
) -> None:
    assert guarded((220_000, least, 220_000), under_voltage_percent=percent).voltage_low is low


def test_a_phase_that_is_not_believed_is_no_phase() -> None:
    shown = [reading(one, 220_000) for one in VOLTS]
    shown[1] = replace(shown[1], value=9, quality=Quality.SUSPECT, fault=Fault.IMPLAUSIBLE)
    view = View(None, None, 90_000, 30_000)
    assert protect(Facts(), Motor(HOUR), view, tuple(shown), SITE).phase_lost is None


def test_a_motor_that_starts_is_not_judged_at_all() -> None:
    starting = guarded((9, 220_000, 220_000), (9, 9, 90_000), 29_999, over_current_ma=1)
    assert starting == Facts(level_low=None, phase_lost=None, current_high=None, voltage_low=None)
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


@pytest.mark.parametrize(
    ("depth_mm", "level_mm", "odd_mm", "unseen"),
    [
        (0, None, None, False),  # there is no probe
        (1, None, None, True),
        (60_000, 40_000, None, False),
        (60_000, 0, None, True),
        (60_000, 60_000, None, True),
        (60_000, 40_000, 40_000, True),  # it is far from the last, and has not stayed
    ],
)
def test_a_probe_that_shows_no_level_is_unseen_also_while_the_motor_starts(
    depth_mm: int, level_mm: int | None, odd_mm: int | None, *, unseen: bool
) -> None:
    site = replace(SITE, limits=replace(SITE.limits, probe_depth_mm=depth_mm))
    shown = () if level_mm is None else (reading(Quantity.LEVEL_MM, level_mm),)
    for running_ms in (0, HOUR):
        motor = Motor(running_ms, odd_mm=odd_mm)
        found = protect(Facts(), motor, View(None, None, 90_000, 30_000), shown, site)
        assert found.level_unseen is unseen


def test_a_motor_that_rests_has_run_for_no_time() -> None:
    view = View(None, None, 0, 0)
    assert watch_motor(Motor(5_000), view, (), SITE, 1000).running_ms == 0
    draws = View(None, None, 0, 501)
    assert watch_motor(Motor(5_000), draws, (), SITE, 1000).running_ms == 6_000
    blind = View(None, None, 0, None)
    assert watch_motor(Motor(5_000), blind, (), SITE, 1000).running_ms == 5_000


# --- the level ---------------------------------------------------------------------------------


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


# --- the mains ---------------------------------------------------------------------------------


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
