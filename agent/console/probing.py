"""Room rule: what sits at the end of a line, by asking it where its cursor is. Draws nothing.

The column of each answer says which question it answers, so that one that is late, comes twice, or
comes among the answers of another asking means what it would have meant in time.
"""

from dataclasses import replace
from typing import Final

from agent.console.cells import HEIGHTS, WIDTHS, Traits
from agent.console.keys import CursorAt, Echoed, Key
from agent.console.stream import Stream
from agent.ports import HungUp

# A terminal answers at once; a Bluetooth adapter in between takes its time.
PROBE_MAX_MS: Final = 1_000
# What may be typed while the terminal is asked what it is.
PROBE_KEYS_MAX: Final = 4_096

_WHERE: Final = "\x1b[6n"
# Whether it answers at all: with column 1. A dumb terminal draws all but the escape.
_FIRST: Final = f"\r{_WHERE}"
_FIRST_WIPED: Final = "\r    \r"
_CORNER: Final = f"\x1b7\x1b[999;999H{_WHERE}\x1b8"
# Two wide characters from column 3 on end in column 7 where they were read as UTF-8, and in 9 where
# they were not: six octets are three characters of GBK, or six of anything else.
_WIDE: Final = f"\r\x1b[2C水水{_WHERE}"
_WIDE_ENDS: Final = range(3, 10)
_WIDE_ENDS_UTF8: Final = 7
# Two ambiguous ones from column 11 on end in 13, or in 15 where they are drawn wide.
_AMBIGUOUS: Final = f"\r\x1b[10C³³{_WHERE}"
_AMBIGUOUS_ENDS: Final = range(11, 18)
_AMBIGUOUS_ENDS_WIDE: Final = 15
PASTES_TOLD: Final = "\x1b[?2004h"
PASTES_NOT_TOLD: Final = "\x1b[?2004l"
# Its window and how it draws, once it has answered; the row is empty afterwards.
_THEN: Final = f"{_CORNER}{_WIDE}{_AMBIGUOUS}\r\x1b[K{PASTES_TOLD}"


def probed(stream: Stream) -> Traits:
    """What the terminal is; dumb when it does not answer in time. Keys typed meanwhile are kept."""
    kept: list[Key] = []
    stream.send(_FIRST)
    found = Traits()
    if answers := _answers(stream, 1, kept):
        stream.send(_THEN)
        answers += _answers(stream, 3, kept)
    else:
        stream.send(_FIRST_WIPED)
    for at in answers:
        found = _told(found, at)
    for key in reversed(kept):
        stream.unread(key)
    return found


def heard(stream: Stream, traits: Traits, at: CursorAt) -> Traits:
    """What the terminal is, now that an answer came after its time; the rest is asked then."""
    if not traits.ansi:
        stream.send(_THEN)
    return _told(traits, at)


def _answers(stream: Stream, count: int, kept: list[Key]) -> list[CursorAt]:
    """As many as come in time; the other keys are kept in order."""
    ends_ms = stream.now_ms() + PROBE_MAX_MS
    answers: list[CursorAt] = []
    while len(answers) < count and len(kept) < PROBE_KEYS_MAX:
        key = stream.key(ends_ms - stream.now_ms())
        if isinstance(key, CursorAt):
            answers.append(key)
        elif isinstance(key, Echoed):
            # A loopback plug, an adapter that hears itself, another console, an open cable:
            # a session with it would go on for ever.
            stream.hang_up(HungUp("the line sends back what it is sent"))
        elif key is None or isinstance(key, HungUp):
            break
        else:
            kept.append(key)
    return answers


def _told(traits: Traits, at: CursorAt) -> Traits:
    """What the terminal is, once it has said this as well."""
    traits = replace(traits, ansi=True)
    if at.column in _WIDE_ENDS:
        utf8 = at.column == _WIDE_ENDS_UTF8
        return replace(traits, utf8=utf8, ambiguous=traits.ambiguous if utf8 else 1)
    if at.column in _AMBIGUOUS_ENDS:
        wide = traits.utf8 and at.column == _AMBIGUOUS_ENDS_WIDE
        return replace(traits, ambiguous=2 if wide else 1)
    if at.column in WIDTHS and at.row in HEIGHTS:
        return replace(traits, width=at.column, height=at.row)
    return traits
