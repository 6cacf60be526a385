"""Room rule: one station's report, made of its history and of what was added up. Shows nothing."""

from typing import Final

from agent import rows, words
from agent.catalogue import Told
from agent.core.model import EpochBegan
from agent.report.events import Events
from agent.report.fold import Fold, Frame, Passed
from agent.report.history import History, beginning
from agent.report.levels import Places, level_of
from agent.report.period import Period, months_of, quarters_of, year_begins_ms
from agent.report.well import (
    Arrival,
    Coefficient,
    Completeness,
    Fitting,
    Interruption,
    Month,
    Sums,
    WellReport,
)

# After everything that was entered.
ALWAYS: Final = 1 << 62


class NothingToReport(Told):
    """No record lies in the period; it says when there are some."""


class NothingProven(Told):
    """The journal is damaged before the period begins; it says where."""


def report_of(history: History, frame: Frame) -> WellReport:
    """NothingToReport or NothingProven when no record lies in the period."""
    fold = Fold(frame, _passed(history, frame))
    for told in history.told():
        try:
            fold.take(told)
        except rows.RowError as error:
            history.unread(told, error)
            break
    fold.end()
    _refuse_if_empty(history, fold, frame.period)
    return _Made(history, fold, frame).report()


def _passed(history: History, frame: Frame) -> list[dict[str, Passed]]:
    """Of each file, oldest first."""
    files: list[dict[str, Passed]] = []
    began: EpochBegan | None = None  # the file after the one that is looked at
    for reader in reversed(history.readers):
        cursors, later = reader.cursors(), files[0] if files else {}
        passed = {}
        for name in frame.platforms:
            parked = frozenset(reader.parked_numbers(name))
            again = began.passed if began and _has_copies(later[name], began) else None
            passed[name] = Passed(cursors.get(name, 0), parked, again)
        files.insert(0, passed)
        began = beginning(reader)
    return files


def _has_copies(later: Passed, began: EpochBegan) -> bool:
    """All that an epoch begins with; where a platform refused one of them, nobody says which."""
    begins = began.copied + 1
    return later.cursor >= begins and all(number > begins for number in later.parked)


def _refuse_if_empty(history: History, fold: Fold, period: Period) -> None:
    begins, ends = fold.begins_utc_ms, fold.now_utc_ms
    if begins and ends >= period.from_utc_ms and begins < period.to_utc_ms:
        return
    damage = history.damage
    if damage is not None:
        raise NothingProven("report_problem.unproven", period=period.name, why=damage)
    if not begins:
        raise NothingToReport("report_problem.empty", file=history.file)
    early = ends < period.from_utc_ms
    at = words.instant_text(ends if early else begins)
    raise NothingToReport(
        f"report_problem.{'future' if early else 'past'}", at=at, period=period.name
    )


