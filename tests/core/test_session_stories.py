"""Room rule: what is written down of a run of the pump, and of the minutes, as stories."""

import pytest

from agent.core.model import (
    ConditionKind,
    Fault,
    Quantity,
    RateProposed,
    RemoveMeterOrder,
    Role,
    Sample,
    Session,
    StopCause,
)
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    Story,
    addition,
)
from tests.core.wells import december, pumping, years

K = ConditionKind


# --- runs --------------------------------------------------------------------------------------


def test_a_run_is_one_session_with_both_meters() -> None:
    story = pumping()
    story.stop()
    story.after(20)
    (run,) = story.of(Session)
    assert run.cause is StopCause.OWNER
    assert run.stop_total_l == story.total_l
    assert run.stop_total_l - run.start_total_l >= 1500
    assert run.start_energy_wh is not None
    assert run.stop_energy_wh is not None
    assert run.stop_energy_wh - run.start_energy_wh in range(480, 510)
    assert run.remaining_l == 1_000_000 - story.withdrawn_l


def test_a_run_that_we_cut_says_so() -> None:
    story = pumping(allocated_l=2_000).after(60)
    assert [one.cause for one in story.of(Session)] == [StopCause.CUT]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_run_that_ended_while_nobody_looked_says_so(*, trusted: bool) -> None:
    story = pumping()
    story.power_off(2 * HOUR, trusted=trusted)
    story.after(3)
    (run,) = story.of(Session)
    assert run.cause is StopCause.UNSEEN
    assert run.start_total_l in range(500_000, 500_030)
    assert run.stop_total_l == story.total_l
    assert run.started_utc_ms < run.stopped_utc_ms


def test_a_run_that_our_lease_ended_says_so_though_nobody_looked() -> None:
    """Found with SIGSTOP: the relay dropped the pump, and the run read as ended unseen."""
    story = pumping()
    story.away(30_000)
    story.after(5)
    (run,) = story.of(Session)
    assert (run.cause, run.reasons) == (StopCause.CUT, (K.LEASE_LAPSED,))
    assert not run.metered


def test_a_run_that_ended_as_its_meter_was_removed_lasts_no_longer_than_it_ran() -> None:
    """It is settled when the next meter is fitted, a day later."""
    story = Story(coast_ms=0).commission().after(2)
    story.start()
    story.after(60).stop()
    removal = RemoveMeterOrder(Role.FLOW_METER, "serial-flow_meter", "form 2")
    assert story.order(removal) is None
    story.after(10).unhurried().away(DAY)
    story.after(20)
    assert story.fit(serial="f2") is None
    (run,) = story.of(Session)
    assert run.stopped_utc_ms - run.started_utc_ms == pytest.approx(62_000, abs=2_000)
    assert (run.cause, run.metered, run.volume_l) == (StopCause.OWNER, True, 1_500)
    assert story.of(RateProposed) == []


def test_a_run_whose_meter_was_away_over_new_year_is_not_split() -> None:
    story = december(HOUR)
    story.after(60).stop()
    removal = RemoveMeterOrder(Role.FLOW_METER, "serial-flow_meter", "form 2")
    assert story.order(removal) is None
    story.after(10).away(DAY)
    assert story.fit(serial="f2") is None
    (run,) = story.of(Session)
    assert run.stopped_utc_ms < story.begins_utc_ms + 2 * MINUTE
    assert run.volume_l == pytest.approx(1_550, abs=60)
    assert years(story) == [2026, 2027]


def test_a_run_that_goes_on_when_its_meter_is_read_again_is_one() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.stop()
    story.after(20)
    story.start()
    story.after(20)
    story.heal()
    story.after(20)
    assert story.of(Session) == []
    story.stop()
    story.after(20)
    (run,) = story.of(Session)
    assert run.stopped_utc_ms - run.started_utc_ms > 2 * MINUTE


def test_a_run_that_had_ended_before_the_lease_is_not_laid_on_it() -> None:
    story = pumping()
    story.stop()
    story.coasting_ms = 0
    story.after(1)
    story.away(30_000)
    story.after(5)
    (run,) = story.of(Session)
    assert (run.cause, run.reasons) == (StopCause.UNSEEN, ())


def test_a_contactor_that_bounces_ends_no_run() -> None:
    story = pumping()
    story.stop()
    story.coasting_ms = 0
    story.after(2).start()
    story.after(60)
    assert story.of(Session) == []
    assert story.state.pump.run is not None


def test_a_run_with_silent_meters_is_not_cut_in_two() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(200)
    story.heal()
    story.after(10)
    assert story.of(Session) == []


# --- records -----------------------------------------------------------------------------------


def test_a_sample_is_written_once_per_interval_and_at_every_edge() -> None:
    story = Story().commission()
    story.records.clear()
    story.after(600)
    assert len(story.of(Sample)) == 10
    story.records.clear()
    assert story.order(addition(5)) is None
    assert len(story.of(Sample)) == 1


def test_a_sample_says_why_a_value_is_missing() -> None:
    story = pumping()
    story.lay(Fault.GARBLED, Quantity.FLOW_L_PER_H)
    story.after(61)
    sample = story.of(Sample)[-1]
    assert sample.flow_l_per_h is None
    assert [(one.quantity, one.fault) for one in sample.faults] == [
        (Quantity.FLOW_L_PER_H, Fault.GARBLED)
    ]
