"""Room rule: when water is not metered, and whether it is converted, as stories.

One story, one claim. The well is that of unmetered.py; a flow meter may also lose its signal alone.
"""

from dataclasses import replace

import pytest

from agent.core.model import (
    ConditionKind,
    Convert,
    Fault,
    InterruptionBegan,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    LayUpOrder,
    Quantity,
)
from tests.core.story import HOUR, OF_FLOW_METER, OF_POWER_METER, SITE, Story, rate
from tests.core.unmetered import pumping, silence

# --- it begins and ends ------------------------------------------------------------------------


def test_an_interruption_begins_with_what_was_last_known_and_ends_with_what_was_counted() -> None:
    story = pumping()
    last_l, last_ms = story.total_l, story.moment.utc_ms
    lifted_l = silence(story, 300)
    (began,) = story.of(InterruptionBegan)
    assert (began.from_utc_ms, began.total_l) == (last_ms, last_l)
    assert (began.cause, began.running) == (InterruptionCause.SILENT, True)
    assert began.policy is InterruptionPolicy.CONVERT
    story.after(1)
    (ended,) = story.of(InterruptionEnded)
    assert ended.from_utc_ms == last_ms
    assert ended.to_utc_ms == story.moment.utc_ms
    assert (ended.counted_l, ended.standing_l) == (lifted_l + 25, 0)
    assert ended.converted_l == pytest.approx(lifted_l, abs=100)


def test_a_silence_that_no_alarm_is_made_of_is_no_interruption() -> None:
    story = pumping()
    silence(story, 59)
    story.after(10)
    assert story.of(InterruptionBegan) == []
    assert story.of(Convert) == []


@pytest.mark.parametrize(
    ("step_ml", "cause"),
    [(70_000_000, InterruptionCause.JUMPED), (-70_000_000, InterruptionCause.REVERSED)],
)
def test_a_total_in_doubt_interrupts_at_once(step_ml: int, cause: InterruptionCause) -> None:
    story = pumping()
    story.total_ml += step_ml
    story.after(3)
    (began,) = story.of(InterruptionBegan)
    assert began.cause is cause


def test_without_a_coefficient_nothing_is_converted() -> None:
    story = pumping(per_kwh=0)
    silence(story, 1500)
    story.after(1)
    (began,) = story.of(InterruptionBegan)
    assert began.policy is InterruptionPolicy.CUT
    assert story.of(Convert) == []
    assert story.withdrawn_l == story.total_l - 500_000


@pytest.mark.parametrize("change", ["policy", "shared"])
def test_a_site_that_does_not_convert_does_not(change: str) -> None:
    story = pumping()
    if change == "policy":
        story.site = replace(SITE, on_interruption=InterruptionPolicy.CUT)
    else:
        story.site = replace(SITE, shared_power_meter=True)
    silence(story, 1500)
    story.after(1)
    assert story.of(InterruptionBegan)[0].policy is InterruptionPolicy.CUT
    assert story.of(Convert) == []


def test_a_coefficient_that_comes_in_force_amid_an_interruption_converts_all_of_it() -> None:
    story = pumping(per_kwh=0).unhurried()
    lifted_ml = story.total_ml
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    assert story.reasons == [ConditionKind.FLOW_METER_SILENT]
    assert story.order(rate()) is None
    story.after(200)
    assert story.permitted
    lifted_l = (story.total_ml - lifted_ml) // 1000
    assert story.state.ledger.converted_l == pytest.approx(lifted_l, abs=300)  # it coasts
    assert lifted_l > 40_000


@pytest.mark.parametrize("first", ["power", "flow", "both"])
def test_electricity_of_water_that_was_metered_is_not_converted_when_it_is_read_at_last(
    first: str,
) -> None:
    """The power meter was silent for an hour of pumping before the flow meter was."""
    story = pumping().unhurried()
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(3600)
    metered_l = story.withdrawn_l
    assert metered_l > 90_000
    story.stop()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(100 if first != "power" else 0)
    story.faults = dict.fromkeys(OF_FLOW_METER, Fault.TIMEOUT) if first == "power" else {}
    story.after(15 * 60)
    story.heal()
    story.after(20)
    assert story.of(InterruptionEnded)[0].converted_l == 0
    assert story.of(Convert) == []
    assert story.withdrawn_l == story.total_l - 500_000


