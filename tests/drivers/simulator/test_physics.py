"""The simulated well: what was pumped is what is counted, and permission starts nothing."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulator import physics
from drivers.simulator.physics import Design, Well

DESIGN = Design()
LEAKY = Design(drain_back_ml=40_000)

# What people and the relay do to the well, with the time that passes before it.
Deed = tuple[int, str]
deeds = st.lists(
    st.tuples(
        st.integers(0, 20_000),
        st.sampled_from(["start", "stop", "permit", "cut", "wait"]),
    ),
    max_size=30,
)
designs = st.builds(
    Design,
    flow_l_per_h=st.integers(1, 300_000),
    ramp_ms=st.integers(1, 10_000),
    coast_ms=st.integers(1, 10_000),
    drain_back_ml=st.integers(0, 100_000),
    drain_back_l_per_h=st.integers(1, 20_000),
    power_w=st.integers(6_000, 60_000),
    start_ms=st.integers(0, 5_000),
)


def did(design: Design, well: Well, what: str) -> Well:
    match what:
        case "start":
            return physics.press_start(design, well)
        case "stop":
            return physics.press_stop(well)
        case "permit" | "cut":
            return physics.set_permitted(well, permitted=what == "permit")
        case _:
            return well


def story(design: Design, told: list[Deed], *, tick_ms: int | None = None) -> list[Well]:
    """Every state of a story; `tick_ms` walks the time between in steps of that size."""
    wells = [Well()]
    for wait_ms, what in told:
        left_ms = wait_ms
        while left_ms > 0:
            dt_ms = min(left_ms, tick_ms or left_ms)
            wells.append(physics.step(design, wells[-1], dt_ms))
            left_ms -= dt_ms
        wells.append(did(design, wells[-1], what))
    return wells


def running(design: Design = DESIGN, for_ms: int = 60_000) -> Well:
    return story(design, [(0, "permit"), (0, "start"), (for_ms, "wait")])[-1]


@given(designs, deeds)
def test_totals_never_decrease(design: Design, told: list[Deed]) -> None:
    wells = story(design, told)
    for before, after in pairwise(wells):
        assert after.forward_nl >= before.forward_nl
        assert after.reverse_nl >= before.reverse_nl
        assert physics.energy_uj(design, after) >= physics.energy_uj(design, before)


@given(designs, deeds, st.integers(1, 3_000))
def test_the_size_of_a_step_changes_no_total(
    design: Design, told: list[Deed], tick_ms: int
) -> None:
    """Equal to the last nanolitre and microjoule; only the level is a float."""
    fine, coarse = story(design, told, tick_ms=tick_ms)[-1], story(design, told)[-1]
    assert replace(fine, draw_down_mm=0.0) == replace(coarse, draw_down_mm=0.0)
    assert physics.energy_uj(design, fine) == physics.energy_uj(design, coarse)


@given(
    st.lists(
        st.tuples(st.integers(0, 1_500), st.sampled_from(["start", "stop", "permit", "cut"])),
        max_size=5,
    )
)
def test_volume_and_energy_are_the_sums_of_flow_and_power(told: list[Deed]) -> None:
    """Walked in single milliseconds, what the meters show as flow and power adds up."""
    wells = story(LEAKY, [(0, "permit"), (0, "start"), *told], tick_ms=1)
    ticks = [
        (before, after) for before, after in pairwise(wells) if after.elapsed_ms > before.elapsed_ms
    ]
    forward_nl = sum(after.flow_nl_per_ms for _, after in ticks)
    energy_uj = sum(
        physics.power_w(LEAKY, replace(after, start_left_ms=before.start_left_ms)) * 1000
        for before, after in ticks
    )
    assert wells[-1].forward_nl == forward_nl
    assert physics.energy_uj(LEAKY, wells[-1]) == pytest.approx(energy_uj, rel=1e-9, abs=2)


@given(designs, deeds)
def test_permission_alone_starts_nothing(design: Design, told: list[Deed]) -> None:
    unpressed = [(wait_ms, what) for wait_ms, what in told if what != "start"]
    assert not any(well.running for well in story(design, unpressed))


@given(designs, deeds)
def test_the_pump_never_runs_while_the_relay_is_open(design: Design, told: list[Deed]) -> None:
    assert all(well.permitted for well in story(design, told) if well.running)


@given(designs, deeds)
def test_only_the_start_button_starts(design: Design, told: list[Deed]) -> None:
    """In particular a relay that closes again does not restart what its opening dropped."""
    for at in range(len(told)):
        before, after = story(design, told[:at])[-1], story(design, told[: at + 1])[-1]
        if after.running and not before.running:
            assert told[at][1] == "start"


@given(designs, deeds)
def test_no_more_runs_back_than_was_lifted(design: Design, told: list[Deed]) -> None:
    well = story(design, told)[-1]
    assert well.reverse_nl <= well.forward_nl
    assert well.reverse_nl <= design.drain_back_ml * 1_000_000 * well.starts


def test_opening_the_relay_drops_the_pump_and_counts_it() -> None:
    well = physics.set_permitted(running(), permitted=False)
    assert (well.running, well.drops, well.stops) == (False, 1, 0)


def test_the_owner_stops_the_pump_and_it_is_no_drop() -> None:
    well = physics.press_stop(running())
    assert (well.running, well.drops, well.stops) == (False, 0, 1)


def test_start_without_permission_is_forgotten() -> None:
    """The button is no switch: pressed in vain, it starts nothing when permission comes."""
    told = [(0, "start"), (0, "permit"), (10_000, "wait")]
    assert story(DESIGN, told)[-1] == replace(Well(), permitted=True, elapsed_ms=10_000)


def test_flow_ramps_holds_and_coasts_to_nothing() -> None:
    ramping = running(for_ms=DESIGN.ramp_ms // 2)
    assert physics.flow_l_per_h(DESIGN, ramping) == pytest.approx(40_000, rel=1e-3)
    full = running(for_ms=DESIGN.ramp_ms)
    assert physics.flow_l_per_h(DESIGN, full) == pytest.approx(80_000, rel=1e-6)
    cut = physics.set_permitted(full, permitted=False)
    coasting = physics.step(DESIGN, cut, DESIGN.coast_ms // 2)
    assert physics.flow_l_per_h(DESIGN, coasting) == pytest.approx(40_000, rel=1e-3)
    assert physics.flow_l_per_h(DESIGN, physics.step(DESIGN, cut, DESIGN.coast_ms)) == 0


def test_coast_down_moves_half_of_flow_times_time() -> None:
    cut = physics.set_permitted(running(), permitted=False)
    after = physics.step(DESIGN, cut, 60_000)
    coasted_l = (after.forward_nl - cut.forward_nl) / physics.NL_PER_L
    assert coasted_l == pytest.approx(80_000 / 3600 * 3 / 2, rel=1e-3)
    assert physics.energy_uj(DESIGN, after) == physics.energy_uj(DESIGN, cut)


def test_an_hour_at_full_flow_is_eighty_cubic_metres_and_sixteen_kilowatt_hours() -> None:
    full = running()
    later = physics.step(DESIGN, full, 3_600_000)
    assert (later.forward_nl - full.forward_nl) / physics.NL_PER_L == pytest.approx(80_000, abs=0.1)
    drawn_uj = physics.energy_uj(DESIGN, later) - physics.energy_uj(DESIGN, full)
    assert drawn_uj / physics.UJ_PER_WH == pytest.approx(16_000, abs=0.01)


def test_drain_back_runs_backwards_once_a_stop_and_never_counts_forward() -> None:
    cut = physics.set_permitted(running(LEAKY), permitted=False)
    rested = physics.step(LEAKY, cut, LEAKY.coast_ms)
    assert physics.flow_l_per_h(LEAKY, rested) == -LEAKY.drain_back_l_per_h
    drained = physics.step(LEAKY, rested, 3_600_000)
    assert drained.forward_nl == rested.forward_nl
    assert drained.reverse_nl == 40_000 * 1_000_000
    assert physics.flow_l_per_h(LEAKY, drained) == 0


def test_the_motor_draws_more_while_it_comes_up_and_nothing_at_rest() -> None:
    started = running(for_ms=0)
    assert physics.power_w(DESIGN, started) == DESIGN.no_load_w + DESIGN.start_extra_w
    assert physics.power_w(DESIGN, running()) == pytest.approx(DESIGN.power_w)
    assert physics.power_w(DESIGN, physics.press_stop(running())) == 0


def test_the_water_table_draws_down_and_recovers() -> None:
    settled = running(for_ms=3_600_000)
    assert physics.level_mm(DESIGN, settled) == DESIGN.rest_level_mm + DESIGN.draw_down_mm
    stopped = physics.step(DESIGN, physics.press_stop(settled), DESIGN.draw_down_ms)
    assert DESIGN.rest_level_mm < physics.level_mm(DESIGN, stopped) < 36_000
    rested = physics.step(DESIGN, stopped, 3_600_000)
    assert physics.level_mm(DESIGN, rested) == DESIGN.rest_level_mm


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(AssertionError, match="backwards"):
        physics.step(DESIGN, Well(), -1)


@pytest.mark.parametrize(
    ("option", "value"),
    [("flow_l_per_h", 0), ("ramp_ms", 0), ("coast_ms", -1), ("no_load_w", 16_001)],
)
def test_a_design_that_cannot_be_is_refused_by_name(option: str, value: int) -> None:
    with pytest.raises(ValueError, match=option):
        replace(DESIGN, **{option: value})
