"""Room rule: a line of the table: what, measured, budget, verdict. Measures and prints nothing."""

from typing import NamedTuple


class Row(NamedTuple):
    """`held` None: there is no budget; the figure is told for its own sake."""

    what: str
    measured: str
    budget: str = ""
    held: bool | None = None

    @property
    def verdict(self) -> str:
        return {None: "", True: "ok", False: "OVER"}[self.held]


def at_most(what: str, value: float, limit: float, unit: str, more: str = "") -> Row:
    """`more` is told beside the figure and judged by nobody."""
    return Row(what, _figure(value, unit) + more, f"at most {limit:g} {unit}", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str, more: str = "") -> Row:
    return Row(what, _figure(value, unit) + more, f"at least {limit:g} {unit}", value >= limit)


def told(what: str, value: float, unit: str, more: str = "") -> Row:
    return Row(what, _figure(value, unit) + more)


def _figure(value: float, unit: str) -> str:
    """Three digits that mean something; no more of them than a measurement has."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    if unit == "of the wire":
        digits = 3
    return f"{value:,.{digits}f} {unit}"
