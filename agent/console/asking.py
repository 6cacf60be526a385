"""Room rule: one line is asked for and edited on the screen. Knows no command.

The line scrolls sideways inside its one row: a row that wraps is drawn wrongly by every terminal
whose width was guessed wrongly, a row that scrolls is not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from agent import words
from agent.console.cells import Cell, LineView, Traits, cells, fitting, width_of
from agent.console.editor import LINE_MAX, Edit, History, Spoiled, completed, edited
from agent.console.keys import CursorAt, Echoed, Garbled, Press, Typed
from agent.console.stream import Stream
from agent.ports import HungUp

BELL: Final = "\a"
_STAR: Final = Cell("*", 1)
_MORE_LEFT, _MORE_RIGHT = Cell("<", 1), Cell(">", 1)


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Ctrl-C."""


@dataclass(frozen=True, slots=True)
class EndOfInput:
    """Ctrl-D on an empty line."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody touched a key for as long as was admitted; what was typed is thrown away."""


Answer = str | Interrupted | EndOfInput | Idle | HungUp
# What may stand in place of the word before the cursor.
Complete = Callable[[str, int], Sequence[str]]
# What may come at the cursor, a line each; None where a question mark is just a character.
Help = Callable[[str, int], Sequence[str] | None]
# How lines are shown beneath the prompt.
Show = Callable[[Sequence[str]], None]
# Finds out anew what the terminal is: its window may have been turned or drawn larger.
Look = Callable[[], Traits]
# Hears an answer of the terminal that came late; what it is, when it is not what it was thought.
Hear = Callable[[CursorAt], Traits | None]


@dataclass(frozen=True, slots=True)
class Question:
    prompt: str
    idle_ms: int
    complete: Complete | None = None
    help: Help | None = None
    secret: bool = False
    text: str = ""


