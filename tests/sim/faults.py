"""Room rule: what goes wrong with electricity, pump and house. Each says how long it lasts, in ms.

How a fault is laid on readings stands here for the rooms beside: `flowmeter` and `outages`.
"""

from agent.core.model import Fault, Quantity, ReleaseOrder, StopOrder
from tests.core.story import HOUR, MINUTE
from tests.sim import people
from tests.sim.house import OF_FLOW_METER, OF_POWER_METER
from tests.sim.year import Year

Q = Quantity


def lay(year: Year, lasts_ms: int, fault: Fault, *quantities: Quantity) -> int:
    year.house.lay(fault, *quantities)
    year.after(lasts_ms, lambda now: now.house.heal(*quantities))
    return lasts_ms


def show(year: Year, lasts_ms: int, shown: dict[Quantity, int]) -> int:
    """Values that are read well and are wrong."""
    year.house.shown |= shown
    year.after(lasts_ms, lambda now: now.house.heal(*shown))
    return lasts_ms


# --- electricity, pump and house ---------------------------------------------------------------


def power_silent(year: Year) -> int:
    return lay(year, year.rng.randint(2, 60) * MINUTE, Fault.TIMEOUT, *OF_POWER_METER)


def both_silent(year: Year) -> int:
    both = (*OF_FLOW_METER, *OF_POWER_METER)
    return lay(year, year.rng.randint(3, 14) * MINUTE, Fault.DISCONNECTED, *both)


def power_bypassed(year: Year) -> int:
    meter = year.house.power
    meter.counting = False

    def restore(now: Year) -> None:
        meter.counting = True

    lasts_ms = year.rng.randint(2, 40) * MINUTE
    year.after(lasts_ms, restore)
    return lasts_ms


def dry_run(year: Year) -> int:
    lasts_ms = year.rng.randint(6, 12) * MINUTE
    year.house.dry = True

    def end(now: Year) -> None:
        now.house.dry = False

    year.after(lasts_ms, end)
    year.after(lasts_ms + 10 * MINUTE, people.tend)
    return lasts_ms + HOUR


def welded(year: Year) -> int:
    """Somebody stops the pump, and the contactor does not let go."""
    year.house.welded = True
    year.order(StopOrder("it must stop"))
    lasts_ms = year.rng.randint(1, 10) * MINUTE
    year.after(lasts_ms, lambda now: now.house.let_go())
    year.after(lasts_ms + 2 * MINUTE, lambda now: now.order(ReleaseOrder("it stands")))
    year.after(lasts_ms + 3 * MINUTE, people.tend)
    return lasts_ms + 30 * MINUTE


def bypass(year: Year) -> int:
    """The seal is broken: the pump runs whatever the relay does."""
    lasts_ms = year.rng.randint(10, 90) * MINUTE
    year.house.bypassed = True
    people.start(year)
    year.after(lasts_ms, people.stop)
    year.after(lasts_ms + MINUTE, lambda now: now.house.let_go())
    year.after(lasts_ms + 10 * MINUTE, people.tend)
    return lasts_ms + 20 * MINUTE


def worn(year: Year) -> int:
    year.house.share_percent = 50

    def repair(now: Year) -> None:
        now.house.share_percent = 100

    lasts_ms = year.rng.randint(45, 120) * MINUTE
    year.after(lasts_ms, repair)
    return lasts_ms


def _danger(year: Year, shown: dict[Quantity, int]) -> int:
    lasts_ms = show(year, year.rng.randint(1, 15) * MINUTE, shown)
    year.after(lasts_ms + 10 * MINUTE, people.tend)
    return lasts_ms + 20 * MINUTE


def dry_well(year: Year) -> int:
    return _danger(year, {Q.LEVEL_MM: year.rng.choice((75_000, 75_000, 75_000, 0, 90_000))})


def probe_blind(year: Year) -> int:
    """It says nothing, or shows what no water can: then nobody knows whether the well is dry."""
    lasts_ms = year.rng.randint(8, 300) * MINUTE
    if year.rng.random() < 0.5:
        return lay(year, lasts_ms, Fault.TIMEOUT, Q.LEVEL_MM)
    return show(year, lasts_ms, {Q.LEVEL_MM: year.rng.choice((0, 90_000))})


def phase_lost(year: Year) -> int:
    return _danger(year, {Q.VOLTAGE_2_MV: 30_000, Q.CURRENT_2_MA: 500})


def over_current(year: Year) -> int:
    return _danger(year, {Q.CURRENT_1_MA: 120_000})


def under_voltage(year: Year) -> int:
    return _danger(year, {Q.VOLTAGE_3_MV: 170_000})


def door(year: Year) -> int:
    year.house.door_open = True

    def close(now: Year) -> None:
        now.house.door_open = False

    year.after(year.rng.randint(1, 60) * MINUTE, close)
    return 0
