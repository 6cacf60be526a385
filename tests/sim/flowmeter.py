"""Room rule: what goes wrong with a flow meter. Each says how long it lasts, in ms."""

from agent.core.model import Fault, Quantity, Role
from tests.core.story import HOUR, MINUTE, SECOND
from tests.sim import meters, people
from tests.sim.faults import lay, show
from tests.sim.house import OF_FLOW_METER
from tests.sim.year import Year

Q = Quantity


def flow_silent_for_seconds(year: Year) -> int:
    return lay(year, year.rng.randint(1, 50) * SECOND, Fault.TIMEOUT, *OF_FLOW_METER)


def flow_silent_for_minutes(year: Year) -> int:
    return lay(year, year.rng.randint(2, 45) * MINUTE, Fault.TIMEOUT, *OF_FLOW_METER)


def flow_silent_for_hours(year: Year) -> int:
    return lay(year, year.rng.randint(61, 240) * MINUTE, Fault.DISCONNECTED, *OF_FLOW_METER)


def total_garbled(year: Year) -> int:
    return lay(year, year.rng.randint(1, 40) * SECOND, Fault.GARBLED, Q.FORWARD_TOTAL_L)


def total_invalid(year: Year) -> int:
    return lay(year, year.rng.randint(1, 20) * SECOND, Fault.INVALID, Q.FORWARD_TOTAL_L)


def torn_word(year: Year) -> int:
    """The high word of the next count with the low word of this one."""
    torn = (year.house.flow.shown & 0xFFFF) | (year.rng.randint(0, 0x3FFF) << 16)
    torn = min(torn, year.site.flow_modulus_l - 1)
    return show(year, SECOND, {Q.FORWARD_TOTAL_L: torn})


def zero_for_a_scan(year: Year) -> int:
    return show(year, year.rng.randint(1, 2) * SECOND, {Q.FORWARD_TOTAL_L: 0})


def zero_that_stays(year: Year) -> int:
    """Until somebody looks: the old series comes back, and he rules on it."""
    lasts_ms = show(year, year.rng.randint(1, 20) * MINUTE, {Q.FORWARD_TOTAL_L: 0})
    year.after(lasts_ms + 5 * MINUTE, people.tend)
    return lasts_ms + 30 * MINUTE


def jump_that_comes_back(year: Year) -> int:
    away = year.house.flow.shown + people.litres(year, 500, 900)
    lasts_ms = show(
        year,
        year.rng.randint(1, 10) * MINUTE,
        {Q.FORWARD_TOTAL_L: away % year.site.flow_modulus_l},
    )
    year.after(lasts_ms + 5 * MINUTE, people.tend)
    return lasts_ms + 30 * MINUTE


def jump_that_stays(year: Year) -> int:
    meter = year.house.flow
    meter.set_to(meter.counter + people.litres(year, 500, 900) * 1000)
    year.after(10 * MINUTE, people.tend)
    return HOUR


def total_stuck(year: Year) -> int:
    """A register that is written every few seconds only, while water flows: then it catches up."""
    meter = year.house.flow
    meter.stuck = meter.shown

    def write(now: Year) -> None:
        meter.stuck = None

    lasts_ms = year.rng.randint(2, 3) * SECOND
    year.after(lasts_ms, write)
    return lasts_ms


def reset(year: Year) -> int:
    year.house.flow.set_to(year.rng.choice((0, 0, 17_000)))
    year.after(10 * MINUTE, people.tend)
    return HOUR


def dead(year: Year) -> int:
    """Neither counts nor answers; then both again."""
    meter = year.house.flow
    meter.counting = False
    lasts_ms = year.rng.randint(3, 240) * MINUTE

    def live(now: Year) -> None:
        meter.counting = True
        now.after(30 * MINUTE, meters.settle)

    year.after(lasts_ms, live)
    return lay(year, lasts_ms, Fault.TIMEOUT, *OF_FLOW_METER) + HOUR


def dead_and_exchanged(year: Year) -> int:
    year.house.flow.counting = False
    lasts_ms = lay(year, year.rng.randint(5, 90) * MINUTE, Fault.TIMEOUT, *OF_FLOW_METER)
    year.after(lasts_ms - 3 * MINUTE, people.stop)

    def change(now: Year) -> None:
        meters.exchange(now, Role.FLOW_METER)
        now.house.heal(*OF_FLOW_METER)
        now.after(5 * SECOND, lambda later: meters.fit_meter(later, Role.FLOW_METER))
        now.after(30 * MINUTE, meters.settle)

    year.after(lasts_ms - MINUTE, change)
    return lasts_ms + HOUR


def empty_pipe(year: Year) -> int:
    people.stop(year)
    lasts_ms = year.rng.randint(1, 12) * HOUR
    year.after(5 * MINUTE, lambda now: now.house.lay(Fault.EMPTY_PIPE, *OF_FLOW_METER))
    year.after(lasts_ms, lambda now: now.house.heal(*OF_FLOW_METER))
    return lasts_ms


def signal_lost(year: Year) -> int:
    lasts_ms = lay(year, year.rng.randint(2, 50) * MINUTE, Fault.NO_SIGNAL, *OF_FLOW_METER)
    year.after(lasts_ms + 10 * MINUTE, people.tend)
    return lasts_ms + HOUR


def creep(year: Year) -> int:
    """A valve that leaks back through the meter in the counted direction."""
    people.stop(year)
    lasts_ms = year.rng.randint(2, 5) * HOUR
    year.house.other_l_per_h = 400

    def end(now: Year) -> None:
        now.house.other_l_per_h = 0

    year.after(lasts_ms, end)
    return lasts_ms


def backward(year: Year) -> int:
    shown = {Q.FLOW_L_PER_H: -30_000}
    return show(year, year.rng.randint(2, 40) * MINUTE, shown)
