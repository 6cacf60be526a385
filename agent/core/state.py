"""Room rule: what a scan is given, and what one scan hands to the next. Decides nothing.

State = fold of the entries + what stands latched + each meter's last accepted reading. It is
committed in the same transaction as the records it stands for.
"""

from dataclasses import dataclass

from agent.core import calendar
from agent.core.attendance import Attendance
from agent.core.calendar import SetClock
from agent.core.crosscheck import Checks
from agent.core.entered import Entered
from agent.core.interlock import Standing
from agent.core.ledger import Ledger, allocated, balance, counted_l, grant_of, used_wh
from agent.core.model import (
    Balance,
    Command,
    Contacts,
    Health,
    InterruptionCause,
    InterruptionPolicy,
    Moment,
    PlatformKey,
    Reading,
    Rebuilt,
    Site,
    Started,
    Stop,
    TurnedAway,
    elapsed_ms,
)
from agent.core.override import Lifting
from agent.core.protection import Motor
from agent.core.pump import Counts, Pump
from agent.core.spent import Spent
from agent.core.supply import Supply
from agent.core.tallies import Tally
from agent.core.thresholds import Threshold
from agent.core.totalizer import Totalizer, tolerance

# Longer between two scans than this many periods, and the agent was away: anything may have run.
AWAY_PERIODS = 5
# Beside what is declared: a part that is renamed again and again pushes out what went before it.
MISSING_MAX = 32


@dataclass(frozen=True, slots=True)
class Dated:
    """What the open year had counted, used and converted at an instant."""

    counted_l: int
    used_wh: int | None
    at: Moment
    converted_l: int | None = None  # None: an older version did not say


@dataclass(frozen=True, slots=True)
class Interruption:
    """A metering interruption that has not ended.

    `began` is when a total was last accepted, and `counted_l` what was counted then; `used_wh` is
    the electricity up to which water is entered, `converted_l` how much that was. None: nobody
    read what was used until it began.
    """

    began: Moment
    cause: InterruptionCause
    running: bool
    policy: InterruptionPolicy
    counted_l: int
    used_wh: int | None
    entered_at: Moment
    converted_l: int = 0


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating test that is under way: what was counted and used when it began."""

    began: Moment
    year: int | None
    counted_l: int
    used_wh: int
    static_mm: int | None


@dataclass(frozen=True, slots=True)
class Learned:
    """Whole runs added up, until they are enough to say what a kilowatt-hour lifts."""

    volume_l: int = 0
    energy_wh: int = 0
    lasted_ms: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Everything the next scan needs of the past; committed with the records it stands for."""

    ledger: Ledger = Ledger()
    totalizer: Totalizer | None = None
    standing: Standing = Standing()
    pump: Pump = Pump()
    permitted: bool = False
    cut_at: Moment | None = None
    sampled_at: Moment | None = None
    scanned_at: Moment | None = None
    watermark: Moment | None = None
    seen_ids: tuple[str, ...] = ()
    journal_failed_at: Moment | None = None
    journal_failed_remaining_l: int | None = None
    energy: Totalizer | None = None  # the power meter's
    energy_at_total_wh: int | None = None  # used in the year when a water total was last accepted
    reverse: Totalizer | None = None  # the flow meter's reverse total, which is only watched
    backflow_l: int = 0  # what it advanced by beyond the forward total, up to a bound
    clock: SetClock | None = None
    ended_utc_ms: int = 0  # provisional allocations up to here have ended, and stay so
    dated: Dated | None = None  # the last total that was accepted at a believed instant
    booted: Dated | None = None  # the first that was accepted in this boot
    undated: bool = False  # since `dated`, totals were accepted in a boot that was never dated
    lost_since: Moment | None = None  # no total was accepted since
    interruption: Interruption | None = None
    rating: Rating | None = None
    learned: Learned = Learned()
    year_asked: int | None = None  # nobody saw it begin: a technician is asked for its total
    cut_by_lapse: bool = False  # the last cut was the lease's, nobody commanded it
    checks: Checks = Checks()
    motor: Motor = Motor()
    supply: Supply = Supply()
    stops: tuple[Stop, ...] = ()
    lifting: Lifting | None = None  # the override that runs
    people: Attendance = Attendance()
    spent: Spent = Spent()  # the signed commands that were used up
    tallies: tuple[Tally, ...] = ()  # refusals that are counted
    thresholds: tuple[Threshold, ...] = ()  # set on this station, and not in its settings
    reports: int = 0  # how often a report was ordered
    declared: tuple[str, ...] = ()  # once, and nobody said that it is gone
    entered: tuple[Entered, ...] = ()  # allocations and corrections, by their documents
    unread: Dated | None = None  # since `dated`, the open year's last believed look without a total


