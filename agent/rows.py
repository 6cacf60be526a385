"""Room rule: how a value becomes a positional row and back. Knows no file and no wire.

A dataclass becomes the list of its field values in declared order; trailing fields that equal
their defaults are left off, so a row written before a field existed reads as today's value. A
member of a union of dataclasses is tagged with its kind. Enums are their values, tuples lists.
"""

import dataclasses
import json
import re
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any

from agent.core import model

# What a JSON row is made of: None, bool, int, str and lists of these.
Row = Any


class RowError(ValueError):
    """A stored row does not fit its type: the file was altered, or written by a newer version."""


def kind_of(body: type) -> str:
    """The name under which a class is stored: `RelayMoved` is `relay_moved`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", body.__name__).lower()


BODIES: dict[str, type] = {kind_of(body): body for body in typing.get_args(model.Body)}
ENTRIES = frozenset(kind_of(entry) for entry in typing.get_args(model.Entry))


def encode_body(body: model.Body) -> tuple[str, bytes]:
    """Kind and compact JSON of a record's body."""
    return kind_of(type(body)), dumps(to_row(body))


def decode_body(kind: str, text: bytes) -> model.Body:
    """Inverse of `encode_body`. RowError when it does not fit."""
    if kind not in BODIES:
        raise RowError(f"record kind {kind!r} is unknown to this version")
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(f"the row of a {kind!r} is no JSON: {error}") from error
    return typing.cast("model.Body", from_row(BODIES[kind], row))


def dumps(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def to_row(value: Any) -> Row:
    """The positional row of a value made of dataclasses, tuples, enums, ints, strs, bools, None."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [to_row(item) for item in value]
    assert dataclasses.is_dataclass(value), f"{type(value).__name__} has no row"
    return _fields_row(value)


def from_row(target: Any, row: Row) -> Any:
    """The value of type `target` that `row` stands for. RowError when it does not fit."""
    return _reader(target)(row)


def named(value: Any) -> Any:
    """A value under the names of its fields, for a reader who has no declaration at hand."""
    if isinstance(value, tuple):
        return [named(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {
            field.name: named(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    return to_row(value)


def _fields_row(value: Any) -> list[Row]:
    pairs = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
    while pairs and pairs[-1][1] == pairs[-1][0].default:
        pairs.pop()
    hints = _hints(value.__class__)
    return [_tagged(hints[field.name], item) for field, item in pairs]


def _tagged(hint: Any, item: Any) -> Row:
    """The row of one field; a member of a union of dataclasses carries its kind in front."""
    if item is None or not dataclasses.is_dataclass(item) or len(_members(hint)) < 2:
        return to_row(item)
    return [kind_of(type(item)), *_fields_row(item)]


@cache
def _hints(target: Any) -> dict[str, Any]:
    return typing.get_type_hints(target)


@cache
def _members(hint: Any) -> tuple[type, ...]:
    """The dataclasses in a union; the one itself when it is no union."""
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    return tuple(
        option
        for option in options
        if isinstance(option, type) and dataclasses.is_dataclass(option)
    )


def _is_union(hint: Any) -> bool:
    return isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union


@cache
def _reader(target: Any) -> Callable[[Row], Any]:
    """A function that reads rows of `target`; built once per type."""
    if _is_union(target):
        return _union_reader(target)
    if typing.get_origin(target) is tuple:
        item = _reader(typing.get_args(target)[0])  # only tuple[X, ...] is used
        return lambda row: tuple(item(part) for part in _list(row))
    if dataclasses.is_dataclass(target):
        return _dataclass_reader(typing.cast("type", target))
    if isinstance(target, type) and issubclass(target, Enum):
        return lambda row: _enum(target, row)
    assert target in (int, str, bool), f"{target} has no row"

    def plain(row: Row) -> Any:
        if type(row) is not target:
            raise RowError(f"expected {target.__name__}, found {row!r}")
        return row

    return plain


def _union_reader(target: Any) -> Callable[[Row], Any]:
    members = _members(target)
    options = [option for option in typing.get_args(target) if option is not types.NoneType]
    optional = len(options) < len(typing.get_args(target))
    if len(members) > 1:
        assert len(members) == len(options), f"{target} mixes dataclasses with plain values"
        readers = {kind_of(member): _reader(member) for member in members}

        def tagged(row: Row) -> Any:
            if row is None and optional:
                return None
            kind, *fields = _list(row) or [None]
            if not isinstance(kind, str) or kind not in readers:
                raise RowError(f"kind {kind!r} is unknown to this version")
            return readers[kind](fields)

        return tagged
    assert optional, f"{target} has no row"
    assert len(options) == 1, f"{target} has no row"
    inner = _reader(options[0])
    return lambda row: None if row is None else inner(row)


def _dataclass_reader(target: type) -> Callable[[Row], Any]:
    fields = dataclasses.fields(target)
    hints = _hints(target)
    readers = [_reader(hints[field.name]) for field in fields]
    required = sum(field.default is dataclasses.MISSING for field in fields)

    def read(row: Row) -> Any:
        parts = _list(row)
        if not required <= len(parts) <= len(fields):
            raise RowError(f"{target.__name__} has {len(fields)} fields, the row {len(parts)}")
        # A row may be shorter than the class: the fields left off have their defaults.
        values = [reader(part) for reader, part in zip(readers, parts, strict=False)]
        try:
            return target(*values)
        except AssertionError as illegal:
            raise RowError(f"no {target.__name__} is like this: {illegal}") from illegal

    return read


def _enum(target: type[Enum], row: Row) -> Enum:
    try:
        return target(row)
    except ValueError:
        raise RowError(f"{row!r} is no {target.__name__} of this version") from None


def _list(row: Row) -> list[Row]:
    if not isinstance(row, list):
        raise RowError(f"expected a list, found {row!r}")
    return row
