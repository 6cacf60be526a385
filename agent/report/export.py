"""Room rule: a well's report as JSON and back, so that many can be merged elsewhere.

Fields stand under their own names; one that is not there has its default, one that is not known is
passed over, so that a newer export of the same schema can still be read. What does not fit its type
is refused with the place where it stands.
"""

import dataclasses
import json
import types
import typing
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from agent import rows
from agent.catalogue import Told, texts
from agent.report.period import PeriodUnreadable, period_of
from agent.report.well import WellReport

SCHEMA: Final = 1
FILE_BYTES_MAX: Final = 8 * 1024 * 1024
KEY: Final = "wellkeeper_report"
# Far beyond every litre and millisecond, and exact in every JSON reader.
INTEGER_MAX: Final = 2**53 - 1


class ExportUnreadable(Told):
    """It says which file, why, and what to do."""


class _Misfit(Exception):
    """What stands there is not of its type."""


def exported(report: WellReport) -> str:
    """What follows from the rest stands beside it, for whoever reads without us."""
    derived = {
        "withdrawn_l": report.sums.volumes.withdrawn_l,
        "withdrawn_to_date_l": report.to_date.volumes.withdrawn_l,
        "remaining_l": report.remaining_l,
        "over_plan_l": report.over_plan_l,
        "whole": report.whole,
    }
    said = {KEY: SCHEMA, "derived": derived, "report": rows.named(report)}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def imported(file: Path) -> WellReport:
    """ExportUnreadable when it is no export, or of another schema."""
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _unreadable(file, "unreadable", error.strerror or str(error)) from error
    if len(content) > FILE_BYTES_MAX:
        raise _unreadable(file, "too_large", str(FILE_BYTES_MAX))
    try:
        said = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, "no_export", str(error)) from error
    if not isinstance(said, dict) or KEY not in said:
        raise _unreadable(file, "no_export", KEY)
    if said[KEY] != SCHEMA:
        raise _unreadable(file, "other_schema", str(said[KEY])[:20])
    try:
        report = _read(WellReport, said.get("report"), "report")
        _check(report)
    except _Misfit as misfit:
        raise _unreadable(file, "misfit", str(misfit)) from misfit
    assert isinstance(report, WellReport), "as it was asked for"
    return report


def _check(report: WellReport) -> None:
    """What has the right type, and no meaning."""
    plate, period = report.nameplate, report.period
    if f"report.use_{plate.use}" not in texts():
        raise _Misfit("report.nameplate.use")
    try:
        meant = period_of(period.kind, period.name, plate.zone)
    except (PeriodUnreadable, ZoneInfoNotFoundError, ValueError):
        raise _Misfit("report.period.name") from None
    if meant != period:
        raise _Misfit("report.period")


def _unreadable(file: Path, reason: str, why: str) -> ExportUnreadable:
    return ExportUnreadable(f"report_problem.{reason}", file=str(file), why=why)


@cache
def _hints(target: type) -> dict[str, Any]:
    return typing.get_type_hints(target)


def _read(target: Any, value: Any, place: str) -> Any:
    if isinstance(target, types.UnionType):
        (inner,) = (one for one in typing.get_args(target) if one is not types.NoneType)
        return None if value is None else _read(inner, value, place)
    if typing.get_origin(target) is tuple:
        if not isinstance(value, list):
            raise _Misfit(place)
        item = typing.get_args(target)[0]
        return tuple(_read(item, one, f"{place}[{at}]") for at, one in enumerate(value))
    if dataclasses.is_dataclass(target):
        return _fields(typing.cast("type", target), value, place)
    if isinstance(target, type) and issubclass(target, Enum):
        if value not in [one.value for one in target]:
            raise _Misfit(place)
        return target(value)
    if type(value) is not target or not _can_be_written(value):
        raise _Misfit(place)
    return value


def _can_be_written(value: Any) -> bool:
    """A sheet is UTF-8, which has no halves of a pair; and its shares are divided as floats."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= one <= "\udfff" for one in value)
    return not isinstance(value, int) or abs(value) <= INTEGER_MAX


def _fields(target: type, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise _Misfit(place)
    hints, given = _hints(target), {}
    for field in dataclasses.fields(target):
        if field.name in value:
            where = f"{place}.{field.name}"
            given[field.name] = _read(hints[field.name], value[field.name], where)
        elif field.default is dataclasses.MISSING:
            raise _Misfit(f"{place}.{field.name}")
    return target(**given)
