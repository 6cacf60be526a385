"""`wellkeeper provision TEMPLATE TABLE OUT`: one settings file for each well of a table.

The template is a settings file with `{{column}}` where a well differs; the table is CSV with those
columns and `station_id`. Every file is read back by the settings reader before any of them counts:
all mistakes of all wells are told at once, with the table's line, and nothing is left behind.
Keys are not made here: a station makes its own, and its private half never leaves it. The public
keys of platforms that a template names stand beside it, and go into each well's folder.
"""

import argparse
import csv
import json
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import words
from agent.amounts import AmountError, volume_l
from agent.cli import CONFIGURATION, IO
from agent.cli.options import language_here
from agent.settings import Settings, SettingsError, load
from agent.settings.keys import FILE_BYTES_MAX

WELLS_MAX: Final = 10_000
TABLE_BYTES_MAX: Final = 16 * 1024 * 1024
STATION: Final = "station_id"
# Columns with a meaning of their own: they go to the commissioning sheet, not into the settings.
ALLOCATION: Final = "allocation"
FOR_THE_SHEET: Final = (ALLOCATION, "plan_year", "document", "flow_meter_serial",
                        "power_meter_serial", "licence")  # fmt: skip
# Columns of the licence and the option that each is: the section is written for the well, so that
# a well whose company is not known leaves its cell empty.
OF_THE_LICENCE: Final = {"licence": "number", "licence_expires": "expires", "holder": "holder",
                         "regiment": "regiment", "company": "company"}  # fmt: skip

_PLACE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_LICENCE: Final = re.compile(r"^\s*\[\s*licence\s*\]", re.MULTILINE)
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Well:
    """One line of the table."""

    line: int
    values: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.values[STATION]


class _Refused(Exception):
    """The table or the template as a whole; says which, what and what to do."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", type=Path, help="settings with {{column}} where wells differ")
    parser.add_argument("table", type=Path, help="CSV, UTF-8, with the column station_id")
    parser.add_argument("out", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--language", choices=words.LANGUAGES)


def run(options: argparse.Namespace) -> int:
    language = language_here(options)
    try:
        template = _text(options.template, language)
        wells = _wells(options.table, template, language)
        unfinished = _folder_beside(options.out, language)
    except _Refused as refused:
        print(refused, file=sys.stderr)
        return CONFIGURATION
    except OSError as error:
        print(words.say("provision.unwritable", language, why=str(error)), file=sys.stderr)
        return IO
    try:
        wrong = [said for well in wells for said in _bundle(unfinished, template, well, options)]
        wrong += _twice(wells, options.table, language)
        if wrong:
            print("\n".join(wrong), file=sys.stderr)
            print(words.say("provision.none", language, count=len(wrong)), file=sys.stderr)
            return CONFIGURATION
        unfinished.chmod(0o755)
        unfinished.rename(options.out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    print(words.say("provision.done", language, count=len(wells), out=options.out))
    return 0


def _folder_beside(out: Path, language: str) -> Path:
    """Where the bundles are made; it becomes `out` when all of them are right."""
    if out.exists():
        raise _Refused(words.say("provision.out_exists", language, out=out))
    out.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".provision-", dir=out.parent))


# --- the table -----------------------------------------------------------------------------------


def _wells(table: Path, template: str, language: str) -> list[Well]:
    """The lines of the table, each with every column; the template's columns are among them."""
    rows = csv.DictReader(_text(table, language).splitlines())
    columns = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise _Refused(
            words.say("provision.column_twice", language, table=table, names=" ".join(twice))
        )
    asked = set(_PLACE.findall(template))
    if missing := sorted(({STATION} | asked) - set(columns)):
        raise _Refused(
            words.say("provision.no_column", language, table=table, names=" ".join(missing))
        )
    known = {STATION, *FOR_THE_SHEET}
    if not _LICENCE.search(template):  # a template with the section says itself what stands there
        known |= set(OF_THE_LICENCE)
    if idle := sorted(set(columns) - asked - known):
        raise _Refused(
            words.say("provision.idle_column", language, table=table, names=" ".join(idle))
        )
    if STATION not in asked:
        raise _Refused(words.say("provision.no_station", language, name=STATION))
    wells = []
    for row in rows:
        if None in row or None in row.values():
            raise _Refused(words.say("provision.ragged", language, table=table, line=rows.line_num))
        wells.append(Well(rows.line_num, {name: value.strip() for name, value in row.items()}))
        if len(wells) > WELLS_MAX:
            raise _Refused(words.say("provision.too_many", language, table=table, most=WELLS_MAX))
    if not wells:
        raise _Refused(words.say("provision.empty", language, table=table))
    return wells


