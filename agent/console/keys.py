"""Room rule: octets from a terminal become keys. Pure; knows no line and no text that is edited.

Every sequence of octets is understood or left out, in pieces of any size, with bounded memory:
what is no UTF-8 becomes `Garbled`, what is an unknown control sequence becomes nothing. CR, LF and
CR LF are one Enter each. A sequence that was begun and not ended (a lone Escape key, a glitch) is
given up by `settle`, which is called when the line is quiet.
"""

import codecs
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

# A control sequence longer than this is noise; so is an operating system command.
CONTROL_MAX: Final = 32
COMMAND_MAX: Final = 256
# One whose next octet is not there after so long will not be ended. At 9600 baud an octet takes
# 1 ms; adapters hold them back for up to 16, radio links for some tens.
SETTLE_MS: Final = 150
# A paste whose end was lost on the way is over when the line is quiet for so long.
PASTE_QUIET_MS: Final = 1_000


class Press(Enum):
    ENTER = auto()
    TAB = auto()
    BACKSPACE = auto()
    DELETE = auto()
    LEFT = auto()
    RIGHT = auto()
    WORD_LEFT = auto()
    WORD_RIGHT = auto()
    UP = auto()
    DOWN = auto()
    HOME = auto()
    END = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    KILL_TO_END = auto()
    KILL_TO_START = auto()
    KILL_WORD = auto()
    KILL_WORD_RIGHT = auto()
    YANK = auto()
    REDRAW = auto()
    INTERRUPT = auto()
    END_OF_INPUT = auto()
    ESCAPE = auto()


