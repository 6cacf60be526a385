"""`wellkeeper rate`: put a conversion coefficient (以电折水系数) in force, as a new version."""

import argparse
from typing import Any

from agent.amounts import volume_l
from agent.cli.asking import add_actor, add_document, order
from agent.cli.days import first_ms
from agent.cli.options import add_config, settings_of
from agent.core.model import RateMethod


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("per_kwh", help="water lifted by one kWh, with its unit: 2.75m3, 2750L")
    parser.add_argument(
        "--method",
        choices=[one.value for one in RateMethod],
        required=True,
        help="how it was found",
    )
    parser.add_argument("--measured", required=True, help="the day it was found, YYYY-MM-DD")
    add_document(parser)
    parser.add_argument("--static-mm", type=int, help="level below the wellhead, pump at rest")
    parser.add_argument("--dynamic-mm", type=int, help="level below the wellhead, pump running")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields: dict[str, Any] = {
        "litres_per_kwh": volume_l(options.per_kwh),
        "method": options.method,
        "measured_utc_ms": first_ms(options.measured, settings.station.zone),
        "document": options.document,
        "static_mm": options.static_mm,
        "dynamic_mm": options.dynamic_mm,
    }
    return order(options, settings, "RateOrder", fields)
