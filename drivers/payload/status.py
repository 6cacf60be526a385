"""Room rule: what `wellkeeper status --json` looks like, as JSON Schema. Pure; made of types.

It is the live picture of `agent/status.py` as it stands: instants are milliseconds, `..._utc_ms`.
Whoever scripts a station reads it; a platform gets `state` (schema.py), where instants are text.
"""

import dataclasses
import types
import typing
from enum import Enum
from typing import Any, Final

from agent.core import model
from drivers.payload.schema import DRAFT

Schema = dict[str, Any]
_PLAIN: Final = {int: "integer", str: "string", bool: "boolean"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_TRUTH: Final = {"type": "boolean"}
_INSTANT: Final = {"type": "integer", "description": "milliseconds since 1970 in UTC"}


def of_status() -> Schema:
    """Everything of it stands there always."""
    return {
        "$schema": DRAFT,
        "title": "status",
        "description": "How the station is now: wellkeeper status --json.",
        **_closed(
            {
                **dict.fromkeys(("station", "name", "version", "epoch", "public_key"), _TEXT),
                "head": {"type": "array", "items": [_COUNT, _TEXT], "minItems": 2, "maxItems": 2},
                "at_utc_ms": _INSTANT,
                "trusted": _TRUTH,
                "permitted": _TRUTH,
                "relay": {"enum": ["permitted", "cut", "silent"]},
                "energise": {"enum": ["to_run", "to_stop"]},
                "reasons": {"type": "array", "items": of(model.ConditionKind)},
                "balance": {"type": ["object", "null"]},
                "allocations": {"type": "object", "additionalProperties": _allocation()},
                "readings": {"type": "array", "items": of(model.Reading)},
                "conditions": {"type": "array", "items": _condition()},
                "session": {"type": ["object", "null"]},
                "visit": {"type": ["object", "null"]},
                "setup": {"type": "object", "additionalProperties": of(model.SetupOutcome)},
                "instruments": {"type": "object"},
                "buses": {"type": "object", "additionalProperties": {"type": "object"}},
                "inputs": {"type": "object", "additionalProperties": {"type": ["boolean", "null"]}},
                "journal": _closed(
                    {
                        "failing": {"type": ["string", "null"]},
                        "told": {"type": ["object", "array", "null"]},
                    }
                ),
                "uplinks": {"type": "object", "additionalProperties": _uplink()},
                "thresholds": {"type": "object", "additionalProperties": _threshold()},
                "missing": {"type": "array", "items": _TEXT},
                "keys": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": _TEXT},
                },
                "health": {"anyOf": [of(model.Health), {"type": "null"}]},
            }
        ),
    }


def of(hint: Any) -> Schema:
    """The values of a type as `rows.named` gives them."""
    if isinstance(hint, types.UnionType):
        return {"anyOf": [of(part) for part in typing.get_args(hint)]}
    if hint is types.NoneType:
        return {"type": "null"}
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": of(typing.get_args(hint)[0])}
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return _closed({one.name: of(hints[one.name]) for one in dataclasses.fields(hint)})
    if issubclass(hint, Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    return {"type": _PLAIN[hint]}


def _allocation() -> Schema:
    """Of one plan year; null where nothing is allocated."""
    amount = {"type": ["integer", "null"]}
    return _closed({"allocated_l": amount, "energy_allocated_wh": amount})


def _threshold() -> Schema:
    """One that was set here and is not as the settings say."""
    number = {"type": "integer"}
    return _closed({"value": number, "settings": number, "document": _TEXT, "author": _TEXT})


def _condition() -> Schema:
    return _closed(
        {
            "kind": of(model.ConditionKind),
            "action": of(model.Action),
            "since_utc_ms": _INSTANT,
            "latched": _TRUTH,
            "level": {"type": "integer"},
        }
    )


def _uplink() -> Schema:
    counts = (
        *("cursor", "waiting", "parked", "delivered", "batches", "bytes"),
        *("reconnects", "rejected", "foreign", "wire_bytes", "began_ms"),
    )
    return _closed(
        {
            **dict.fromkeys(counts, _COUNT),
            **dict.fromkeys(("error", "warning", "last_error"), _TEXT),
            "connected": _TRUTH,
            "fault": {"type": ["string", "null"]},
            "last_error_utc_ms": {"type": ["integer", "null"]},
            "told": {"type": ["object", "null"]},
        }
    )


def _closed(properties: Schema) -> Schema:
    """All of them, and no others."""
    required = list(properties)
    closed = {"type": "object", "properties": properties, "required": required}
    return {**closed, "additionalProperties": False}