@dataclass(frozen=True, slots=True)
class Typed:
    """Characters in a row. `pasted`: a terminal said so; none of them is then a command."""

    text: str
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class CursorAt:
    """The answer to a cursor position query, both counted from 1."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Garbled:
    """So many octets that are no text."""

    octets: int


@dataclass(frozen=True, slots=True)
class Echoed:
    """A query that only we send came back: nobody is there but an echo."""


Key = Press | Typed | CursorAt | Garbled | Echoed

_CONTROLS: Final = {
    "\x01": Press.HOME,  # Ctrl-A
    "\x02": Press.LEFT,  # Ctrl-B
    "\x03": Press.INTERRUPT,  # Ctrl-C
    "\x04": Press.END_OF_INPUT,  # Ctrl-D
    "\x05": Press.END,  # Ctrl-E
    "\x06": Press.RIGHT,  # Ctrl-F
    "\x08": Press.BACKSPACE,
    "\x09": Press.TAB,
    "\x0b": Press.KILL_TO_END,  # Ctrl-K
    "\x0c": Press.REDRAW,  # Ctrl-L
    "\x0e": Press.DOWN,  # Ctrl-N
    "\x10": Press.UP,  # Ctrl-P
    "\x15": Press.KILL_TO_START,  # Ctrl-U
    "\x17": Press.KILL_WORD,  # Ctrl-W
    "\x19": Press.YANK,  # Ctrl-Y
    "\x7f": Press.BACKSPACE,
}
# The last character of a CSI or SS3 sequence.
_FINALS: Final = {
    "A": Press.UP,
    "B": Press.DOWN,
    "C": Press.RIGHT,
    "D": Press.LEFT,
    "F": Press.END,
    "H": Press.HOME,
    "M": Press.ENTER,  # the keypad's, as SS3 M
}
# The number of a CSI ... ~ sequence (VT220, xterm, rxvt).
_NUMBERED: Final = {
    "1": Press.HOME,
    "3": Press.DELETE,
    "4": Press.END,
    "5": Press.PAGE_UP,
    "6": Press.PAGE_DOWN,
    "7": Press.HOME,
    "8": Press.END,
}
# Escape and a letter: what Alt sends.
_ALT: Final = {
    "b": Press.WORD_LEFT,
    "f": Press.WORD_RIGHT,
    "d": Press.KILL_WORD_RIGHT,
    "\x7f": Press.KILL_WORD,
    "\x08": Press.KILL_WORD,
}
_WITH_WORDS: Final = {Press.LEFT: Press.WORD_LEFT, Press.RIGHT: Press.WORD_RIGHT}
_PASTE_BEGINS, _PASTE_ENDS = "200", "201"


class _Within(Enum):
    GROUND = auto()
    ESCAPE = auto()
    CSI = auto()
    SS3 = auto()
    COMMAND = auto()  # OSC, DCS, PM, APC: what a terminal says of itself
    COMMAND_ESCAPE = auto()


class KeyDecoder:
    """Remembers what was begun: part of a character, part of a sequence, a CR, a paste."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._within = _Within.GROUND
        self._sequence = ""
        self._command_length = 0
        self._after_return = False
        self._pasting = False
        self._keys: list[Key] = []
        self._run: list[str] = []
        self._garbled = 0

    @property
    def settles_after_ms(self) -> int | None:
        """How long the line must be quiet before `settle` is called; None when nothing is begun."""
        if self._within is not _Within.GROUND or self._utf8.getstate()[0]:
            return SETTLE_MS
        return PASTE_QUIET_MS if self._pasting else None

    def feed(self, octets: bytes) -> list[Key]:
        return self._decode(self._utf8.decode(octets))

    def settle(self) -> list[Key]:
        """The line is quiet: what was begun will not be ended."""
        keys = self._decode(self._utf8.decode(b"", final=True))
        if self._within is _Within.ESCAPE:
            keys.append(Press.ESCAPE)
        self._within, self._sequence, self._pasting = _Within.GROUND, "", False
        return keys

    def _decode(self, text: str) -> list[Key]:
        for one in text:
            if self._within is _Within.GROUND:
                self._ground(one)
            else:
                self._in_sequence(one)
        self._end_run()
        keys, self._keys = self._keys, []
        return keys

    # --- outside sequences -----------------------------------------------------------------------

    def _ground(self, one: str) -> None:
        after_return, self._after_return = self._after_return, one == "\r"
        if "\udc80" <= one <= "\udcff":
            self._end_run(garbled=False)
            self._garbled += 1
        elif one >= " " and not "\x7f" <= one <= "\x9f":
            self._end_run(text=False)
            self._run.append(one)
        elif one == "\r" or (one == "\n" and not after_return):
            self._press(Press.ENTER)
        elif one == "\x1b":
            self._end_run()
            self._within = _Within.ESCAPE
        elif self._pasting and one == "\t":
            self._ground(" ")
        elif one == "\x03":
            self._pasting = False
            self._press(Press.INTERRUPT)
        elif one in _CONTROLS and not self._pasting:
            self._press(_CONTROLS[one])
        # What is left is NUL (a break), XON, XOFF and keys that mean nothing here.

    def _press(self, key: Key) -> None:
        self._end_run()
        self._keys.append(key)

    def _end_run(self, *, text: bool = True, garbled: bool = True) -> None:
        if text and self._run:
            self._keys.append(Typed("".join(self._run), self._pasting))
            self._run.clear()
        if garbled and self._garbled:
            self._keys.append(Garbled(self._garbled))
            self._garbled = 0

    # --- inside sequences ------------------------------------------------------------------------

    def _in_sequence(self, one: str) -> None:
        if one in "\x18\x1a\x03\r\n" or (one == "\x1b" and self._within is not _Within.COMMAND):
            # Cancel, a key nobody holds back, or a new sequence: the one begun is over.
            self._leave()
            self._ground(one)
            return
        match self._within:
            case _Within.ESCAPE:
                self._after_escape(one)
            case _Within.CSI:
                self._in_csi(one)
            case _Within.SS3:
                self._leave()
                self._press_if(_FINALS.get(one))
            case _Within.COMMAND_ESCAPE:
                self._leave()
                if one != "\\":  # which would be the string's proper end
                    self._after_escape(one)
            case _:
                self._in_command(one)

    def _after_escape(self, one: str) -> None:
        self._leave()
        if one == "[":
            self._within = _Within.CSI
        elif one == "O":
            self._within = _Within.SS3
        elif one in "]PX^_":
            self._within, self._command_length = _Within.COMMAND, 0
        else:
            self._press_if(_ALT.get(one))

    def _in_csi(self, one: str) -> None:
        if " " <= one <= "?":
            self._sequence += one
            if len(self._sequence) > CONTROL_MAX:
                self._leave()
            return
        sequence = self._sequence
        self._leave()
        first, _, rest = sequence.partition(";")
        if one == "~" and first in {_PASTE_BEGINS, _PASTE_ENDS}:
            self._pasting = first == _PASTE_BEGINS
        elif one == "~":
            self._press_if(_NUMBERED.get(first))
        elif one == "R":
            self._cursor_at(first, rest)
        elif one == "n" and sequence == "6":
            self._press(Echoed())
        elif one in _FINALS:
            key = _FINALS[one]
            # The second number says which keys are held: Ctrl or Alt with an arrow moves by words.
            self._press_if(_WITH_WORDS.get(key, key) if rest in {"3", "5"} else key)

    def _cursor_at(self, row: str, column: str) -> None:
        if row.isdecimal() and column.isdecimal() and row.isascii() and column.isascii():
            self._press(CursorAt(int(row), int(column)))

    def _in_command(self, one: str) -> None:
        self._command_length += 1
        if one == "\x1b":
            self._within = _Within.COMMAND_ESCAPE
        elif one == "\x07" or self._command_length > COMMAND_MAX:
            self._leave()

    def _press_if(self, key: Press | None) -> None:
        if key is not None and not self._pasting:
            self._press(key)

    def _leave(self) -> None:
        self._within, self._sequence = _Within.GROUND, ""
