"""`wellkeeper calibrate`: a rating test (率定), begun and ended; `rate` enters its figure."""

import argparse
from typing import Any

from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("begin", "end"))
    parser.add_argument("--static-mm", type=int, help="begin: level below the wellhead, at rest")
    parser.add_argument("--dynamic-mm", type=int, help="end: level below the wellhead, running")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    begins = options.what == "begin"
    kind = "BeginRatingOrder" if begins else "EndRatingOrder"
    level = "static_mm" if begins else "dynamic_mm"
    fields: dict[str, Any] = {level: getattr(options, level)}
    return order(options, settings_of(options), kind, fields)
