"""Room rule: options that every command of a station has. What it loads, each process holds."""

import argparse
from pathlib import Path

from agent.settings import Settings, load
from drivers import shelf

DEFAULT_CONFIG = Path("/etc/wellkeeper/station.toml")


def add_config(parser: argparse.ArgumentParser) -> None:
    """The station's settings file, and the language of what is printed."""
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="the station's settings file"
    )
    parser.add_argument("--language", choices=("zh", "en"), help="language of what is printed")


def settings_of(options: argparse.Namespace) -> Settings:
    """SettingsError with all that is wrong."""
    return load(options.config, shelf.names)


def language_of(options: argparse.Namespace, settings: Settings) -> str:
    return options.language or settings.station.language
