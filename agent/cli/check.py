"""`wellkeeper check`: what is wrong with a station's settings and profiles, if anything."""

import argparse
from pathlib import Path

from agent import words
from agent.cli.house import house_of
from agent.cli.options import add_config, language_of, settings_of
from agent.settings import Settings
from drivers.adapter import advice


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    house = house_of(settings, options.config)
    print(f"{options.config}: {settings.station.id} {settings.station.name}")
    print(f"  relay: {_relay(settings, language_of(options, settings))}")
    for instrument in house.instruments:
        profile = instrument.profile
        print(f"  {instrument.role}: {profile.title}, unit {instrument.unit}, bus {instrument.bus}")
        if profile.doubts:
            print(f"    {profile.name} rests on {profile.confidence}; in doubt: {profile.doubts}")
    for contact in settings.input:
        print(f"  input {contact.name}: line {contact.line}")
    for platform in settings.platform:
        print(f"  platform {platform.name}: {platform.host}:{platform.port}")
    for port in _ports(settings):
        for line in advice(port):
            print(f"  ! {line}")
    return 0


def _relay(settings: Settings, language: str) -> str:
    """Where it is, and what it does without supply."""
    relay = settings.relay
    module = relay.module
    place = {
        "gpio": f"GPIO line {relay.line} of {relay.chip or 'the Raspberry Pi header'}",
        "simulated": f"simulated, {relay.socket}",
        "modbus": module
        and f"{module.kind}, unit {module.unit} channel {module.channel} on {module.port}",
    }[relay.driver]
    held = module and module.lease_held_by
    lease = f"; its lease is held by: {held}" if held else ""
    return f"{place}; {words.say(f'energise.{relay.energise}', language)}{lease}"


def _ports(settings: Settings) -> list[Path]:
    module = settings.relay.module
    return [bus.port for bus in settings.bus] + ([module.port] if module else [])
