"""`wellkeeper simulate`: one pump house on a tty, or with --fleet many light stations."""

import argparse

from drivers.simulator import command as house


def add_options(parser: argparse.ArgumentParser) -> None:
    from agent.fleet import command as fleet

    house.add_options(parser)
    fleet.add_options(parser)


def run(options: argparse.Namespace) -> int:
    if options.fleet is None:
        return house.run(options)
    from agent.fleet import command as fleet

    return fleet.run(options)
