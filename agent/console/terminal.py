"""Room rule: one terminal as the session sees it: asking, saying, paging. Knows no command.

Synchronous, and every call is bounded: by a time, by a key, or by the terminal's taking what it is
told. Whoever sits there may type ahead. Once he has hung up every answer is `HungUp`, and what is
said goes nowhere: only answers need to be looked at.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from agent import words
from agent.console.asking import (
    Answer,
    Asking,
    Complete,
    EndOfInput,
    Help,
    Idle,
    Interrupted,
    Question,
)
from agent.console.cells import (
    LineView,
    Traits,
    cells,
    drawn,
    fitting,
    folded,
    width_of,
)
from agent.console.editor import History
from agent.console.keys import CursorAt, Key, Press, Typed
from agent.console.probing import PASTES_NOT_TOLD, heard, probed
from agent.console.screen import Screen
from agent.console.stream import Stream
from agent.ports import Clock, HungUp, TechnicianLine

__all__ = [
    "Answer", "EndOfInput", "HungUp", "Idle", "Interrupted", "Key", "Press", "Terminal", "Traits",
    "Typed",
]  # fmt: skip

# Nobody is asked for ever, not even for the next page.
IDLE_MS: Final = 300_000
# Where a question takes more than half a row.
PROMPT_BENEATH: Final = "  > "


class Terminal:
    """`declared`: what the terminal is, where it is not to be asked."""

    def __init__(
        self,
        line: TechnicianLine,
        clock: Clock,
        language: str,
        declared: Traits | None = None,
    ) -> None:
        self.paging = True
        self._language = language
        self._declared = declared
        self._traits = declared or Traits()
        self._stream = Stream(line, clock)
        self._history = History()
        self._progress: LineView | None = None
        self._screen: Screen | None = None

    @property
    def language(self) -> str:
        """The chosen one; English where the terminal cannot draw Chinese."""
        return self._language if self._traits.utf8 else "en"

    @language.setter
    def language(self, chosen: str) -> None:
        self._language = chosen

    @property
    def traits(self) -> Traits:
        return self._traits

    @property
    def baud(self) -> int:
        return self._stream.baud

    @property
    def width(self) -> int:
        return self._traits.width

    @property
    def height(self) -> int:
        return self._traits.height

    @property
    def ansi(self) -> bool:
        return self._traits.ansi

    @property
    def hung_up(self) -> HungUp | None:
        return self._stream.hung_up

    # --- finding out what is there ---------------------------------------------------------------

    def probe(self) -> None:
        """Ask the terminal what it is; dumb when it does not answer in time.

        At the start of a session and after Ctrl-L, when a window may have another size. What is
        typed meanwhile is kept, and answers that come later are heard by whoever waits for keys. A
        line that only echoes is hung up.
        """
        if self._declared is not None:
            return
        self._end_row()
        self._traits = probed(self._stream)

    def _hear(self, at: CursorAt) -> Traits | None:
        """An answer after its time still counts. Traits, when what is drawn is to be drawn anew."""
        before = self._traits
        if self._declared is None:
            self._traits = heard(self._stream, before, at)
        return None if self._traits == before else self._traits

    # --- asking ----------------------------------------------------------------------------------

    def ask(
        self,
        prompt: str,
        *,
        complete: Complete | None = None,
        help: Help | None = None,  # noqa: A002 - it is what the user calls it
        secret: bool = False,
        remember: bool = False,
        text: str = "",
        idle_ms: int = IDLE_MS,
    ) -> Answer:
        """One line; one that lost characters on its way is never returned, but asked for again.

        `secret` is drawn as stars and never kept. `remember` keeps it, and UP calls back what was
        kept before. `text` is what stands there to begin with.
        """
        if width_of(cells(prompt, self._traits)) > self._traits.columns // 2:
            self.say(prompt.rstrip())  # so that what is typed has room beneath it
            prompt = PROMPT_BENEATH
        self._end_row()
        answer = Asking(
            Question(prompt, idle_ms, complete, help, secret, text),
            self._stream,
            self._history if remember else History(),
            traits=self._traits,
            language=self.language,
            show=self._show,
            look=self._look,
            hear=self._hear,
        ).answer()
        if remember and not secret and isinstance(answer, str):
            self._history.remember(answer)
        return answer

    def forget(self) -> None:
        """Another person will sit here: no line of the last one can be called back."""
        self._history.forget()

    def poll_key(self, within_ms: int) -> Key | HungUp | None:
        """The next key, for a screen that changes meanwhile; None when there was none in time."""
        key = self._stream.key(within_ms)
        if not isinstance(key, CursorAt):
            return key
        if self._hear(key):
            self._screen = None
        return None

    def now_ms(self) -> int:
        """For how long something may go on."""
        return self._stream.now_ms()

    def interrupted(self) -> bool:
        """Whether a long command is to stop: Ctrl-C was typed, or nobody is there any more."""
        return self._stream.interrupted()

    # --- saying ----------------------------------------------------------------------------------

    def say(self, text: str = "", *, fold: bool = True) -> None:
        """Lines of text. Styles by `cells.bold` and its kin; control characters are left out.

        `fold=False` for lines that a program will read.
        """
        self._end_row()
        for line in text.split("\n"):
            if fold:
                for part in folded(line, self._traits):
                    self._stream.send(f"{drawn(part)}\r\n")
            else:
                self._stream.send(f"{drawn(cells(line, self._traits))}\r\n")

    def progress(self, text: str) -> None:
        """A line that the next one replaces: `progress` draws over it, all else wipes it away."""
        if self._progress is None:
            self._end_row()
            self._progress = LineView(self._traits)
        line = fitting(cells(text, self._traits), self._traits.columns)
        self._stream.send(self._progress.show(line))

    def paint(self, lines: Sequence[str]) -> None:
        """A whole screen, of which only what changed is sent; the first line is the topmost.

        Where there is no ANSI the lines are said, one block after another.
        """
        if not self.ansi:
            self.say("\n".join(lines))
            return
        if self._screen is None:
            self._end_row()
            self._screen = Screen(self._traits)
        self._stream.send(self._screen.show(lines))

    def page(self, lines: Iterable[str]) -> bool:
        """Lines, a screenful at a time; False when the reader left before the end.

        They are taken one by one. Nobody is asked to go on who typed something ahead.
        """
        self._end_row()
        left = self.height - 1
        for line in lines:
            for part in folded(line, self._traits):
                if left == 0 and self.paging and not self._stream.typed_ahead():
                    left = self._more()
                    if left == 0:
                        return False
                left = max(0, left - 1)
                self._stream.send(f"{drawn(part)}\r\n")
            if self.interrupted():
                return False
        return True

    def _more(self) -> int:
        """How many more lines the reader wants; 0 to leave."""
        self.progress(words.say("terminal.more", self.language))
        ends_ms = self._stream.now_ms() + IDLE_MS
        wanted = None
        while wanted is None and (left_ms := ends_ms - self._stream.now_ms()) > 0:
            key = self._stream.key(left_ms)
            if isinstance(key, CursorAt) and self._hear(key):
                self._progress = None
                self.progress(words.say("terminal.more", self.language))
            wanted = self._wanted(key)
        self._end_row()
        return wanted or 0

    def _wanted(self, key: Key | HungUp | None) -> int | None:
        """What a key says at the end of a page; None for noise and for keys that say nothing."""
        match key:
            case Press.ENTER | Press.DOWN:
                return 1
            case Press.PAGE_DOWN:
                return self.height - 1
            case Press.INTERRUPT | Press.END_OF_INPUT | Press.ESCAPE | HungUp():
                return 0
            case Typed() if key.text in {"q", "Q"}:
                return 0
            case Typed() if key.pasted or key.text.strip(" "):
                self._stream.unread(key)  # whoever types a command has read enough
                return 0
            case Typed():
                return self.height - 1
            case _:
                return None

    def leave(self) -> None:
        """The end of the session: the terminal as it was found."""
        self._end_row()
        if self.ansi:
            self._stream.send(PASTES_NOT_TOLD)

    def _show(self, lines: Sequence[str]) -> None:
        self.page(lines)

    def _look(self) -> Traits:
        self.probe()
        return self._traits

    def _end_row(self) -> None:
        """What was drawn to be replaced is over: the cursor stands at the start of an empty row."""
        if self._progress is not None:
            self._stream.send(self._progress.show([], 0))
            self._progress = None
        if self._screen is not None:
            self._stream.send(self._screen.leave())
            self._screen = None
