"""Room rule: what a word on a command's line may mean: a volume, a day, one of a few. Pure.

Whatever is typed is understood or refused with an example. Full-width digits and letters are what a
Chinese keyboard gives, so they are taken as the plain ones.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from unicodedata import normalize

from agent.amounts import (
    ENERGY_UNITS,
    VOLUME_UNITS,
    AmountError,
    energy_wh,
    signed_volume_l,
    volume_l,
)

TEXT_MAX: Final = 100
YEARS: Final = range(2000, 2100)
_DAY: Final = re.compile(
    r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))"
)
THIS_YEAR: Final = "@year"


class Unreadable(Exception):
    """A word is not what it should be. `example` is; the catalogue says the rest by `kind`."""

    def __init__(self, kind: str, given: str, example: str) -> None:
        super().__init__(f"{given!r} is no {kind}; for example {example}")
        self.kind = kind
        self.given = given
        self.example = example


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` makes the value of a word; ValueError when it is none.

    `choices` are all that it may be. `joins`: a number may stand apart from these units. `rest`: it
    takes all that is left of the line.
    """

    name: str
    read: Callable[[str], Any]
    example: str
    choices: tuple[str, ...] = ()
    joins: frozenset[str] = frozenset()
    rest: bool = False

    def value(self, given: str) -> Any:
        try:
            return self.read(plain(given))
        except (ValueError, AmountError):
            raise Unreadable(self.name, given, self.example) from None


@dataclass(frozen=True, slots=True)
class Argument:
    """`name` is its key in the catalogue. What is not given and not `asked` for stays None.

    `default` is taken for an empty answer; `THIS_YEAR` stands for the station's.
    """

    name: str
    kind: Kind
    asked: bool = True
    default: str = ""


def plain(text: str) -> str:
    """Full-width digits, letters, signs and blanks as the usual ones."""
    return normalize("NFKC", text).strip()


def choice(name: str, choices: Iterable[str]) -> Kind:
    """One of a few words; an unambiguous beginning will do."""
    words = tuple(choices)

    def read(given: str) -> str:
        folded = given.casefold()
        found = [one for one in words if one == folded] or [
            one for one in words if folded and one.startswith(folded)
        ]
        if len(found) != 1:
            raise ValueError(given)
        return found[0]

    return Kind(name, read, ", ".join(words), words)


def number(name: str, low: int, high: int, example: str = "") -> Kind:
    """A whole number within bounds, decimal or 0x."""

    def read(given: str) -> int:
        if not re.fullmatch(r"[0-9]{1,20}|0[xX][0-9a-fA-F]{1,8}", given):
            raise ValueError(given)
        value = int(given, 16) if given[:2] in {"0x", "0X"} else int(given)
        if not low <= value <= high:
            raise ValueError(given)
        return value

    return Kind(name, read, example or f"{low} … {high}")


def scaled(name: str, places: int, low: int, high: int, example: str) -> Kind:
    """A decimal number in thousandths (or whatever `places` makes it): exact or refused.

    A comma is refused: 18，5 on a Chinese keyboard is 18.5, and none of these needs a thousand's.
    """

    def read(given: str) -> int:
        found = re.fullmatch(rf"(\d{{1,9}})(?:\.(\d{{1,{places}}}))?", given)
        if found is None:
            raise ValueError(given)
        value = int(found[1] + (found[2] or "").ljust(places, "0"))
        if not low <= value <= high:
            raise ValueError(given)
        return value

    return Kind(name, read, example)


def _text(given: str) -> str:
    if not given or len(given) > TEXT_MAX or not given.isprintable():
        raise ValueError(given)
    return given


def _day(given: str) -> date:
    """2026-10-31, 2026/10/31, 2026.10.31, 20261031 and 2026年10月31日 are one day."""
    found = _DAY.fullmatch(given)
    if found is None:
        raise ValueError(given)
    day = date(int(found[1]), int(found[2] or found[4]), int(found[3] or found[5]))
    if day.year not in YEARS:
        raise ValueError(given)
    return day


def _time(given: str) -> datetime:
    """A day and a time of day."""
    day, _, time = given.replace("T", " ").partition(" ")
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", time.strip())
    if found is None:
        raise ValueError(given)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    midnight = datetime.combine(_day(day), datetime.min.time())
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(given)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _duration_ms(given: str) -> int:
    """90s, 15min, 2h; with decimals: 1.5h."""
    found = re.fullmatch(r"(\d{1,6})(?:\.(\d))?(s|秒|min|m|分|分钟|h|小时)", given.casefold())
    if found is None:
        raise ValueError(given)
    unit_ms = {"s": 1000, "秒": 1000, "h": 3_600_000, "小时": 3_600_000}.get(found[3], 60_000)
    value = (int(found[1]) * 10 + int(found[2] or 0)) * unit_ms // 10
    if value == 0:
        raise ValueError(given)
    return value


TEXT: Final = Kind("text", _text, '"…"')
# All that is left of a line, quotation marks or not.
REST: Final = Kind("text", _text, "…", rest=True)
WORD: Final = Kind("word", _text, "…")
VOLUME: Final = Kind("volume", volume_l, "62500m3, 6.25万m³, 600L", joins=frozenset(VOLUME_UNITS))
SIGNED_VOLUME: Final = Kind(
    "volume", signed_volume_l, "-600L, 12.5m3", joins=frozenset(VOLUME_UNITS)
)
ENERGY: Final = Kind("energy", energy_wh, "1234.5kWh, 800Wh", joins=frozenset(ENERGY_UNITS))
DISPLAY: Final = Kind(
    "display",
    lambda given: given,
    "12345.6m3, 987.6kWh",
    joins=frozenset(VOLUME_UNITS) | frozenset(ENERGY_UNITS),
)
YEAR: Final = number("year", YEARS[0], YEARS[-1], "2026")
DAY: Final = Kind("day", _day, "2026-10-31")
TIME: Final = Kind("time", _time, "2026-06-01 08:30", rest=True)
DURATION: Final = Kind("duration", _duration_ms, "30s, 15min, 2h")
