"""`wellkeeper open-year`: confirm the total at which a plan year began that no clock saw begin."""

import argparse

from agent.amounts import volume_l
from agent.cli.asking import add_actor, add_document, add_year, order
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    add_year(parser)
    parser.add_argument(
        "--total", required=True, help="the flow meter's total when it began: 12345.6m3"
    )
    add_document(parser)
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    fields = {
        "year": options.year,
        "total_l": volume_l(options.total),
        "document": options.document,
    }
    return order(options, settings_of(options), "OpenYearOrder", fields)
