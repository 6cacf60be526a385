"""Room rule: the pump's own protection, as stories in time. One story, one claim."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.model import (
    AcknowledgeOrder,
    Action,
    ConditionChanged,
    ConditionKind,
    Contacts,
    Fault,
    Latched,
    Quantity,
)
from tests.core.story import (
    HOUR,
    SITE,
    Story,
)
from tests.core.wells import AMPERES, VOLTS, protected, protected_pumping

K = ConditionKind
PROBE_SILENT = {K.LEVEL_PROBE_SILENT: Action.WARN}


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
    story = protected_pumping()
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
    story = protected_pumping(kind)
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
    story = protected(kind)
    happen(story)
    if kind is K.UNDER_VOLTAGE:
        heal(story)
    story.start()
    happen(story)
    story.after(29)
    assert story.permitted
    story.after(13)
    assert story.reasons[0] is kind


def test_a_pump_that_started_while_control_was_restarted_is_not_judged_for_half_a_minute() -> None:
    story = protected(K.OVER_CURRENT, site=replace(SITE, lease_ms=60_000)).unhurried().after(30)
    story.away(39_000)
    story.start()
    story.beside |= dict.fromkeys(AMPERES, 200_000)
    story.away(1000)
    story.restarted = True
    story.look()
    story.after(20)
    assert story.permitted
    story.beside |= dict.fromkeys(AMPERES, 50_000)
    story.after(60)
    assert story.conditions == {}


def test_a_phase_that_is_gone_shows_in_the_voltage_while_the_pump_rests() -> None:
    story = protected()
    story.beside[Quantity.VOLTAGE_1_MV] = 10_000
    story.after(12)
    assert story.conditions[K.PHASE_LOSS] is Action.ALARM


@pytest.mark.parametrize("quantity", [*VOLTS, *AMPERES, Quantity.LEVEL_MM])
def test_what_cannot_be_read_endangers_nothing(quantity: Quantity) -> None:
    story = protected_pumping(K.PHASE_LOSS, K.OVER_CURRENT, K.UNDER_VOLTAGE, K.DRY_WELL)
    story.lay(Fault.TIMEOUT, quantity)
    story.after(120)
    assert story.conditions == {}


def test_a_meter_without_phases_and_a_well_without_a_probe_have_no_dangers() -> None:
    story = protected(K.PHASE_LOSS, K.OVER_CURRENT, K.UNDER_VOLTAGE, K.DRY_WELL)
    story.beside = {}
    story.start()
    story.after(120)
    assert story.conditions == {}


def test_what_is_switched_off_endangers_nothing() -> None:
    story = protected_pumping(K.OVER_CURRENT, K.UNDER_VOLTAGE, K.DRY_WELL)
    off = replace(story.site.limits, over_current_ma=0, under_voltage_percent=0, dry_level_mm=0)
    story.site = replace(story.site, limits=off)
    overload(story)
    sag(story)
    fall_dry(story)
    story.after(120)
    assert story.conditions == {}


@pytest.mark.parametrize("level_mm", [0, -500, 100_000, 100_001])
def test_a_level_at_the_end_of_its_probe_is_bad_and_never_dry(level_mm: int) -> None:
    story = protected_pumping(K.DRY_WELL)
    story.beside[Quantity.LEVEL_MM] = level_mm
    story.after(600)
    assert story.conditions == PROBE_SILENT


def test_an_impossible_step_of_the_level_is_not_believed_until_it_stays() -> None:
    story = protected_pumping(K.DRY_WELL)
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
    story = protected_pumping(K.DRY_WELL)
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
    assert story.conditions == PROBE_SILENT, "a dead probe warns, and cuts nothing"


def test_a_probe_that_jumps_about_shows_no_level() -> None:
    """Twice a minute another level, 20 m away: no water moves so."""
    story = protected_pumping()
    for level_mm in [75_000, 95_000] * 7:
        story.beside[Quantity.LEVEL_MM] = level_mm
        story.after(30)
    assert story.conditions == PROBE_SILENT


@pytest.mark.parametrize("fail", FAILED_PROBES, ids=["silent", "zero", "full scale"])
def test_a_probe_that_shows_no_level_is_a_warning_until_it_does(
    fail: Callable[[Story], None],
) -> None:
    story = protected_pumping()
    fail(story)
    story.after(400)
    assert story.conditions == PROBE_SILENT
    (raised,) = [one for one in story.of(ConditionChanged) if one.kind is K.LEVEL_PROBE_SILENT]
    assert raised.raised
    assert story.permitted
    story.heal()
    heal(story)
    assert story.after(400).conditions == {}


def test_a_probe_that_missed_some_answers_is_no_warning() -> None:
    story = protected_pumping()
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    story.after(290)
    story.heal()
    story.after(1)
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    assert story.after(290).conditions == {}


def test_a_probe_without_mains_is_not_held_against_anybody() -> None:
    story = protected()
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    story.after(900)
    assert K.LEVEL_PROBE_SILENT not in story.conditions


def test_a_probe_that_is_exchanged_heals_a_dry_well_by_itself() -> None:
    story = protected_pumping(K.DRY_WELL)
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
    story = protected_pumping()
    fall_dry(story)
    story.after(12)
    story.lay(Fault.TIMEOUT, Quantity.LEVEL_MM)
    story.unhurried().after(HOUR / 1000)
    assert story.conditions == {K.DRY_WELL: Action.ALARM, **PROBE_SILENT}
    assert story.permitted
    assert story.order(AcknowledgeOrder(Latched.DRY_WELL, "probe dead")) is None
    assert story.after(60).conditions == PROBE_SILENT


@pytest.mark.parametrize(("kind", "happen"), DANGERS)
def test_a_protection_that_is_acknowledged_and_still_true_comes_again(
    kind: ConditionKind, happen: Callable[[Story], None]
) -> None:
    story = protected(kind)
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
    story = protected_pumping()
    story.dry = True
    story.after(310)
    assert story.reasons[0] is K.ENERGY_WITHOUT_WATER
    story.dry = False
    story.after(200)
    assert story.reasons == [K.ENERGY_WITHOUT_WATER]
    order = AcknowledgeOrder(Latched.ENERGY_WITHOUT_WATER, "the valve was shut")
    assert story.order(order) is None
    assert story.permitted
