"""Room rule: what is left to give away, and what a limit takes over from its like, at the bounds.

As in test_bounds.py. The plan is a cubic metre, of which 500 l are withdrawn.
"""

from dataclasses import replace

import pytest

from agent.core.allocations import judge_allocate, judge_limit
from agent.core.ledger import Grant, Ledger, Round
from agent.core.model import (
    AllocateOrder,
    AllocationKind,
    Limit,
    LimitOrder,
    Moment,
    Rate,
    RateMethod,
    Refusal,
    Refused,
)
from agent.core.present import Present
from agent.core.state import State
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import DAY, HOUR, SITE, utc_ms

AT = utc_ms(2026, 6, 1)
NOW = Moment(AT, HOUR, "b1", trusted=True)
METER = Segment("m1", 0, 1, 10**9, 100_000)
STATE = State(
    ledger=Ledger(segment=METER, year=2026, grants=(Grant(2026, 1_000),)),
    totalizer=Totalizer(500, NOW),
)


def reason(told: object) -> Refused | None:
    return told.reason if isinstance(told, Refusal) else None


def present(state: State) -> Present:
    return Present(state, (), NOW, NOW, SITE)


@pytest.mark.parametrize(("volume_l", "refused"), [(350, None), (351, Refused.TRANSFER_TOO_LARGE)])
def test_water_that_flowed_unmetered_is_not_given_away(
    volume_l: int, refused: Refused | None
) -> None:
    """50 Wh since a total was last accepted, at 3 m3 per kWh, are 150 l."""
    state = replace(
        STATE,
        ledger=replace(
            STATE.ledger,
            power=METER,
            rate=Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None),
        ),
        totalizer=Totalizer(500, replace(NOW, utc_ms=AT - 1_000)),
        energy=Totalizer(750, NOW),
        energy_at_total_wh=700,
    )
    order = AllocateOrder(2026, AllocationKind.TRANSFER_OUT, volume_l, "no. 8")
    assert reason(judge_allocate(order, "li", present(state))) is refused


@pytest.mark.parametrize(
    ("expires_utc_ms", "refused"),
    [
        (AT, Refused.EXPIRY_MISSING),
        (AT + 1, None),
        (utc_ms(2038, 1, 1) - 1, None),  # the last instant of the table of years
        (utc_ms(2038, 1, 1), Refused.CLOCK_RANGE),
    ],
)
def test_a_provisional_allocation_ends_after_now_and_within_the_table_of_years(
    expires_utc_ms: int, refused: Refused | None
) -> None:
    order = AllocateOrder(2026, AllocationKind.PROVISIONAL, 9, "no. 8", expires_utc_ms)
    unplanned = replace(STATE, ledger=replace(STATE.ledger, grants=()))
    assert reason(judge_allocate(order, "li", present(unplanned))) is refused


# --- limits within a year ----------------------------------------------------------------------


def limit(state: State, from_utc_ms: int, before_l: int = 0) -> Limit | Refusal:
    order = LimitOrder(2026, "june", 600, from_utc_ms, AT + 9 * DAY, "no. 7", before_l)
    return judge_limit(order, "li", present(state))


@pytest.mark.parametrize(
    ("ended_utc_ms", "begun_l", "from_utc_ms", "carried_l"),
    [
        (AT + DAY, 100, AT - 1, 440),
        (AT + DAY, 100, AT, 440),  # it begins with this instant
        (AT + DAY, 100, AT + 1, 0),  # it is yet to come
        (AT, 100, AT, 0),  # the other was over when it began
        (AT + 1, 100, AT, 440),
        (AT + DAY, None, AT, 40),  # the other never began to count
    ],
)
def test_a_limit_goes_on_from_what_the_other_of_its_name_had_counted(
    ended_utc_ms: int, begun_l: int | None, from_utc_ms: int, carried_l: int
) -> None:
    """40 l before it was entered, and 400 l of the year's 500 since."""
    was = Round(2026, "june", 500, AT - 9 * DAY, ended_utc_ms, 40, begun_l)
    state = replace(STATE, ledger=replace(STATE.ledger, rounds=(was,)))
    told = limit(state, from_utc_ms)
    assert isinstance(told, Limit)
    assert told.withdrawn_before_l == carried_l


@pytest.mark.parametrize(
    ("from_utc_ms", "before_l", "refused"),
    [
        (AT, 1, None),
        (AT + 1, 0, None),
        (AT + 1, 1, Refused.VOLUME_RANGE),
    ],
)
def test_not_a_litre_was_withdrawn_in_a_round_that_is_yet_to_come(
    from_utc_ms: int, before_l: int, refused: Refused | None
) -> None:
    assert reason(limit(STATE, from_utc_ms, before_l)) is refused
