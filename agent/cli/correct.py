"""`wellkeeper correct`: add to, or take from, what a year has withdrawn."""

import argparse

from agent.amounts import signed_volume_l
from agent.cli.asking import add_actor, add_document, add_year, order
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    add_year(parser)
    parser.add_argument(
        "--volume",
        required=True,
        help="signed, with its unit: 12.5m3, --volume=-600L; 0L only to settle a total in doubt",
    )
    parser.add_argument("--reason", required=True, help="why, in a few words")
    add_document(parser)
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    fields = {
        "year": options.year,
        "volume_l": signed_volume_l(options.volume),
        "reason": options.reason,
        "document": options.document,
    }
    return order(options, settings_of(options), "CorrectOrder", fields)
