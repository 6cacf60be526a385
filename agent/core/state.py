"""Room rule: what a scan is given, and what one scan hands to the next. Decides nothing.

State = fold of the entries + what stands latched + each meter's last accepted reading. It is
committed in the same transaction as the records it stands for.
"""

from dataclasses import dataclass

from agent.core.interlock import Standing
from agent.core.ledger import Ledger
from agent.core.model import Command, Moment, Reading, Site, Started, elapsed_ms
from agent.core.pump import Pump
from agent.core.totalizer import Totalizer, tolerance

# Longer between two scans than this many periods, and the agent was away: anything may have run.
AWAY_PERIODS = 5


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


def last_total_l(state: State) -> int | None:
    """The last accepted total; None while no flow meter is fitted."""
    return None if state.totalizer is None else state.totalizer.last


def last_total_wh(state: State) -> int | None:
    """The power meter's last accepted total; None while none is fitted."""
    return None if state.energy is None else state.energy.last


def flow_reversed(site: Site, state: State) -> bool:
    """Whether more water goes back through the flow meter than a column drains at each stop."""
    return state.backflow_l > tolerance(site.flow_resolution_l)


def away(site: Site, state: State, moment: Moment) -> bool:
    """Whether the agent had not looked for longer than scans are late."""
    if state.scanned_at is None:
        return True
    passed_ms = elapsed_ms(state.scanned_at, moment)
    return passed_ms is None or passed_ms > AWAY_PERIODS * site.period_ms
