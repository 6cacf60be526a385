"""Room rule: how many columns a character takes, and which may stand on the line. Pure.

By Python's own Unicode tables: the library wcwidth agrees with it on every character that is
admitted here (tests compare them) and costs 3.5 MiB, a quarter of what this process may have.

A text that is edited column-true has only characters with a width of their own. So combining marks
are composed (NFC) or left out; joiners, variation selectors and directional marks are left out; so
is what terminals disagree about. Characters whose width is "ambiguous" in Unicode (³, —, °, “”)
take one column, or two where the terminal showed that it draws them so.
"""

from functools import lru_cache
from typing import Final
from unicodedata import category, east_asian_width, normalize

# Categories of what is never drawn: controls, formats, surrogates, private, unassigned, marks,
# and the separators of lines.
_UNDRAWN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc", "Zl", "Zp"})
# Drawn, but on their width Unicode's versions or terminals disagree.
_DISPUTED: Final = (
    range(0x1160, 0x1200),  # medial and final jamo, drawn into the syllable before them
    range(0xD7B0, 0xD800),
    range(0x3164, 0x3165),  # fillers of Hangul
    range(0xFFA0, 0xFFA1),
    range(0x2630, 0x2638),  # trigrams, hexagrams, counting rods: wide since Unicode 16
    range(0x268A, 0x2690),
    range(0x4DC0, 0x4E00),
    range(0x1D300, 0x1D380),
    range(0x1F1E6, 0x1F200),  # halves of flags
    range(0x1F3FB, 0x1F400),  # skin tones
)
_CACHED_MAX: Final = 2_048


@lru_cache(_CACHED_MAX)
def width(character: str, *, ambiguous: int = 1) -> int:
    """Columns: 1 or 2; 0 for what is not admitted."""
    if " " <= character <= "~":
        return 1
    code = ord(character)
    if category(character) in _UNDRAWN or any(code in disputed for disputed in _DISPUTED):
        return 0
    match east_asian_width(character):
        case "W" | "F":
            return 2
        case "A":
            return ambiguous
        case _:
            return 1


def admitted(text: str) -> str:
    """What of it may stand on a line, composed; shorter than its NFC if it lost some."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in normalize("NFC", text) if width(one))
