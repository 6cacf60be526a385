"""`wellkeeper threshold`: where a warning or a protection begins, named as in the settings."""

import argparse

from agent.cli.asking import add_actor, add_document, order
from agent.cli.options import add_config, settings_of
from agent.core.thresholds import THRESHOLDS


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=list(THRESHOLDS))
    parser.add_argument("value", type=int, help="the settings file's own value takes it back")
    add_document(parser)
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    fields = {"name": options.name, "value": options.value, "document": options.document}
    return order(options, settings_of(options), "SetThresholdOrder", fields)
