"""Room rule: what a request's fields must be. Every field that is wrong is named at once."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from agent.catalogue import Told
from agent.core import model
from agent.desk.wire import BAD_FIELDS, INTEGER_MAX, Refused

TEXT_MAX = 200
NAME_MAX = 80
SECRET_MAX = 128
LIST_MAX = 4096

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
        self._problems: list[Told] = []

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self._left.pop(name, default)
        if type(value) is int and low <= value <= high:
            return value
        self._wrong("between", name, low=low, high=high)
        return low

    def optional_integer(self, name: str, high: int = INTEGER_MAX) -> int | None:
        """None when it is not given, or null."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return self.integer(name, 0, high)

    def has(self, name: str) -> bool:
        return name in self._left

    def text(self, name: str, longest: int = TEXT_MAX) -> str:
        value = self._left.pop(name, None)
        if _is_text(value, longest):
            return str(value)
        self._wrong("text", name, longest=longest)
        return ""

    def optional_text(self, name: str, longest: int = TEXT_MAX) -> str:
        """Empty when it is not given."""
        return self.text(name, longest) if name in self._left else ""

    def told(self, name: str, table: str, longest: int) -> Told | None:
        """A sentence of that table of the catalogue, with its values; None when not given."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        told = Told.of(value)
        if told is not None and told.key.startswith(f"{table}.") and len(str(told)) <= longest:
            return told
        self._wrong("told", name, table=table, longest=longest)
        return None

    def texts(self, name: str, most: int) -> list[str]:
        """A list of one to `most` texts."""
        value = self._left.pop(name, None)
        listed = isinstance(value, list) and 0 < len(value) <= most
        if listed and all(_is_text(one, TEXT_MAX) for one in value):
            return list(value)
        self._wrong("texts", name, most=most)
        return []

    def secret(self, name: str) -> str:
        """A PIN. What is wrong with it is said without repeating it."""
        value = self._left.pop(name, None)
        if isinstance(value, str) and 0 < len(value) <= SECRET_MAX:
            return value
        self._wrong("secret", name, longest=SECRET_MAX)
        return ""

    def choice(self, name: str, kind: type[T]) -> T:
        value = self._left.pop(name, None)
        choices = [member.value for member in kind]
        if value in choices:
            return kind(value)
        self._wrong("choice", name, choices=", ".join(choices))
        return next(iter(kind))

    def truth(self, name: str) -> bool:
        value = self._left.pop(name, None)
        if isinstance(value, bool):
            return value
        self._wrong("truth", name)
        return False

    def revision(self, name: str) -> int | None:
        """What `status` returned, or null for none yet."""
        return self.optional_integer(name)

    def order(self, kind_name: str, fields_name: str) -> model.Order | None:
        """An order by its class name and the names of its fields; None when it is none."""
        kind, given = self._left.pop(kind_name, None), self._left.pop(fields_name, {})
        if not isinstance(kind, str) or kind not in ORDERS:
            self._wrong("choice", kind_name, choices=", ".join(sorted(ORDERS)))
            return None
        if not isinstance(given, dict):
            self._wrong("object", fields_name)
            return None
        values, problems = _values(ORDERS[kind], given)
        self._problems += problems
        return None if problems else typing.cast("model.Order", ORDERS[kind](**values))

    def wrong(self, problem: Told) -> None:
        """What only the caller can see is wrong."""
        self._problems.append(problem)

    def end(self) -> None:
        """Refused with all that was wrong, and with what nobody asked for."""
        for name in self._left:
            self._wrong("unknown", ascii(name)[:NAME_MAX])
        if self._problems:
            raise Refused(BAD_FIELDS, Told("desk_refused.fields", problems=self._problems[:20]))

    def _wrong(self, what: str, field: str, **values: object) -> None:
        self._problems.append(_problem(what, field, **values))


def _problem(what: str, field: str, **values: object) -> Told:
    return Told(f"desk_refused.{what}", field=field, **values)


def _values(kind: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Told]]:
    """The values of a dataclass's fields, and what is wrong with them."""
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    problems = []
    for field in dataclasses.fields(kind):
        if field.name not in given:
            if field.default is dataclasses.MISSING:
                problems.append(_problem("missing", field.name))
            continue
        accepts, what, more = _expected(hints[field.name])
        if accepts(given[field.name]):
            values[field.name] = _converted(hints[field.name], given[field.name])
        else:
            problems.append(_problem(what, field.name, **more))
    names = {field.name for field in dataclasses.fields(kind)}
    strange = (ascii(name)[:NAME_MAX] for name in given if name not in names)
    problems += [_problem("unknown", name) for name in strange]
    return values, problems


def _expected(hint: Any) -> tuple[Callable[[Any], bool], str, dict[str, object]]:
    """A test for values of the type, and the sentence that says the same."""
    if isinstance(hint, types.UnionType):
        (inner,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        accepts, what, more = _expected(inner)
        return lambda value: value is None or accepts(value), what, more
    if typing.get_origin(hint) is tuple:  # only tuple[X, ...] is used
        of_one, _, _ = _expected(typing.get_args(hint)[0])
        return lambda value: _is_list(value, of_one), "list", {"most": LIST_MAX}
    if issubclass(hint, Enum):
        choices = [member.value for member in hint]
        return lambda value: value in choices, "choice", {"choices": ", ".join(choices)}
    if hint is int:
        bound = INTEGER_MAX
        return lambda value: type(value) is int and abs(value) <= bound, "integer", {}
    assert hint is str, f"an order has a field of type {hint}"
    return lambda value: _is_text(value, TEXT_MAX), "text", {"longest": TEXT_MAX}


def _is_list(value: Any, of_one: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) <= LIST_MAX and all(map(of_one, value))


def _converted(hint: Any, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return hint(value) if isinstance(hint, type) and issubclass(hint, Enum) else value


def _is_text(value: Any, longest: int) -> bool:
    """One line that can be written down; half a surrogate pair cannot."""
    return isinstance(value, str) and len(value) <= longest and (not value or value.isprintable())
