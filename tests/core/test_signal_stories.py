"""A signal lost over many runs while the water is converted: bounded, and never at a stop."""

from dataclasses import replace

import pytest

from agent.core.model import (
    Action,
    ConditionKind,
    Fault,
    Quantity,
)
from tests.core.story import HOUR, MINUTE, OF_FLOW_METER, SITE, Story, rate
from tests.core.wells import pumping

K = ConditionKind
LOST = {K.FLOW_SIGNAL_LOST: Action.ALARM}


def converting(convert_max_ms: int = SITE.convert_max_ms) -> Story:
    """A rated well whose pump runs, scanned every ten seconds."""
    story = pumping(allocated_l=10_000_000)
    assert story.order(rate()) is None
    story.site = replace(story.site, convert_max_ms=convert_max_ms)
    story.coast_ms = 0
    return story.unhurried().after(60)


def blind(convert_max_ms: int = SITE.convert_max_ms) -> Story:
    """For 45 minutes, in which half an hour would have cut a well without a coefficient."""
    story = converting(convert_max_ms)
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    story.after(45 * 60)
    assert story.conditions == LOST
    return story


def test_an_owner_who_stops_his_pump_is_not_locked_out() -> None:
    story = blind()
    story.stop()
    story.after(HOUR / 1000)
    assert story.conditions == LOST
    assert story.permitted
    assert story.outcomes[-1].decision.exceptions == (), "its total is read while it stands"
    story.start()
    story.after(HOUR / 1000)
    assert story.conditions == LOST
    assert story.running


def test_no_more_is_lifted_over_many_runs_than_is_converted_of_a_plan() -> None:
    """5 % of 1,000 m3, with a pump that lifts 90 m3 in an hour; half an hour would be 45."""
    story = pumping(allocated_l=1_000_000)
    assert story.order(rate()) is None
    story.coast_ms = 0
    story.unhurried().after(60)
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    before_l = story.total_l
    for _ in range(6):
        story.start()
        story.after(600).stop()
        story.after(300)
    assert story.reasons == [K.FLOW_SIGNAL_LOST]
    assert 49_000 <= story.total_l - before_l <= 51_000


def test_what_stands_in_for_a_lost_signal_is_named_and_bounded_at_every_scan() -> None:
    story = blind(convert_max_ms=HOUR)
    story.stop()
    story.after(600).start()
    for _ in range(2 * 60):
        story.after(10)
        for one in story.outcomes[-1].decision.exceptions:
            assert min(one.volume_l, one.time_ms) > 0
    assert K.FLOW_SIGNAL_LOST in story.reasons


def test_a_well_without_a_coefficient_is_cut_after_its_half_hour_though_it_stops() -> None:
    story = pumping(allocated_l=10_000_000).unhurried()
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    story.after(29 * 60).stop()
    story.after(600)
    assert story.conditions == LOST
    story.start()
    story.after(90)
    assert story.reasons[0] is K.FLOW_SIGNAL_LOST


def test_what_is_converted_over_many_runs_is_bounded_as_one() -> None:
    story = blind(convert_max_ms=HOUR)
    story.stop()
    story.after(600).start()
    story.after(14 * 60)
    assert story.reasons == []
    story.after(120)
    assert story.reasons == [K.FLOW_SIGNAL_LOST, K.SHORT_CYCLE]
    story.after(HOUR / 1000)
    assert story.reasons == [K.FLOW_SIGNAL_LOST], "it stays latched while nothing can be told"


@pytest.mark.parametrize(("seen_ms", "cut"), [(59 * MINUTE, False), (61 * MINUTE, True)])
def test_across_a_boot_that_no_clock_bridges_only_what_scans_saw_is_converted(
    seen_ms: int, *, cut: bool
) -> None:
    """Many a controller knows the time some minutes after its boot, and some never do."""
    story = converting(convert_max_ms=HOUR)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    story.power_off(HOUR, trusted=False)
    story.after(310)  # the rest of a pump that was cut, and of meters that had no supply
    assert story.permitted
    story.start()
    story.after(seen_ms / 1000 - 40 * 60 - 190)
    assert (K.FLOW_METER_SILENT in story.reasons) is cut
