"""`wellkeeper allocate-energy`: give a plan year its electricity, beside its water."""

import argparse

from agent.amounts import energy_wh
from agent.cli.allocate import granted
from agent.cli.asking import add_actor, add_document, add_year, order
from agent.cli.options import add_config, settings_of
from agent.core.model import AllocationKind


def add_options(parser: argparse.ArgumentParser) -> None:
    kinds = [kind.value for kind in AllocationKind if kind is not AllocationKind.CORRECTION]
    parser.add_argument("kind", choices=kinds)
    add_year(parser)
    parser.add_argument("--energy", required=True, help="with its unit: 20000kWh, 800Wh")
    add_document(parser)
    parser.add_argument("--expires", help="provisional only: the last day, YYYY-MM-DD")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields = granted(options, settings) | {"energy_wh": energy_wh(options.energy)}
    return order(options, settings, "AllocateEnergyOrder", fields)
