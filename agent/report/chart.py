"""Room rule: the year's water as an SVG of few lines, in black and grey for any printer.

Above, what was withdrawn up to each month's end against what was allocated by then; below, each
month's own withdrawal, the part beside the meter (converted, corrected) hatched. One scale each,
from zero.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from agent.report.drawing import LEFT, RIGHT, figure, grid_line, text
from agent.report.sheet import Bar, Voice

# Top and bottom of both panels, and where the months' names stand.
UPPER: Final = (18, 128)
LOWER: Final = (152, 232)
HEIGHT: Final = 252
MONTHS: Final = 12
GRIDS: Final = 4
_HATCH: Final = (
    '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="4" height="4" fill="#fff"/>'
    '<line x1="0" y1="0" x2="0" y2="4" stroke="#333" stroke-width="1.4"/></pattern></defs>'
)


def svg(bars: Sequence[Bar], voice: Voice) -> str:
    top_l = max([1, *(one.to_date_l for one in bars), *(one.allocated_l or 0 for one in bars)])
    most_l = max([1, *(one.metered_l + max(0, one.beside_l) for one in bars)])
    upper, lower = _Scale(*UPPER, _round_up(top_l)), _Scale(*LOWER, _round_up(most_l))
    parts = [
        figure(HEIGHT, voice("chart")),
        _HATCH,
        upper.grid(),
        lower.grid(),
        *(_bar(at, one, lower) for at, one in enumerate(bars)),
        _plan(bars, upper),
        _line(bars, upper),
        *(text(_middle(at), HEIGHT - 7, one.label, "middle") for at, one in enumerate(bars)),
        text(LEFT - 5, UPPER[0] - 8, "m³", "end"),
        text(LEFT - 5, LOWER[0] - 8, "m³", "end"),
        _legend(voice),
        "</svg>",
    ]
    return "".join(parts)


class _Scale:
    """Litres to height."""

    def __init__(self, top: int, bottom: int, most_l: int) -> None:
        self.top, self.bottom, self.most_l = top, bottom, most_l

    def y(self, litres: int) -> float:
        share = max(0, litres) / self.most_l
        return round(self.bottom - (self.bottom - self.top) * share, 1)

    def grid(self) -> str:
        lines = []
        for step in range(GRIDS + 1):
            litres = self.most_l * step // GRIDS
            lines.append(grid_line(self.y(litres), f"{litres // 1000:,}", zero=step == 0))
        return "".join(lines)


def _round_up(litres: int) -> int:
    """To a scale whose quarters are round: 1, 2, 4 or 8 and zeros, in cubic metres."""
    step = 1000
    while True:
        for factor in (1, 2, 4, 8):
            if litres <= step * factor:
                return step * factor
        step *= 10


def _left(at: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * at / MONTHS, 1)


def _middle(at: int) -> float:
    return round((_left(at) + _left(at + 1)) / 2, 1)


def _bar(at: int, one: Bar, scale: _Scale) -> str:
    wide = (RIGHT - LEFT) / MONTHS * 0.5
    x = round(_middle(at) - wide / 2, 1)
    stacked = (("#555", 0, one.metered_l), ("url(#hatch)", one.metered_l, max(0, one.beside_l)))
    return "".join(
        f'<rect x="{x}" y="{scale.y(below + high)}" width="{wide:.1f}" '
        f'height="{scale.y(below) - scale.y(below + high):.1f}" fill="{fill}" '
        'stroke="#333" stroke-width="0.5"/>'
        for fill, below, high in stacked
        if high > 0
    )


def _plan(bars: Sequence[Bar], scale: _Scale) -> str:
    """A step at each month in which a document changed it."""
    path = "".join(
        f"M{_left(at)} {scale.y(one.allocated_l)}H{_left(at + 1)}"
        for at, one in enumerate(bars)
        if one.allocated_l is not None
    )
    risers = "".join(
        f"M{_left(at + 1)} {scale.y(one.allocated_l)}V{scale.y(after.allocated_l)}"
        for at, (one, after) in enumerate(pairwise(bars))
        if one.allocated_l is not None and after.allocated_l is not None
    )
    return (
        f'<path d="{path}{risers}" fill="none" stroke="#000" stroke-width="1.2" '
        'stroke-dasharray="5 3"/>'
    )


def _line(bars: Sequence[Bar], scale: _Scale) -> str:
    points = [(_left(0), scale.y(0))] if bars else []
    points += [(_left(at + 1), scale.y(one.to_date_l)) for at, one in enumerate(bars)]
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="#000" stroke-width="2"/>'


def _legend(voice: Voice) -> str:
    upper, lower = UPPER[0] - 8, LOWER[0] - 8
    keys = (
        (LEFT, upper, '<path d="M{x} {y}h22" stroke="#000" stroke-width="2"/>', "cumulative"),
        (
            LEFT + 170,
            upper,
            '<path d="M{x} {y}h22" stroke="#000" stroke-width="1.2" stroke-dasharray="5 3"/>',
            "allocation",
        ),
        (LEFT, lower, '<path d="M{x} {y}m0-4h14v8h-14z" fill="#555"/>', "chart_metered"),
        (
            LEFT + 170,
            lower,
            '<path d="M{x} {y}m0-4h14v8h-14z" fill="url(#hatch)" stroke="#333"/>',
            "chart_beside",
        ),
    )
    drawn = (
        mark.format(x=x, y=y) + text(x + 28, y + 3, voice(key), "start") for x, y, mark, key in keys
    )
    return "".join(drawn)
