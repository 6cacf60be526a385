"""Room rule: what stands on one line of a terminal, and the least that makes it another. Pure.

At 9600 baud a line of 80 characters takes 83 ms: only what differs is sent. A line never reaches
the last column, where terminals disagree about what comes next. Only backspace, carriage return and
characters are needed; ANSI shortens it where it is spoken.

Styles are marks inside a text, so that texts can be cut and joined: private characters, which
nobody's input may hold. They end with the line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, NamedTuple

from agent.console.widths import width

# A mark, and the parameters of SGR that it stands for.
_MARKS: Final = {
    "\ue000": "0",
    "\ue001": "1",
    "\ue002": "7",
    "\ue003": "31",
    "\ue004": "33",
    "\ue005": "32",
}
_PLAIN: Final = "\ue000"
_TAB: Final = 8
# Windows that are drawn in; what a terminal says beyond them is a mistake.
WIDTHS: Final = range(20, 501)
HEIGHTS: Final = range(5, 201)


def bold(text: str) -> str:
    return f"\ue001{text}{_PLAIN}"


def reverse(text: str) -> str:
    return f"\ue002{text}{_PLAIN}"


def bad(text: str) -> str:
    """Red: the pump does not run, or must not."""
    return f"\ue003{text}{_PLAIN}"


def warning(text: str) -> str:
    return f"\ue004{text}{_PLAIN}"


def good(text: str) -> str:
    return f"\ue005{text}{_PLAIN}"


# What a line of Chinese does not begin with, and what it does not end with.
_CLOSING: Final = frozenset("，。；：、？！）》〉”’」』】〕％")
_OPENING: Final = frozenset("（《〈“‘「『【〔")
INDENT_MAX: Final = 4


class Cell(NamedTuple):
    character: str
    columns: int
    style: str = _PLAIN


@dataclass(frozen=True, slots=True)
class Traits:
    """What a terminal can do, as far as was found out."""

    width: int = 80
    height: int = 24
    ansi: bool = False
    utf8: bool = True
    ambiguous: int = 1

    def __post_init__(self) -> None:
        assert self.width in WIDTHS
        assert self.height in HEIGHTS

    @property
    def columns(self) -> int:
        """Those that a line uses."""
        return self.width - 1


def cells(text: str, traits: Traits) -> list[Cell]:
    """What of a text is drawn. Nobody's name or document brings a control sequence along."""
    line: list[Cell] = []
    style, column = _PLAIN, 0
    for one in text:
        if one in _MARKS:
            style = one if traits.ansi else _PLAIN
            continue
        if one == "\t":
            columns = _TAB - column % _TAB
            line += [Cell(" ", 1, style)] * columns
        else:
            columns = width(one, ambiguous=traits.ambiguous)
            if traits.utf8 or one.isascii():
                line += [Cell(one, columns, style)] * (columns > 0)
            else:
                line += [Cell("?", 1, style)] * columns
        column += columns
    return line


def width_of(line: Sequence[Cell]) -> int:
    return sum(cell.columns for cell in line)


def folded(text: str, traits: Traits) -> Iterator[list[Cell]]:
    """A text as lines that fit the window; an empty one is one line.

    Broken at a blank or between Chinese characters where that is in the second half of a line,
    else where it is full. What follows is indented as the first line is.
    """
    rest = cells(text, traits)
    indent = list(takewhile(lambda one: one.character == " ", rest))[:INDENT_MAX]
    while True:
        line = fitting(rest, traits.columns)
        if len(line) == len(rest):
            yield line
            return
        breaks = [at for at in range(len(line) // 2, len(line) + 1) if _breaks(rest, at)]
        end = breaks[-1] if breaks else len(line)
        yield line[:end]
        rest = [*indent, *rest[end + (rest[end].character == " ") :]]


def _breaks(line: Sequence[Cell], at: int) -> bool:
    """Whether a line may end before this cell: no mark begins a line that belongs to the last."""
    before, after = line[at - 1], line[at]
    if after.character == " ":
        return True
    ended = before.character in _CLOSING
    chinese = before.columns == 2 and (ended or after.columns == 2)
    return chinese and after.character not in _CLOSING and before.character not in _OPENING


def fitting(line: Sequence[Cell], room: int) -> list[Cell]:
    """As much of its beginning as has room."""
    fit: list[Cell] = []
    used = 0
    for cell in line:
        used += cell.columns
        if used > room:
            break
        fit.append(cell)
    return fit


def drawn(line: Sequence[Cell]) -> str:
    """The characters that draw these cells from the cursor on, styles begun and ended."""
    out: list[str] = []
    style = _PLAIN
    for cell in line:
        if cell.style != style:
            style = cell.style
            # From one style to another by way of none: 31 after 1 would be both.
            out.append(f"\x1b[0;{_MARKS[style]}m" if style != _PLAIN else "\x1b[m")
        out.append(cell.character)
    if style != _PLAIN:
        out.append("\x1b[m")
    return "".join(out)


class LineView:
    """One line of the terminal and where the cursor stands on it; begins empty, at its start."""

    def __init__(self, traits: Traits) -> None:
        self._traits = traits
        self._shown: list[Cell] = []
        self._column = 0

    def show(self, line: Sequence[Cell], column: int | None = None) -> str:
        """The fewest characters after which the line shows this and the cursor stands there.

        Wherever it comes to stand, when no column is asked for.
        """
        new, old = list(line), self._shown
        assert width_of(new) <= self._traits.columns, "a line stays clear of the last column"
        out = [*self._change(old, new)]
        self._shown = new
        if column is not None:
            out.append(self._move(column))
        return "".join(out)

    def at_start(self) -> None:
        """The cursor was brought to the line's start by other means."""
        self._column = 0

    def _change(self, old: list[Cell], new: list[Cell]) -> Iterator[str]:
        if old == new:
            return
        same = _common(old, new)
        width_old, width_new = width_of(old), width_of(new)
        tail = _common(old[same:][::-1], new[same:][::-1]) if width_old == width_new else 0
        yield self._move(width_of(old[:same]))
        changed = new[same : len(new) - tail]
        yield drawn(changed)
        self._column += width_of(changed)
        if width_new < width_old:
            blank = width_old - width_new
            if self._traits.ansi and blank > 1:
                yield "\x1b[K"
            else:
                yield " " * blank + "\b" * blank

    def _move(self, column: int) -> str:
        """From where the cursor stands; what it passes over is shown already."""
        steps, self._column = column - self._column, column
        if steps == 0:
            return ""
        ways = [self._passed(column - steps, column) if steps > 0 else "\b" * -steps]
        if steps < 0:
            ways.append("\r" + self._passed(0, column))
        if self._traits.ansi:
            ways.append(f"\x1b[{abs(steps)}{'C' if steps > 0 else 'D'}")
        return min(ways, key=lambda way: len(way.encode()))

    def _passed(self, start: int, end: int) -> str:
        """What is shown between two columns, drawn again."""
        at = 0
        passed: list[Cell] = []
        for cell in self._shown:
            if start <= at < end:
                passed.append(cell)
            at += cell.columns
        return drawn(passed)


def _common(first: Sequence[Cell], second: Sequence[Cell]) -> int:
    """How many cells both begin with."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length
