"""Room rule: what the console borrows from rooms that it may not enter: drivers and the settings.

Loaded with the console, so everything heavy is done in a child process when it is asked for.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from agent.cli.apart import apart
from agent.settings import Settings

# What installers set; the rest is found at the shell.
UNITS: Final = range(1, 33)


class Bench:
    """Implements agent.console.talk.Bench."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._settings = settings
        self._file = file

    def scan(self, bus: str, ask: Callable[[dict[str, Any]], Any], language: str) -> Iterable[str]:
        return apart(lambda asked: self._scan(bus, asked, language), ask)

    def views(self, address: int, registers: list[int]) -> list[str]:
        def work(_: object) -> list[str]:
            from agent.cli.bus.read import shown

            return shown(address, registers)

        return list(apart(work))

    def check(self, language: str) -> list[str]:
        return list(apart(lambda _: self._check(language)))

    def _scan(self, bus: str, ask: Callable[[dict[str, Any]], Any], language: str) -> Iterable[str]:
        from agent.cli.bus.asking import Line, one_by_one
        from agent.cli.bus.search import through
        from drivers.shelf import OWN_FOLDER, site_folder

        declared = next(one for one in self._settings.bus if one.name == bus)
        folders = [site_folder(self._file.resolve().parent), OWN_FOLDER]
        line = Line(declared, self._settings, language)
        ours = [one.unit for one in _instruments(self._settings) if one.bus == bus]
        others = [unit for unit in UNITS if unit not in ours]
        return through(line, folders, one_by_one(ask), [*ours, *others])

    def _check(self, language: str) -> list[str]:
        from agent.cli.house import house_of
        from agent.settings import SettingsError, load
        from agent.words import settings_text
        from drivers import shelf
        from drivers.profile_file import ProfileError

        try:
            house_of(load(self._file, shelf.names), self._file)
        except SettingsError as error:
            return settings_text(error, language).splitlines()
        except ProfileError as error:
            return error.said(language).splitlines()
        return []

    def text(self) -> str:
        try:
            return self._file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return str(error)


def _instruments(settings: Settings) -> list[Any]:
    found = (settings.flow_meter, settings.power_meter, settings.level_probe)
    return [one for one in found if one is not None]
