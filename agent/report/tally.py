"""Room rule: what is added up, stretch by stretch, and the sums of any of them. Judges nothing.

Records are counted; samples are counted by the time they cover, so that two in one minute are no
more than one, and none shifts the series.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

from agent.report.account import Moved, plus
from agent.report.period import Cuts
from agent.report.well import NOTHING, Sums, Volumes


@dataclass(slots=True)
class Stretch:
    """Between two cuts. The counters are per platform."""

    volumes: Volumes = NOTHING
    override_l: int = 0
    bypass_l: int = 0
    energy_wh: int = 0
    running_ms: int = 0
    run_l: int = 0
    run_wh: int = 0
    recorded_ms: int = 0
    good_ms: int = 0
    records: int = 0
    delivered: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    arrived_ms: Counter[str] = field(default_factory=Counter)


class Tally:
    """All stretches of two plan years. `years` says which stretches a plan year has."""

    def __init__(self, cuts: Cuts, years: dict[int, range]) -> None:
        self.cuts = cuts
        self.stretches = [Stretch() for _ in range(len(cuts))]
        self._years = years

    def at(self, utc_ms: int) -> Stretch | None:
        """None outside of both years."""
        instants = self.cuts.instants
        if not instants[0] <= utc_ms < instants[-1]:
            return None
        return self.stretches[self.cuts.at(utc_ms)]

    def move(self, moved: Moved, utc_ms: int, *, overriding: bool, bypassing: bool) -> None:
        """Within the plan year that the ledger counts it in, where it was read.

        What a year counted that was not read before its end is of its last stretch.
        """
        of_year = self._years.get(moved.year)
        if of_year is None:
            return
        place = min(max(self.cuts.at(utc_ms), of_year[0]), of_year[-1])
        stretch = self.stretches[place]
        stretch.volumes = plus(stretch.volumes, moved.volumes)
        stretch.energy_wh += moved.energy_wh
        flowed_l = moved.volumes.metered_l + moved.volumes.converted_l
        stretch.override_l += flowed_l if overriding else 0
        stretch.bypass_l += flowed_l if bypassing else 0

    def run(self, from_utc_ms: int, to_utc_ms: int) -> None:
        """The pump ran: in each stretch for its own part."""
        instants = self.cuts.instants
        for place in range(self.cuts.at(from_utc_ms), self.cuts.at(to_utc_ms) + 1):
            begins = max(from_utc_ms, instants[place])
            ends = min(to_utc_ms, instants[place + 1])
            self.stretches[place].running_ms += max(0, ends - begins)

    def sums(self, places: Iterable[int]) -> Sums:
        chosen = [self.stretches[place] for place in places]
        return Sums(
            volumes=reduce(plus, (one.volumes for one in chosen), NOTHING),
            override_l=sum(one.override_l for one in chosen),
            bypass_l=sum(one.bypass_l for one in chosen),
            energy_wh=sum(one.energy_wh for one in chosen),
            running_ms=sum(one.running_ms for one in chosen),
            run_l=sum(one.run_l for one in chosen),
            run_wh=sum(one.run_wh for one in chosen),
        )

    def counted(self, places: Iterable[int]) -> Stretch:
        """What was counted of records and samples."""
        total = Stretch()
        for place in places:
            one = self.stretches[place]
            total.recorded_ms += one.recorded_ms
            total.good_ms += one.good_ms
            total.records += one.records
            total.delivered += one.delivered
            total.parked += one.parked
            total.arrived_ms += one.arrived_ms
        return total
