"""Room rule: the water, the electricity and the cause of a run of the pump, as stories."""

from dataclasses import replace

import pytest

from agent.core.model import (
    ConditionKind,
    Fault,
    Quantity,
    Role,
    RolledOver,
    Session,
    StartCause,
    StopCause,
    Withheld,
)
from tests.core.story import MINUTE, SITE, Story
from tests.core.wells import pumping

K = ConditionKind


def test_the_water_of_the_first_scan_belongs_to_the_run() -> None:
    story = Story(coast_ms=0).commission().after(60)
    story.start()
    story.after(300).stop()
    story.after(10)
    (run,) = story.of(Session)
    assert run.start_total_l == 500_000
    assert run.volume_l == story.total_l - 500_000 == run.stop_total_l - run.start_total_l
    assert run.start_energy_wh == 70_000
    assert run.energy_wh == story.energy_wh - 70_000
    assert run.litres_per_kwh == pytest.approx(3_000, abs=20)
    assert (run.start_cause, run.cause) == (StartCause.OWNER, StopCause.OWNER)
    assert run.reasons == ()


def test_a_run_that_was_cut_says_why() -> None:
    story = pumping(allocated_l=4_000).after(200)
    (run,) = story.of(Session)
    assert (run.cause, run.reasons) == (StopCause.CUT, (K.ALLOCATION_EXHAUSTED,))


def test_a_run_while_the_relay_was_open_says_so() -> None:
    story = Story().after(60)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    story.after(10)
    story.running = True
    for _ in range(30):
        story._pass(1000)
        story.running = True
        story.look()
    story.stop()
    story.after(20)
    (run,) = story.of(Session)
    assert run.start_cause is StartCause.WHILE_CUT


def test_a_run_that_began_while_nobody_looked_says_so_and_has_all_its_water() -> None:
    story = Story(coast_ms=0).commission().after(60)
    story.start()
    story.lease_until_ms += 10 * MINUTE
    story.away(5 * MINUTE)
    story.after(30).stop()
    story.after(10)
    (run,) = story.of(Session)
    assert run.start_cause is StartCause.UNSEEN
    assert run.volume_l == story.total_l - 500_000


def test_water_that_flowed_while_control_was_restarted_is_believed() -> None:
    """It had seen a pump at rest, and its scans are ten seconds apart: no long absence."""
    story = Story(coast_ms=0).commission().unhurried().after(60)
    story.start()
    story.away(30_000)
    story.stop()
    story.away(10_000)
    story.restarted = True
    story.after(10)
    assert story.of(Withheld) == []
    assert story.withdrawn_l == story.total_l - 500_000 > 0


def test_a_largest_flow_that_the_settings_corrected_counts_from_then_on() -> None:
    """The meter was fitted by another nameplate; nobody fits it again for that."""
    small = replace(SITE, flow_max_l_per_h=50_000, power_max_w=15_000, lease_ms=90_000)
    story = Story(site=small).commission().after(2)
    story.start()
    story.after(5)
    story.site = replace(small, flow_max_l_per_h=100_000, power_max_w=55_000)
    story.away(60_000)
    story.restarted = True
    story.after(5)
    assert story.of(Withheld) == []
    assert story.withdrawn_l == story.total_l - 500_000 > 1_500


def test_a_run_counts_through_a_rollover() -> None:
    story = Story(total_ml=999_998_000_000, coast_ms=0).commission(10**9).after(2)
    story.start()
    for _ in range(200):
        story._pass(1000)
        story.total_ml %= 1_000_000_000_000
        story.look()
    story.stop()
    story.after(10)
    (run,) = story.of(Session)
    assert len(story.of(RolledOver)) == 1
    assert run.volume_l == 2_000 + story.total_l
    assert run.stop_total_l < run.start_total_l


def test_a_run_without_electricity_has_no_ratio() -> None:
    story = Story(coast_ms=0).commission().after(10)
    story.lay(Fault.TIMEOUT, Quantity.ENERGY_WH)
    story.after(2).start()
    story.after(60)
    story.heal()
    story.after(60).stop()
    story.after(10)
    (run,) = story.of(Session)
    assert (run.energy_wh, run.litres_per_kwh) == (None, None)
