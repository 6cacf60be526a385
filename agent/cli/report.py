"""`wellkeeper report`: what an inspector signs, for one well from its journal, or for many.

Reads the journal's file, which control may be writing, or a copy of it; writes one page (HTML that
prints on A4), a table for a spreadsheet, or JSON, which `--merge` joins. A journal that is damaged
is reported as far as it is proven, says so on the page, and ends with exit code 65.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agent import durable
from agent.catalogue import Told
from agent.cli import DATA
from agent.cli.journal import sought
from agent.cli.options import add_config, language_here, language_of, settings_of
from agent.report.commas import commas
from agent.report.export import exported, imported
from agent.report.fold import Frame
from agent.report.history import History
from agent.report.made import report_of
from agent.report.merge import merged
from agent.report.merged_sheet import merged_sheet
from agent.report.page import page
from agent.report.period import Period, PeriodKind, period_of
from agent.report.sheet import Sheet
from agent.report.well import Nameplate, WellReport
from agent.report.well_sheet import sheet_of
from agent.settings import Settings, journal_file

FORMATS = ("html", "csv", "json")
MODE = 0o644
# How each of the formats begins: what else stands under a name was not written by a report.
BEGINNINGS = (b"<!DOCTYPE html>", b"\xef\xbb\xbf", b"{")


class AskedWrongly(Told):
    """Options that do not go together."""


class Unwritable(Told):
    """The report's file."""


class Occupied(Told):
    """Under that name stands what no report may replace: a journal, settings, a key, a device."""


def add_options(parser: argparse.ArgumentParser) -> None:
    period = parser.add_mutually_exclusive_group(required=True)
    period.add_argument("--year", metavar="2026", help="a plan year")
    period.add_argument("--quarter", metavar="2026Q3")
    period.add_argument("--month", metavar="2026-07")
    period.add_argument("--as-of", metavar="2026-07-15", help="the plan year up to this day's end")
    period.add_argument(
        "--merge", type=Path, nargs="+", metavar="FILE", help="JSON reports of many wells"
    )
    parser.add_argument("--journal", type=Path, help="a copy, instead of the station's own")
    parser.add_argument("--format", choices=FORMATS, default="html")
    parser.add_argument("--output", type=Path, help="a file, instead of standard output")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    text, code = _merged(options) if options.merge else _of_one(options)
    write(text, options.output, options.merge or ())
    return code


def write(text: str, output: Path | None, sources: Sequence[Path] = ()) -> None:
    """Whole under its name, or as it was. A spreadsheet's lines end as they were made."""
    if output is None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        under_its_name = output.resolve()  # a link stays, and what it leads to is written
        if not _free(under_its_name, sources):
            raise Occupied("report_problem.occupied", file=str(output))
        durable.write(under_its_name, text, MODE)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unwritable("report_problem.unwritable", file=str(output), why=why) from error


def _free(file: Path, sources: Sequence[Path]) -> bool:
    """Nothing is there, or an earlier report that this one is not made of."""
    if not file.exists():
        return True
    if not file.is_file() or any(file.samefile(source) for source in sources):
        return False
    with file.open("rb") as there:
        begins = there.read(max(map(len, BEGINNINGS)))
    return not begins or begins.startswith(BEGINNINGS)


# --- one well ------------------------------------------------------------------------------------


def _of_one(options: argparse.Namespace) -> tuple[str, int]:
    settings = settings_of(options)
    language = language_of(options, settings)
    period = _period(options, settings.station.zone)
    file = sought(options.journal or journal_file(settings))
    with closing(History(file)) as history:
        report = report_of(history, _frame(settings, period))
    sheet = sheet_of(report, language)
    if sheet.warning:
        print(sheet.warning, file=sys.stderr)
    return _shown(report, sheet, options.format), 0 if report.whole else DATA


def _period(options: argparse.Namespace, zone: str) -> Period:
    given = {
        PeriodKind.YEAR: options.year,
        PeriodKind.QUARTER: options.quarter,
        PeriodKind.MONTH: options.month,
        PeriodKind.AS_OF: options.as_of,
    }
    kind, text = next((kind, text) for kind, text in given.items() if text is not None)
    return period_of(kind, text, zone)


def nameplate_of(settings: Settings) -> Nameplate:
    station, licence = settings.station, settings.licence
    return Nameplate(
        station=station.id,
        name=station.name,
        use=station.use,
        zone=station.zone,
        number=licence.number,
        expires=licence.expires,
        holder=licence.holder,
        regiment=licence.regiment,
        company=licence.company,
    )


def _frame(settings: Settings, period: Period) -> Frame:
    return Frame(
        nameplate=nameplate_of(settings),
        period=period,
        platforms=tuple(one.name for one in settings.platform),
        record_interval_ms=settings.scan.record_interval_s * 1000,
        idle_power_w=settings.interlock.idle_power_w,
    )


def _shown(report: WellReport, sheet: Sheet, form: str) -> str:
    match form:
        case "json":
            return exported(report)
        case "csv":
            return commas(sheet)
        case _:
            return page(sheet)


# --- many wells ----------------------------------------------------------------------------------


def _merged(options: argparse.Namespace) -> tuple[str, int]:
    """The settings of no station are needed: this runs in an office."""
    language = language_here(options)
    if options.journal is not None:
        raise AskedWrongly("report_problem.merge_alone")
    if options.format == "json":
        raise AskedWrongly("report_problem.merge_json")
    joined = merged([(file, imported(file)) for file in options.merge])
    sheet = merged_sheet(joined, language)
    if sheet.warning:
        print(sheet.warning, file=sys.stderr)
    sound = all(one.whole for one in joined.wells)
    return (commas if options.format == "csv" else page)(sheet), 0 if sound else DATA