def _twice(wells: list[Well], table: Path, language: str) -> Iterator[str]:
    """A station's id is its topic and its identity: two wells cannot share one."""
    seen: dict[str, int] = {}
    for well in wells:
        if well.id in seen:
            yield words.say(
                "provision.twice", language,
                table=table, line=well.line, id=well.id, first=seen[well.id],
            )  # fmt: skip
        seen.setdefault(well.id, well.line)


def _text(path: Path, language: str) -> str:
    try:
        if path.stat().st_size > TABLE_BYTES_MAX:
            raise _Refused(
                words.say("provision.too_large", language, path=path, most=TABLE_BYTES_MAX)
            )
        return path.read_text("utf-8-sig")  # spreadsheets put a mark in front
    except OSError as error:
        raise _Refused(
            words.say("provision.unreadable", language, path=path, why=error.strerror)
        ) from error
    except UnicodeDecodeError as error:
        raise _Refused(words.say("provision.not_utf8", language, path=path)) from error


# --- one bundle ----------------------------------------------------------------------------------


def _bundle(folder: Path, template: str, well: Well, options: argparse.Namespace) -> Iterator[str]:
    """Write the well's folder; what is wrong with it, a line each."""
    table, language = options.table, options.language
    if not _FOLDER.fullmatch(well.id):
        yield words.say(
            "provision.bad_id", language, table=table, line=well.line, id=ascii(well.id)
        )
        return
    bundle = folder / well.id
    bundle.mkdir(exist_ok=True)
    file = bundle / "station.toml"
    text = _PLACE.sub(lambda place: _toml(well.values[place[1]]), template)
    file.write_text(text if _LICENCE.search(template) else text + _licence(well), "utf-8")
    for name in _key_files(text):
        if not _copied(options.template.parent / name, bundle / name, bundle):
            yield words.say(
                "provision.no_key", language, table=table, line=well.line, id=well.id, name=name
            )
            return
    try:
        settings = load(file)
    except SettingsError as error:
        for one in error.problems:
            said = words.problem(one, language)
            yield words.say(
                "provision.bad_settings", language,
                table=table, line=well.line, id=well.id, said=said,
            )  # fmt: skip
        return
    try:
        sheet = _sheet(well, settings)
    except AmountError as error:
        yield words.say(
            "provision.bad_settings", language,
            table=table, line=well.line, id=well.id, said=str(error),
        )  # fmt: skip
        return
    (bundle / "commissioning.json").write_text(sheet, "utf-8")


def _key_files(text: str) -> list[str]:
    """Of the platforms. Settings that do not read so name none; the settings reader says why."""
    try:
        platforms = tomllib.loads(text).get("platform", [])
        return [str(name) for one in platforms for name in one.get("key_files", [])]
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):
        return []


def _copied(source: Path, target: Path, bundle: Path) -> bool:
    """False when there is no such file, or its place would be outside the well's folder."""
    if not source.is_file() or not target.resolve().is_relative_to(bundle.resolve()):
        return False
    if source.stat().st_size <= FILE_BYTES_MAX:  # anything larger is no key: the reader says so
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return True


def _licence(well: Well) -> str:
    """The section of the columns that are filled in; nothing when none is."""
    lines = [
        f'{option} = "{_toml(well.values[column])}"\n'
        for column, option in OF_THE_LICENCE.items()
        if well.values.get(column)
    ]
    return "".join(["\n\n[licence]\n", *lines]) if lines else ""


def _toml(value: str) -> str:
    """As it stands inside a TOML string, or as a number; a quotation mark ends neither."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _sheet(well: Well, settings: Settings) -> str:
    """What the technician enters on the spot: nothing of it takes effect by itself."""
    said = {name: well.values[name] for name in FOR_THE_SHEET if well.values.get(name)}
    if ALLOCATION in said:
        volume_l(said[ALLOCATION])  # AmountError here, not in the pump house
    return (
        json.dumps(
            {
                "station": settings.station.id,
                "name": settings.station.name,
                "platforms": [one.name for one in settings.platform],
                **said,
            },
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
    )
