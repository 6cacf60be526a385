"""`wellkeeper resend PLATFORM --from N --to M`: records once more, without moving the cursor."""

import argparse

from agent import words
from agent.cli.asking import administrator
from agent.cli.options import add_config, language_of, settings_of

ANSWER_WITHIN_S = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("platform", help="the platform's name in the settings")
    parser.add_argument("--from", dest="first", type=int, required=True, help="the first number")
    parser.add_argument("--to", dest="last", type=int, required=True, help="the last number")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    asked = {"platform": options.platform, "from": options.first, "to": options.last}
    with administrator(settings) as client:
        client.call("resend", asked, ANSWER_WITHIN_S)
    count = options.last - options.first + 1
    language = language_of(options, settings)
    print(words.say("resend.ordered", language, platform=options.platform, count=count))
    return 0
