"""`wellkeeper check`: what is wrong with a station's settings and profiles, if anything."""

import argparse

from agent.cli.house import house_of
from agent.cli.options import add_config, settings_of


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    house = house_of(settings, options.config)
    print(f"{options.config}: {settings.station.id} {settings.station.name}")
    for instrument in house.instruments:
        profile = instrument.profile
        print(f"  {instrument.role}: {profile.title}, unit {instrument.unit}, bus {instrument.bus}")
    for platform in settings.platform:
        print(f"  platform {platform.name}: {platform.host}:{platform.port}")
    return 0
