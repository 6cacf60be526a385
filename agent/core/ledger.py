"""Room rule: what a litre is, legally, and what the account says. Changes nothing.

    withdrawn(year) = before the agent came + closed segments
                    + (latest accepted total - start of the open segment) + converted + corrections

The meter is the memory: the ledger never integrates a flow, it subtracts totals that the meter
itself kept. `posting` folds the entries into it.
"""

from dataclasses import dataclass

from agent.core.model import Balance, LayUp, Moment, Rate
from agent.core.totalizer import Segment


@dataclass(frozen=True, slots=True)
class Grant:
    """What is allocated for one plan year, in litres or in watt-hours.

    A plan replaces the provisional allocation, and what was corrected of it. `adjusted` is what
    was added, reduced, transferred or corrected of the one that counts.
    """

    year: int
    plan: int | None = None
    adjusted: int = 0
    provisional: int | None = None
    provisional_until_utc_ms: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """A limit within a year. `begun_l` is what the year had withdrawn when it began to count."""

    year: int
    name: str
    volume_l: int
    from_utc_ms: int
    to_utc_ms: int
    before_l: int = 0
    begun_l: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """The account of a year that is closed."""

    year: int
    allocated_l: int | None
    withdrawn_l: int
    used_wh: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The fold of all entries. `grants` holds the open year and those after it, in order."""

    segment: Segment | None = None
    power_serial: str | None = None
    year: int | None = None
    before_l: int = 0  # withdrawn in the open year before its first reading here
    closed_l: int = 0  # segments closed within the open year
    grants: tuple[Grant, ...] = ()
    taken_over: bool = False  # a first flow meter was fitted: what was before is known
    converted_l: int = 0  # reckoned from electricity within the open year
    corrected_l: int = 0
    power: Segment | None = None
    closed_wh: int = 0
    energy_grants: tuple[Grant, ...] = ()
    rounds: tuple[Round, ...] = ()
    rate: Rate | None = None
    laid_up: LayUp | None = None
    past: tuple[Past, ...] = ()


def grant_of(grants: tuple[Grant, ...], year: int) -> Grant:
    """What is allocated for a year; an empty grant when nothing is."""
    return next((grant for grant in grants if grant.year == year), Grant(year))


def allocated(grant: Grant, moment: Moment, ended_utc_ms: int = 0) -> int | None:
    """What is allocated, or None when nothing is: not the same as zero.

    A provisional allocation ends at its expiry. An untrusted calendar does not end it early; one
    that ended up to `ended_utc_ms` stays ended, whatever the calendar says now.
    """
    if grant.plan is not None:
        return grant.plan + grant.adjusted
    if grant.provisional is None:
        return None
    return None if expired(grant, moment, ended_utc_ms) else grant.provisional + grant.adjusted


def expired(grant: Grant, moment: Moment, ended_utc_ms: int = 0) -> bool:
    until_utc_ms = grant.provisional_until_utc_ms
    return until_utc_ms <= ended_utc_ms or (moment.trusted and until_utc_ms <= moment.utc_ms)


def balance(
    ledger: Ledger,
    last_total_l: int | None,
    moment: Moment,
    last_total_wh: int | None = None,
    ended_utc_ms: int = 0,
) -> Balance | None:
    """The account of the open year; None while no year is open or nothing is allocated."""
    if ledger.year is None:
        return None
    allocated_l = allocated(grant_of(ledger.grants, ledger.year), moment, ended_utc_ms)
    if allocated_l is None:
        return None
    withdrawn = withdrawn_l(ledger, last_total_l)
    energy_wh = allocated(grant_of(ledger.energy_grants, ledger.year), moment, ended_utc_ms)
    round_ = _round_now(ledger, moment)
    return Balance(
        year=ledger.year,
        allocated_l=allocated_l,
        withdrawn_l=withdrawn,
        limit_name="" if round_ is None else round_.name,
        limit_remaining_l=None if round_ is None else _left_l(round_, withdrawn),
        energy_allocated_wh=energy_wh,
        energy_used_wh=None if energy_wh is None else used_wh(ledger, last_total_wh),
    )


def withdrawn_l(ledger: Ledger, last_total_l: int | None) -> int:
    """Litres withdrawn in the open year, up to the last accepted total."""
    beside_l = ledger.before_l + ledger.converted_l + ledger.corrected_l
    return beside_l + counted_l(ledger, last_total_l)


def counted_l(ledger: Ledger, last_total_l: int | None) -> int:
    """Litres that totalizers counted here in the open year, up to the last accepted total."""
    return ledger.closed_l + _counted(ledger.segment, last_total_l)


def used_wh(ledger: Ledger, last_total_wh: int | None) -> int:
    """Watt-hours used in the open year, up to the last accepted total of the power meter."""
    return ledger.closed_wh + _counted(ledger.power, last_total_wh)


def used_until(ledger: Ledger, total_wh: int | None) -> int:
    """As `used_wh`, up to what an entry tells: without a total, what the meters before it used."""
    return ledger.closed_wh if total_wh is None else used_wh(ledger, total_wh)


def round_at(ledger: Ledger, utc_ms: int) -> Round | None:
    """The round of the open year that runs at an instant."""
    return next(
        (
            one
            for one in ledger.rounds
            if one.year == ledger.year and one.from_utc_ms <= utc_ms < one.to_utc_ms
        ),
        None,
    )


def _round_now(ledger: Ledger, moment: Moment) -> Round | None:
    return round_at(ledger, moment.utc_ms) if moment.trusted else None


def _left_l(round_: Round, withdrawn: int) -> int:
    """What a round has left. Before it has begun to count, all that was not taken before it."""
    begun_l = withdrawn if round_.begun_l is None else round_.begun_l
    return round_.volume_l - round_.before_l - (withdrawn - begun_l)


def _counted(segment: Segment | None, total: int | None) -> int:
    if segment is None:
        return 0
    assert total is not None, "a fitted meter has an accepted total"
    return total - segment.start + segment.wrapped
