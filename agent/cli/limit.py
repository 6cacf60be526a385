"""`wellkeeper limit`: a limit for a round (轮次) or a month within a year's allocation."""

import argparse
from typing import Any

from agent.amounts import volume_l
from agent.cli.asking import add_actor, add_document, add_year, order
from agent.cli.days import after_ms, first_ms
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the round's name; the same name replaces it")
    add_year(parser)
    parser.add_argument("--volume", required=True, help="with its unit: 5000m3, 0.5万m³")
    parser.add_argument("--from", dest="first", required=True, help="its first day, YYYY-MM-DD")
    parser.add_argument("--to", dest="last", required=True, help="its last day, YYYY-MM-DD")
    add_document(parser)
    parser.add_argument(
        "--withdrawn-before", default="0L", help="what was withdrawn in it already; 0L if not given"
    )
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    zone = settings.station.zone
    fields: dict[str, Any] = {
        "year": options.year,
        "name": options.name,
        "volume_l": volume_l(options.volume),
        "from_utc_ms": first_ms(options.first, zone),
        "to_utc_ms": after_ms(options.last, zone),
        "document": options.document,
        "withdrawn_before_l": volume_l(options.withdrawn_before),
    }
    return order(options, settings, "LimitOrder", fields)
