"""Room rule: a screenful that is drawn again and again, the least each time. Pure.

For a terminal that speaks ANSI. At 9600 baud a screen of 24 lines takes 2 s, the digits that
changed some milliseconds.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from agent.console.cells import Cell, LineView, Traits, cells, fitting

_CLEAR: Final = "\x1b[H\x1b[2J"


class Screen:
    """Begins by clearing the terminal; what does not fit in its window is not shown."""

    def __init__(self, traits: Traits) -> None:
        self._traits = traits
        self._lines: list[list[Cell]] = []
        self._views = [LineView(traits) for _ in range(traits.height - 1)]
        self._cleared = False

    def show(self, lines: Sequence[str]) -> str:
        """The characters after which the screen shows these lines."""
        new = [
            fitting(cells(line, self._traits), self._traits.columns)
            for line in lines[: len(self._views)]
        ]
        out = [] if self._cleared else [_CLEAR]
        self._cleared = True
        pairs = zip_longest(self._views, self._lines, new, fillvalue=None)
        for row, (view, old, line) in enumerate(pairs, 1):
            if view is None or (line or []) == (old or []):
                continue
            view.at_start()
            out.append(f"\x1b[{row}H{view.show(line or [])}")
        self._lines = new
        return "".join(out)

    def leave(self) -> str:
        """The cursor under what is shown."""
        return f"\x1b[{min(len(self._lines) + 1, self._traits.height)}H"
