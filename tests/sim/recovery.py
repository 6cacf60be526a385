"""Room rule: after the year. Every fault has healed, so the farmer may pump. Lays no fault.

What latched is acknowledged, what ran out is given, and a total in doubt is ruled on: as people do
it, and no more. Then the pump starts, runs for an hour, and nothing stands that is not true.
"""

from agent.core.ledger import grant_of
from agent.core.model import AllocateEnergyOrder, ConditionKind, LimitOrder
from agent.core.state import account
from tests.core.story import HOUR, MINUTE
from tests.sim import people
from tests.sim.year import Year

K = ConditionKind
ROUNDS_MAX = 12  # a third trip in a day is forgotten after it
WATER_L, ENERGY_WH = 1_000_000, 500_000
# Warnings about an account, an override, a visit: they stand in health as well.
TRUE = {K.ALLOCATION_LOW, K.REMAINING_LOW, K.HOURS_LOW, K.OVERRIDE, K.VISIT_OPEN}


def recover(year: Year) -> None:
    while year.now_ms < year.exclusive_until_ms or not year.clock.trusted:
        _wait(year, HOUR)
    for one in year.uplinks:
        one.up = True
    people.stop(year)
    for _ in range(ROUNDS_MAX):
        people.tend(year)
        _wait(year, HOUR)
        _give(year)
        _wait(year, 5 * MINUTE)
        people.start(year)
        _wait(year, HOUR)
        ran = year.house.running
        people.stop(year)
        _wait(year, 5 * MINUTE)
        standing = {one.kind for one in year.station.state.standing.conditions}
        if ran and standing <= TRUE:
            return
    raise AssertionError(f"all is well, and it is not: ran {ran}, {sorted(standing)}")


def _wait(year: Year, time_ms: int) -> None:
    until_ms = year.now_ms + time_ms
    while year.now_ms < until_ms:
        year.step()


def _give(year: Year) -> None:
    """What the account lacks for an hour of pumping."""
    balance, plan_year = account(year.station.state, year.clock.moment), people.plan_year(year)
    if balance is None or grant_of(year.station.state.ledger.grants, plan_year).plan is None:
        people.give(year, people.A.PLAN, 15_000_000)
        return
    if balance.remaining_l < WATER_L:
        people.give(year, people.A.ADDITION, WATER_L - balance.remaining_l)
    if balance.energy_remaining_wh is not None and balance.energy_remaining_wh < ENERGY_WH:
        more_wh = ENERGY_WH - balance.energy_remaining_wh
        year.order(
            AllocateEnergyOrder(plan_year, people.A.ADDITION, more_wh, people.document(year))
        )
    limit_l = balance.limit_remaining_l
    for one in year.station.state.ledger.rounds:
        if one.name == balance.limit_name and limit_l is not None and limit_l < WATER_L:
            more_l = one.volume_l + WATER_L - limit_l
            year.order(
                LimitOrder(one.year, one.name, more_l, one.from_utc_ms, one.to_utc_ms, "doc")
            )
