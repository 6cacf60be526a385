"""Room rule: a technician's work: meters on and off, totals ruled on, visits, tests. No fault."""

from agent.core.model import (
    CorrectOrder,
    FitMeterOrder,
    RelayTestOrder,
    RemoveMeterOrder,
    Role,
    SetThresholdOrder,
    VisitCloseOrder,
    VisitOpenOrder,
)
from tests.core.story import DAY, HOUR, MINUTE, SECOND
from tests.sim.house import Meter
from tests.sim.year import Year


def fit_meter(year: Year, role: Role, before_l: int | None = None) -> None:
    meter = year.house.meter(role)
    year.order(FitMeterOrder(role, meter.serial, meter.shown, "form", before_l))


def exchange(year: Year, role: Role) -> None:
    """Another device hangs on the pipe or the supply from now on."""
    old = year.house.meter(role)
    year.watch.low_slack_l += (old.high - old.counter) // 1000 + 1
    name, number = old.serial.split("-")
    counter = year.rng.choice((0, year.rng.randint(1, 5_000_000_000)))
    new = Meter(f"{name}-{int(number) + 1}", counter, old.resolution, old.modulus)
    if role is Role.FLOW_METER:
        year.house.flow = new
    else:
        year.house.power = new


def exchange_flow_meter(year: Year) -> int:
    """The old one off, by what it shows, and the new one on, before the next scan."""
    year.house.stop()

    def change(now: Year) -> None:
        old = now.house.flow
        now.order(RemoveMeterOrder(Role.FLOW_METER, old.serial, "form", old.shown))
        now.after(5 * SECOND, change_over)

    def change_over(now: Year) -> None:
        exchange(now, Role.FLOW_METER)
        now.after(30 * SECOND, lambda later: fit_meter(later, Role.FLOW_METER))

    year.after(10 * MINUTE, change)
    return 20 * MINUTE


def remove_flow_meter(year: Year) -> int:
    """To the workshop and back for a day: nothing is commissioned meanwhile."""
    year.house.stop()

    def take(now: Year) -> None:
        old = now.house.flow
        now.order(RemoveMeterOrder(Role.FLOW_METER, old.serial, "form", old.shown))
        now.after(DAY, lambda later: fit_meter(later, Role.FLOW_METER))

    year.after(10 * MINUTE, take)
    return DAY + HOUR


def exchange_power_meter(year: Year) -> int:
    """Without taking it off first: it is closed at what was last read of it."""
    year.house.stop()

    def change(now: Year) -> None:
        exchange(now, Role.POWER_METER)
        now.after(2 * SECOND, lambda later: fit_meter(later, Role.POWER_METER))

    year.after(10 * MINUTE, change)
    return 20 * MINUTE


def remove_power_meter(year: Year) -> int:
    year.house.stop()

    def take(now: Year) -> None:
        old = now.house.power
        now.order(RemoveMeterOrder(Role.POWER_METER, old.serial, "form", old.shown))
        now.after(2 * HOUR, lambda later: fit_meter(later, Role.POWER_METER))

    year.after(10 * MINUTE, take)
    return 3 * HOUR


def rule(year: Year) -> None:
    """A total in doubt: what the meter shows now begins a new stretch. The rest is corrected."""
    year.house.stop()
    open_year = year.outcome_year
    if open_year is None:
        return
    said = CorrectOrder(open_year, 0, "the meter was looked at", "doc")
    year.after(3 * MINUTE, lambda now: now.order(said))
    year.after(6 * MINUTE, settle)


def settle(year: Year) -> None:
    """What neither stretch counted, and no estimate: told by who knows, to the litre."""
    open_year, watch = year.outcome_year, year.watch
    state = year.station.state
    quiet = state.interruption is None and year.house.at_rest and state.totalizer is not None
    if not quiet or open_year is None or state.totalizer is None or state.totalizer.in_doubt:
        return
    missing_l = -watch.deviation_l - year.house.unread_l(state.totalizer.last)
    if abs(missing_l) > watch.resolution_l(year.site):
        year.order(
            CorrectOrder(open_year, missing_l, "by the diary", f"doc {year.clock.true_utc_ms}")
        )
        watch.settling = True


# --- beside the meters -------------------------------------------------------------------------


def try_relay(year: Year) -> int:
    """The pump stops for it, and the owner starts it again."""
    lasts_ms = year.rng.randint(1, 60) * SECOND
    year.order(RelayTestOrder(lasts_ms, "once a year"))
    return lasts_ms + 10 * MINUTE


def work_for_long(year: Year) -> int:
    """Somebody comes, and forgets to say that he went."""
    year.order(VisitOpenOrder("wang", "the yearly visit"))
    lasts_ms = year.rng.randint(25, 60) * HOUR
    year.after(lasts_ms, lambda now: now.order(VisitCloseOrder("all in order")))
    return 0


def set_threshold(year: Year) -> int:
    value_m3 = year.rng.randint(0, 5_000)
    year.order(SetThresholdOrder("warn_remaining_m3", value_m3, "doc"))
    return 0
