"""`wellkeeper remove-meter`: the meter comes off the pipe, or off the supply."""

import argparse
from typing import Any

from agent.amounts import energy_wh, volume_l
from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of
from agent.core.model import Role


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("role", choices=("flow", "power"))
    parser.add_argument("--serial", required=True, help="serial number of the meter that is fitted")
    parser.add_argument(
        "--displayed", help="what it shows: 1234.5m3 or 987.6kWh; leave out if it shows nothing"
    )
    parser.add_argument("--document", required=True, help="certificate or work order")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    flow = options.role == "flow"
    fields: dict[str, Any] = {
        "role": Role.FLOW_METER if flow else Role.POWER_METER,
        "serial": options.serial,
        "document": options.document,
    }
    if options.displayed is not None:
        fields["displayed"] = (volume_l if flow else energy_wh)(options.displayed)
    return order(options, settings, "RemoveMeterOrder", fields)
