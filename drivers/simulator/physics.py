"""Room rule: the physics of one well, pure; time is an argument. No wire, no clock, no random.

A pump with a self-holding starter stands in a well. The owner presses start and stop; the relay
is a permissive in series with the holding circuit: it can drop the pump and never start it.

The model advances in ticks of one millisecond and sums integers, so the totals are exact: many
small steps and one large step give the same litre, and the energy is computed from the water
and the running time, not integrated beside them. Only the water level is a float: nothing is
billed by it.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

NL_PER_L = 1_000_000_000
UJ_PER_WH = 3_600_000_000


def nl_per_ms(flow_l_per_h: int) -> int:
    """The same flow in nanolitres a millisecond, rounded down."""
    return flow_l_per_h * 2500 // 9


@dataclass(frozen=True, slots=True)
class Design:
    """What the well and its pump are like: 80 m³/h from 42 m, about 16 kW."""

    flow_l_per_h: int = 80_000
    ramp_ms: int = 4_000  # from start to full flow
    coast_ms: int = 3_000  # from full flow to none
    # What runs back through the meter after a stop: a good check valve lets nothing through.
    drain_back_ml: int = 0
    drain_back_l_per_h: int = 4_000
    power_w: int = 16_000  # at full flow
    no_load_w: int = 6_000  # running, before there is flow
    start_extra_w: int = 14_000  # on top, while the motor comes up
    start_ms: int = 1_200
    rest_level_mm: int = 30_000  # the water table below the wellhead, pump at rest
    draw_down_mm: int = 12_000  # how much deeper it settles at full flow
    draw_down_ms: int = 120_000  # the time constant of settling and of recovery

    def __post_init__(self) -> None:
        _within("flow_l_per_h", self.flow_l_per_h, 1, 5_000_000)
        _within("ramp_ms", self.ramp_ms, 1, 600_000)
        _within("coast_ms", self.coast_ms, 1, 600_000)
        _within("drain_back_ml", self.drain_back_ml, 0, 1_000_000)
        _within("drain_back_l_per_h", self.drain_back_l_per_h, 1, 1_000_000)
        _within("power_w", self.power_w, 1, 1_000_000)
        _within("no_load_w", self.no_load_w, 0, self.power_w)
        _within("start_extra_w", self.start_extra_w, 0, 10_000_000)
        _within("start_ms", self.start_ms, 0, 60_000)
        _within("rest_level_mm", self.rest_level_mm, 0, 1_000_000)
        _within("draw_down_mm", self.draw_down_mm, 0, 1_000_000)
        _within("draw_down_ms", self.draw_down_ms, 1, 86_400_000)


@dataclass(frozen=True, slots=True)
class Well:
    """The state of the well. The totals begin at zero: what a meter showed before is its own."""

    permitted: bool = False  # the relay's contact is closed
    running: bool = False  # the contactor is in
    flow_nl_per_ms: int = 0  # forward; never negative
    forward_nl: int = 0
    reverse_nl: int = 0
    full_nl: int = 0  # how much of what can drain back stands in the riser
    running_ms: int = 0
    starting_ms: int = 0  # of that, time with the motor coming up
    start_left_ms: int = 0
    lifted_nl: int = 0  # forward water moved while the motor ran: what the load's energy went into
    draw_down_mm: float = 0.0
    elapsed_ms: int = 0
    starts: int = 0
    stops: int = 0  # by the owner
    drops: int = 0  # because the relay opened


def press_start(design: Design, well: Well) -> Well:
    """The contactor pulls in if the relay permits, and holds itself."""
    if well.running or not well.permitted:
        return well
    return replace(well, running=True, starts=well.starts + 1, start_left_ms=design.start_ms)


def press_stop(well: Well) -> Well:
    return replace(well, running=False, stops=well.stops + 1) if well.running else well


def set_permitted(well: Well, *, permitted: bool) -> Well:
    """Opening the relay breaks the holding circuit; closing it again starts nothing."""
    if well.running and not permitted:
        return replace(well, permitted=False, running=False, drops=well.drops + 1)
    return replace(well, permitted=permitted)


def step(design: Design, well: Well, dt_ms: int) -> Well:
    """The well `dt_ms` later, if nobody touches it in between."""
    assert dt_ms >= 0, "time does not run backwards"
    left_ms = dt_ms
    while left_ms > 0:
        phase = _phase(design, well, left_ms)
        well = _after(design, well, phase)
        left_ms -= phase.ms
    return well


def flow_l_per_h(design: Design, well: Well) -> float:
    """What a meter in the pipe sees: negative while the riser drains back."""
    if well.flow_nl_per_ms or well.running or not well.full_nl:
        return well.flow_nl_per_ms * 9 / 2500
    return -float(design.drain_back_l_per_h)


def power_w(design: Design, well: Well) -> float:
    if not well.running:
        return 0.0
    load_w = design.power_w - design.no_load_w
    start_w = design.start_extra_w if well.start_left_ms else 0
    full = nl_per_ms(design.flow_l_per_h)
    return design.no_load_w + start_w + load_w * well.flow_nl_per_ms / full


def energy_uj(design: Design, well: Well) -> int:
    """Microjoules drawn so far: the exact integral of `power_w`."""
    load_mw = (design.power_w - design.no_load_w) * 1000
    return (
        well.running_ms * design.no_load_w * 1000
        + well.starting_ms * design.start_extra_w * 1000
        + well.lifted_nl * load_mw // nl_per_ms(design.flow_l_per_h)
    )


def level_mm(design: Design, well: Well) -> int:
    """The water table below the wellhead (埋深)."""
    return design.rest_level_mm + round(well.draw_down_mm)


class _Phase(NamedTuple):
    """A stretch of one kind: how long, the flow at its end, and the water it moved."""

    ms: int
    flow_nl_per_ms: int
    forward_nl: int = 0
    reverse_nl: int = 0


def _phase(design: Design, well: Well, left_ms: int) -> _Phase:
    """The next stretch, at most `left_ms` long. A tick moves the flow that it ends with."""
    flow, full = well.flow_nl_per_ms, nl_per_ms(design.flow_l_per_h)
    if well.running and flow < full:
        rise = -(-full // design.ramp_ms)
        ticks = min(left_ms, (full - flow) // rise)
        if ticks == 0:
            return _Phase(1, full, full)
        return _Phase(ticks, flow + rise * ticks, flow * ticks + rise * ticks * (ticks + 1) // 2)
    if well.running:
        return _Phase(left_ms, full, full * left_ms)
    if flow > 0:
        fall = -(-full // design.coast_ms)
        ticks = min(left_ms, flow // fall)
        if ticks == 0:
            return _Phase(1, 0)
        return _Phase(ticks, flow - fall * ticks, flow * ticks - fall * ticks * (ticks + 1) // 2)
    if well.full_nl > 0:
        back = nl_per_ms(design.drain_back_l_per_h)
        ticks = min(left_ms, well.full_nl // back)
        if ticks == 0:
            return _Phase(1, 0, 0, well.full_nl)
        return _Phase(ticks, 0, 0, back * ticks)
    return _Phase(left_ms, 0)


def _after(design: Design, well: Well, phase: _Phase) -> Well:
    full = nl_per_ms(design.flow_l_per_h)
    settles_mm = design.draw_down_mm * phase.forward_nl / (full * phase.ms)
    kept = math.exp(-phase.ms / design.draw_down_ms)
    starting_ms = min(phase.ms, well.start_left_ms) if well.running else 0
    riser_nl = min(design.drain_back_ml * 1_000_000, well.full_nl + phase.forward_nl)
    return replace(
        well,
        flow_nl_per_ms=phase.flow_nl_per_ms,
        forward_nl=well.forward_nl + phase.forward_nl,
        reverse_nl=well.reverse_nl + phase.reverse_nl,
        full_nl=riser_nl - phase.reverse_nl,
        running_ms=well.running_ms + (phase.ms if well.running else 0),
        starting_ms=well.starting_ms + starting_ms,
        start_left_ms=well.start_left_ms - starting_ms if well.running else 0,
        lifted_nl=well.lifted_nl + (phase.forward_nl if well.running else 0),
        draw_down_mm=settles_mm + (well.draw_down_mm - settles_mm) * kept,
        elapsed_ms=well.elapsed_ms + phase.ms,
    )


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; it must be {low} to {high}")
