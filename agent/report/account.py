"""Room rule: the ledger followed record by record, and what each record added to it.

The entries are folded by the ledger's own `post`; between them the account moves with the last
accepted total, which samples show. What a record adds is told per plan year, so that the sums of
any stretches are the ledger's figures to the litre, whatever the clock did meanwhile.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from agent.core.ledger import Ledger, counted_l, used_until, used_wh, withdrawn_l
from agent.core.model import (
    Bridged,
    Confirmed,
    Correct,
    Entry,
    FitMeter,
    OpenYear,
    Quantity,
    RelayMoved,
    RemoveMeter,
    Role,
    RolledOver,
    Sample,
    Session,
)
from agent.core.posting import post
from agent.core.totalizer import tolerance
from agent.report.well import NOTHING, Volumes

Believed = Confirmed | Bridged | Session | RelayMoved


class Moved(NamedTuple):
    """By how much the account of one plan year went on."""

    year: int
    volumes: Volumes
    energy_wh: int


@dataclass(frozen=True, slots=True)
class _Standing:
    """Of the open year."""

    year: int
    volumes: Volumes = NOTHING
    used_wh: int = 0


class Account:
    """Follows one station from its first record on."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.total_l: int | None = None
        self.total_wh: int | None = None
        self.compared = 0
        self.disagreements = 0
        self._told: _Standing | None = None

    @property
    def withdrawn_l(self) -> int:
        return withdrawn_l(self.ledger, self.total_l)

    def enter(self, entry: Entry) -> list[Moved]:
        """Post an entry; a year that opens closes the one before at its own total."""
        moved: list[Moved] = []
        if isinstance(entry, OpenYear) and entry.closes is not None:
            used = used_until(self.ledger, entry.energy_total_wh)
            moved += self._moved(self._standing(entry.total_l, used, entry.converted_l))
            self._told = _Standing(entry.year)
        if isinstance(entry, Correct) and self._is_of_the_past(entry):
            moved.append(Moved(entry.year, Volumes(corrected_l=entry.volume_l), 0))
        self.ledger = post(self.ledger, entry)
        self._follow(entry)
        return moved + self.settle()

    def show(self, sample: Sample) -> bool:
        """Whether a total went on. One below the accepted one drained back: that one stands.

        What the column held before it drained back, and what was read last before a meter fell
        silent, no sample shows: the account that the station wrote beside it does.
        """
        before = self.total_l, self.total_wh
        if self.ledger.segment is not None:
            self._reach(sample.forward_total_l, None)
            if sample.withdrawn_l is not None:
                self._agree(sample.withdrawn_l, read=sample.forward_total_l is not None)
        if self.ledger.power is not None:
            self._reach(None, sample.energy_wh)
        return (self.total_l, self.total_wh) != before

    def _agree(self, told_l: int, *, read: bool) -> None:
        """The station's own account is what the entries and the meter make, or a little more."""
        assert self.ledger.segment is not None, "a meter is fitted"
        more_l = told_l - self.withdrawn_l
        most_l = tolerance(self.ledger.segment.resolution) if read else more_l
        self.compared += 1
        if 0 <= more_l <= most_l:
            assert self.total_l is not None, "a fitted meter has an accepted total"
            self.total_l += more_l
        else:
            self.disagreements += 1

    def believe(self, body: Believed) -> None:
        """A total that was accepted with a word of its own; both at the end of a run; the account.

        Runs and the relay's edges are kept for years after the samples between them were given up.
        """
        match body:
            case Session():
                self._reach(body.stop_total_l, body.stop_energy_wh)
            case RelayMoved():
                if body.withdrawn_l is not None and self.total_l is not None:
                    self.total_l += max(0, body.withdrawn_l - self.withdrawn_l)
            case Confirmed(quantity=Quantity.ENERGY_WH):
                self._reach(None, body.total_l)
            case Confirmed() | Bridged():
                self._reach(body.total_l, None)
            case _:
                assert_never(body)

    def settle(self) -> list[Moved]:
        """What was added since this was last asked."""
        return self._moved(self._standing(self.total_l, used_wh(self.ledger, self.total_wh)))

    def _standing(self, total_l: int | None, used: int, next_years_l: int = 0) -> _Standing | None:
        """`next_years_l`: what was converted that is of the year that begins."""
        ledger = self.ledger
        if ledger.year is None:
            return None
        volumes = Volumes(
            metered_l=counted_l(ledger, total_l),
            converted_l=ledger.converted_l - next_years_l,
            corrected_l=ledger.corrected_l,
            before_l=ledger.before_l,
        )
        return _Standing(ledger.year, volumes, used)

    def _moved(self, now: _Standing | None) -> list[Moved]:
        if now is None:
            return []
        was = self._told
        if was is None or was.year != now.year:
            was = _Standing(now.year)
        self._told = now
        if now == was:
            return []
        return [Moved(now.year, _minus(now.volumes, was.volumes), now.used_wh - was.used_wh)]

    def _is_of_the_past(self, entry: Correct) -> bool:
        return self.ledger.year is not None and entry.year < self.ledger.year

    def _follow(self, entry: Entry) -> None:
        """A meter that is fitted, removed or ruled on begins or ends a series."""
        match entry:
            case FitMeter(role=Role.FLOW_METER):
                self.total_l = entry.total
            case FitMeter(role=Role.POWER_METER):
                self.total_wh = entry.total
            case RemoveMeter(role=Role.FLOW_METER):
                self.total_l = None
            case RemoveMeter(role=Role.POWER_METER):
                self.total_wh = None
            case Correct(restart_total_l=int(restart_l)):
                self.total_l = restart_l
            case RolledOver(role=Role.FLOW_METER):
                self.total_l = entry.total_l
            case RolledOver(role=Role.POWER_METER):
                self.total_wh = entry.total_l
            case OpenYear():
                self._reach(entry.total_l, entry.energy_total_wh)
            case _:
                self._reach(getattr(entry, "total_l", None), getattr(entry, "total_wh", None))

    def _reach(self, total_l: int | None, total_wh: int | None) -> None:
        if total_l is not None and self.total_l is not None:
            self.total_l = max(self.total_l, total_l)
        if total_wh is not None and self.total_wh is not None:
            self.total_wh = max(self.total_wh, total_wh)


def _minus(now: Volumes, was: Volumes) -> Volumes:
    return replace(
        now,
        metered_l=now.metered_l - was.metered_l,
        converted_l=now.converted_l - was.converted_l,
        corrected_l=now.corrected_l - was.corrected_l,
        before_l=now.before_l - was.before_l,
    )


def plus(one: Volumes, other: Volumes) -> Volumes:
    return Volumes(
        metered_l=one.metered_l + other.metered_l,
        converted_l=one.converted_l + other.converted_l,
        corrected_l=one.corrected_l + other.corrected_l,
        before_l=one.before_l + other.before_l,
    )
