"""`wellkeeper remove-meter`: the meter comes off the pipe, or off the supply."""

import argparse
from typing import Any

from agent.cli.asking import add_actor, add_document, order
from agent.cli.fit_meter import displayed_of, role_of
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("role", choices=("flow", "power"))
    parser.add_argument("--serial", required=True, help="serial number of the meter that is fitted")
    parser.add_argument(
        "--displayed", help="what it shows: 1234.5m3 or 987.6kWh; leave out if it shows nothing"
    )
    add_document(parser, "certificate or work order")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields: dict[str, Any] = {
        "role": role_of(options),
        "serial": options.serial,
        "document": options.document,
    }
    if options.displayed is not None:
        fields["displayed"] = displayed_of(options)
    return order(options, settings, "RemoveMeterOrder", fields)
