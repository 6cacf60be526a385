"""Room rule: the pump's own protection, the mains, and what only warns, as stories in time."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.model import (
    AcknowledgeOrder,
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    ConditionChanged,
    ConditionKind,
    Contacts,
    Fault,
    InterruptionPolicy,
    Latched,
    Quality,
    Quantity,
    RelayMoved,
    Site,
)
from tests.core.story import (
    DAY,
    HOUR,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    addition,
    rate,
    reading,
)

K = ConditionKind
VOLTS = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
AMPERES = (Quantity.CURRENT_1_MA, Quantity.CURRENT_2_MA, Quantity.CURRENT_3_MA)
LIMITS = replace(SITE.limits, over_current_ma=80_000, dry_level_mm=60_000, probe_depth_mm=100_000)


def house(*cuts: ConditionKind, site: Site = SITE) -> Story:
    """A commissioned well with three phases and a level probe."""
    story = Story(site=replace(site, limits=replace(LIMITS, cuts=cuts)))
    story.beside = (
        dict.fromkeys(VOLTS, 225_000) | dict.fromkeys(AMPERES, 50_000) | {Quantity.LEVEL_MM: 35_000}
    )
    return story.commission().after(2)


def pumping(*cuts: ConditionKind) -> Story:
    story = house(*cuts)
    story.start()
    return story.after(60)


def lose_phase(story: Story) -> None:
    story.beside[Quantity.CURRENT_2_MA] = 3_000


def overload(story: Story) -> None:
    story.beside[Quantity.CURRENT_1_MA] = 90_000


def sag(story: Story) -> None:
    story.beside[Quantity.VOLTAGE_3_MV] = 180_000


def fall_dry(story: Story) -> None:
    story.beside[Quantity.LEVEL_MM] = 39_000
    for level_mm in range(39_000, 63_000, 3_000):
        story.beside[Quantity.LEVEL_MM] = level_mm
        story.after(1)
    story.beside[Quantity.LEVEL_MM] = 61_000


def heal(story: Story) -> None:
    story.beside |= dict.fromkeys(VOLTS, 225_000) | dict.fromkeys(AMPERES, 50_000)
    story.beside[Quantity.LEVEL_MM] = 57_000


DANGERS = [
    (K.PHASE_LOSS, lose_phase),
    (K.OVER_CURRENT, overload),
    (K.UNDER_VOLTAGE, sag),
    (K.DRY_WELL, fall_dry),
]


@pytest.mark.parametrize(("kind", "happen"), DANGERS)
def test_a_danger_alarms_by_default_and_falls_after_five_healthy_minutes(
    kind: ConditionKind, happen: Callable[[Story], None]
) -> None:
    story = pumping()
    happen(story)
    story.after(12)
    assert story.conditions == {kind: Action.ALARM}
    story.after(600)
    assert story.permitted
    assert not story.state.standing.conditions[0].latched
    heal(story)
    story.after(300)
    assert story.conditions == {kind: Action.ALARM}
    story.after(2)
    assert story.conditions == {}


@pytest.mark.parametrize(("kind", "happen"), DANGERS)
def test_a_danger_cuts_where_enabled_and_the_third_time_in_a_day_it_is_latched(
    kind: ConditionKind, happen: Callable[[Story], None]
) -> None:
    story = pumping(kind)
    for _ in range(2):
        happen(story)
        story.after(45)
        assert story.reasons[0] is kind
        heal(story)
        story.after(320)
        assert story.permitted
        story.start()
        story.after(60)
    happen(story)
    story.after(45)
    heal(story)
    story.unhurried().after(HOUR / 1000)
    assert story.reasons == [kind]
    assert story.order(AcknowledgeOrder(Latched(kind), "motor checked")) is None
    assert story.permitted
    change = [one for one in story.of(ConditionChanged) if one.kind is kind][-1]
    assert not change.raised
    assert {one.name for one in change.evidence} >= set(story.beside)


@pytest.mark.parametrize(("kind", "happen"), DANGERS[:3])
def test_a_pump_that_starts_is_not_judged_for_half_a_minute(
    kind: ConditionKind, happen: Callable[[Story], None]
) -> None:
    story = house(kind)
    happen(story)
    if kind is K.UNDER_VOLTAGE:
        heal(story)
    story.start()
    happen(story)
    story.after(29)
    assert story.permitted
    story.after(13)
    assert story.reasons[0] is kind


def test_a_phase_that_is_gone_shows_in_the_voltage_while_the_pump_rests() -> None:
    story = house()
    story.beside[Quantity.VOLTAGE_1_MV] = 10_000
    story.after(12)
    assert story.conditions[K.PHASE_LOSS] is Action.ALARM


@pytest.mark.parametrize("quantity", [*VOLTS, *AMPERES, Quantity.LEVEL_MM])
def test_what_cannot_be_read_endangers_nothing(quantity: Quantity) -> None:
    story = pumping(K.PHASE_LOSS, K.OVER_CURRENT, K.UNDER_VOLTAGE, K.DRY_WELL)
    story.lay(Fault.TIMEOUT, quantity)
    story.after(120)
    assert story.conditions == {}


def test_a_meter_without_phases_and_a_well_without_a_probe_have_no_dangers() -> None:
    story = house(K.PHASE_LOSS, K.OVER_CURRENT, K.UNDER_VOLTAGE, K.DRY_WELL)
    story.beside = {}
    story.start()
    story.after(120)
    assert story.conditions == {}


def test_what_is_switched_off_endangers_nothing() -> None:
    story = pumping(K.OVER_CURRENT, K.UNDER_VOLTAGE, K.DRY_WELL)
    off = replace(story.site.limits, over_current_ma=0, under_voltage_percent=0, dry_level_mm=0)
    story.site = replace(story.site, limits=off)
    overload(story)
    sag(story)
    fall_dry(story)
    story.after(120)
    assert story.conditions == {}


@pytest.mark.parametrize("level_mm", [0, -500, 100_000, 100_001])
def test_a_level_at_the_end_of_its_probe_is_bad_and_never_dry(level_mm: int) -> None:
    story = pumping(K.DRY_WELL)
    story.beside[Quantity.LEVEL_MM] = level_mm
    story.after(600)
    assert story.conditions == {}


def test_an_impossible_step_of_the_level_is_not_believed_until_it_stays() -> None:
    story = pumping(K.DRY_WELL)
    story.beside[Quantity.LEVEL_MM] = 70_000
    story.after(40)
    story.beside[Quantity.LEVEL_MM] = 80_000
    story.after(55)
    assert story.permitted
    story.beside[Quantity.LEVEL_MM] = 35_000
    story.after(2)
    assert story.state.motor.level_mm == 35_000
    story.beside[Quantity.LEVEL_MM] = 70_000
    story.after(80)
    assert story.reasons[0] is K.DRY_WELL


FAILED_PROBES = [
    lambda story: story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM),
    lambda story: story.beside.update({Quantity.LEVEL_MM: 0}),
    lambda story: story.beside.update({Quantity.LEVEL_MM: 100_000}),
]


@pytest.mark.parametrize("fail", FAILED_PROBES, ids=["silent", "zero", "full scale"])
def test_a_probe_that_dies_in_a_dry_well_says_neither_dry_nor_healed(
    fail: Callable[[Story], None],
) -> None:
    """What it said last stands until a level says otherwise, or a person who has looked."""
    story = pumping(K.DRY_WELL)
    fall_dry(story)
    story.after(45)
    fail(story)
    story.unhurried().after(HOUR / 1000)
    assert story.reasons == [K.DRY_WELL]
    assert not story.state.standing.conditions[0].latched, "one cut is one, however long it lasts"
    assert story.order(AcknowledgeOrder(Latched.DRY_WELL, "sounded: 35 m; probe dead")) is None
    story.start()
    story.after(HOUR / 1000)
    assert story.permitted
    assert story.conditions == {}, "a dead probe raises nothing"


def test_a_probe_that_is_exchanged_heals_a_dry_well_by_itself() -> None:
    story = pumping(K.DRY_WELL)
    fall_dry(story)
    story.after(45)
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    story.unhurried().after(HOUR / 1000)
    story.heal()
    heal(story)
    story.after(290)
    assert story.reasons == [K.DRY_WELL]
    story.after(20)
    assert story.permitted


def test_where_a_dry_well_only_alarms_a_dead_probe_leaves_an_alarm_and_a_pump() -> None:
    story = pumping()
    fall_dry(story)
    story.after(12)
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    story.unhurried().after(HOUR / 1000)
    assert story.conditions == {K.DRY_WELL: Action.ALARM}
    assert story.permitted
    assert story.order(AcknowledgeOrder(Latched.DRY_WELL, "probe dead")) is None
    assert story.after(60).conditions == {}


@pytest.mark.parametrize(("kind", "happen"), DANGERS)
def test_a_protection_that_is_acknowledged_and_still_true_comes_again(
    kind: ConditionKind, happen: Callable[[Story], None]
) -> None:
    story = house(kind)
    if kind is K.PHASE_LOSS:
        story.beside[Quantity.VOLTAGE_1_MV] = 10_000
    happen(story)
    story.after(12)
    assert story.reasons[0] is kind
    assert story.order(AcknowledgeOrder(Latched(kind), "it looked right")) is None
    assert kind not in story.conditions
    story.after(12)
    assert kind in story.reasons


def test_the_first_cut_of_a_dry_run_need_not_wait_for_its_half_hour() -> None:
    story = pumping()
    story.dry = True
    story.after(310)
    assert story.reasons[0] is K.ENERGY_WITHOUT_WATER
    story.dry = False
    story.after(200)
    assert story.reasons == [K.ENERGY_WITHOUT_WATER]
    order = AcknowledgeOrder(Latched.ENERGY_WITHOUT_WATER, "the valve was shut")
    assert story.order(order) is None
    assert story.permitted


# --- the mains ---------------------------------------------------------------------------------


def fail_mains(story: Story) -> None:
    """The pump stops, both meters are gone; the controller runs on from its battery."""
    story.stop()
    story.coasting_ms = 0
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)


def return_mains(story: Story) -> None:
    story.contacts = Contacts(mains_present=True)
    story.heal()


def test_meters_that_lost_their_mains_are_not_silent() -> None:
    story = pumping()
    fail_mains(story)
    story.unhurried().after(3 * HOUR / 1000)
    assert story.conditions == {K.MAINS_FAILED: Action.ALARM}
    assert story.permitted
    story.contacts = Contacts(mains_present=True)
    story.after(110)
    assert story.conditions == {}
    story.after(90)
    assert K.FLOW_METER_SILENT in story.conditions


def test_what_stood_before_the_mains_failed_stands_after_it() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(100)
    fail_mains(story)
    story.unhurried().after(4000)
    assert story.conditions[K.FLOW_METER_SILENT] is Action.ALARM
    return_mains(story)
    story.after(5)
    assert story.conditions == {}


@pytest.mark.parametrize(
    ("step_ml", "kind"), [(70_000_000, K.TOTAL_JUMPED), (-7 * 10**7, K.TOTAL_REVERSED)]
)
def test_a_total_in_doubt_is_not_timed_while_the_mains_are_away(
    step_ml: int, kind: ConditionKind
) -> None:
    story = pumping()
    story.total_ml += step_ml
    story.after(60)
    assert story.conditions == {kind: Action.ALARM}
    fail_mains(story)
    story.unhurried().after(4000)
    assert story.conditions[kind] is Action.ALARM


def test_a_mains_contact_is_not_believed_against_a_running_pump() -> None:
    story = pumping()
    story.contacts = Contacts(mains_present=False)
    story.after(10)
    assert story.conditions == {}


def test_dead_phases_are_a_failed_mains() -> None:
    story = house()
    story.beside |= dict.fromkeys(VOLTS, 4_000)
    story.after(2)
    assert story.conditions[K.MAINS_FAILED] is Action.ALARM


def maintained() -> Story:
    return house(site=replace(SITE, maintained=True, restart_hold_ms=300_000))


def test_a_maintained_contact_waits_after_a_boot_and_not_after_a_restart_of_control() -> None:
    story = maintained()
    story.start()
    story.after(10)
    story.away(8_000)
    story.after(5)
    assert story.permitted
    story.power_off(HOUR)
    story.after(300)
    assert story.reasons == [K.RESTART_HOLD]
    story.after(2)
    assert story.permitted


def test_a_maintained_contact_is_open_when_the_mains_come_back() -> None:
    story = maintained()
    fail_mains(story)
    story.after(60)
    assert K.RESTART_HOLD in story.reasons
    return_mains(story)
    story.after(299)
    assert K.RESTART_HOLD in story.reasons
    story.after(2)
    assert story.permitted


def test_a_self_holding_starter_waits_for_its_owner_and_not_for_us() -> None:
    story = house()
    fail_mains(story)
    story.after(60)
    assert story.permitted
    story.power_off(HOUR)
    story.after(200)
    assert K.RESTART_HOLD not in story.conditions


# --- what only warns ---------------------------------------------------------------------------


def test_an_open_door_warns_and_never_cuts() -> None:
    story = pumping()
    story.contacts = Contacts(door_open=True)
    story.after(1)
    assert story.conditions == {K.DOOR_OPEN: Action.WARN}
    story.contacts = Contacts()
    story.after(1)
    assert story.conditions == {K.DOOR_OPEN: Action.WARN}, "a contact that is silent closes no door"
    story.contacts = Contacts(door_open=False)
    story.after(1)
    assert story.conditions == {}


def test_an_uplink_is_stale_after_six_hours() -> None:
    story = pumping()
    story.stop()
    story.unhurried().uplink_stale = True
    story.after(6 * 3600 - 20)
    assert story.conditions == {}
    story.after(40)
    assert story.conditions == {K.UPLINK_STALE: Action.WARN}
    assert story.permitted
    story.uplink_stale = False
    story.after(10)
    assert story.conditions == {}


def test_a_remaining_volume_of_the_sites_choice_warns() -> None:
    story = house()
    story.site = replace(story.site, limits=replace(story.site.limits, warn_remaining_l=990_000))
    story.after(1)
    assert story.conditions == {}
    story.start()
    while story.withdrawn_l < 10_000:
        story.after(1)
    assert story.conditions == {K.REMAINING_LOW: Action.WARN}
    assert story.order(addition(500_000)) is None
    assert story.conditions == {}


def test_three_pumping_days_left_warn_at_the_flow_that_was_learned() -> None:
    """72 h at 90 m3/h are 6480 m3; the flow wanders by a tenth without another word."""
    story = house()
    story.site = replace(story.site, limits=replace(story.site.limits, warn_pumping_ms=72 * HOUR))
    assert story.order(addition(6_210_000)) is None
    story.start()
    story.after(120)
    assert story.conditions == {}
    story.flow_l_per_h = 101_000
    story.after(5)
    assert story.conditions == {K.HOURS_LOW: Action.WARN}
    story.flow_l_per_h = 92_000
    story.after(120)
    assert story.conditions == {K.HOURS_LOW: Action.WARN}
    assert story.order(addition(1_000_000)) is None
    assert story.conditions == {}
    assert story.permitted


def test_a_domestic_well_warns_when_its_allocation_is_used_up() -> None:
    site = replace(SITE, limits=replace(SITE.limits, on_exhausted_cut=False))
    story = Story(site=site).commission(20_000).after(2)
    story.start()
    story.after(1200)
    assert story.permitted
    assert story.conditions[K.ALLOCATION_EXHAUSTED] is Action.ALARM
    assert story.outcomes[-1].decision.lease_ms == SITE.lease_ms
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.remaining_l < 0
    assert len(story.of(RelayMoved)) == 1


def test_a_suspect_phase_is_not_good() -> None:
    story = pumping()
    seen = story.seen()
    suspect = tuple(
        replace(one, quality=Quality.SUSPECT, fault=Fault.OUT_OF_RANGE)
        if one.quantity is Quantity.VOLTAGE_1_MV
        else one
        for one in seen.readings
    )
    assert reading(Quantity.VOLTAGE_1_MV, 1) not in suspect
    assert DAY > HOUR


# --- metering that electricity stands in for, and electricity that runs out ----------------------


def silent_with_a_rate(site: Site = SITE) -> Story:
    story = Story(site=site).commission(100_000_000).after(2)
    assert story.order(rate()) is None
    story.start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    return story.unhurried()


def test_a_silent_flow_meter_alarms_and_does_not_cut_while_electricity_stands_in_for_it() -> None:
    story = silent_with_a_rate().after(2 * HOUR / 1000)
    assert story.permitted
    assert story.conditions == {K.FLOW_METER_SILENT: Action.ALARM}
    (exempt,) = story.outcomes[-1].decision.exceptions
    assert exempt.kind is K.FLOW_METER_SILENT
    assert 69 * HOUR < exempt.time_ms < 70 * HOUR + HOUR
    assert 4_000_000 < exempt.volume_l < 5_000_000


@pytest.mark.parametrize(
    "site",
    [
        replace(SITE, convert_max_ms=HOUR),
        replace(SITE, convert_max_percent=0),
        replace(SITE, on_interruption=InterruptionPolicy.CUT),
    ],
    ids=["time", "water", "policy"],
)
def test_beyond_its_bounds_nothing_stands_in_for_a_silent_flow_meter(site: Site) -> None:
    story = silent_with_a_rate(site).after(HOUR / 1000 + 120)
    assert story.reasons[0] is K.FLOW_METER_SILENT


def test_an_energy_allocation_that_is_used_up_cuts_until_more_is_given() -> None:
    story = Story().commission(100_000_000).after(2)
    assert story.order(energy(AllocationKind.PLAN, 5_000)) is None
    story.start()
    while story.permitted:
        story.after(1)
    assert story.reasons == [K.ENERGY_EXHAUSTED]
    story.unhurried().after(600)
    assert story.reasons == [K.ENERGY_EXHAUSTED]
    assert story.order(addition(1_000)) is None
    assert story.reasons == [K.ENERGY_EXHAUSTED], "water is not electricity"
    assert story.order(energy(AllocationKind.ADDITION, 5_000)) is None
    assert story.permitted


def energy(kind: AllocationKind, energy_wh: int) -> AllocateEnergyOrder:
    return AllocateEnergyOrder(2026, kind, energy_wh, "plan no. 11")
