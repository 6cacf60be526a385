"""`wellkeeper fit-meter`: declare the meter that is bolted to the pipe, or to the supply."""

import argparse
from typing import Any

from agent.amounts import energy_wh, volume_l
from agent.cli.asking import add_actor, add_document, order
from agent.cli.options import add_config, settings_of
from agent.core.model import Role


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("role", choices=("flow", "power"))
    parser.add_argument("--serial", required=True, help="serial number on the nameplate")
    parser.add_argument(
        "--displayed", required=True, help="what its display shows: 1234.5m3 or 987.6kWh"
    )
    add_document(parser, "certificate or work order")
    parser.add_argument(
        "--withdrawn-before",
        help="first flow meter only: what the well had withdrawn this year before; 0L if nothing",
    )
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields: dict[str, Any] = {
        "role": role_of(options),
        "serial": options.serial,
        "displayed": displayed_of(options),
        "document": options.document,
    }
    if options.withdrawn_before is not None:
        fields["withdrawn_before_l"] = volume_l(options.withdrawn_before)
    return order(options, settings, "FitMeterOrder", fields)


def role_of(options: argparse.Namespace) -> Role:
    return Role.FLOW_METER if options.role == "flow" else Role.POWER_METER


def displayed_of(options: argparse.Namespace) -> int:
    """What the meter's own display shows, in litres or watt-hours."""
    return (volume_l if options.role == "flow" else energy_wh)(options.displayed)
