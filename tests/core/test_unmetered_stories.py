"""Room rule: what may not be forgotten while nobody meters the water, as stories.

One story, one claim: the permit, the disk, the settings, the run. The well is that of unmetered.py.
"""

from dataclasses import replace

import pytest

from agent.core.model import (
    ConditionKind,
    Convert,
    Fault,
    InterruptionEnded,
    InterruptionPolicy,
    Quantity,
    Session,
)
from agent.core.state import unmetered_l
from tests.core.story import HOUR, MINUTE, OF_FLOW_METER, POWER_W, SECOND, SITE, Story
from tests.core.unmetered import pumping, silence

K = ConditionKind


def test_water_that_is_not_entered_yet_is_kept_back_from_the_permit() -> None:
    """The allocation ends while the flow meter is silent; electricity says when."""
    story = pumping(allocated_l=20_000)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    while story.permitted:
        story.after(1)
    assert 20_000 - 1_000 < story.total_l - 500_000 <= 20_000
    assert story.now_ms < 20 * MINUTE


def test_a_journal_that_fails_enters_nothing_and_loses_nothing() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.journal_failing = True
    story.after(15 * 60)
    story.heal()
    story.after(5)
    assert story.of(Convert) == []
    assert story.of(InterruptionEnded) == []
    story.journal_failing = False
    story.after(1)
    assert len(story.of(InterruptionEnded)) == 1
    assert story.withdrawn_l == story.total_l - 500_000


def test_nothing_is_unmetered_where_nothing_can_be_reckoned() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(30)
    state, moment = story.state, story.moment
    assert unmetered_l(SITE, state, moment) == pytest.approx(30 * 25, abs=60)
    assert unmetered_l(replace(SITE, shared_power_meter=True), state, moment) == 0
    assert unmetered_l(SITE, replace(state, energy=None), moment) == 0
    assert unmetered_l(SITE, replace(state, energy_at_total_wh=None), moment) == 0


def test_a_power_meter_that_is_declared_shared_meanwhile_converts_no_more() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(15 * 60)
    converted_l = story.state.ledger.converted_l
    assert converted_l > 0
    story.site = replace(SITE, shared_power_meter=True)
    story.after(14 * 60)
    assert story.state.ledger.converted_l == converted_l
    story.after(2 * 60)
    assert not story.permitted
    story.heal()
    story.after(1)
    assert story.withdrawn_l == story.total_l - 500_000


def test_a_site_that_stops_converting_meanwhile_cuts_as_others_do() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    assert story.permitted
    story.site = replace(SITE, on_interruption=InterruptionPolicy.CUT)
    story.after(1)
    assert story.reasons == [K.FLOW_METER_SILENT]


def test_a_run_with_an_interruption_in_it_says_so_and_teaches_nothing() -> None:
    story = pumping()
    silence(story, 300)
    story.after(10).stop()
    story.after(20)
    (run,) = story.of(Session)
    assert not run.metered
    assert story.state.learned.energy_wh == 0


def test_a_run_ends_when_its_power_does_though_no_total_is_read() -> None:
    """It is settled by what was metered until then, and its time is its own."""
    story = pumping()
    silence(story, 300)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(120).stop()
    story.after(60)
    (run,) = story.of(Session)
    assert not run.metered
    assert run.litres_per_kwh is None
    story.after(HOUR // SECOND)
    story.heal()
    story.after(10)
    assert story.of(Session) == [run]


def test_a_run_that_begins_unmetered_says_so_and_has_its_own_time_and_energy() -> None:
    story = Story().commission()
    story.after(10)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(120)
    began = story.moment.utc_ms
    story.start()
    story.after(600)
    story.heal()
    story.after(60).stop()
    story.after(20)
    (run,) = story.of(Session)
    assert not run.metered
    assert abs(run.started_utc_ms - began) <= 2 * SECOND
    assert run.energy_wh == pytest.approx(660 * POWER_W // 3600, abs=50)
    assert run.litres_per_kwh is None


def test_an_interruption_outlasts_a_power_meter_that_is_silent_as_well() -> None:
    story = pumping()
    before_l = story.withdrawn_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, Quantity.ENERGY_WH)
    story.after(120)
    story.faults.pop(Quantity.ENERGY_WH)
    story.after(10 * 60)
    reckoned_l = story.withdrawn_l - before_l + unmetered_l(SITE, story.state, story.moment)
    assert reckoned_l == pytest.approx(12 * 1500, abs=100)


def test_a_permit_says_what_is_left_of_the_bounds_of_conversion() -> None:
    """Five percent of the plan, less what was entered, less what flowed since."""
    story = pumping()
    silence_began_ms = story.now_ms
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(1500)
    entered_l = sum(one.volume_l for one in story.of(Convert))
    since_l = unmetered_l(story.site, story.state, story.moment)
    assert min(entered_l, since_l) > 0
    (exempt,) = story.outcomes[-1].decision.exceptions
    assert exempt.volume_l == 500_000 - entered_l - since_l
    assert exempt.time_ms == 72 * HOUR - (story.now_ms - silence_began_ms)
