"""`wellkeeper check`: what is wrong with a station's settings, profiles and host, if anything."""

import argparse
from pathlib import Path

from agent import words
from agent.cli.apply import within
from agent.cli.house import house_of
from agent.cli.inspect import findings
from agent.cli.options import DEFAULT_CONFIG, add_config, language_of, settings_of
from agent.settings import Settings
from drivers.adapter import advice
from drivers.host import HostClock
from drivers.inspection import Finding
from drivers.inspection.finding import NOTES, WARNINGS

BROKEN = 1


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, default=Path("/"), help="another root, not booted")
    parser.add_argument(
        "--host", action="store_true", help=f"also of this host, if not {DEFAULT_CONFIG}"
    )
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)
    house = house_of(settings, options.config)
    print(f"{options.config}: {settings.station.id} {settings.station.name}")
    print(f"  relay: {_relay(settings, language)}")
    for instrument in house.instruments:
        profile = instrument.profile
        print(f"  {instrument.role}: {profile.title}, unit {instrument.unit}, bus {instrument.bus}")
        if profile.doubts:
            print(f"    {profile.name} rests on {profile.confidence}; in doubt: {profile.doubts}")
    for contact in settings.input:
        print(f"  input {contact.name}: line {contact.line}")
    for platform in settings.platform:
        print(f"  platform {platform.name}: {platform.host}:{platform.port}")
    if options.host or options.config == DEFAULT_CONFIG:
        return _host(options, settings, language)
    # A draft that stands elsewhere: this host need not be the station.
    for port in _ports(settings):
        for line in advice(port):
            print(f"  ! {line}")
    return 0


def sentence(one: Finding, language: str) -> str:
    """Where, what is wrong, what to do."""
    values = {"given": one.given, "expected": one.expected, "subject": one.subject}
    wrong = words.say(f"check.{one.trouble}", language, **values)
    remedy = words.say(f"check_remedy.{one.trouble}", language, **values)
    place = f"{one.subject} ({one.key})" if one.key else str(one.subject)
    colon, space = ("：", "") if language == "zh" else (": ", " ")
    return f"{place}{colon}{wrong}{space}{remedy}"


def _host(options: argparse.Namespace, settings: Settings, language: str) -> int:
    clock = HostClock(settings.clock.trusted_when)
    found = list(findings(settings, options.config, clock, within(options.root, Path("/"))))
    counts = {"broken": 0, "warned": 0}
    for one in found:
        mark = "i" if one.trouble in NOTES else "!" if one.trouble in WARNINGS else "✗"
        counts["broken"] += mark == "✗"
        counts["warned"] += mark == "!"
        print(f"  {mark} {sentence(one, language)}")
    print(words.say("check_verdict.counted", language, **counts))
    return BROKEN if counts["broken"] else 0


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
