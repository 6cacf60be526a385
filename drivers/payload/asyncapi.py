"""Room rule: the `json` payload over MQTT as one AsyncAPI 3 document. Pure."""

from typing import Any

from drivers.payload import schema

VERSION = "3.0.0"
QOS = 1
_PARAMETERS = {
    "prefix": {"description": "`wells` unless the station's settings say otherwise"},
    "station": {"description": "the station's id"},
}


def document(version: str) -> dict[str, Any]:
    """As seen by the station: it sends all channels but `receipts` and `commands`."""
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "wellkeeper",
            "version": version,
            "description": (
                "What a pump house sends to a platform, and the receipt a platform may send back. "
                "docs/mqtt.md says how to subscribe so that nothing is lost, and how to reconcile."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "platform": {
                "host": "mqtt.example:8883",
                "protocol": "mqtts",
                "protocolVersion": "5",
                "description": "A platform's broker. TLS is verified whenever it is on.",
                "bindings": {"mqtt": {"clientId": "wellkeeper-{station}", "keepAlive": 60}},
            }
        },
        "channels": {
            name: {
                "address": f"{{prefix}}/{{station}}/{name}",
                "description": words,
                "parameters": _PARAMETERS,
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            }
            for name, words in _CHANNELS.items()
        },
        "operations": {
            name: {
                "action": "receive" if name in ("receipts", "commands") else "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": words,
                "bindings": {"mqtt": {"qos": QOS, "retain": name in ("state", "online")}},
            }
            for name, words in _CHANNELS.items()
        },
        "components": {
            "messages": {
                name: {"contentType": _TYPES.get(name, _JSON), "payload": _bare(payload)}
                for name, payload in _PAYLOADS.items()
            },
            "schemas": {kind: _bare(schema.of_record(kind)) for kind in schema.kinds()},
        },
    }


_JSON = "application/json"
_TYPES = {"commands": "application/jwt"}
_CHANNELS = {
    "records": "Batches of records, in order; a row under its columns is a record of its kind.",
    "state": "The live state, retained: first on every connection and whenever it changes.",
    "online": "Whether the station is there, retained; its last will says that it was lost.",
    "commands": "A signed command, never retained: a JWT, whose claims are described here.",
    "results": "What became of a command, with the account after it.",
    "receipts": "The platform's own acknowledgement: up to which record it has stored everything.",
}
_PAYLOADS = {
    "records": schema.of_batch(),
    "state": schema.of_state(),
    "online": schema.of_online(),
    "commands": schema.of_command(),
    "results": schema.of_result(),
    "receipts": schema.of_receipt(),
}


def _bare(payload: dict[str, Any]) -> dict[str, Any]:
    """Inside a document the draft is AsyncAPI's own."""
    return {name: value for name, value in payload.items() if name != "$schema"}
