"""Room rule: the wet test as an SVG of few lines: flow and power over time, the total beside both.

Three panels over one time axis, each from zero: what the meters said while the pump ran.
"""

from collections.abc import Callable, Sequence
from typing import Final

from agent.commissioning import Point
from agent.report.drawing import LEFT, RIGHT, figure, grid_line, text
from agent.report.sheet import Voice

PANEL: Final = 78
GAP: Final = 26
TOP: Final = 20
GRIDS: Final = 2
TIMES: Final = 6
_Value = Callable[[Point], int]


def svg(points: Sequence[Point], voice: Voice) -> str:
    """Empty when there is nothing to draw."""
    if len(points) < 2 or points[-1].at_ms <= points[0].at_ms:
        return ""
    start_l = points[0].total_l
    panels: tuple[tuple[str, _Value], ...] = (
        ("wet_flow", lambda one: one.flow_l_per_h),
        ("wet_power", lambda one: one.power_w),
        ("wet_total", lambda one: one.total_l - start_l),
    )
    height = TOP + len(panels) * (PANEL + GAP)
    parts = [figure(height, voice("wet_chart"))]
    for at, (key, value) in enumerate(panels):
        top = TOP + at * (PANEL + GAP)
        parts += _panel(points, value, top, voice(key))
    parts += _times(points[-1].at_ms, height - GAP)
    return "".join([*parts, "</svg>"])


def _panel(points: Sequence[Point], value: _Value, top: int, label: str) -> list[str]:
    most = _round_up(max(1, *(value(one) for one in points)))
    bottom = top + PANEL
    lasted_ms = points[-1].at_ms

    def y(number: float) -> float:
        return round(bottom - PANEL * max(0, number) / most, 1)

    parts = [text(LEFT - 5, top - 7, label, "start")]
    for step in range(GRIDS + 1):
        number = most * step / GRIDS
        parts.append(grid_line(y(number), f"{number / 1000:g}", zero=step == 0))
    drawn = " ".join(
        f"{round(LEFT + (RIGHT - LEFT) * one.at_ms / lasted_ms, 1)},{y(value(one))}"
        for one in points
    )
    parts.append(f'<polyline points="{drawn}" fill="none" stroke="#000" stroke-width="1.6"/>')
    return parts


def _times(lasted_ms: int, y: int) -> list[str]:
    return [
        text(
            round(LEFT + (RIGHT - LEFT) * step / TIMES, 1),
            y + 13,
            f"{lasted_ms * step / TIMES / 1000:.0f} s",
            "end" if step == TIMES else "middle",
        )
        for step in range(TIMES + 1)
    ]


def _round_up(number: int) -> int:
    step = 10
    while True:
        for factor in (1, 2, 4, 6, 8):
            if number <= step * factor:
                return step * factor
        step *= 10