class Asking:
    def __init__(
        self,
        question: Question,
        stream: Stream,
        history: History,
        *,
        traits: Traits,
        language: str,
        show: Show,
        look: Look,
        hear: Hear,
    ) -> None:
        self._question = question
        self._stream = stream
        self._traits = traits
        self._history = history
        self._language = language
        self._show = show
        self._look = look
        self._hear = hear
        self._edit = Edit()
        self._view = LineView(traits)
        self._offset = 0

    def answer(self) -> Answer:
        self._begin(self._question.text)
        ends_ms = self._stream.now_ms() + self._question.idle_ms
        while True:
            left_ms = ends_ms - self._stream.now_ms()
            key = self._stream.key(left_ms) if left_ms > 0 else None
            match key:
                case None:
                    self._end()
                    return Idle()
                case HungUp():
                    return key
                case Press.INTERRUPT:
                    self._end("^C")
                    return Interrupted()
                case Press.END_OF_INPUT if not self._edit.text:
                    self._end()
                    return EndOfInput()
                case Press.ENTER:
                    self._end()
                    if self._edit.spoiled is None:
                        return self._edit.text
                    self._refuse(self._edit.spoiled)
                case _:
                    self._press(key)
                    if isinstance(key, Press | Typed):  # noise on the line is nobody's presence
                        ends_ms = self._stream.now_ms() + self._question.idle_ms
                    if not self._stream.typed_ahead():
                        self._paint()

    # --- keys ------------------------------------------------------------------------------------

    def _press(self, key: Press | Typed | Garbled | CursorAt | Echoed) -> None:
        question = self._question
        match key:
            case CursorAt():
                self._learn(self._hear(key))
            case Echoed():
                return
            case Typed() if question.help and not question.secret and not key.pasted:
                self._typed_with_questions(key)
            case Press.TAB:
                self._complete()
            case Press.UP | Press.DOWN if not question.secret:
                self._edit = self._history.step(self._edit, key)
            case Press.REDRAW:
                self._redraw()
            case _:
                self._become(edited(self._edit, key))

    def _become(self, edit: Edit) -> None:
        if edit.spoiled and not self._edit.spoiled:
            self._stream.send(BELL)
        self._edit = edit

    def _typed_with_questions(self, key: Typed) -> None:
        first, *others = key.text.split("?")
        self._become(edited(self._edit, Typed(first)))
        for other in others:
            self._become(edited(self._edit, Typed(other if self._helped() else f"?{other}")))

    def _helped(self) -> bool:
        assert self._question.help is not None
        lines = self._question.help(self._edit.text, self._edit.cursor)
        if lines is not None:
            self._beneath(lines)
        return lines is not None

    def _complete(self) -> None:
        if self._question.complete is None or self._question.secret:
            return
        edit = self._edit
        candidates = self._question.complete(edit.text, edit.cursor)
        self._become(completed(edit, candidates))
        if self._edit != edit:
            return
        self._stream.send(BELL)
        if len(candidates) > 1:
            self._beneath(_in_columns(candidates, self._traits))

    # --- the screen ------------------------------------------------------------------------------

    def _begin(self, text: str = "") -> None:
        self._edit = edited(Edit(), Typed(text))
        self._history.begin()
        self._view, self._offset = LineView(self._traits), 0
        self._paint()

    def _end(self, mark: str = "") -> None:
        """Leave the row as it is and go to the next one."""
        self._edit = edited(self._edit, Press.END)
        self._paint()
        self._stream.send(f"{mark}\r\n")

    def _refuse(self, spoiled: Spoiled) -> None:
        """What was typed is not what has come: say so, keep it for UP, ask again."""
        text = self._edit.text
        if not self._question.secret:
            self._history.remember(text)
        self._show(
            [
                words.say(
                    f"terminal.{spoiled.value}",
                    self._language,
                    most=LINE_MAX,
                    baud=self._stream.baud,
                )
            ]
        )
        self._begin()

    def _beneath(self, lines: Sequence[str]) -> None:
        """Lines under the row as it stands, and the row once more under them."""
        edit = self._edit
        self._end()
        self._show(lines)
        self._edit, self._view = edit, LineView(self._traits)
        self._paint()

    def _redraw(self) -> None:
        self._stream.send("\x1b[H\x1b[2J" if self._traits.ansi else "\r\n")
        self._traits = self._look()
        self._view = LineView(self._traits)

    def _learn(self, traits: Traits | None) -> None:
        """The terminal is not what it was thought: the row is drawn again."""
        if traits is None:
            return
        self._traits = traits
        self._view = LineView(traits)
        self._stream.send("\r\x1b[K")

    def _paint(self) -> None:
        prompt = fitting(cells(self._question.prompt, self._traits), self._traits.columns // 2)
        room = self._traits.columns - width_of(prompt)
        text, column = self._window(room)
        self._stream.send(self._view.show([*prompt, *text], width_of(prompt) + column))

    def _window(self, room: int) -> tuple[list[Cell], int]:
        """What of the text is in sight, and the cursor's column in it."""
        edit = self._edit
        line = [_STAR] * len(edit.text) if self._question.secret else cells(edit.text, self._traits)
        if width_of(line) <= room:
            self._offset = 0
            return line, width_of(line[: edit.cursor])
        room -= 2  # the marks of what is out of sight
        before = width_of(line[self._offset : edit.cursor])
        if edit.cursor <= self._offset or before > room:
            # By half a window at a time: scrolling costs a row, and not for every character.
            self._offset = edit.cursor
            while self._offset and width_of(line[self._offset - 1 : edit.cursor]) <= room // 2:
                self._offset -= 1
        seen = fitting(line[self._offset :], room)
        column = width_of(line[self._offset : edit.cursor])
        left = [_MORE_LEFT] if self._offset else []
        right = [_MORE_RIGHT] if self._offset + len(seen) < len(line) else []
        return [*left, *seen, *right], len(left) + column


def _in_columns(candidates: Sequence[str], traits: Traits) -> list[str]:
    """As a directory is listed: as many columns as fit, read downward."""
    widths = [width_of(cells(one, traits)) for one in candidates]
    step = max(widths) + 2
    across = max(1, (traits.columns + 2) // step)
    down = -(-len(candidates) // across)
    padded = [one + " " * (step - columns) for one, columns in zip(candidates, widths, strict=True)]
    return ["".join(padded[row::down]).rstrip() for row in range(down)]
