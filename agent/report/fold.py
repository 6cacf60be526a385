"""Room rule: from the records of one station, one after another, to its report. Reads no file.

Everything is added up while the records pass, in the stretches between the report's cuts, so that a
year of minutes needs no more memory than a day. A record is placed in time by its own instant where
its clock was believed, and by the last believed one where it was not: a year 2036 moves nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent import rows
from agent.core.model import (
    Body,
    Bridged,
    ConditionChanged,
    Confirmed,
    Entry,
    InterruptionBegan,
    InterruptionEnded,
    RelayMoved,
    Sample,
    Session,
    Verdict,
)
from agent.journal import NOT_CARRIED, StoredRow
from agent.report.account import Account, Believed, Moved
from agent.report.events import Events
from agent.report.history import Row
from agent.report.levels import Levels
from agent.report.period import Period, cuts_of, year_before, year_begins_ms
from agent.report.tally import Tally
from agent.report.well import Nameplate

# Two samples that are no further apart than this have none missing between them.
INTERVAL_PERCENT: Final = 150


@dataclass(frozen=True, slots=True)
class Frame:
    """What a report is of, and what of the settings it needs."""

    nameplate: Nameplate
    period: Period
    platforms: tuple[str, ...]
    record_interval_ms: int
    idle_power_w: int

    @property
    def before(self) -> Period:
        return year_before(self.period, self.nameplate.zone)


@dataclass(frozen=True, slots=True)
class Passed:
    """How far a platform had passed one file's records, and which of them it refused.

    What came after `again_after` came along into the next epoch, and there it passed all of that.
    """

    cursor: int
    parked: frozenset[int]
    again_after: int | None = None

    def has(self, row: StoredRow) -> bool:
        """It is past this record; it may have refused it."""
        if row.number <= self.cursor or self.again_after is None:
            return row.number <= self.cursor
        came_along = row.body is not None and row.kind not in NOT_CARRIED
        return came_along and row.number > self.again_after


class Fold:
    """`passed` has for each file, oldest first, what each platform has of it."""

    def __init__(self, frame: Frame, passed: Sequence[Mapping[str, Passed]]) -> None:
        self.frame = frame
        self.account = Account()
        self.events = Events()
        zone, period = frame.nameplate.zone, frame.period
        cuts = cuts_of(period, zone)
        first = cuts.instants.index(year_begins_ms(period, zone))
        years = {period.year - 1: range(first), period.year: range(first, len(cuts))}
        self.tally = Tally(cuts, years)
        self.levels = Levels(len(cuts), frame.idle_power_w)
        self.begins_utc_ms = 0
        self.now_utc_ms = 0
        self._passed = passed
        self._sampled_utc_ms = 0
        self._stopped_utc_ms = 0
        self._ran_ms: Counter[int] = Counter()  # since the last run ended, by stretch
        self._changes: list[ConditionChanged] = []

    def take(self, told: Row) -> None:
        """rows.RowError when this version cannot read it."""
        row = told.row
        # The first record of an epoch is of its beginning; what it carries over is older.
        if row.trusted and row.kind != "epoch_began":
            self.now_utc_ms = max(self.now_utc_ms, row.at_utc_ms)
            self.begins_utc_ms = self.begins_utc_ms or self.now_utc_ms
        self._count(told)
        if row.body is None or (row.kind == "sample" and self._is_long_ago()):
            if row.kind == "sample":  # what changed before it did so then, whatever it showed
                self._apply_changes()
            return
        body = rows.decode_body(row.kind, row.body)
        if isinstance(body, Sample):
            self._sample(body, told)
        else:
            self._happened(body, trusted=bool(row.trusted))

    def _is_long_ago(self) -> bool:
        """In a plan year that no figure is of: its entries tell all that is still needed."""
        year = self.account.ledger.year
        return year is not None and year < self.frame.period.year - 1

    def end(self) -> None:
        """After the last record."""
        self._apply_changes()
        self._run_as_sampled()

    # --- what a record says ----------------------------------------------------------------------

    def _count(self, told: Row) -> None:
        stretch = self.tally.at(self.now_utc_ms)
        if stretch is None:
            return
        stretch.records += 1
        for name, passed in self._passed[told.epoch].items():
            if passed.has(told.row):
                refused = told.row.number in passed.parked
                (stretch.parked if refused else stretch.delivered)[name] += 1

    def _happened(self, body: Body, *, trusted: bool) -> None:
        now = self.now_utc_ms
        match body:
            case ConditionChanged():
                self._changes.append(body)
            case Session():
                self._believe(body)
                self._session(body, trusted=trusted)
            case InterruptionBegan():
                self.events.interrupt(body)
            case InterruptionEnded():
                self.events.resume(body)
            case Verdict():
                self.events.answer(now, body)
            case Confirmed() | Bridged() | RelayMoved():
                self._believe(body)
            case _ if isinstance(body, Entry):
                self.events.enter(now, body)
                self._move(self.account.enter(body))
            case _:
                pass

    def _believe(self, body: Believed) -> None:
        self.account.believe(body)
        self._move(self.account.settle())

    def _move(self, moves: Sequence[Moved]) -> None:
        events = self.events
        for one in moves:
            self.tally.move(
                one, self.now_utc_ms, overriding=events.overriding, bypassing=events.bypassing
            )
            events.flow(one.volumes.metered_l + one.volumes.converted_l)

    def _session(self, body: Session, *, trusted: bool) -> None:
        """It lasted what it says; when, a clock that was not believed cannot tell."""
        stopped = min(body.stopped_utc_ms, self.now_utc_ms) if trusted else self.now_utc_ms
        lasted_ms = max(0, body.stopped_utc_ms - body.started_utc_ms)
        started = max(stopped - lasted_ms, self._stopped_utc_ms)
        if body.metered:
            self.tally.run(started, stopped)
        else:  # with a meter silent a run does not end by itself: what drew power did run
            self._run_as_sampled()
        self._ran_ms.clear()
        self._stopped_utc_ms = max(stopped, self._stopped_utc_ms)
        stretch = self.tally.at(stopped)
        if stretch is not None and body.metered and body.volume_l and body.energy_wh:
            stretch.run_l += body.volume_l
            stretch.run_wh += body.energy_wh

    def _run_as_sampled(self) -> None:
        for place, ran_ms in self._ran_ms.items():
            self.tally.stretches[place].running_ms += ran_ms

    # --- samples ---------------------------------------------------------------------------------

    def _sample(self, sample: Sample, told: Row) -> None:
        if self.account.show(sample):
            self._move(self.account.settle())
        # A scan says what changed before its sample: the water up to here was before the change.
        self._apply_changes()
        if not told.row.trusted:
            return
        now = self.now_utc_ms
        self.levels.see(now, sample.power_w)
        stretch, place = self.tally.at(now), self.tally.cuts.at(now)
        if stretch is not None:
            covered_ms = self._covered_ms(now)
            if sample.level_mm is not None:
                self.levels.measure(now, sample.level_mm, place)
            if sample.power_w is not None and sample.power_w > self.frame.idle_power_w:
                self._ran_ms[place] += covered_ms
            stretch.recorded_ms += covered_ms
            stretch.good_ms += covered_ms if sample.forward_total_l is not None else 0
            for name, passed in self._passed[told.epoch].items():
                if passed.has(told.row) and told.row.number not in passed.parked:
                    stretch.arrived_ms[name] += covered_ms
        self._sampled_utc_ms = now

    def _covered_ms(self, now: int) -> int:
        if self.events.is_laid_up:
            return 0
        interval_ms = self.frame.record_interval_ms
        since_ms = now - self._sampled_utc_ms
        return since_ms if since_ms * 100 <= interval_ms * INTERVAL_PERCENT else interval_ms

    def _apply_changes(self) -> None:
        for one in self._changes:
            self.events.change(self.now_utc_ms, one)
        self._changes.clear()
