"""Room rule: options that every command of a station has. What it loads, each process holds."""

import argparse
from pathlib import Path

from agent.settings import Settings, SettingsError, load
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


def language_here(options: argparse.Namespace) -> str:
    """Of a command that needs no station: what was asked for, or that of the station which is here.

    Chinese where there is none, as in an office.
    """
    if getattr(options, "language", None) is not None:
        return str(options.language)
    try:
        return load(getattr(options, "config", DEFAULT_CONFIG)).station.language
    except SettingsError as unread:
        return unread.language or "zh"


def language_of(options: argparse.Namespace, settings: Settings) -> str:
    return options.language or settings.station.language
