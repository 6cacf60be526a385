"""Room rule: what a wet test proves, reckoned from its points. Pure.

The meter's total must move as its own flow says, within five per cent or the total's own step: a
meter whose factor, unit or register is wrong is found here, before a season is metered with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import Final

from agent.commissioning import Point

TOLERANCE_PERMILLE: Final = 50
MS_PER_H: Final = 3_600_000
# A pump motor at work draws this share of its nameplate; beside it a current transformer's ratio
# is wrong, or two transformers are crossed.
LOAD_PERCENT: Final = range(30, 131)
# Below this power factor a running motor's meter has a phase that counts backward.
FACTOR_PERCENT_MIN: Final = 50
POINTS_MIN: Final = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """`wrong` are keys of the catalogue, the gravest first; empty when all is as it should be."""

    lasted_ms: int
    water_l: int
    integrated_l: int
    worked_wh: int
    wrong: tuple[str, ...]

    @property
    def deviation_permille(self) -> int:
        if self.integrated_l == 0:
            return 0
        return (self.water_l - self.integrated_l) * 1000 // self.integrated_l

    @property
    def water_l_per_kwh(self) -> int:
        return self.water_l * 1000 // self.worked_wh if self.worked_wh else 0


def proved(points: Sequence[Point], motor_w: int | None, factor_percent: int | None) -> Proof:
    """Of the points of a running pump. `motor_w`: its nameplate's power, where it is known."""
    if len(points) < POINTS_MIN:
        return Proof(0, 0, 0, 0, ("too_few",))
    lasted_ms = points[-1].at_ms - points[0].at_ms
    water_l = points[-1].total_l - points[0].total_l
    integrated_l = _area(points, [one.flow_l_per_h for one in points])
    worked_wh = _area(points, [one.power_w for one in points])
    wrong = []
    if min(one.flow_l_per_h for one in points) <= 0:
        wrong.append("flow_not_positive")
    allowed_l = max(integrated_l * TOLERANCE_PERMILLE // 1000, _step_l(points))
    if abs(water_l - integrated_l) > allowed_l:
        wrong.append("total_deviates")
    mean_w = worked_wh * MS_PER_H // lasted_ms if lasted_ms else 0
    if mean_w <= 0:
        wrong.append("no_power")
    elif motor_w and mean_w * 100 // motor_w not in LOAD_PERCENT:
        wrong.append("load")
    if factor_percent is not None and factor_percent < FACTOR_PERCENT_MIN:
        wrong.append("phase_sign")
    return Proof(lasted_ms, water_l, integrated_l, worked_wh, tuple(wrong))


def _area(points: Sequence[Point], per_h: Sequence[int]) -> int:
    """What something per hour comes to, by trapezia."""
    doubled = sum(
        (first + second) * (after.at_ms - before.at_ms)
        for (before, after), (first, second) in zip(pairwise(points), pairwise(per_h), strict=True)
    )
    return doubled // (2 * MS_PER_H)


def _step_l(points: Sequence[Point]) -> int:
    """What the total moves by at a time; it cannot be known more closely than that."""
    return gcd(*(after.total_l - before.total_l for before, after in pairwise(points)))
