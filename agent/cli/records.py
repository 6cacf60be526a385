"""`wellkeeper records`: what was written down, one JSON object a line, names once more in full."""

import argparse
import json
from typing import Any

from agent import rows
from agent.cli.asking import administrator
from agent.cli.options import add_config, settings_of

PAGE = 500


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--after", type=int, default=0, help="begin after this number")
    parser.add_argument("--limit", type=int, default=1000, help="at most so many (default 1000)")


def run(options: argparse.Namespace) -> int:
    after, left = max(0, options.after), max(0, options.limit)
    with administrator(settings_of(options)) as client:
        while left > 0:
            asked = {"after": after, "limit": min(left, PAGE), "wait_ms": 0}
            page = client.call("records", asked, 10.0)["records"]
            if not page:
                break
            for row in page:
                print(json.dumps(_named(row), ensure_ascii=False))
            after, left = page[-1][0], left - len(page)
    return 0


def _named(row: list[Any]) -> dict[str, Any]:
    """A stored row under the names of its kind."""
    number, at_utc_ms, trusted, kind, body = row
    said = rows.named(rows.from_row(rows.BODIES[kind], body))
    return {"number": number, "at_utc_ms": at_utc_ms, "trusted": trusted, kind: said}
