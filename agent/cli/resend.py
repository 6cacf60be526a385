"""`wellkeeper resend PLATFORM --from N --to M`: records once more, without moving the cursor."""

import argparse

from agent.cli.asking import administrator
from agent.cli.options import add_config, settings_of

ANSWER_WITHIN_S = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("platform", help="the platform's name in the settings")
    parser.add_argument("--from", dest="first", type=int, required=True, help="the first number")
    parser.add_argument("--to", dest="last", type=int, required=True, help="the last number")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    asked = {"platform": options.platform, "from": options.first, "to": options.last}
    with administrator(settings_of(options)) as client:
        client.call("resend", asked, ANSWER_WITHIN_S)
    count = options.last - options.first + 1
    print(f"{options.platform}: {count} records go again; a restart of control forgets this order")
    return 0
