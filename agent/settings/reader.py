"""Room rule: from a TOML file to frozen settings, walking the declarations. Decides no relation.

Every fault is collected and none hides another: an option that reads badly spoils only the
relations it takes part in. TOML's types are taken literally: `true` is no number, `5.0` no
integer, `"5"` neither.
"""

import dataclasses
import os
import re
import stat
import tomllib
import types
import typing
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from agent.settings.declarations import Settings
from agent.settings.named import not_as_named
from agent.settings.options import Between, Matches
from agent.settings.problems import Found, Problem, Reason, SettingsError
from agent.settings.relations import Good, broken, unknown_profiles

FILE_BYTES_MAX: Final = 256 * 1024
GIVEN_CHARACTERS_MAX: Final = 60

# Stands for an option that was refused; no TOML value is this object.
_REFUSED: Final = object()


def load(path: Path, profiles: Callable[[Path], Sequence[str]] | None = None) -> Settings:
    """The settings in `path`. SettingsError with everything that is wrong with it.

    A relative path in the file is relative to the file's own folder. `profiles` names the
    instruments that are known to a site in a folder; without it any name will do.
    """
    path = path.absolute()
    text = _read(path)
    raw = _parse(path, text)
    walk = _Walk(path.parent)
    settings = walk.section(Settings, raw, "")
    found = [*walk.found, *broken(walk.good), *not_as_named(walk.good)]
    if profiles is not None:
        found += unknown_profiles(walk.good, profiles(path.parent))
    if found:
        raise SettingsError(_placed(path, text, found), _language(raw))
    assert isinstance(settings, Settings)
    return settings


# --- the file ----------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """SHA-256 of the file in hex, as any tool reckons it. SettingsError when it cannot be read."""
    import hashlib  # it loads OpenSSL, and only control asks

    return hashlib.sha256(_octets(path)).hexdigest()


