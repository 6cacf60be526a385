"""`wellkeeper acknowledge`: somebody saw to what is latched."""

import argparse

from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of
from agent.core.model import Latched


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("condition", choices=[kind.value for kind in Latched])
    parser.add_argument("--reason", required=True, help="what was found and done: it is recorded")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    fields = {"condition": options.condition, "reason": options.reason}
    return order(options, settings_of(options), "AcknowledgeOrder", fields)
