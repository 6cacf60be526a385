"""Room rule: the words in which the table of conditions is written. Judges nothing.

Facts are named so that a false one is health, and have three values: None says that a scan cannot
tell, and then every clock of the rule pauses and what stands stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from agent.core.model import Action, ConditionKind, Site


@dataclass(frozen=True, slots=True)
class Facts:
    """What one scan found out. Every flag is false when all is well, and None when none can tell.

    `converting`: the ledger reckons the water from electricity while it is not metered, within
    its bounds, so that a lost meter need not cut.
    """

    uncommissioned: bool = False
    stopped_on_site: bool = False
    stopped_by_platform: bool = False
    unallocated: bool = False
    exhausted: bool = False
    energy_exhausted: bool = False
    flow_meter_lost: bool | None = False
    flow_signal_lost: bool | None = False
    both_meters_lost: bool | None = False
    power_meter_lost: bool | None = False
    total_jumped: bool | None = False
    total_reversed: bool | None = False
    reverse_flow: bool | None = False
    running_back: bool = False  # the reverse total says so, beyond what a column drains
    pumping_backward: bool | None = False
    converting: bool = False
    converting_signal: bool = False  # or it would, in the next run without a signal
    power_while_cut: bool | None = False
    flow_while_cut: bool | None = False
    energy_without_water: bool | None = False
    water_without_energy: bool | None = False
    bypassed: bool | None = False
    creeping: bool | None = False
    ratio_off: bool | None = False
    level_low: bool | None = False
    level_unseen: bool | None = False
    phase_lost: bool | None = False
    current_high: bool | None = False
    voltage_low: bool | None = False
    recently_cut: bool = False
    lapsed: bool = False
    restarting: bool = False
    would_restart: bool = False  # a maintained contact, and no mains: it must not close by itself
    journal_failing: bool = False
    run_on_spent: bool = False  # the journal fails, and the bounds of running on are used up
    relay_cut: bool = False
    relay_silent: bool = False
    clock_untrusted: bool = False
    mains_failed: bool = False
    door_open: bool | None = False
    uplink_stale: bool = False
    settings_incomplete: bool = False
    used_level_percent: int = 0  # the highest warning step that was passed; 0 for none
    remaining_low: bool = False
    hours_low: bool | None = False
    overridden: bool = False
    laid_up: bool = False
    moved_while_laid_up: bool = False
    year_unconfirmed: bool = False
    relay_on_trial: bool = False
    visit_open: bool = False


Fact = Callable[[Facts], bool | None]
Delay = Callable[[Site], int]
Switch = Callable[[Site], bool]


class Ends(StrEnum):
    """What ends a condition. Those down to THIRD are latches, and outlive their fact."""

    WATER = "water"  # only an entry that gives water, or electricity
    ACKNOWLEDGED = "acknowledged"  # once it cut: only an acknowledgement
    PROVEN = "proven"  # once it cut: an acknowledgement, or a scan that proves it untrue
    THIRD = "third"  # a rest, or an acknowledgement; the third cut in a day: only the latter
    ACCEPTED = "accepted"  # by itself, or an acknowledgement that it is meant to be so
    ENTRY = "entry"  # when an entry makes its fact untrue
    RELEASE = "release"  # when whoever may release does
    TIME = "time"
    RESTED = "rested"  # by itself, when its fact has been gone for its rest
    FACT = "fact"  # by itself, when its fact is gone


@dataclass(frozen=True, slots=True)
class Stage:
    """`action` stands once `fact` has held for `after` milliseconds.

    `unless` keeps the action back and stops no clock; where `on` says no, there is no such stage
    (None: it is at every site).
    `when` is the catalogue's word for a fact that is not plain from the condition's own name.
    """

    action: Action
    fact: Fact
    after: Delay = lambda _site: 0
    unless: Fact = lambda _facts: False
    on: Switch | None = None
    when: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `stages` are in rising gravity; the last that stands is taken.

    `rest`: how long the fact must be gone before the condition falls. `trial`: how long an
    acknowledged fact may hold until it cuts again. `lifted`: an override lifts what it bars.
    """

    kind: ConditionKind
    stages: tuple[Stage, ...]
    ends: Ends = Ends.FACT
    rest: Delay = lambda _site: 0
    trial: Delay | None = None
    lifted: bool = False
