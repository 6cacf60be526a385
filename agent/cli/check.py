"""`wellkeeper check`: what is wrong with a station's settings, profiles and host, if anything."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from agent import words
from agent.cli.apply import within
from agent.cli.health import host_ailments
from agent.cli.house import House, house_of
from agent.cli.inspect import findings
from agent.cli.options import DEFAULT_CONFIG, add_config, language_of, settings_of
from agent.settings import Settings
from agent.settings.paths import MODEM_DECLARED
from drivers.adapter import advice
from drivers.health import HostLooks
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
    print("\n".join(f"  {line}" for line in _declared(settings, house, language)))
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
    marked = [
        ("i" if one.trouble in NOTES else "!" if one.trouble in WARNINGS else "✗", one)
        for one in found
    ]
    told = [(mark, sentence(one, language)) for mark, one in marked]
    looks = HostLooks(
        within(options.root, settings.station.state_dir),
        options.config.resolve().parent / MODEM_DECLARED,
        options.root,
    )
    told += list(host_ailments(looks, clock.now(), language))
    for mark, said in told:
        print(f"  {mark} {said}")
    marks = [mark for mark, _ in told]
    counts = {"broken": marks.count("✗"), "warned": marks.count("!")}
    print(words.say("check_verdict.counted", language, **counts))
    return BROKEN if counts["broken"] else 0


def _declared(settings: Settings, house: House, language: str) -> Iterator[str]:
    """The station as its settings have it."""

    def say(key: str, **values: object) -> str:
        return words.say(f"check_line.{key}", language, **values)

    yield _relay(settings, language)
    for one in house.instruments:
        profile, role = one.profile, words.say(f"role.{one.role}", language)
        yield say("instrument", role=role, title=profile.title, unit=one.unit, bus=one.bus)
        if profile.doubts:
            basis = {"confidence": profile.confidence, "doubts": profile.doubts}
            yield "  " + say("doubts", name=profile.name, **basis)
    for contact in settings.input:
        yield say("input", name=contact.name, line=contact.line)
    for platform in settings.platform:
        yield say("platform", name=platform.name, host=platform.host, port=platform.port)


def _relay(settings: Settings, language: str) -> str:
    """Where it is, and what it does without supply."""
    relay, module = settings.relay, settings.relay.module

    def say(key: str, **values: object) -> str:
        return words.say(f"check_line.{key}", language, **values)

    match relay.driver:
        case "gpio":
            place = say("gpio", line=relay.line, chip=relay.chip or say("header"))
        case "simulated":
            place = say("simulated", socket=relay.socket)
        case "modbus":
            assert module is not None, "a modbus relay has a module"
            channel = {"unit": module.unit, "channel": module.channel}
            place = say("module", kind=module.kind, port=module.port, **channel)
            if module.lease_held_by:
                place = f"{place}; {say('lease_held', who=module.lease_held_by)}"
    return say("relay", place=place, energise=words.say(f"energise.{relay.energise}", language))


def _ports(settings: Settings) -> list[Path]:
    module = settings.relay.module
    return [bus.port for bus in settings.bus] + ([module.port] if module else [])
