"""Room rule: what the report's figures are drawn with: one width, one grid, one hand. No value."""

from html import escape
from typing import Final

WIDTH: Final = 700
LEFT: Final = 62
RIGHT: Final = 690


def figure(height: int, title: str) -> str:
    """Its beginning; what is drawn and `</svg>` follow."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" font-size="9.5">'
        f"<title>{escape(title)}</title>"
    )


def grid_line(y: float, label: str, *, zero: bool) -> str:
    colour = "#333" if zero else "#ccc"
    line = f'<path d="M{LEFT} {y}H{RIGHT}" stroke="{colour}" stroke-width="0.6"/>'
    return line + text(LEFT - 5, y + 3, label, "end")


def text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
