"""Room rule: mains that fail and return, and what of it is the meters' fault, as stories."""

from dataclasses import replace

import pytest

from agent.core.model import (
    Action,
    ConditionKind,
    Contacts,
    Fault,
)
from tests.core.story import (
    HOUR,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
)
from tests.core.wells import VOLTS, protected, protected_pumping

K = ConditionKind


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
    story = protected_pumping()
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
    story = protected_pumping()
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
    story = protected_pumping()
    story.total_ml += step_ml
    story.after(60)
    assert story.conditions == {kind: Action.ALARM}
    fail_mains(story)
    story.unhurried().after(4000)
    assert story.conditions[kind] is Action.ALARM


def test_a_mains_contact_is_not_believed_against_a_running_pump() -> None:
    story = protected_pumping()
    story.contacts = Contacts(mains_present=False)
    story.after(10)
    assert story.conditions == {}


def test_dead_phases_are_a_failed_mains() -> None:
    story = protected()
    story.beside |= dict.fromkeys(VOLTS, 4_000)
    story.after(2)
    assert story.conditions[K.MAINS_FAILED] is Action.ALARM


def maintained() -> Story:
    return protected(site=replace(SITE, maintained=True, restart_hold_ms=300_000))


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
    story = protected()
    fail_mains(story)
    story.after(60)
    assert story.permitted
    story.power_off(HOUR)
    story.after(200)
    assert K.RESTART_HOLD not in story.conditions
