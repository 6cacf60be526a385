"""Room rule: from what was stored and what was sent to what can be compared. Pure; opens nothing.

A record is compared by all that was said of it: what the station's payload codec makes of the
journal's row must be, column by column, what the broker handed out.
"""

import json
from collections.abc import Iterator, Sequence

from agent import rows
from agent.core.model import Record
from agent.demo.verdict import Delivered
from agent.ports import Batch, RawRecord
from drivers.payload.json import JsonCodec


def delivered(payload: bytes) -> Iterator[Delivered]:
    """The records of one message of a platform's `records` topic, in order."""
    message = json.loads(payload)
    for group in message["records"]:
        for row in group["rows"]:
            said = dict(zip(group["columns"], row, strict=True))
            content = json.dumps({"kind": group["kind"], **said}, sort_keys=True)
            yield Delivered(message["epoch"], said["number"], content)


def as_delivered(epoch: str, raw: Sequence[RawRecord]) -> dict[int, str]:
    """How each of these records must arrive."""
    # Record by record: a codec that groups must not be able to hide a row among others.
    contents: dict[int, str] = {}
    for record in raw:
        encoded = JsonCodec().encode_records(Batch("", epoch, [record], record.number, ""))
        contents.update((one.number, one.content) for one in delivered(encoded))
    return contents


def record(raw: RawRecord) -> Record:
    """The record that a stored row stands for."""
    body = rows.decode_body(raw.kind, json.dumps(raw.body).encode())
    return Record(raw.number, raw.at_utc_ms, raw.trusted, body)
