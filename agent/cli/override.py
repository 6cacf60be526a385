"""`wellkeeper override`: water for fire, livestock or drinking, within time and volume (保电)."""

import argparse

from agent.amounts import volume_l
from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of
from agent.core.model import Use


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use", choices=[use.value for use in Use])
    parser.add_argument("--volume", required=True, help="the most it may take: 50m3")
    parser.add_argument("--hours", type=int, required=True, help="the longest it may last")
    parser.add_argument("--reason", required=True, help="why, in a few words: it is recorded")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    fields = {
        "use": options.use,
        "volume_l": volume_l(options.volume),
        "lasts_ms": options.hours * 3_600_000,
        "reason": options.reason,
    }
    return order(options, settings_of(options), "OverrideOrder", fields)