def test_electricity_that_no_scan_of_this_boot_read_stands_in_for_no_water() -> None:
    story = pumping()
    story.stop()
    story.power_off(HOUR, trusted=False)
    story.lay(Fault.INVALID, Quantity.ENERGY_WH)
    story.unhurried().after(600).start()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(40 * 60)
    assert story.reasons == [ConditionKind.FLOW_METER_SILENT]


def test_a_well_that_is_laid_up_is_not_interrupted() -> None:
    story = Story().commission().after(60)
    assert story.order(LayUpOrder("winter 3")) is None
    silence(story, 900)
    assert story.of(InterruptionBegan) == []


def test_time_in_which_the_power_was_off_is_no_silence_of_the_flow_meter() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(30)
    story.power_off(HOUR)
    story.after(50)
    assert story.of(InterruptionBegan) == []
    story.after(20)
    assert len(story.of(InterruptionBegan)) == 1


# --- a signal that is lost ---------------------------------------------------------------------


def blind(story: Story, seconds: float, *, counts: bool) -> int:
    """The meter has no signal, and its total can be read; what the pump lifts, in litres."""
    story.lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    before_ml, lifted_ml = story.total_ml, 0
    for _ in range(int(seconds)):
        story.after(1)
        if not counts:
            lifted_ml += story.total_ml - before_ml
            story.total_ml = before_ml
    return (lifted_ml or story.total_ml - before_ml) // 1000


def test_water_that_passes_without_a_signal_is_an_interruption_and_is_converted() -> None:
    """The total is read in good order all the while: it stands still, and is not believed."""
    story = pumping()
    last_l = story.total_l
    lifted_l = blind(story, 2400, counts=False)
    (began,) = story.of(InterruptionBegan)
    assert (began.cause, began.total_l) == (InterruptionCause.SILENT, last_l)
    assert story.permitted, "it is converted, so it need not cut after half an hour"
    story.heal()
    story.after(1)
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == pytest.approx(lifted_l, abs=100)
    assert story.withdrawn_l == pytest.approx(last_l - 500_000 + lifted_l, abs=150)


def test_a_meter_that_counted_on_without_a_trustworthy_signal_wins_over_the_estimate() -> None:
    story = pumping(per_kwh=3_300)
    blind(story, 1500, counts=True)
    assert story.of(Convert)
    story.heal()
    story.after(1)
    assert story.of(InterruptionEnded)[0].standing_l == 0
    assert story.withdrawn_l == story.total_l - 500_000


def test_a_run_without_a_signal_is_settled_when_the_pump_stands() -> None:
    story = pumping()
    lifted_l = blind(story, 900, counts=False)
    story.coast_ms = 0
    story.stop()
    story.after(10)
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == pytest.approx(lifted_l, abs=100)
    once_l = story.withdrawn_l
    story.heal()
    story.after(5)
    assert story.withdrawn_l == once_l


def test_a_pipe_that_drained_while_the_pump_stands_interrupts_nothing() -> None:
    story = pumping()
    story.stop()
    story.after(10)
    story.lay(Fault.EMPTY_PIPE, Quantity.FLOW_L_PER_H)
    story.after(900)
    assert story.of(InterruptionBegan) == []
    assert story.state.totalizer is not None
    assert story.state.totalizer.at == story.moment


def test_a_main_that_fills_within_a_minute_is_no_interruption_and_every_litre_counts() -> None:
    story = pumping()
    blind(story, 59, counts=True)
    story.heal()
    story.after(1)
    assert story.of(InterruptionBegan) == []
    assert story.withdrawn_l == story.total_l - 500_000


def test_without_the_power_meters_word_a_blind_flow_meter_is_not_believed_either() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    blind(story, 62, counts=False)
    assert len(story.of(InterruptionBegan)) == 1


def test_a_total_that_was_bad_before_keeps_its_own_reason() -> None:
    story = pumping()
    story.lay(Fault.GARBLED, Quantity.FORWARD_TOTAL_L)
    blind(story, 1, counts=True)
    shown = {one.quantity: one.fault for one in story.outcomes[-1].readings}
    assert shown[Quantity.FORWARD_TOTAL_L] is Fault.GARBLED
