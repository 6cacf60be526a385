"""`wellkeeper status`: one screen that says which side a standing pump is on."""

import argparse
import json
from typing import Any

from agent import words
from agent.catalogue import Told
from agent.cli.asking import account_lines, administrator, labelled
from agent.cli.health import health_lines
from agent.cli.options import add_config, language_of, settings_of
from agent.console.screens.status import answer, pump
from agent.core.model import ConditionKind, Quantity

ANSWER_WITHIN_S = 10.0
_SHOWN = {
    "flow": Quantity.FLOW_L_PER_H,
    "total": Quantity.FORWARD_TOTAL_L,
    "power": Quantity.POWER_W,
    "energy": Quantity.ENERGY_WH,
    "level": Quantity.LEVEL_MM,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the picture as JSON")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    with administrator(settings) as client:
        asked = {"revision": None, "wait_ms": 0}
        state = client.call("status", asked, ANSWER_WITHIN_S)["state"]
    if options.json:
        print(json.dumps(state, ensure_ascii=False, indent=2))
    else:
        print("\n".join(screen(state, language_of(options, settings))))
    return 0


def screen(state: dict[str, Any], language: str) -> list[str]:
    """The live state in words. The first line is the answer; the rest is why."""

    def say(key: str) -> str:
        return words.say(key, language)

    def line(name: str, value: str) -> str:
        return labelled(name, value, language)

    trust = say("state.trusted" if state["trusted"] else "state.untrusted")
    when = words.instant(state["at_utc_ms"], language)
    number, _ = state["head"]
    failing = _failing(state["journal"], language)
    return [
        f"{state['station']} {state['name']}: {answer(state, language)}",
        *(f"  {words.condition(ConditionKind(kind), language)}" for kind in state["reasons"]),
        "",
        *account_lines(state["balance"], language),
        line("relay", f"{say('state.' + state['relay'])} ({say('energise.' + state['energise'])})"),
        line("pump", pump(state, language)),
        *(line(name, _value(state, quantity, language)) for name, quantity in _SHOWN.items()),
        line("conditions", "" if state["conditions"] else say("state.none")),
        *(f"    {_condition(one, language)}" for one in state["conditions"]),
        *(
            line("platform", _platform(name, one, language))
            for name, one in state["uplinks"].items()
        ),
        *(line("missing", one) for one in state["missing"]),
        *(
            line("threshold", _threshold(name, one, language))
            for name, one in state["thresholds"].items()
        ),
        line("journal", f"{number} {say('label.records')}, {failing or say('state.writable')}"),
        line("clock", f"{when} ({trust})"),
        line("version", state["version"]),
        *health_lines(state["health"], language),
    ]


def _threshold(name: str, one: dict[str, Any], language: str) -> str:
    """One that is not as the settings say."""
    return words.say("state.threshold", language, name=name, **one)


def _failing(journal: dict[str, Any], language: str) -> str:
    """Why the journal cannot be relied on; empty while it can."""
    told = Told.of(journal["told"])
    return told.said(language) if told is not None else journal["failing"] or ""


def _value(state: dict[str, Any], quantity: Quantity, language: str) -> str:
    """A value, or why there is none; a value that is not good says so beside it."""
    reading = next((one for one in state["readings"] if one["quantity"] == quantity), None)
    if reading is None:
        return words.ABSENT
    shown = words.amount(quantity, reading["value"])
    if reading["fault"] is None:
        return shown
    quality = words.say(f"quality.{reading['quality']}", language)
    fault = words.say(f"fault.{reading['fault']}", language)
    return f"{shown} ({quality}: {fault})"


def _condition(one: dict[str, Any], language: str) -> str:
    name = words.say(f"condition.{one['kind']}", language)
    action = words.say(f"action.{one['action']}", language)
    latched = f", {words.say('state.latched', language)}" if one["latched"] else ""
    level = f" {one['level']} %" if one["level"] else ""
    since = f"{words.say('label.since', language)} {words.instant(one['since_utc_ms'], language)}"
    return f"{name}{level} ({action}{latched}), {since}"


def _platform(name: str, one: dict[str, Any], language: str) -> str:
    link = words.say("state.connected" if one["connected"] else "state.disconnected", language)
    delivered = f"{words.say('label.delivered', language)} {one['cursor']}"
    waiting = f"{words.say('label.waiting', language)} {one['waiting']}"
    said = (words.link_trouble(one, language), words.link_warning(one, language))
    troubles = "".join(f", {trouble}" for trouble in said if trouble)
    return f"{name}: {link}, {delivered}, {waiting}{troubles}"
