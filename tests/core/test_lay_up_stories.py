"""Room rule: a well that is laid up for the winter, until it is in use again, as stories."""

import pytest

from agent.core.model import (
    Action,
    ConditionKind,
    Fault,
    LayUp,
    LayUpOrder,
    RemoveMeterOrder,
    Resume,
    ResumeOrder,
)
from tests.core.situations import R, laid_up, new
from tests.core.story import DAY, OF_FLOW_METER, OF_POWER_METER


def test_a_laid_up_well_says_what_moved_meanwhile() -> None:
    story = laid_up()
    story.power_off(90 * DAY)
    story.total_ml += 40_000_000
    story.energy_mwh += 2_000_000
    story.after(3)
    assert story.order(ResumeOrder("spring")) is None
    (down,), (up,) = story.of(LayUp), story.of(Resume)
    assert (down.total_l, down.total_wh) == (500_000, 70_000)
    assert (up.moved_l, up.moved_wh) == (40_000, 2_000)


def test_a_laid_up_well_is_cut_and_its_silent_meters_alarm_nobody() -> None:
    story = laid_up()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(40 * 60)
    assert story.conditions == {ConditionKind.LAID_UP: Action.CUT}
    story.heal()
    assert story.order(ResumeOrder("spring")) is None
    assert ConditionKind.LAID_UP not in story.conditions


@pytest.mark.parametrize(("moved_l", "alarms"), [(1_000, False), (1_001, True)])
def test_a_total_that_moved_while_the_well_was_laid_up_alarms(
    moved_l: int, *, alarms: bool
) -> None:
    story = laid_up()
    story.power_off(90 * DAY)
    story.total_ml += moved_l * 1000
    story.after(3)
    assert (ConditionKind.MOVED_WHILE_LAID_UP in story.conditions) is alarms
    assert story.order(ResumeOrder("spring")) is None
    assert ConditionKind.MOVED_WHILE_LAID_UP not in story.conditions


def test_a_laid_up_well_without_a_power_meter_says_what_it_can() -> None:
    story = new()
    assert story.fit(before_l=0) is None
    assert story.order(LayUpOrder("winter")) is None
    assert story.order(RemoveMeterOrder(R.FLOW_METER, "serial-flow_meter", "form")) is None
    assert story.order(ResumeOrder("spring")) == "meter_not_read"
    assert story.fit(serial="f2") is None
    assert story.order(ResumeOrder("spring")) is None
    assert story.of(Resume)[0].moved_wh is None


def test_a_meter_that_is_exchanged_while_the_well_is_laid_up_moved_nothing() -> None:
    story = laid_up()
    story.total_ml += 5_000
    story.energy_mwh += 40_000
    story.after(5)
    story.total_ml = 7_000_000_000
    assert story.fit(serial="f2") is None
    serial = story.state.ledger.power_serial or ""
    assert story.order(RemoveMeterOrder(R.POWER_METER, serial, "form")) is None
    story.energy_mwh = 900_000
    assert story.fit(R.POWER_METER, serial="p2") is None
    story.total_ml += 3_000
    story.after(5)
    assert ConditionKind.MOVED_WHILE_LAID_UP not in story.conditions
    assert story.order(ResumeOrder("spring")) is None
    (up,) = story.of(Resume)
    assert (up.moved_l, up.moved_wh) == (8, 40)
