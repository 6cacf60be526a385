"""Room rule: a report as titled tables, before anybody decides how it is drawn. Knows no record.

A cell has what a person reads and what a spreadsheet reckons with; a page and a table of commas
are then two ways to write down the same sheet.
"""

from dataclasses import dataclass
from typing import Final

from agent import words


@dataclass(frozen=True, slots=True)
class Cell:
    """`plain` is for a machine: no separators, no unit. A number stands right, others left."""

    text: str
    plain: str
    number: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Without columns it is one of pairs: a label and what belongs to it, and so on."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One month of the chart. `to_date_l` and `allocated_l` are of the plan year."""

    label: str
    metered_l: int
    beside_l: int
    to_date_l: int
    allocated_l: int | None


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    tables: tuple[Table, ...]
    bars: tuple[Bar, ...] = ()
    figure: str = ""  # an SVG of ours


@dataclass(frozen=True, slots=True)
class Sheet:
    """`warning` is what must be read before anything else; empty when all is as it should be."""

    language: str
    title: str
    subtitle: str
    issuer: str
    unit: str
    sections: tuple[Section, ...]
    warning: str = ""
    wide: bool = False
    signers: tuple[str, ...] = ("filled_in", "checked", "responsible")


@dataclass(frozen=True, slots=True)
class Voice:
    """The report's own words in one language, and those of the other tables."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        return words.say(f"report.{key}", self.language, **values)

    def of(self, table: str, member: str) -> Cell:
        return text(words.say(f"{table}.{member}", self.language))

    def heads(self, *keys: str) -> tuple[str, ...]:
        return tuple(self(key) for key in keys)

    def none(self, rows: tuple[tuple[Cell, ...], ...], what: str) -> tuple[str, ...]:
        """An empty table says that it is empty."""
        return () if rows else (self(f"no_{what}"),)

    def lasted(self, from_utc_ms: int, to_utc_ms: int | None) -> Cell:
        """In seconds for a machine."""
        if to_utc_ms is None:
            return ABSENT
        lasted_ms = max(0, to_utc_ms - from_utc_ms)
        return Cell(words.duration(lasted_ms, self.language), f"{lasted_ms // 1000}", number=True)

    def until(self, utc_ms: int | None) -> Cell:
        return text(self("goes_on")) if utc_ms is None else minute(utc_ms)

    def paired(self, *pairs: tuple[str, Cell]) -> Table:
        """Two labels with what belongs to them in each row."""
        cells = [one for key, cell in pairs for one in (text(self(key)), cell)]
        return Table((), tuple(tuple(cells[at : at + 4]) for at in range(0, len(cells), 4)))


ABSENT: Final = Cell(words.ABSENT, "")


def text(value: str | None) -> Cell:
    return ABSENT if not value else Cell(value, value)


def day(utc_ms: int) -> Cell:
    """Beijing time, as everything that a person reads."""
    return text(words.instant_text(utc_ms)[:10])


def minute(utc_ms: int | None) -> Cell:
    return ABSENT if utc_ms is None else text(words.instant_text(utc_ms)[:16])


def cubic_metres(litres: int | None, *, strong: bool = False, signed: bool = False) -> Cell:
    """To the litre: what stands below a column is then its sum."""
    if litres is None:
        return ABSENT
    return _thousandths(litres, strong=strong, signed=signed)


def kilowatt_hours(watt_hours: int | None) -> Cell:
    return ABSENT if watt_hours is None else _number(watt_hours, 1000, 1)


def hours(milliseconds: int) -> Cell:
    return _number(milliseconds, 3_600_000, 1)


def per_kwh(litres_per_kwh: int | None) -> Cell:
    return ABSENT if litres_per_kwh is None else _number(litres_per_kwh, 1000, 2)


def metres(millimetres: int | None, *, signed: bool = False) -> Cell:
    return ABSENT if millimetres is None else _number(millimetres, 1000, 2, signed=signed)


def ten_thousands(litres: int | None, *, strong: bool = False) -> Cell:
    """万m³ with two decimals, as totals over many wells are written."""
    return ABSENT if litres is None else _number(litres, 10_000_000, 2, strong=strong)


def percent(part: int | None, whole: int | None, *, signed: bool = False) -> Cell:
    """With one decimal; nothing where there is no whole to be a part of."""
    if part is None or not whole:
        return ABSENT
    return _number(part * 100, whole, 1, signed=signed)


def count(value: int | None) -> Cell:
    return ABSENT if value is None else Cell(f"{value:,}", f"{value}", number=True)


def _thousandths(value: int, *, strong: bool, signed: bool) -> Cell:
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    whole, rest = divmod(abs(value), 1000)
    plain = f"{'-' if value < 0 else ''}{whole}.{rest:03}"
    return Cell(f"{sign}{whole:,}.{rest:03}", plain, number=True, strong=strong)


def _number(
    value: int, unit: int, decimals: int, *, strong: bool = False, signed: bool = False
) -> Cell:
    """Rounded half away from zero, in whole numbers: a float would round some litres the wrong way.

    What rounds to nothing has no sign.
    """
    scale = 10**decimals
    rounded = (abs(value) * scale * 2 + unit) // (unit * 2)
    negative = value < 0 and rounded > 0
    sign = "-" if negative else "+" if signed and rounded else ""
    whole, rest = divmod(rounded, scale)
    tail = f".{rest:0{decimals}}" if decimals else ""
    plain = f"{'-' if negative else ''}{whole}{tail}"
    return Cell(f"{sign}{whole:,}{tail}", plain, number=True, strong=strong)
