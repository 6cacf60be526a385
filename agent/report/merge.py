"""Room rule: the reports of many wells as one, and why some cannot be. Shows nothing.

A well counts once: two exports of one station are refused, whichever of its epochs they are of, and
so are exports of different periods. Both halves of a transfer carry one document number: what was
given out under it must have been taken in under it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final

from agent.catalogue import Told
from agent.core.model import AllocationKind
from agent.report.account import plus
from agent.report.period import Period
from agent.report.well import NOTHING, Volumes, WellReport

FILES_MAX: Final = 2000


class MergeRefused(Told):
    """It says which two files do not go together, and what to do."""


@dataclass(frozen=True, slots=True)
class Total:
    """Over several wells. Allocations are of those that have one."""

    wells: int
    allocated_l: int
    period: Volumes
    to_date: Volumes
    over_plan_l: int
    over_plan_wells: int
    energy_wh: int

    @property
    def remaining_l(self) -> int:
        return self.allocated_l - self.to_date.withdrawn_l


@dataclass(frozen=True, slots=True)
class Transfer:
    """All halves under one document number."""

    document: str
    out_l: int
    in_l: int
    stations: tuple[str, ...]

    @property
    def matches(self) -> bool:
        return self.out_l == self.in_l


@dataclass(frozen=True, slots=True)
class Merged:
    period: Period
    wells: tuple[WellReport, ...]
    transfers: tuple[Transfer, ...]


def merged(given: Sequence[tuple[Path, WellReport]]) -> Merged:
    """MergeRefused when they do not belong together."""
    if len(given) > FILES_MAX:
        raise MergeRefused("report_problem.too_many", most=FILES_MAX)
    first_file, first = given[0]
    seen: dict[str, tuple[Path, WellReport]] = {}
    for file, one in given:
        station = one.nameplate.station
        if one.period != first.period:
            raise MergeRefused(
                "report_problem.other_period", file=str(file), period=one.period.name,
                first=str(first_file), first_period=first.period.name,
            )  # fmt: skip
        if station in seen:
            other_file, other = seen[station]
            raise MergeRefused(
                "report_problem.twice", station=station, file=str(file), epoch=_epoch(one),
                first=str(other_file), first_epoch=_epoch(other),
            )  # fmt: skip
        seen[station] = file, one
    wells = tuple(sorted((one for _, one in given), key=_place))
    return Merged(first.period, wells, _transfers(wells))


def _epoch(report: WellReport) -> str:
    return report.proof[-1].epoch if report.proof else ""


def _place(report: WellReport) -> tuple[str, str, str]:
    plate = report.nameplate
    return plate.regiment or "", plate.company or "", plate.station


def grouped(
    wells: Iterable[WellReport], key: Callable[[WellReport], str]
) -> dict[str, tuple[WellReport, ...]]:
    """In order of their names; what has no name comes last."""
    groups: dict[str, list[WellReport]] = defaultdict(list)
    for one in wells:
        groups[key(one)].append(one)
    names = sorted(groups, key=lambda name: (not name, name))
    return {name: tuple(groups[name]) for name in names}


def total(wells: Sequence[WellReport]) -> Total:
    return Total(
        wells=len(wells),
        allocated_l=sum(one.allocated_l or 0 for one in wells),
        period=reduce(plus, (one.sums.volumes for one in wells), NOTHING),
        to_date=reduce(plus, (one.to_date.volumes for one in wells), NOTHING),
        over_plan_l=sum(one.over_plan_l for one in wells),
        over_plan_wells=sum(bool(one.over_plan_l) for one in wells),
        energy_wh=sum(one.sums.energy_wh for one in wells),
    )


def _transfers(wells: tuple[WellReport, ...]) -> tuple[Transfer, ...]:
    halves: dict[str, dict[AllocationKind, int]] = defaultdict(lambda: defaultdict(int))
    stations: dict[str, list[str]] = defaultdict(list)
    for well in wells:
        for one in well.transfers:
            halves[one.document][one.kind] += one.volume_l or 0
            stations[one.document].append(well.nameplate.station)
    return tuple(
        Transfer(
            document,
            kinds[AllocationKind.TRANSFER_OUT],
            kinds[AllocationKind.TRANSFER_IN],
            tuple(stations[document]),
        )
        for document, kinds in sorted(halves.items())
    )