@dataclass(frozen=True, slots=True)
class Seen:
    """What one scan saw. `relay_permitted` None: the relay process does not answer."""

    moment: Moment
    readings: tuple[Reading, ...]
    commands: tuple[Command, ...] = ()
    relay_permitted: bool | None = False
    journal_failing: bool = False
    journal_written: bool = True  # since control started
    started: Started | None = None  # this is control's first scan
    rebuilt: Rebuilt | None = None  # and its state was made again from the entries
    contacts: Contacts = Contacts()
    uplink_stale: bool = False  # a platform is not reached now
    health: Health | None = None  # to be written down; the scan decides nothing by it
    turned_away: tuple[TurnedAway, ...] = ()  # at the desk, of those that came over a network
    keys: tuple[PlatformKey, ...] = ()  # that the station knows, and those that it revoked
    relay_restarted: bool = False  # another relay process answers than at the last scan
    held: tuple[Command, ...] = ()  # stops that hold, and wait until they can be written down


def missing(site: Site, state: State) -> tuple[str, ...]:
    """What was declared once and is no longer; nobody said that this is meant."""
    return tuple(one for one in state.declared if one not in site.declared)


def missing_platforms(site: Site, state: State) -> tuple[str, ...]:
    """By name. What they have not read is owed to them, as to those that are declared."""
    word = "platform "
    return tuple(one.removeprefix(word) for one in missing(site, state) if one.startswith(word))


def last_total_l(state: State) -> int | None:
    """The last accepted total; None while no flow meter is fitted."""
    return None if state.totalizer is None else state.totalizer.last


def last_total_wh(state: State) -> int | None:
    """The power meter's last accepted total; None while none is fitted."""
    return None if state.energy is None else state.energy.last


def account(state: State, moment: Moment) -> Balance | None:
    """The account as it stands; a clock that is not believed neither ends nor revives a grant."""
    dated = calendar.reckoned(state.watermark, moment)
    return balance(
        state.ledger, last_total_l(state), dated, last_total_wh(state), state.ended_utc_ms
    )


def allocations(state: State, moment: Moment) -> dict[int, tuple[int | None, int | None]]:
    """Litres and watt-hours by plan year: of the open one, and of those entered beforehand."""
    dated = calendar.reckoned(state.watermark, moment)
    ledger, ended_utc_ms = state.ledger, state.ended_utc_ms
    return {
        year: (
            allocated(grant_of(ledger.grants, year), dated, ended_utc_ms),
            allocated(grant_of(ledger.energy_grants, year), dated, ended_utc_ms),
        )
        for year in sorted({one.year for one in (*ledger.grants, *ledger.energy_grants)})
    }


def unmetered_l(site: Site, state: State, moment: Moment) -> int:
    """What electricity says has flowed since a total was last accepted and is not entered yet.

    It is in no account; a decision keeps it back, as long as the flow meter does not say better.
    """
    rate, totalizer, energy = state.ledger.rate, state.totalizer, state.energy
    if rate is None or site.shared_power_meter or totalizer is None or energy is None:
        return 0
    now, since_wh = state.interruption, state.energy_at_total_wh
    entered_l = 0 if now is None else now.converted_l
    if since_wh is None and now is not None:
        since_wh, entered_l = now.used_wh, 0
    if totalizer.at == moment or since_wh is None:
        return 0
    energy_wh = used_wh(state.ledger, energy.last) - since_wh
    return max(energy_wh * rate.litres_per_kwh // 1000 - entered_l, 0)


def policy_of(site: Site, state: State) -> InterruptionPolicy:
    """As the site says, where there is a coefficient, and electricity of this pump alone."""
    if state.ledger.rate is None or site.shared_power_meter:
        return InterruptionPolicy.CUT
    return site.on_interruption


def moved_while_laid_up_l(state: State) -> int:
    """How far the total moved since the well was laid up; 0 while it is in use."""
    if state.ledger.laid_up is None or state.totalizer is None:
        return 0
    return state.totalizer.last - state.ledger.laid_up.total_l


def counts(state: State, *moments: Moment | None) -> Counts | None:
    """Both meters' accepted totals; the power meter's only if it was read at one of `moments`."""
    if state.totalizer is None:
        return None
    read = state.energy if state.energy is not None and state.energy.at in moments else None
    return Counts(
        total_l=state.totalizer.last,
        counted_l=counted_l(state.ledger, state.totalizer.last),
        energy_wh=None if read is None else read.last,
        used_wh=None if read is None else used_wh(state.ledger, read.last),
    )


def flow_reversed(site: Site, state: State) -> bool:
    """Whether more water goes back through the flow meter than a column drains at each stop."""
    return state.backflow_l > tolerance(site.flow_resolution_l)


def away(site: Site, state: State, moment: Moment) -> bool:
    """Whether the agent had not looked for longer than scans are late."""
    if state.scanned_at is None:
        return True
    passed_ms = elapsed_ms(state.scanned_at, moment)
    return passed_ms is None or passed_ms > AWAY_PERIODS * site.period_ms


def seen_ms(site: Site, state: State, moment: Moment) -> int:
    """The time since the last scan, as far as scans saw it: none when the agent was away."""
    if state.scanned_at is None or away(site, state, moment):
        return 0
    passed_ms = elapsed_ms(state.scanned_at, moment)
    assert passed_ms is not None, "where no clock can tell, the agent was away"
    return passed_ms