class _Made:
    """The parts of one report, each asked of what was added up."""

    def __init__(self, history: History, fold: Fold, frame: Frame) -> None:
        self._history, self._fold, self._frame = history, fold, frame
        zone, period, before = frame.nameplate.zone, frame.period, frame.before
        self._zone = zone
        self._year_begins = year_begins_ms(period, zone)
        cuts = fold.tally.cuts
        (quarter, quarter_before) = quarters_of(period, zone)
        self._places = Places(
            period=cuts.within(period.from_utc_ms, period.to_utc_ms),
            year_before=cuts.within(before.from_utc_ms, before.to_utc_ms),
            quarter=cuts.within(*quarter),
            quarter_before=cuts.within(*quarter_before),
        )
        self._to_date = cuts.within(self._year_begins, period.to_utc_ms)
        self._before_to_date = cuts.within(cuts.instants[0], before.to_utc_ms)
        # What is entered after its end still belongs to a year that is whole.
        self._papers_until = self._until(period.to_utc_ms)

    def report(self) -> WellReport:
        fold, frame, history = self._fold, self._frame, self._history
        period, events, tally = frame.period, fold.events, fold.tally
        year, until = period.year, self._papers_until
        through_utc_ms = min(fold.now_utc_ms, period.to_utc_ms)
        allocated_l, allocated_wh = events.allocated(year, until, through_utc_ms)
        reaches_back = fold.begins_utc_ms < frame.before.to_utc_ms
        counted = tally.counted(self._places.period)
        return WellReport(
            nameplate=frame.nameplate,
            period=period,
            begins_utc_ms=fold.begins_utc_ms,
            through_utc_ms=through_utc_ms,
            sums=tally.sums(self._places.period),
            to_date=tally.sums(self._to_date),
            allocated_l=allocated_l,
            energy_allocated_wh=allocated_wh,
            last_year=tally.sums(self._places.year_before) if reaches_back else None,
            last_year_to_date=tally.sums(self._before_to_date) if reaches_back else None,
            last_year_allocated_l=self._last_years_allocation() if reaches_back else None,
            documents=events.documents(year, until),
            rounds=events.limits(year, until),
            corrections=events.corrected(year, until),
            coefficients=_in_force(events, period),
            months=self._months(),
            static=level_of(fold.levels.static, self._places),
            dynamic=level_of(fold.levels.dynamic, self._places),
            completeness=self._completeness(counted.recorded_ms, counted.good_ms),
            arrivals=tuple(
                Arrival(
                    name,
                    counted.records,
                    counted.delivered[name],
                    counted.parked[name],
                    self._intervals(counted.arrived_ms[name]),
                )
                for name in frame.platforms
            ),
            interruptions=_overlapping(events, period),
            bypasses=tuple(
                one for one in events.bypasses if _meets(one.from_utc_ms, one.to_utc_ms, period)
            ),
            overrides=tuple(
                one for one in events.overrides if _meets(one.from_utc_ms, one.to_utc_ms, period)
            ),
            fittings=_fittings(events, period),
            proof=history.proof(),
            missing_epoch=history.missing_epoch,
            compared=fold.account.compared,
            disagreements=fold.account.disagreements,
        )

    def _until(self, to_utc_ms: int) -> int:
        whole = self._fold.tally.cuts.instants[-1]
        return ALWAYS if to_utc_ms == whole else to_utc_ms

    def _last_years_allocation(self) -> int | None:
        before = self._frame.before
        until = ALWAYS if before.to_utc_ms == self._year_begins else before.to_utc_ms
        return self._fold.events.allocated(before.year, until, before.to_utc_ms)[0]

    def _months(self) -> tuple[Month, ...]:
        frame, tally = self._frame, self._fold.tally
        period = frame.period
        so_far = Period(period.kind, period.name, period.year, self._year_begins, period.to_utc_ms)
        return tuple(
            Month(
                name=month.name,
                sums=self._sums(month.from_utc_ms, month.to_utc_ms),
                to_date=self._sums(self._year_begins, month.to_utc_ms).volumes,
                allocated_l=self._allocated_l(month),
            )
            for month in months_of(so_far, self._zone)
            if month.from_utc_ms <= self._fold.now_utc_ms
            and tally.cuts.instants[0] < month.to_utc_ms
        )

    def _allocated_l(self, month: Period) -> int | None:
        """When it ended, or until now in the month that runs."""
        ends_utc_ms = min(self._fold.now_utc_ms, month.to_utc_ms)
        until = self._until(month.to_utc_ms)
        return self._fold.events.allocated(self._frame.period.year, until, ends_utc_ms)[0]

    def _sums(self, from_utc_ms: int, to_utc_ms: int) -> Sums:
        tally = self._fold.tally
        return tally.sums(tally.cuts.within(from_utc_ms, to_utc_ms))

    def _completeness(self, recorded_ms: int, good_ms: int) -> Completeness:
        """Of the time in which there was a station, and the well was not laid up."""
        period, fold = self._frame.period, self._fold
        begins = max(period.from_utc_ms, fold.begins_utc_ms)
        ends = min(period.to_utc_ms, fold.now_utc_ms)
        laid_up_ms = sum(
            max(0, min(ends, to or ends) - max(begins, since)) for since, to in fold.events.laid_up
        )
        expected = self._intervals(max(0, ends - begins - laid_up_ms))
        recorded = min(expected, self._intervals(recorded_ms))
        return Completeness(expected, recorded, min(recorded, self._intervals(good_ms)))

    def _intervals(self, time_ms: int) -> int:
        return round(time_ms / self._frame.record_interval_ms)


def _meets(from_utc_ms: int, to_utc_ms: int | None, period: Period) -> bool:
    ended_before = to_utc_ms is not None and to_utc_ms <= period.from_utc_ms
    return from_utc_ms < period.to_utc_ms and not ended_before


def _overlapping(events: Events, period: Period) -> tuple[Interruption, ...]:
    return tuple(
        one for one in events.interruptions if _meets(one.from_utc_ms, one.to_utc_ms, period)
    )


def _fittings(events: Events, period: Period) -> tuple[Fitting, ...]:
    """What came and went within the period, after what was fitted when it began."""
    before = [one for one in events.fittings if one.at_utc_ms < period.from_utc_ms]
    fitted = {one.role: one for one in before}
    return (
        *(one for one in fitted.values() if one.fitted_serial is not None),
        *(one for one in events.fittings if period.from_utc_ms <= one.at_utc_ms < period.to_utc_ms),
    )


def _in_force(events: Events, period: Period) -> tuple[Coefficient, ...]:
    known = [one for one in events.coefficients if one.at_utc_ms < period.to_utc_ms]
    before = [one for one in known if one.at_utc_ms < period.from_utc_ms]
    return (*before[-1:], *known[len(before) :])
