"""Room rule: what a value holds of which nothing was said, and the limits of a site that sets none.

A default is read wherever an older row lacks the field: it is part of what was recorded. Whatever
has one is empty, false or nothing; what is not stands in one of these two tables.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import agent.core
from agent.core.model import InterruptionPolicy, Limits, Quantity, Role, Site, StartCause, StopCause
from agent.core.terms import Ends, Rule, Stage
from tests.core.story import DAY, HOUR, MINUTE, SECOND, SITE

# What was true of every row before there was a word for its contrary.
NOT_EMPTY = {
    "Accepted.bounded": True,
    "Confirmed.quantity": Quantity.FORWARD_TOTAL_L,
    "Pump.could_run": True,
    "RolledOver.role": Role.FLOW_METER,
    "Rule.ends": Ends.FACT,
    "Run.metered": True,
    "Run.start_cause": StartCause.OWNER,
    "Run.why": StopCause.OWNER,
    "Seen.journal_written": True,
    "Session.metered": True,
    "Session.start_cause": StartCause.OWNER,
    "TurnedAway.count": 1,
    "Withheld.quantity": Quantity.FORWARD_TOTAL_L,
}
OF_A_SITE = {
    "warn_pumping_ms": 72 * HOUR,
    "on_exhausted_cut": True,
    "flow_trial_ms": 5 * MINUTE,
    "mains_settle_ms": 2 * MINUTE,
    "dry_run_power_percent": 30,
    "dry_run_ms": 5 * MINUTE,
    "dry_run_retry_ms": 30 * MINUTE,
    "unpowered_flow_ms": MINUTE,
    "power_after_cut_ms": 10 * SECOND,
    "flow_after_cut_ms": MINUTE,
    "reverse_flow_ms": MINUTE,
    "drain_back_ms": 10 * MINUTE,
    "creep_l": 100,
    "ratio_band_percent": 25,
    "starting_ms": 30 * SECOND,
    "protection_ms": 10 * SECOND,
    "healthy_ms": 5 * MINUTE,
    "phase_loss_percent": 30,
    "nominal_mv": 220_000,
    "under_voltage_percent": 85,
    "uplink_stale_ms": 6 * HOUR,
    "override_ms": 3 * DAY,
    "override_l": 2_000_000,
    "restart_hold_ms": 3 * MINUTE,
    "on_interruption": InterruptionPolicy.CONVERT,
    "convert_max_ms": 3 * DAY,
    "convert_max_percent": 5,
    "convert_every_ms": 10 * MINUTE,
    "rating_test_ms": HOUR,
}


def kinds() -> Iterator[type]:
    """Every class of values of the core."""
    for found in pkgutil.walk_packages(agent.core.__path__, "agent.core."):
        room = importlib.import_module(found.name)
        yield from (
            one
            for one in vars(room).values()
            if isinstance(one, type)
            and one.__module__ == room.__name__
            and dataclasses.is_dataclass(one)
        )


def defaults(kind: type) -> dict[str, Any]:
    """By name, where there is one. A row of other values holds theirs: it is looked into there."""
    given = {one.name: one.default for one in dataclasses.fields(kind)}
    return {
        name: value
        for name, value in given.items()
        if value is not dataclasses.MISSING
        and not callable(value)
        and not dataclasses.is_dataclass(value)
    }


def test_what_was_never_said_is_nothing_or_stands_in_this_table() -> None:
    said = {
        f"{kind.__name__}.{name}": value
        for kind in kinds()
        if kind not in (Limits, Site)
        for name, value in defaults(kind).items()
        if value
    }
    assert said == NOT_EMPTY


def test_a_site_that_sets_no_limits_has_these() -> None:
    said = defaults(Limits) | defaults(Site)
    assert {name: value for name, value in said.items() if value} == OF_A_SITE


def test_a_fact_acts_at_once_and_its_condition_falls_with_it_where_the_table_says_no_more() -> None:
    given: dict[str, Any] = {
        one.name: one.default for kind in (Stage, Rule) for one in dataclasses.fields(kind)
    }
    assert given["after"](SITE) == given["rest"](SITE) == 0
    assert given["unless"](None) is False
