"""Room rule: small files of a kernel or a neighbour, read so that nothing in them can hurt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

# More than any of these files has; a larger one is not what it should be.
BYTES_MAX: Final = 16_384
# No kernel and no modem means more; every JSON reader holds it exactly.
NUMBER_MAX: Final = 2**53 - 1


def text(file: Path) -> str | None:
    """What stands there; None when it cannot be read."""
    try:
        with file.open("rb") as opened:
            octets = opened.read(BYTES_MAX)
    except OSError:
        return None
    return octets.decode("utf-8", "replace").strip()


def number(file: Path, base: int = 10) -> int | None:
    return as_number(text(file), base)


def as_number(said: str | None, base: int = 10) -> int | None:
    """None for what is no number, or one that nobody means."""
    try:
        found = None if said is None else int(said, base)
    except ValueError:
        return None
    return found if found is not None and abs(found) <= NUMBER_MAX else None


def pairs(said: str | None) -> Iterator[tuple[str, str]]:
    """`name : value` line by line; a line that is none is passed over."""
    for line in (said or "").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()
