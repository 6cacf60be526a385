"""Room rule: one line that is edited: text, cursor, history. Pure; knows no terminal.

Every key makes another `Edit` of the one before. What is too long, or was garbled on the wire, or
has no width of its own is left out, and the line then says so (`spoiled`): a command that lost a
character on its way is not carried out.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final
from unicodedata import normalize

from agent.console.keys import Garbled, Press, Typed
from agent.console.widths import admitted

# A command signed by a platform is pasted as one line of 1 to 2 thousand characters.
LINE_MAX: Final = 4_096
HISTORY_MAX: Final = 50
HISTORY_CHARACTERS_MAX: Final = 16_384


class Spoiled(Enum):
    """Why a line may not be what was typed. The catalogue has a sentence for each."""

    TOO_LONG = "too_long"
    GARBLED = "garbled"


@dataclass(frozen=True, slots=True)
class Edit:
    text: str = ""
    cursor: int = 0
    killed: str = ""
    spoiled: Spoiled | None = None

    def __post_init__(self) -> None:
        assert 0 <= self.cursor <= len(self.text) <= LINE_MAX


# A key that takes text away takes it as far as the cursor would go by another.
_DELETES: Final = {
    Press.BACKSPACE: Press.LEFT,
    Press.DELETE: Press.RIGHT,
    Press.END_OF_INPUT: Press.RIGHT,
}
_KILLS: Final = {
    Press.KILL_TO_START: Press.HOME,
    Press.KILL_TO_END: Press.END,
    Press.KILL_WORD: Press.WORD_LEFT,
    Press.KILL_WORD_RIGHT: Press.WORD_RIGHT,
}


def edited(edit: Edit, key: Press | Typed | Garbled) -> Edit:
    """What a key makes of a line; the same line where it means nothing."""
    match key:
        case Typed():
            return inserted(edit, key.text)
        case Garbled():
            return replace(edit, spoiled=edit.spoiled or Spoiled.GARBLED)
        case Press.YANK:
            return inserted(edit, edit.killed)
        case _:
            return _pressed(edit, key)


def _pressed(edit: Edit, key: Press) -> Edit:
    if key in _DELETES:
        return _without(edit, edit.cursor, _moved(edit, _DELETES[key]))
    if key in _KILLS:
        return _killed(edit, edit.cursor, _moved(edit, _KILLS[key]))
    return replace(edit, cursor=_moved(edit, key))


def _moved(edit: Edit, key: Press) -> int:
    """Where a key brings the cursor."""
    text, cursor = edit.text, edit.cursor
    match key:
        case Press.LEFT:
            return max(0, cursor - 1)
        case Press.RIGHT:
            return min(len(text), cursor + 1)
        case Press.WORD_LEFT:
            return word_before(text, len(text[:cursor].rstrip(" ")))
        case Press.WORD_RIGHT:
            behind = text[cursor:]
            gap = len(behind) - len(behind.lstrip(" "))
            return cursor + gap + len(behind.lstrip(" ").partition(" ")[0])
        case Press.HOME:
            return 0
        case Press.END:
            return len(text)
        case _:
            return cursor


def inserted(edit: Edit, typed: str) -> Edit:
    """The text at the cursor. What composes with the character before it, as marks do, does so."""
    start = max(0, edit.cursor - 1)
    joined = normalize("NFC", edit.text[start : edit.cursor] + typed)
    fit = admitted(joined)
    spoiled = edit.spoiled
    if len(fit) < len(joined):
        spoiled = spoiled or Spoiled.GARBLED
    room = LINE_MAX - (len(edit.text) - (edit.cursor - start))
    if len(fit) > room:
        fit, spoiled = fit[:room], Spoiled.TOO_LONG
    text = edit.text[:start] + fit + edit.text[edit.cursor :]
    return replace(edit, text=text, cursor=start + len(fit), spoiled=spoiled)


def _killed(edit: Edit, one: int, other: int) -> Edit:
    killed = edit.text[min(one, other) : max(one, other)]
    return replace(_without(edit, one, other), killed=killed) if killed else edit


def _without(edit: Edit, one: int, other: int) -> Edit:
    start = min(one, other)
    text = edit.text[:start] + edit.text[max(one, other) :]
    # An empty line has lost nothing.
    return replace(edit, text=text, cursor=start, spoiled=edit.spoiled if text else None)


# --- completion ----------------------------------------------------------------------------------


def completed(edit: Edit, candidates: Sequence[str]) -> Edit:
    """The word before the cursor, as far as all candidates agree; a space behind the only one."""
    if not candidates:
        return edit
    start = word_before(edit.text, edit.cursor)
    word = edit.text[start : edit.cursor]
    first, last = min(candidates), max(candidates)  # what these agree on, all agree on
    agreed = first[: next((at for at, one in enumerate(first) if one != last[at : at + 1]), None)]
    if len(candidates) == 1 and not edit.text[edit.cursor :].startswith(" "):
        agreed += " "
    if not agreed.casefold().startswith(word.casefold()):
        return edit
    return inserted(_without(edit, start, edit.cursor), agreed)


def word_before(text: str, cursor: int) -> int:
    """Where the word that ends at the cursor begins; at the cursor itself behind a space."""
    return text.rfind(" ", 0, cursor) + 1


# --- history -------------------------------------------------------------------------------------


class History:
    """The latest lines, few enough; and which of them is looked at while one is edited."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=HISTORY_MAX)
        self._back = 0
        self._draft = Edit()

    def remember(self, line: str) -> None:
        if line.strip() and (not self._lines or self._lines[-1] != line):
            self._lines.append(line)
            while sum(map(len, self._lines)) > HISTORY_CHARACTERS_MAX:
                self._lines.popleft()

    def begin(self) -> None:
        """A new line is edited: nothing of the past is looked at."""
        self._back, self._draft = 0, Edit()

    def forget(self) -> None:
        """Another person will sit here."""
        self._lines.clear()
        self.begin()

    def step(self, edit: Edit, key: Press) -> Edit:
        """UP: the line before; DOWN: the one after it, and at last what was being typed."""
        back = self._back + (1 if key is Press.UP else -1)
        if not 0 <= back <= len(self._lines):
            return edit
        if self._back == 0:
            self._draft = edit
        self._back = back
        if back == 0:
            return self._draft
        text = self._lines[-back]
        return replace(edit, text=text, cursor=len(text), spoiled=None)
