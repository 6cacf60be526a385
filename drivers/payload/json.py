"""Room rule: the `json` payload, and nothing of how it travels.

Columnar: consecutive records of one kind share one list of column names, because a SIM card is
paid by the megabyte. The columns are the fields of the record's class in `core.model`, in their
declared order, so a new field at the end appears here by itself. A stored row may be shorter than
its class (fields that equal their defaults are left off at the end): it is filled up. Values made
of several parts become objects with names. Instants become RFC 3339 in UTC: a field
`started_utc_ms` is sent as `started_at`. `docs/mqtt.md` says all this to the platform's developer.
"""

import dataclasses
import json
import re
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from agent.core import model
from agent.ports import Batch, Place, RawRecord, RecordNewer

SCHEMA = 1
NUMBER_MAX = 2**53 - 1  # exact in every JSON reader
WORD_MAX = 128

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = "_utc_ms"
_DAY_MS = 86_400_000
_TWO = tuple(f"{number:02}" for number in range(60))
_PLACE = ["number", "at", "trusted"]
# The kind under which a record is sent of which only place and kind are left (docs/journal.md).
_PRUNED = "pruned"

Expand = Callable[[Any], Any]


class JsonCodec:
    """A `ports.Codec`."""

    def encode_records(self, batch: Batch) -> bytes:
        """A batch as one JSON object; consecutive records of a kind form one group."""
        return _dumps(
            {
                "schema": SCHEMA,
                "station": batch.station,
                "epoch": batch.epoch,
                "head": {"number": batch.head_number, "hash": batch.head_hash},
                "records": [
                    _group(kind, list(records))
                    for kind, records in groupby(batch.records, _sent_as)
                ],
            }
        )

    def encode_state(self, state: dict[str, Any]) -> bytes:
        """The live state as the desk gives it, with instants in words and the head named.

        Without the station's own health, which comes as a record: a SIM is paid by the megabyte.
        """
        spoken = _spoken({name: value for name, value in state.items() if name != "health"})
        number, digest = spoken["head"]
        return _dumps({"schema": SCHEMA, **spoken, "head": {"number": number, "hash": digest}})

    def encode_result(self, result: dict[str, Any]) -> bytes:
        """What became of a command, as control said it."""
        return _dumps(result)

    def read_receipt(self, payload: bytes) -> Place | None:
        """`{"epoch": "9f1c…", "number": 1203}`; further names are left for later versions."""
        told = _object(payload)
        return _place(told.get("epoch"), told.get("number"))

    def read_head(self, payload: bytes) -> Place | None:
        told = _object(payload)
        head = told.get("head")
        if not isinstance(head, dict):
            return None
        return _place(told.get("epoch"), head.get("number"), head.get("hash"))


def instant(utc_ms: int) -> str:
    """RFC 3339 in UTC, with milliseconds: exact, since no float is made."""
    day, left = divmod(utc_ms, _DAY_MS)
    minutes, milliseconds = divmod(left, 60_000)
    hour, minute = divmod(minutes, 60)
    second, milliseconds = divmod(milliseconds, 1000)
    return f"{_date(day)}T{_TWO[hour]}:{_TWO[minute]}:{_TWO[second]}.{milliseconds:03}Z"


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    """Records come in order: a backlog has one date in a thousand rows, and a date is the cost."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def _object(payload: bytes) -> dict[str, Any]:
    """Whatever anybody wrote there; empty when it is no JSON object."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _place(epoch: object, number: object, digest: object = "") -> Place | None:
    if not _is_word(epoch) or not _is_word(digest) or type(number) is not int:
        return None
    return Place(str(epoch), number, str(digest)) if 0 <= number <= NUMBER_MAX else None


def _is_word(given: object) -> bool:
    """An epoch, a hash or nothing."""
    return isinstance(given, str) and len(given) <= WORD_MAX and (not given or given.isalnum())


