"""`wellkeeper allocate-energy`: give a plan year its electricity, beside its water."""

import argparse
from typing import Any

from agent.amounts import energy_wh
from agent.cli.asking import add_actor, order
from agent.cli.days import after_ms
from agent.cli.options import add_config, settings_of
from agent.core.model import AllocationKind


def add_options(parser: argparse.ArgumentParser) -> None:
    kinds = [kind.value for kind in AllocationKind if kind is not AllocationKind.CORRECTION]
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--year", type=int, required=True, help="the plan year")
    parser.add_argument("--energy", required=True, help="with its unit: 20000kWh, 800Wh")
    parser.add_argument("--document", required=True, help="document number (文号)")
    parser.add_argument("--expires", help="provisional only: the last day, YYYY-MM-DD")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields: dict[str, Any] = {
        "year": options.year,
        "kind": options.kind,
        "energy_wh": energy_wh(options.energy),
        "document": options.document,
    }
    if options.expires is not None:
        fields["expires_utc_ms"] = after_ms(options.expires, settings.station.zone)
    return order(options, settings, "AllocateEnergyOrder", fields)
