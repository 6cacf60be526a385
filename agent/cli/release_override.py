"""`wellkeeper release-override`: end an override before its time."""

import argparse

from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, help="why, in a few words: it is recorded")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    return order(options, settings_of(options), "ReleaseOverrideOrder", {"reason": options.reason})