class _Layout(NamedTuple):
    """How the rows of one class are sent."""

    columns: list[str]
    rest: list[list[Any]]  # by a row's length: the defaults behind it, as they are sent
    expand: list[tuple[int, Expand]]  # the positions that are not sent as they are stored


def _sent_as(record: RawRecord) -> str:
    return _PRUNED if record.body is None else record.kind


def _group(kind: str, records: Sequence[RawRecord]) -> dict[str, Any]:
    if kind == _PRUNED:
        rows = [[one.number, instant(one.at_utc_ms), one.trusted, one.kind] for one in records]
        return {"kind": kind, "columns": [*_PLACE, "of_kind"], "rows": rows}
    layout = _layout(_body(kind))
    return {
        "kind": kind,
        "columns": _PLACE + layout.columns,
        "rows": [
            [number, instant(at), trusted, *_filled(layout, body)]
            for number, at, trusted, _, body in records
            if body is not None
        ],
    }


def _filled(layout: _Layout, row: list[Any]) -> list[Any]:
    """The row with its defaults and its parts named."""
    if len(row) > len(layout.columns):
        raise RecordNewer
    full = row + layout.rest[len(row)]
    for position, expand in layout.expand:
        if position < len(row):
            full[position] = expand(row[position])
    return full


def kind_of(body: type) -> str:
    """The name of a class of records: `RelayMoved` is sent as `relay_moved`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", body.__name__).lower()


@cache
def _body(kind: str) -> type:
    for body in typing.get_args(model.Body):
        if kind_of(body) == kind:
            return typing.cast("type", body)
    raise RecordNewer


@cache
def _layout(target: type) -> _Layout:
    fields = dataclasses.fields(target)
    hints = typing.get_type_hints(target)
    expanders = [_expander(field.name, hints[field.name]) for field in fields]
    defaults = [_default(field, expand) for field, expand in zip(fields, expanders, strict=True)]
    return _Layout(
        columns=[column_of(field.name) for field in fields],
        rest=[defaults[length:] for length in range(len(fields) + 1)],
        expand=[(place, expand) for place, expand in enumerate(expanders) if expand is not None],
    )


def column_of(name: str) -> str:
    """`started_utc_ms` holds milliseconds; what is sent is an instant, and is named so."""
    stem = name.removesuffix(_MILLISECONDS)
    return name if stem == name else "at" if stem == "at" else f"{stem}_at"


def is_instant(name: str) -> bool:
    return name.endswith(_MILLISECONDS)


def _default(field: dataclasses.Field[Any], expand: Expand | None) -> Any:
    """As it is sent; None for a field that has none, and so is in every row."""
    if field.default is dataclasses.MISSING:
        return None
    plain = _plain(field.default)
    return plain if expand is None else expand(plain)


def _plain(default: Any) -> Any:
    if isinstance(default, tuple):
        return [_plain(item) for item in default]
    return default.value if isinstance(default, Enum) else default


def _expander(name: str, hint: Any) -> Expand | None:
    """How a stored value of this field is named in parts; None when it is sent as it is."""
    if is_instant(name):
        return lambda utc_ms: None if utc_ms is None else instant(utc_ms)
    inner = [part for part in typing.get_args(hint) or (hint,) if dataclasses.is_dataclass(part)]
    if not inner:
        return None
    assert len(inner) == 1, f"{name} is a union of dataclasses, which no record has yet"
    layout = _layout(typing.cast("type", inner[0]))
    if typing.get_origin(hint) is tuple:
        return lambda rows: [_named(layout, row) for row in rows]
    return lambda row: None if row is None else _named(layout, row)


def _named(layout: _Layout, row: list[Any]) -> dict[str, Any]:
    return dict(zip(layout.columns, _filled(layout, row), strict=True))


def _spoken(value: Any) -> Any:
    """The same JSON with every `..._utc_ms` as an instant."""
    if isinstance(value, list):
        return [_spoken(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        column_of(name): instant(item) if is_instant(name) and item is not None else _spoken(item)
        for name, item in value.items()
    }


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
