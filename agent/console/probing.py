"""Room rule: what sits at the end of a line, by asking it where its cursor is. Draws nothing."""

from collections.abc import Sequence
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
_CORNER: Final = f"\x1b7\x1b[999;999H{_WHERE}\x1b8"
# Two wide characters end in column 5 where they were read as UTF-8, and in 7 where they were not:
# six octets are three characters of GBK, or six of anything else.
_WIDE: Final = f"\r水水{_WHERE}"
_AMBIGUOUS: Final = f"\r³³{_WHERE}\r\x1b[K"
PASTES_TOLD, PASTES_NOT_TOLD = "\x1b[?2004h", "\x1b[?2004l"


def probed(stream: Stream) -> Traits:
    """What the terminal is; dumb when it does not answer in time. Keys typed meanwhile are kept."""
    kept: list[Key] = []
    stream.send(_WHERE)
    if not _answers(stream, 1, kept):
        # To a dumb terminal the query was four characters.
        found = Traits()
        stream.send("\r    \r")
    else:
        stream.send(_CORNER + _WIDE + _AMBIGUOUS + PASTES_TOLD)
        found = _traits(_answers(stream, 3, kept))
    for key in reversed(kept):
        stream.unread(key)
    return found


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


def _traits(answers: Sequence[CursorAt]) -> Traits:
    """What the cursor's positions say: after the corner, two wide and two ambiguous characters."""
    found = Traits(ansi=True)
    if answers:
        corner = answers[0]
        if corner.column in WIDTHS and corner.row in HEIGHTS:
            found = replace(found, width=corner.column, height=corner.row)
    if len(answers) == 3:
        _, wide, ambiguous = answers
        utf8 = wide.column == 5
        both = utf8 and ambiguous.column == 5
        found = replace(found, utf8=utf8, ambiguous=2 if both else 1)
    return found
