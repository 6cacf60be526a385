"""Room rule: what the `json` payload looks like, as JSON Schema. Pure; made of types.

Everything is derived from `core.model` and from the codec's own layout, so a field that is added
there appears here by itself. `docs/payload.py` writes it down for the developers of platforms.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from agent.core import model
from drivers.payload.json import SCHEMA, column_of, is_instant, kind_of

DRAFT = "http://json-schema.org/draft-07/schema#"
INSTANT = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
}
NUMBER = {"type": "integer", "minimum": 1}
HEX = {"type": "string", "pattern": "^[0-9a-f]*$"}
STATION = {"type": "string", "minLength": 1, "maxLength": 64}
PLACE = {
    "number": {**NUMBER, "description": "counts 1, 2, 3 … within the epoch"},
    "at": {**INSTANT, "description": "when it was written down, in UTC"},
    "trusted": {"type": "boolean", "description": "false: the clock was not to be believed"},
}
_PLAIN = {int: "integer", str: "string", bool: "boolean"}

Schema = dict[str, Any]

# The orders that some platform may be granted, as they are called in a command.
COMMANDS: dict[str, type] = {
    kind_of(order).removesuffix("_order"): order
    for union in typing.get_args(model.Order)
    for order in (typing.get_args(union) or (union,))
    if kind_of(order).removesuffix("_order")
    in {
        "allocate", "allocate_energy", "limit", "correct", "rate", "stop", "release",
        "acknowledge", "override", "release_override", "set_threshold", "set_clock", "resend",
        "report",
    }
}  # fmt: skip


def kinds() -> Mapping[str, type]:
    """Every kind of record and the class of its body."""
    return {kind_of(body): body for body in sorted(_bodies(), key=kind_of)}


def of_record(kind: str) -> Schema:
    """One record of a kind: the columns of its group with the values of one row."""
    body = kinds()[kind]
    return {
        "$schema": DRAFT,
        "title": kind,
        "description": _said(body),
        "type": "object",
        "properties": {**PLACE, **_properties(body)},
        "required": [*PLACE, *_properties(body)],
    }


def of_batch() -> Schema:
    """What is published on `records`."""
    rows = {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 3}}
    group = _object(
        {
            "kind": {"type": "string", "examples": list(kinds())},
            "columns": {"type": "array", "items": {"type": "string"}, "minItems": 3},
            "rows": {**rows, "description": "one value per column, one row per record"},
        }
    )
    head = _object({"number": NUMBER, "hash": HEX})
    return {
        "$schema": DRAFT,
        "title": "batch",
        "description": "Consecutive records of one epoch, oldest first, in groups of one kind.",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "station": STATION,
                "epoch": {**HEX, "minLength": 1},
                "head": {**head, "description": "newest record of the journal, and its hash"},
                "records": {"type": "array", "minItems": 1, "items": group},
            }
        ),
    }


def of_online() -> Schema:
    """What is published on `online`."""
    presence = _object(
        {
            "schema": {"const": SCHEMA},
            "station": STATION,
            "status": {"enum": ["online", "offline"]},
            "version": {"type": "string"},
        }
    )
    presence["properties"]["cause"] = {"enum": ["stopped", "lost"]}
    return {"$schema": DRAFT, "title": "online", **presence}


def of_command() -> Schema:
    """The claims of what a platform may publish on `commands`, signed as a JWT."""
    orders = [
        {
            "properties": {
                "order": {"const": name},
                "fields": {
                    "type": "object",
                    "properties": {one.name: {} for one in dataclasses.fields(order)},
                    "required": [
                        one.name
                        for one in dataclasses.fields(order)
                        if one.default is dataclasses.MISSING
                    ],
                    "additionalProperties": False,
                },
            }
        }
        for name, order in sorted(COMMANDS.items())
    ]
    seconds = {"type": "integer", "minimum": 0, "description": "since 1970"}
    return {
        "$schema": DRAFT,
        "title": "command",
        "description": "The claims of a signed command. docs/commands.md says what they mean.",
        "type": "object",
        "properties": {
            "iss": {"type": "string"},
            "aud": STATION,
            "jti": {"type": "string", "minLength": 1, "maxLength": 64},
            "iat": seconds,
            "exp": seconds,
            "order": {"enum": sorted(COMMANDS)},
            "fields": {"type": "object"},
        },
        "required": ["iss", "aud", "jti", "iat", "exp", "order", "fields"],
        "additionalProperties": False,
        "oneOf": orders,
    }


def of_result() -> Schema:
    """What is published on `results`."""
    text = {"type": "string"}
    refusal = _object({"reason": text, "given": text, "expected": text, "words": text})
    return {
        "$schema": DRAFT,
        "title": "result",
        "description": "What became of a command, and the account after it.",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "station": STATION,
                "id": {"type": "string", "description": "the command's jti; empty: it had none"},
                "platform": text,
                "order": {"type": "string", "description": "empty: it was none"},
                "accepted": {"type": "boolean"},
                "refusal": {"anyOf": [refusal, {"type": "null"}]},
                "balance": {"type": ["object", "null"]},
            }
        ),
    }


def of_receipt() -> Schema:
    """What a platform may publish on `receipts`."""
    return {
        "$schema": DRAFT,
        "title": "receipt",
        "description": "The platform has stored every record of the epoch up to this number.",
        **_object({"epoch": {**HEX, "minLength": 1}, "number": {"type": "integer", "minimum": 0}}),
    }


def of_state() -> Schema:
    """What is published on `state`: the parts that will stay; more may stand beside them."""
    reading = _object(
        {
            "instrument": _of_enum(model.Role),
            "quantity": _of_enum(model.Quantity),
            "value": {"type": ["integer", "null"]},
            "quality": _of_enum(model.Quality),
            "fault": {"enum": [None, *_values(model.Fault)]},
        }
    )
    condition = _object(
        {
            "kind": _of_enum(model.ConditionKind),
            "action": _of_enum(model.Action),
            "since_at": INSTANT,
            "latched": {"type": "boolean"},
            "level": {"type": "integer"},
        }
    )
    head = _object({"number": {"type": "integer", "minimum": 0}, "hash": HEX})
    return {
        "$schema": DRAFT,
        "title": "state",
        "description": "How the station is now.",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "station": STATION,
                "epoch": {**HEX, "minLength": 1},
                "head": head,
                "at": INSTANT,
                "trusted": {"type": "boolean"},
                "permitted": {"type": "boolean"},
                "relay": {"enum": ["permitted", "cut", "silent"]},
                "reasons": {"type": "array", "items": _of_enum(model.ConditionKind)},
                "balance": {"type": ["object", "null"]},
                "readings": {"type": "array", "items": reading},
                "conditions": {"type": "array", "items": condition},
                "session": {"type": ["object", "null"]},
                "visit": {"type": ["object", "null"]},
            }
        ),
    }


def _bodies() -> tuple[type, ...]:
    return typing.get_args(model.Body)


def _properties(body: type) -> Schema:
    hints = typing.get_type_hints(body)
    return {
        column_of(field.name): _of_hint(field.name, hints[field.name])
        for field in dataclasses.fields(body)
    }


def _of_hint(name: str, hint: Any) -> Schema:
    if isinstance(hint, types.UnionType):
        (inner,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        return {"anyOf": [_of_hint(name, inner), {"type": "null"}]}
    if is_instant(name):
        return dict(INSTANT)
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _of_hint("", typing.get_args(hint)[0])}
    if dataclasses.is_dataclass(hint):
        return {**_object(_properties(typing.cast("type", hint))), "description": _said(hint)}
    if issubclass(hint, Enum):
        return _of_enum(hint)
    return {"type": _PLAIN[hint]}


def _of_enum(of: type[Enum]) -> Schema:
    return {"type": "string", "enum": _values(of)}


def _values(of: type[Enum]) -> list[str]:
    return [member.value for member in of]


def _object(properties: Schema) -> Schema:
    """All of them stand there always; others may come later."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _said(of: Any) -> str:
    """A class's own words; a dataclass without any has its signature there, which says nothing."""
    words = " ".join((of.__doc__ or "").split())
    return "" if words == of.__name__ or words.startswith(f"{of.__name__}(") else words
