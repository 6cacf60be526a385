"""`wellkeeper resend PLATFORM --from N --to M`: records once more, without moving the cursor."""

import argparse

from agent import words
from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, language_of, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("platform", help="the platform's name in the settings")
    parser.add_argument("--from", dest="first", type=int, required=True, help="the first number")
    parser.add_argument("--to", dest="last", type=int, required=True, help="the last number")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    asked = {"platform": options.platform, "first": options.first, "last": options.last}
    code = order(options, settings, "ResendOrder", asked)
    if code == 0:
        count = options.last - options.first + 1
        language = language_of(options, settings)
        print(words.say("resend.ordered", language, platform=options.platform, count=count))
    return code
