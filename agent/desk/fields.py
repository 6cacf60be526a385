"""Room rule: what a request's fields must be. Every field that is wrong is named at once."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from agent.core import model
from agent.desk.wire import BAD_FIELDS, INTEGER_MAX, Refused

TEXT_MAX = 200
SECRET_MAX = 128

T = typing.TypeVar("T", bound=Enum)

# Those that the desk makes by itself, because a PIN stands behind them, nobody can hand in.
ORDERS: dict[str, type] = {
    order.__name__: order
    for order in typing.get_args(model.Order)
    if order not in typing.get_args(model.DeskOrder)
}


class Fields:
    """Takes the fields of one request one by one, and remembers what is wrong with them."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)
        self._problems: list[str] = []

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self._left.pop(name, default)
        if type(value) is int and low <= value <= high:
            return value
        self._problems.append(f"{name} must be a whole number from {low} to {high}")
        return low

    def optional_integer(self, name: str) -> int | None:
        """None when it is not given, or null."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return self.integer(name, 0, INTEGER_MAX)

    def has(self, name: str) -> bool:
        return name in self._left

    def text(self, name: str, longest: int = TEXT_MAX) -> str:
        value = self._left.pop(name, None)
        if _is_text(value, longest):
            return str(value)
        self._problems.append(f"{name} must be a text of at most {longest} characters, one line")
        return ""

    def optional_text(self, name: str, longest: int = TEXT_MAX) -> str:
        """Empty when it is not given."""
        return self.text(name, longest) if name in self._left else ""

    def secret(self, name: str) -> str:
        """A PIN. What is wrong with it is said without repeating it."""
        value = self._left.pop(name, None)
        if isinstance(value, str) and 0 < len(value) <= SECRET_MAX:
            return value
        self._problems.append(f"{name} must be a text of 1 to {SECRET_MAX} characters")
        return ""

    def choice(self, name: str, kind: type[T]) -> T:
        value = self._left.pop(name, None)
        choices = [member.value for member in kind]
        if value in choices:
            return kind(value)
        self._problems.append(f"{name} must be one of {', '.join(choices)}")
        return next(iter(kind))

    def truth(self, name: str) -> bool:
        value = self._left.pop(name, None)
        if isinstance(value, bool):
            return value
        self._problems.append(f"{name} must be true or false")
        return False

    def revision(self, name: str) -> int | None:
        """What `status` returned, or null for none yet."""
        return self.optional_integer(name)

    def order(self, kind_name: str, fields_name: str) -> model.Order | None:
        """An order by its class name and the names of its fields; None when it is none."""
        kind, given = self._left.pop(kind_name, None), self._left.pop(fields_name, {})
        if not isinstance(kind, str) or kind not in ORDERS:
            self._problems.append(f"{kind_name} must be one of {', '.join(sorted(ORDERS))}")
            return None
        if not isinstance(given, dict):
            self._problems.append(f"{fields_name} must be an object of named fields")
            return None
        values, problems = _values(ORDERS[kind], given)
        self._problems += [f"{fields_name}.{problem}" for problem in problems]
        return None if problems else typing.cast("model.Order", ORDERS[kind](**values))

    def end(self) -> None:
        """Refused with all that was wrong, and with what nobody asked for."""
        self._problems += [f"{ascii(name)[:80]} is not a field here" for name in self._left]
        if self._problems:
            raise Refused(BAD_FIELDS, "; ".join(self._problems[:20]))


def _values(kind: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The values of a dataclass's fields, and what is wrong with them."""
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    problems = []
    for field in dataclasses.fields(kind):
        if field.name not in given:
            if field.default is dataclasses.MISSING:
                problems.append(f"{field.name} is missing")
            continue
        accepts, words = _expected(hints[field.name])
        if accepts(given[field.name]):
            values[field.name] = _converted(hints[field.name], given[field.name])
        else:
            problems.append(f"{field.name} must be {words}")
    names = {field.name for field in dataclasses.fields(kind)}
    problems += [f"{ascii(name)[:80]} is not a field of it" for name in given if name not in names]
    return values, problems


def _expected(hint: Any) -> tuple[Callable[[Any], bool], str]:
    """A test for values of the type, and the same in words."""
    if isinstance(hint, types.UnionType):
        (inner,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        accepts, words = _expected(inner)
        return lambda value: value is None or accepts(value), f"{words}, or null"
    if issubclass(hint, Enum):
        choices = [member.value for member in hint]
        return lambda value: value in choices, f"one of {', '.join(choices)}"
    if hint is int:
        bound = INTEGER_MAX
        return lambda value: type(value) is int and abs(value) <= bound, "a whole number"
    assert hint is str, f"an order has a field of type {hint}"
    words = f"a text of at most {TEXT_MAX} characters, one line"
    return lambda value: _is_text(value, TEXT_MAX), words


def _converted(hint: Any, value: Any) -> Any:
    return hint(value) if isinstance(hint, type) and issubclass(hint, Enum) else value


def _is_text(value: Any, longest: int) -> bool:
    """One line that can be written down; half a surrogate pair cannot."""
    return isinstance(value, str) and len(value) <= longest and (not value or value.isprintable())