def _octets(path: Path) -> bytes:
    try:
        # Without waiting: a FIFO would keep whoever opens it until somebody writes.
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise _spoiled(path, Reason.NOT_A_FILE)
        with os.fdopen(opened, "rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _spoiled(path, Reason.UNREADABLE, error.strerror or str(error)) from error
    if len(content) > FILE_BYTES_MAX:
        raise _spoiled(path, Reason.TOO_LARGE, expected=str(FILE_BYTES_MAX))
    return content


def _read(path: Path) -> str:
    content = _octets(path)
    try:
        return content.decode("utf-8-sig")  # Windows editors put a mark in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _spoiled(path, Reason.NOT_UTF8, line=line) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5000 digits
        if "at end of document" in str(error):
            last = max(1, len(text.splitlines()))
            raise _spoiled(path, Reason.CUT_SHORT, line=last) from error
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else None
        raise _spoiled(path, Reason.NOT_TOML, str(error), line=line) from error


def _spoiled(
    path: Path, reason: Reason, given: str = "", expected: str = "", line: int | None = None
) -> SettingsError:
    return SettingsError((Problem(path, line, "", reason, given, expected),))


def _language(raw: dict[str, Any]) -> Literal["zh", "en"] | None:
    station = raw.get("station")
    language = station.get("language", "zh") if isinstance(station, dict) else None
    return language if language in ("zh", "en") else None


# --- the walk ----------------------------------------------------------------------------------


class _Walk:
    """One pass over one file: what it found wrong, and what reads well, by key path."""

    def __init__(self, folder: Path) -> None:
        self.found: list[Found] = []
        self.good = Good()
        self._folder = folder

    def section(self, target: type, raw: object, key: str) -> object:
        """A table read as the dataclass `target`, or _REFUSED."""
        if not isinstance(raw, dict):
            return self._refuse(key, Reason.NOT_TABLE, raw)
        hints = typing.get_type_hints(target, include_extras=True)
        for name in raw:
            if name not in hints:
                self._refuse(_join(key, name), Reason.UNKNOWN, name, _nearest(name, list(hints)))
        values = {
            field.name: self._field(field, hints[field.name], raw, _join(key, field.name))
            for field in dataclasses.fields(target)
        }
        if any(value is _REFUSED for value in values.values()):
            return _REFUSED
        return target(**values)

    def _field(
        self, field: dataclasses.Field[Any], hint: Any, raw: dict[str, Any], key: str
    ) -> object:
        if field.name in raw:
            value = self._option(hint, raw[field.name], key)
        elif field.default_factory is not dataclasses.MISSING:
            value = self._option(hint, {}, key)  # a section may be left out: all its defaults
        elif field.default is not dataclasses.MISSING:
            value = field.default
        else:
            self.found.append(Found(key, Reason.MISSING))
            return _REFUSED
        if value is not _REFUSED:
            self.good.values[key] = value
        return value

    def _option(self, hint: Any, raw: object, key: str) -> object:
        """`raw` read as `hint`, or _REFUSED."""
        if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
            return self._optional(hint, raw, key)
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return self.section(hint, raw, key)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._bounded(arguments[0], arguments[1:], raw, key)
        if origin is Literal:
            if any(type(raw) is type(offer) and raw == offer for offer in arguments):
                return raw
            return self._refuse(key, Reason.NOT_OFFERED, raw, " ".join(map(str, arguments)))
        if origin is tuple:
            return self._list(arguments[0], raw, key)
        return self._plain(hint, raw, key)

    def _optional(self, hint: Any, raw: object, key: str) -> object:
        (inner,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        if dataclasses.is_dataclass(inner) and isinstance(raw, bool):
            # A section may be switched: `tls = false` is none, `tls = true` all its defaults.
            return self._option(inner, {}, key) if raw else None
        return self._option(inner, raw, key)

    def _bounded(self, hint: Any, marks: tuple[object, ...], raw: object, key: str) -> object:
        value = self._option(hint, raw, key)
        if value is _REFUSED:
            return _REFUSED
        for mark in marks:
            if isinstance(mark, Between):
                assert isinstance(value, int)
                if not mark.low <= value <= mark.high:
                    return self._refuse(key, Reason.OUT_OF_RANGE, raw, f"{mark.low} … {mark.high}")
            else:
                assert isinstance(mark, Matches)
                assert isinstance(value, str)
                if not re.fullmatch(mark.pattern, value):
                    return self._refuse(key, mark.otherwise, raw)
        return value

    def _list(self, item: Any, raw: object, key: str) -> object:
        tables = dataclasses.is_dataclass(item)
        if not isinstance(raw, list):
            return self._refuse(key, Reason.NOT_TABLES if tables else Reason.NOT_LIST, raw)
        self.good.lengths[key] = len(raw)
        values = tuple(self._option(item, part, f"{key}[{n}]") for n, part in enumerate(raw))
        return _REFUSED if any(value is _REFUSED for value in values) else values

    def _plain(self, hint: Any, raw: object, key: str) -> object:
        if hint is Path:
            # Control characters, and NUL above all, are no part of a path that anyone meant.
            if isinstance(raw, str) and raw and raw.isprintable():
                return self._folder / raw
            return self._refuse(key, Reason.NOT_PATH, raw)
        reasons = {
            int: Reason.NOT_INTEGER,
            str: Reason.NOT_STRING,
            bool: Reason.NOT_BOOLEAN,
        }
        assert hint in reasons, f"{key} is declared as {hint}, which the reader does not know"
        return raw if type(raw) is hint else self._refuse(key, reasons[hint], raw)

    def _refuse(self, key: str, reason: Reason, raw: object, expected: str = "") -> object:
        given = str(raw).lower() if isinstance(raw, bool) else str(raw)
        if len(given) > GIVEN_CHARACTERS_MAX:
            given = given[: GIVEN_CHARACTERS_MAX - 1] + "…"
        self.found.append(Found(key, reason, given, expected))
        return _REFUSED


def _nearest(name: str, known: list[str]) -> str:
    """The option that was probably meant, otherwise all there are."""
    import difflib  # needed by a file with a mistake, not by every process

    close = difflib.get_close_matches(name, known, n=1)
    return close[0] if close else " ".join(known)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


# --- where it stands ---------------------------------------------------------------------------

_TABLES = re.compile(r"\s*\[\[\s*([\w.-]+)\s*\]\]")
_TABLE = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_OPTION = re.compile(r"\s*([\w-]+)\s*=")


def _placed(path: Path, text: str, found: list[Found]) -> tuple[Problem, ...]:
    lines = _line_numbers(text)
    problems = [
        Problem(path, _line(lines, one.key), one.key, one.reason, one.given, one.expected)
        for one in found
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _line_numbers(text: str) -> dict[str, int]:
    """The line of each key path that is written plainly; a quoted or dotted key is not found."""
    found: dict[str, int] = {}
    tables: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if start := _TABLES.match(line):
            table = f"{start[1]}[{tables[start[1]]}]"
            tables[start[1]] += 1
            found.setdefault(table, number)
        elif start := _TABLE.match(line):
            head, _, rest = start[1].partition(".")
            head = f"{head}[{tables[head] - 1}]" if head in tables else head
            table = _join(head, rest) if rest else head
            found.setdefault(table, number)
        elif start := _OPTION.match(line):
            found.setdefault(_join(table, start[1]), number)
    return found


def _line(lines: dict[str, int], key: str) -> int | None:
    """The line of `key`, or of the nearest thing around it."""
    while key and key not in lines:
        key = re.sub(r"(\.[^.\[]*|\[\d+\])$", "", key) if re.search(r"[.\[]", key) else ""
    return lines.get(key)
