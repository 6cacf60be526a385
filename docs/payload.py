"""Room rule: writes what others read of us: docs/schema/*.json and docs/asyncapi.json.

Run it after a change to a record: `python docs/payload.py`. A test compares what it would write.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.cli import VERSION
from drivers.payload import asyncapi, schema, status

DOCS = Path(__file__).parent


def files() -> Iterator[tuple[Path, str]]:
    """Every file and its text."""
    for kind in schema.kinds():
        yield DOCS / "schema" / f"{kind}.json", _text(schema.of_record(kind))
    yield DOCS / "schema" / "batch.json", _text(schema.of_batch())
    yield DOCS / "schema" / "state_message.json", _text(schema.of_state())
    yield DOCS / "schema" / "status.json", _text(status.of_status())
    yield DOCS / "schema" / "online_message.json", _text(schema.of_online())
    yield DOCS / "schema" / "command_message.json", _text(schema.of_command())
    yield DOCS / "schema" / "result_message.json", _text(schema.of_result())
    yield DOCS / "schema" / "receipt.json", _text(schema.of_receipt())
    yield DOCS / "asyncapi.json", _text(asyncapi.document(VERSION))


def main() -> None:
    wanted = dict(files())
    for stale in set((DOCS / "schema").glob("*.json")) - set(wanted):
        stale.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    print(f"{len(wanted)} files in {DOCS}")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
