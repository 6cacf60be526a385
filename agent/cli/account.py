"""`wellkeeper account`: who may sign in at a console, and help for who lost his PIN. For root."""

import argparse
import getpass
import sys
from typing import Any

from agent import words
from agent.cli.asking import COMMAND_WITHIN_S, REFUSED, add_actor, administrator, handed_in, order
from agent.cli.options import add_config, language_of, settings_of
from agent.core.model import Language, Rank, Refusal, Refused
from agent.settings import Settings

NAME_WIDTH = 26


def add_options(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True, dest="deed")
    for name, told in (
        ("list", "who has an account"),
        ("add", "open an account"),
        ("remove", "remove one"),
        ("reset", "give one a new PIN, and forget the attempts that failed"),
    ):
        deed = deeds.add_parser(name, help=told, description=told)
        if name != "list":
            deed.add_argument("name", help="the account")
        if name == "add":
            deed.add_argument("rank", choices=[one.value for one in Rank])
        add_actor(deed)
        add_config(deed)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)
    actor = options.actor or getpass.getuser()
    if options.deed == "remove":
        return order(options, settings, "RemoveAccountOrder", {"name": options.name})
    if options.deed == "list":
        with administrator(settings) as client:
            found = client.call("accounts", {"actor": actor}, COMMAND_WITHIN_S)["accounts"]
        for one in found:
            gap = " " * (NAME_WIDTH - words.width(one["name"]))
            print(f"{one['name']}{gap}{words.say('rank.' + one['rank'], language)}")
        return 0
    fields = {"account": options.name, "pin": _pin(language), "actor": actor}
    if options.deed == "add":
        fields |= {"rank": options.rank, "language": Language(settings.station.language).value}
        return _ordered(settings, "open_account", fields, "AccountOrder", language)
    return _ordered(settings, "change_pin", fields, "ChangePinOrder", language)


def _pin(language: str) -> str:
    """Typed unseen, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass(f"{words.say('console.new_pin', language)} ")


def _ordered(
    settings: Settings, method: str, fields: dict[str, Any], kind: str, language: str
) -> int:
    with administrator(settings) as client:
        refused = handed_in(client, settings, method, fields, language)["refusal"]
    if refused is not None:
        why = Refusal(Refused(refused["reason"]), refused["given"], refused["expected"])
        print(words.say("verdict.refused", language, why=words.refusal(why, language)))
        return REFUSED
    print(words.say("verdict.accepted", language, order=words.say(f"order.{kind}", language)))
    return 0
