"""Room rule: is the pump in danger: phases, current, voltage, the water above it. Decides nothing.

A value that is not good protects nothing and accuses nobody: then nothing can be told (None). While
the pump starts, its current and the voltage it leaves are not judged.
"""

from dataclasses import dataclass

from agent.core.model import Limits, Quality, Quantity, Reading, Site
from agent.core.pump import View, good_value, powered
from agent.core.replacing import replace
from agent.core.supply import VOLTAGES
from agent.core.terms import Facts

CURRENTS = (Quantity.CURRENT_1_MA, Quantity.CURRENT_2_MA, Quantity.CURRENT_3_MA)
# No water table moves this far between two scans; one that stays there so long did move.
LEVEL_STEP_MM = 5000
LEVEL_STAYS_MS = 60_000


@dataclass(frozen=True, slots=True)
class Motor:
    """What protection remembers. `level_mm` is believed; `odd_mm` is far from it, and for so long.

    `running_ms`: how long the motor has drawn power, as far as scans saw.
    """

    running_ms: int = 0
    level_mm: int | None = None
    odd_mm: int | None = None
    odd_ms: int = 0


def watch_motor(
    motor: Motor, view: View, readings: tuple[Reading, ...], site: Site, step_ms: int
) -> Motor:
    """The motor after one more scan."""
    draws = powered(view, site)
    if draws is not None:
        motor = replace(motor, running_ms=motor.running_ms + step_ms if draws else 0)
    level_mm = _possible_level(readings, site.limits)
    if level_mm is None:
        return motor
    if motor.level_mm is None or abs(level_mm - motor.level_mm) <= LEVEL_STEP_MM:
        return replace(motor, level_mm=level_mm, odd_mm=None, odd_ms=0)
    stays = motor.odd_mm is not None and abs(level_mm - motor.odd_mm) <= LEVEL_STEP_MM
    odd_ms = motor.odd_ms + step_ms if stays else 0
    if odd_ms >= LEVEL_STAYS_MS:
        return replace(motor, level_mm=level_mm, odd_mm=None, odd_ms=0)
    return replace(motor, odd_mm=level_mm, odd_ms=odd_ms)


def protect(
    facts: Facts, motor: Motor, view: View, readings: tuple[Reading, ...], site: Site
) -> Facts:
    """`facts`, with what endangers the pump."""
    facts = replace(facts, level_unseen=_level_unseen(motor, readings, site.limits))
    running = powered(view, site)
    starting = running is True and motor.running_ms < site.limits.starting_ms
    if starting:
        return replace(facts, level_low=None, phase_lost=None, current_high=None, voltage_low=None)
    # The currents of a meter that others share are not this motor's.
    limits, alone = site.limits, not site.shared_power_meter
    return replace(
        facts,
        level_low=_level_low(motor, readings, limits),
        phase_lost=_phase_lost(readings, limits, running=running is True and alone),
        current_high=_current_high(readings, limits),
        voltage_low=_voltage_low(readings, limits),
    )


def _possible_level(readings: tuple[Reading, ...], limits: Limits) -> int | None:
    """A level that a probe in water can show: neither its zero nor above the wellhead."""
    level_mm = good_value(readings, Quantity.LEVEL_MM)
    if level_mm is None or not 0 < level_mm < limits.probe_depth_mm:
        return None
    return level_mm


def _level_low(motor: Motor, readings: tuple[Reading, ...], limits: Limits) -> bool | None:
    if limits.dry_level_mm == 0:
        return False
    level_mm = _possible_level(readings, limits)
    if level_mm is None or motor.odd_mm is not None:
        return None
    return level_mm > limits.dry_level_mm


def _level_unseen(motor: Motor, readings: tuple[Reading, ...], limits: Limits) -> bool:
    """Whether there is a probe and no level: it is silent, or shows what no water can."""
    if limits.probe_depth_mm == 0:
        return False
    return _possible_level(readings, limits) is None or motor.odd_mm is not None


def _phases(readings: tuple[Reading, ...], three: tuple[Quantity, ...]) -> list[int] | None:
    """All three phases; empty where the meter has none to show, None where one is not good."""
    shown = [one for one in readings if one.quantity in three]
    if len(shown) < len(three):
        return []
    values = [one.value for one in shown if one.quality is Quality.GOOD and one.value is not None]
    return values if len(values) == len(three) else None


def _phase_lost(readings: tuple[Reading, ...], limits: Limits, *, running: bool) -> bool | None:
    """A motor that runs on two phases keeps up the third's voltage, but draws nothing from it."""
    lost = [_one_is_weak(_phases(readings, VOLTAGES), limits.phase_loss_percent)]
    if running:
        lost.append(_one_is_weak(_phases(readings, CURRENTS), limits.phase_loss_percent))
    return True if True in lost else None if None in lost else False


def _one_is_weak(phases: list[int] | None, percent: int) -> bool | None:
    if not phases:
        return None if phases is None else False
    return min(phases) * 100 < max(phases) * percent


def _current_high(readings: tuple[Reading, ...], limits: Limits) -> bool | None:
    phases = _phases(readings, CURRENTS)
    if limits.over_current_ma == 0 or not phases:
        return None if phases is None and limits.over_current_ma else False
    return max(phases) > limits.over_current_ma


def _voltage_low(readings: tuple[Reading, ...], limits: Limits) -> bool | None:
    phases = _phases(readings, VOLTAGES)
    if limits.under_voltage_percent == 0 or not phases:
        return None if phases is None and limits.under_voltage_percent else False
    return min(phases) * 100 < limits.nominal_mv * limits.under_voltage_percent
