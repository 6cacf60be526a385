"""`wellkeeper resume`: the well that was laid up is in use again."""

import argparse

from agent.cli.asking import add_actor, add_document, order
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    add_document(parser, "work order or document number (文号)")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    return order(options, settings_of(options), "ResumeOrder", {"document": options.document})
