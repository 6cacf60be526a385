"""Room rule: a pump that runs although the relay is open, and the bypass, as stories in time."""

from agent.core.model import Action, ConditionKind, Contacts, Fault, Latched
from tests.core.crosschecked import acknowledge, exhausted, pumping
from tests.core.story import OF_FLOW_METER, OF_POWER_METER, addition

K = ConditionKind


def test_a_welded_contactor_shows_ten_seconds_after_the_cut_and_stays_until_acknowledged() -> None:
    story = exhausted(welded=True)
    story.after(10)
    assert K.RUNNING_WHILE_CUT not in story.conditions
    story.after(1)
    assert K.RUNNING_WHILE_CUT in story.reasons
    story.welded = False
    story.stop()
    assert story.order(addition(500_000)) is None
    story.after(600)
    assert story.reasons == [K.RUNNING_WHILE_CUT]
    assert story.order(acknowledge(Latched.RUNNING_WHILE_CUT)) is None
    assert story.permitted


def test_water_that_flows_a_minute_after_the_cut_shows_without_a_power_meter() -> None:
    story = exhausted(welded=True)
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(60)
    assert K.RUNNING_WHILE_CUT not in story.conditions
    story.after(1)
    assert K.RUNNING_WHILE_CUT in story.reasons


def test_a_feedback_contact_tells_of_welded_contacts_without_any_meter() -> None:
    story = exhausted()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.contacts = Contacts(contactor_closed=True)
    story.after(12)
    assert K.RUNNING_WHILE_CUT in story.reasons


def test_the_sealed_bypass_explains_a_pump_that_runs_while_it_is_cut() -> None:
    story = exhausted(welded=True)
    story.contacts = Contacts(bypass_closed=True)
    withdrawn_l = story.withdrawn_l
    story.after(600)
    assert story.conditions[K.BYPASSED] is Action.ALARM
    assert K.RUNNING_WHILE_CUT not in story.conditions
    assert story.withdrawn_l > withdrawn_l + 10_000, "the totalizer accounts for it"
    story.contacts = Contacts(bypass_closed=False)
    story.after(1)
    assert K.BYPASSED not in story.conditions


def test_a_bypass_never_cuts() -> None:
    story = pumping()
    story.contacts = Contacts(bypass_closed=True)
    story.unhurried().after(3600)
    assert story.permitted
