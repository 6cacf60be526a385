"""`wellkeeper bus watch`: what the instruments say and how they answer, again and again."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agent import words
from agent.cli.asking import administrator
from agent.cli.options import language_of, settings_of
from agent.core.model import Quantity
from agent.desk.client import DeskGone
from agent.settings import Settings
from agent.status import bus_picture, reading_picture

ANSWER_WITHIN_S = 10.0

# Readings and buses, as the picture has them.
Look = Callable[[], tuple[list[dict[str, Any]], dict[str, Any]]]

# None for an instrument that has never answered.
_TIMES = ("median_ms", "p99_ms", "timeout_ms")


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)
    with _looker(settings, options) as look:
        done = 0
        while True:
            print("\n".join(screen(*look(), language)), flush=True)
            done += 1
            if done == options.times:
                return 0
            time.sleep(options.every_s)


def screen(readings: list[dict[str, Any]], buses: dict[str, Any], language: str) -> list[str]:
    """One block: each bus, each instrument on it, each of its quantities."""
    lines = []
    for name, bus in buses.items():
        echo = f", {words.say('bus_watch.echo', language)}" if bus["echoes"] else ""
        lines.append(f"{name}: {bus['trouble'] or words.say('bus_watch.open', language)}{echo}")
        for role, one in bus["instruments"].items():
            lines.append(f"  {_counted(role, one, language)}")
            lines += [f"    {_shown(it, language)}" for it in readings if it["instrument"] == role]
    return lines


def _counted(role: str, one: dict[str, Any], language: str) -> str:
    said = words.say(
        "bus_watch.instrument",
        language,
        role=words.say(f"role.{role}", language),
        unit=one["unit"],
        requests=one["requests"],
        timeouts=one["timeouts"],
        garbled=one["garbled"],
        refused=one["exceptions"],
        **{key: "—" if one[key] is None else one[key] for key in _TIMES},
    )
    return f"{said}; {words.say('bus_watch.resting', language)}" if one["resting"] else said


def _shown(reading: dict[str, Any], language: str) -> str:
    label = words.say(f"quantity.{reading['quantity']}", language)
    value = words.amount(Quantity(reading["quantity"]), reading["value"])
    fault = reading["fault"]
    return f"{label}: {value}" + (f" ({words.say(f'fault.{fault}', language)})" if fault else "")


@contextmanager
def _looker(settings: Settings, options: argparse.Namespace) -> Iterator[Look]:
    """Control's own eyes while it runs, otherwise ours on the ttys."""
    try:
        client = administrator(settings)
    except DeskGone:
        client = None
    if client is not None:
        with client:
            yield lambda: _picture(client.call("status", _NOW, ANSWER_WITHIN_S)["state"])
        return
    from agent.cli.house import house_of
    from drivers.adapter import refuse_taken
    from drivers.bus import Buses
    from drivers.host import HostClock

    house = house_of(settings, options.config)
    for bus in house.buses:
        refuse_taken(bus.port)
    clock = HostClock(settings.clock.trusted_when)
    buses = Buses(house.buses, house.instruments, house.bus_budget_ms, clock.monotonic_ms)

    def look() -> tuple[list[dict[str, Any]], dict[str, Any]]:
        readings = [reading_picture(one) for one in buses.read(clock.now())]
        counters = buses.counters()
        return readings, {one.name: bus_picture(one, counters) for one in buses.standings()}

    try:
        yield look
    finally:
        buses.close()


_NOW = {"revision": None, "wait_ms": 0}


def _picture(state: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    return state["readings"], state["buses"]
