"""Room rule: the morning after as an SVG of few lines. Measures nothing."""

from collections.abc import Sequence

from agent.fleet.course import Figures

WIDTH, HEIGHT, EDGE = 760, 300, 50


def svg(figures: Figures) -> str:
    """Backlog and connections fall and rise; the attempts of each second stand as bars."""
    morning = figures.morning
    owed = [second.owed for second in morning]
    connected = [second.connected for second in morning]
    attempts = [second.attempts for second in morning]
    step = (WIDTH - 2 * EDGE) / max(1, len(morning))
    bars = "".join(
        f'<rect x="{EDGE + n * step:.1f}" y="{_y(value, max(attempts)):.1f}" width="{step:.2f}" '
        f'height="{HEIGHT - EDGE - _y(value, max(attempts)):.1f}" fill="#bbb"/>'
        for n, value in enumerate(attempts)
    )
    ticks = "".join(
        f'<text x="{EDGE + n * step:.0f}" y="{HEIGHT - EDGE + 16}">{n} s</text>'
        for n in range(0, len(morning) + 1, max(1, len(morning) // 8))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{bars}'
        f"{_line(owed, step, '#c22')}{_line(connected, step, '#25a')}{ticks}"
        f'<text x="{EDGE}" y="16" fill="#c22">records that wait, from {max(owed):,}</text>'
        f'<text x="{EDGE}" y="30" fill="#25a">connections, to {max(connected)}</text>'
        f'<text x="{EDGE}" y="44" fill="#888">attempts to connect each second, '
        f"at most {max(attempts)}</text></svg>\n"
    )


def _line(values: Sequence[int], step: float, colour: str) -> str:
    points = " ".join(
        f"{EDGE + (n + 1) * step:.1f},{_y(value, max(values)):.1f}"
        for n, value in enumerate(values)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _y(value: int, most: int) -> float:
    return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / max(1, most)
