"""Room rule: wells that an order of the ledger meets, and those orders in short. Claims nothing.

A situation is a well on 1 June 2026 at 08:00, unless it says another time.
"""

from dataclasses import replace

from agent.core.model import (
    AllocateEnergyOrder,
    AllocateOrder,
    AllocationKind,
    BeginRatingOrder,
    CorrectOrder,
    Fault,
    LayUpOrder,
    LimitOrder,
    Order,
    Quantity,
    RateMethod,
    RateOrder,
    RemoveMeterOrder,
    Role,
)
from tests.core.story import (
    DAY,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    plan,
    provisional,
    rate,
    utc_ms,
)

A, R = AllocationKind, Role
MAX = 10_000_000_000
BEGINS, ENDS = utc_ms(2026, 1, 1), utc_ms(2027, 1, 1)
JUNE, JULY, AUGUST = (utc_ms(2026, month, 1) for month in (6, 7, 8))


# --- situations --------------------------------------------------------------------------------


def new() -> Story:
    return Story().at(1)


def no_clock() -> Story:
    return Story(trusted=False).at(1)


def commissioned() -> Story:
    story = new()
    assert story.fit(serial="f1", before_l=30_000) is None
    assert story.fit(R.POWER_METER, serial="p1") is None
    return story


def planned() -> Story:
    """100 000 L, of which 30 000 were withdrawn before the agent came."""
    story = commissioned()
    assert story.order(plan(100_000)) is None
    return story


def provisionally() -> Story:
    story = commissioned()
    assert story.order(provisional(50_000, story.moment.utc_ms + DAY)) is None
    return story


def over_plan() -> Story:
    story = commissioned()
    assert story.order(plan(20_000)) is None
    return story


def new_year() -> Story:
    """January 2027; 100 000 L were allocated for 2026 and 30 000 withdrawn."""
    story = Story(begins_utc_ms=ENDS - MINUTE).at(1)
    assert story.fit(serial="f1", before_l=30_000) is None
    assert story.fit(R.POWER_METER, serial="p1") is None
    assert story.order(plan(100_000)) is None
    assert story.order(plan(80_000, 2027)) is None
    return story.after(90)


def powered() -> Story:
    """An energy allocation of 50 kWh beside the water."""
    story = planned()
    assert story.order(AllocateEnergyOrder(2026, A.PLAN, 50_000, "e 1")) is None
    return story


def limited() -> Story:
    story = planned()
    assert story.order(LimitOrder(2026, "june", 40_000, JUNE, JULY, "l 1")) is None
    return story


def rated() -> Story:
    story = planned()
    assert story.order(rate()) is None
    return story


def pumping() -> Story:
    story = planned()
    story.after(2).start()
    return story.after(5)


def rating_now() -> Story:
    story = pumping()
    assert story.order(BeginRatingOrder(30_000)) is None
    return story


def laid_up() -> Story:
    story = planned()
    assert story.order(LayUpOrder("winter")) is None
    return story


def in_doubt() -> Story:
    story = planned()
    story.total_ml -= 100_000_000
    return story.after(3)


def in_doubt_unread() -> Story:
    story = in_doubt()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    return story


def dead_meters() -> Story:
    story = planned()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    return story


def net_only() -> Story:
    story = new()
    story.lay(Fault.NOT_READ, Quantity.FORWARD_TOTAL_L)
    story.beside = {Quantity.NET_TOTAL_L: 500_000}
    return story


def shared() -> Story:
    story = planned()
    story.site = replace(SITE, shared_power_meter=True)
    return story


def removed() -> Story:
    story = planned()
    assert story.order(RemoveMeterOrder(R.FLOW_METER, "f1", "form", 500_000)) is None
    return story


# --- the table ---------------------------------------------------------------------------------


def give(kind: AllocationKind, volume_l: int, year: int = 2026) -> AllocateOrder:
    return AllocateOrder(year, kind, volume_l, "no. 7")


def energy(kind: AllocationKind, energy_wh: int, year: int = 2026) -> AllocateEnergyOrder:
    return AllocateEnergyOrder(year, kind, energy_wh, "no. 7")


def limit(name: str, volume_l: int, begins: int, ends: int, before_l: int = 0) -> LimitOrder:
    return LimitOrder(2026, name, volume_l, begins, ends, "no. 7", before_l)


def remove(serial: str, displayed: int | None = None, role: Role = R.FLOW_METER) -> Order:
    return RemoveMeterOrder(role, serial, "form", displayed)


def correct(volume_l: int, year: int = 2026, reason: str = "tank") -> CorrectOrder:
    return CorrectOrder(year, volume_l, reason, "no. 7")


def coefficient(litres: int, static: int | None = None, dynamic: int | None = None) -> RateOrder:
    return RateOrder(litres, RateMethod.TEST, utc_ms(2026, 5, 1), "no. 7", static, dynamic)
