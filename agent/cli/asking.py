"""Room rule: what the commands that speak at the desk share. No resident process loads it."""

import argparse
import getpass
import secrets
import sys
from typing import Any

from agent import words
from agent.catalogue import Told
from agent.cli.options import language_of
from agent.console.screens.allocation import beforehand, beside
from agent.core.model import Refusal, Refused
from agent.desk.client import Client, DeskGone
from agent.settings import Settings, desk_socket
from drivers.host import HostClock

# A command is judged by the next scan and committed; a slow card and a full bus fit into this.
COMMAND_WITHIN_S = 30.0
REFUSED = 1
LABEL_WIDTH = 20


class Unsettled(Told):
    """An order was handed in and its verdict never came: it may have taken effect."""


def add_actor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="actor", help="who asks; the login name if not given")


def add_year(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--year", type=int, required=True, help="the plan year")


def add_document(parser: argparse.ArgumentParser, what: str = "document number (文号)") -> None:
    """By what the order can be traced outside the station."""
    parser.add_argument("--document", required=True, help=what)


def administrator(settings: Settings) -> Client:
    """The desk's door for root on this host. DeskGone when control does not run."""
    return Client(desk_socket(settings, "admin"))


def order(
    options: argparse.Namespace, settings: Settings, kind: str, fields: dict[str, Any]
) -> int:
    """Hand an order to the desk, wait for its verdict and say it. 0 when it took effect."""
    language = language_of(options, settings)
    asked = {"actor": options.actor or getpass.getuser(), "order": kind, "fields": fields}
    with administrator(settings) as client:
        told = handed_in(client, settings, "command", asked, language)
        verdict = told["verdict"]
        lines = _account_of(client, verdict, fields.get("year"), language)
    if verdict["refusal"] is not None:
        refused = verdict["refusal"]
        why = Refusal(Refused(refused["reason"]), refused["given"], refused["expected"])
        print(words.say("verdict.refused", language, why=words.refusal(why, language)))
        return REFUSED
    done = words.say(f"order.{verdict['order']}", language)
    key = "verdict.accepted" if told.get("written", True) else "verdict.held"
    print(words.say(key, language, order=done))
    for line in lines:
        print(line)
    return 0


def handed_in(
    client: Client, settings: Settings, method: str, fields: dict[str, Any], language: str
) -> dict[str, Any]:
    """What the desk answers to an order. Unsettled when it never does."""
    now = HostClock(settings.clock.trusted_when).now()
    command_id = secrets.token_hex(8)
    # Nobody waits for it any longer: it must not take effect behind the asker's back, who may have
    # asked again.
    not_after_utc_ms = now.utc_ms + int(COMMAND_WITHIN_S * 1000)
    asked = {**fields, "id": command_id, "not_after_utc_ms": not_after_utc_ms}
    try:
        told: dict[str, Any] = client.call(method, asked, COMMAND_WITHIN_S)
    except DeskGone as gone:
        raise Unsettled("desk.unsettled", id=command_id, why=str(gone)) from gone
    except KeyboardInterrupt:
        print(words.say("desk.unsettled", language, id=command_id, why="^C"), file=sys.stderr)
        raise
    return told


def _account_of(
    client: Client, verdict: dict[str, Any], year: int | None, language: str
) -> list[str]:
    """The account that an order was about: of the open year, or what another one is allocated."""
    balance = verdict["balance"]
    if verdict["refusal"] is not None or year is None or (balance or {}).get("year") == year:
        return account_lines(balance, language)
    asked = {"revision": None, "wait_ms": 0}
    try:
        state = client.call("status", asked, COMMAND_WITHIN_S)["state"]
    except DeskGone:
        return []  # the order has its verdict, and that is what counts
    return [labelled(label, value, language) for label, value in beforehand(state, year)]


def account_lines(balance: dict[str, Any] | None, language: str) -> list[str]:
    """The account of the year as label and value; nothing while there is none."""
    if balance is None:
        return []
    remaining_l = balance["remaining_l"]
    last = ("over_plan", -remaining_l) if remaining_l < 0 else ("remaining", remaining_l)
    pairs = [("allocation", balance["allocated_l"]), ("withdrawn", balance["withdrawn_l"]), last]
    lines = [labelled("plan_year", str(balance["year"]), language)]
    lines += [labelled(name, words.volume(litres), language) for name, litres in pairs]
    return lines + [labelled(name, value, language) for name, value in beside(balance, language)]


def labelled(name: str, value: str, language: str) -> str:
    """A label of the catalogue and its value, the values in one column."""
    label = words.say(f"label.{name}", language)
    return f"  {label}{' ' * (LABEL_WIDTH - words.width(label))}{value}"
