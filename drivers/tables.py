"""Room rule: takes typed values out of a TOML table and remembers all that was wrong with it.

It knows no instrument. Every problem names where it stands and what would be right; nothing
raises, so that all of them are told at once. A value that was wrong is replaced by one that is
harmless, because whoever asked throws the result away when there were problems.
"""

import builtins
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

T = TypeVar("T")

# A scale or a factor beyond these is a slip of the pen.
NUMBER_MIN = Decimal("1e-12")
NUMBER_MAX = Decimal("1e12")


class Table:
    """One table of the file; `done` names the keys that nobody asked for."""

    def __init__(self, raw: object, where: str, problems: list[str]) -> None:
        self.where = where
        self.problems = problems
        self._left: dict[str, Any] = dict(raw) if isinstance(raw, dict) else {}
        if not isinstance(raw, dict):
            self.wrong("must be a table")

    def wrong(self, reason: str) -> None:
        self.problems.append(f"{self.where}: {reason}")

    def has(self, key: str) -> bool:
        return key in self._left

    def text(self, key: str) -> str:
        value = self._left.pop(key, None)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(f"{key} must be a text, not {value!r}")
        return ""

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        return self.checked_integer(key, self._left.pop(key, default), low, high)

    def checked_integer(self, key: str, value: object, low: int, high: int) -> int:
        if type(value) is int and low <= value <= high:
            return value
        self.wrong(f"{key} must be a whole number from {low} to {high}, not {value!r}")
        return low

    def number(self, key: str, default: int | None = None) -> Fraction:
        return self.checked_number(key, self._left.pop(key, default))

    def flag(self, key: str) -> bool:
        """False when it is not there."""
        value = self._left.pop(key, False)
        if isinstance(value, bool):
            return value
        self.wrong(f"{key} must be true or false, not {value!r}")
        return False

    def checked_number(self, key: str, value: object) -> Fraction:
        """Above 0, and exactly as it is written: 0.1 is a tenth."""
        exact = _exact(value)
        if exact is not None and NUMBER_MIN <= exact <= NUMBER_MAX:
            return Fraction(exact)
        self.wrong(f"{key} must be a number from {NUMBER_MIN} to {NUMBER_MAX}, not {value!r}")
        return Fraction(1)

    def checked_signed(self, key: str, value: object) -> Fraction:
        """Of either sign or 0, and exactly as it is written."""
        exact = _exact(value)
        if exact is not None and -NUMBER_MAX <= exact <= NUMBER_MAX:
            return Fraction(exact)
        self.wrong(f"{key} must be a number from {-NUMBER_MAX} to {NUMBER_MAX}, not {value!r}")
        return Fraction(0)

    def choice(self, key: str, choices: Mapping[str, T], default: str | None = None) -> T:
        value = self._left.pop(key, default)
        if isinstance(value, str) and value in choices:
            return choices[value]
        self.wrong(f"{key} must be one of {', '.join(choices)}, not {value!r}")
        return next(iter(choices.values()))

    def list(self, key: str, default: builtins.list[Any] | None = None) -> builtins.list[Any]:
        value = self._left.pop(key, default)
        if isinstance(value, builtins.list):
            return value
        self.wrong(f"{key} must be a list, not {value!r}")
        return []

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._left.pop(key, None)
        if isinstance(value, dict) and value:
            return value
        self.wrong(f"{key} must be a table that is not empty, not {value!r}")
        return {}

    def tables(self, key: str) -> "builtins.list[Table]":
        """The tables `[[key]]`, each called by its name, or by its number when it has none."""
        found = []
        for number, raw in enumerate(self.list(key, []), 1):
            name = raw.get("name", number) if isinstance(raw, dict) else number
            found.append(Table(raw, f"{self.where}: {key} {name}", self.problems))
        return found

    def done(self) -> None:
        for key in self._left:
            self.wrong(f"{key} is not known here")


def _exact(value: object) -> Decimal | None:
    """None for what is no number, or one that nobody means: too fine, infinite, NaN."""
    if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
        return None
    exact = Decimal(value)
    if not exact.is_finite() or (exact and exact.adjusted() < NUMBER_MIN.adjusted()):
        return None
    return exact
