"""The phase that feeds the cabinet is gone, and the motor runs on with the others."""

import pytest

from agent.core.model import (
    ConditionKind,
    Contacts,
    Fault,
    LayUpOrder,
    Refused,
    Session,
    StopCause,
)
from tests.core.story import OF_FLOW_METER, OF_POWER_METER, Story
from tests.core.wells import pumping

K = ConditionKind


def without_cabinet(*, contactor: bool | None) -> Story:
    """Both meters are dead and the mains contact has dropped; the controller has its battery."""
    story = pumping()
    story.contacts = Contacts(mains_present=False, contactor_closed=contactor)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    return story


@pytest.mark.parametrize(("contactor", "cut"), [(True, True), (False, False), (None, False)])
def test_a_contactor_that_holds_says_more_of_the_mains_than_their_contact(
    contactor: bool | None, *, cut: bool
) -> None:
    story = without_cabinet(contactor=contactor).after(299)
    assert story.permitted
    story.after(2)
    assert (K.BOTH_METERS_SILENT in story.reasons) is cut
    assert (K.MAINS_FAILED in story.conditions) is not cut


@pytest.mark.parametrize(
    ("contactor", "refused"), [(True, Refused.PUMP_RUNNING), (False, None), (None, None)]
)
def test_a_well_whose_mains_went_while_it_pumped_can_be_laid_up(
    contactor: bool | None, refused: Refused | None
) -> None:
    """No meter was there to see the pump stop, and none may be until spring."""
    story = without_cabinet(contactor=contactor).after(120)
    assert story.order(LayUpOrder("notice no. 9")) is refused


def test_a_run_that_ended_with_the_mains_ended_then() -> None:
    story = pumping()
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.stop()
    went_ms = story.moment.utc_ms
    story.after(20)
    story.contacts = Contacts(mains_present=True)
    story.after(40)
    story.heal()
    story.after(5)
    (run,) = story.of(Session)
    assert run.cause is StopCause.OWNER
    assert went_ms < run.stopped_utc_ms <= went_ms + 5_000
