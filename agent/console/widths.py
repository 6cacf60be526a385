"""Room rule: how many columns a character takes, and which may stand on the line. Pure.

By Python's own Unicode tables: the library wcwidth agrees with it on every character that is
admitted here (tests compare them) and costs 3.5 MiB, a quarter of what this process may have.

A text that is edited column-true has only characters with a width of their own. So combining marks
are composed (NFC) or left out; joiners, variation selectors and directional marks are left out; so
are the halves of emoji (flags, skin tones), on whose width no two terminals agree. Characters whose
width is "ambiguous" in Unicode (³, —, °, “”) take one column, or two where the terminal showed
that it draws them so.
"""

from functools import lru_cache
from typing import Final
from unicodedata import category, east_asian_width, normalize

# Categories of what is never drawn: controls, formats, surrogates, private, unassigned, marks,
# and the separators of lines.
_UNDRAWN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc", "Zl", "Zp"})
_MEDIAL_JAMO: Final = range(0x1160, 0x1200)  # drawn into the syllable before them
_MEDIAL_JAMO_EXTENDED: Final = range(0xD7B0, 0xD800)
_FLAG_HALVES: Final = range(0x1F1E6, 0x1F200)
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_CACHED_MAX: Final = 2_048


@lru_cache(_CACHED_MAX)
def width(character: str, *, ambiguous: int = 1) -> int:
    """Columns: 1 or 2; 0 for what is not admitted."""
    if " " <= character <= "~":
        return 1
    code = ord(character)
    if category(character) in _UNDRAWN or any(
        code in some for some in (_MEDIAL_JAMO, _MEDIAL_JAMO_EXTENDED, _FLAG_HALVES, _SKIN_TONES)
    ):
        return 0
    match east_asian_width(character):
        case "W" | "F":
            return 2
        case "A":
            return ambiguous
        case _:
            return 1


def text_width(text: str, *, ambiguous: int = 1) -> int:
    return sum(width(one, ambiguous=ambiguous) for one in text)


def admitted(text: str) -> str:
    """What of it may stand on a line, composed; shorter than its NFC if it lost some."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in normalize("NFC", text) if width(one))
