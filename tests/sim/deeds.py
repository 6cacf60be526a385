"""Room rule: what happens in a year, and how often: people first, then faults. Checks nothing.

`DEEDS` is the list: how many of each a year has on average, and what it does. A deed that touches
the water, the meters or the pump is exclusive: the next one waits until it is over, because the
truth of two at once is nobody's to state. Faults of control, clock, card and links meet everything.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.core.story import DAY, HOUR, MINUTE, SECOND
from tests.sim import faults, flowmeter, meters, outages, people
from tests.sim.year import AROUND_MS, YEAR_MS, Year

Deed = Callable[[Year], int]


@dataclass(frozen=True, slots=True)
class Kind:
    """`mean`: of a year. `running`: the owner starts the pump for it."""

    mean: float
    do: Deed
    exclusive: bool = True
    running: bool = False


DEEDS: dict[str, Kind] = {
    # --- people
    "owner pumps": Kind(26, people.pump_a_while),
    "addition": Kind(2, people.add, exclusive=False),
    "reduction": Kind(1, people.reduce, exclusive=False),
    "transfer": Kind(2, people.transfer, exclusive=False),
    "correction of the allocation": Kind(1, people.correct_allocation, exclusive=False),
    "correction of the withdrawal": Kind(1, people.correct_withdrawal),
    "round": Kind(2, people.limit, exclusive=False),
    "coefficient": Kind(1, people.rate, exclusive=False),
    "rating test": Kind(1, people.rating_test, running=True),
    "energy allocation": Kind(2, people.energy_allocation, exclusive=False),
    "override": Kind(1.5, people.override),
    "override released": Kind(0.7, people.override_released),
    "stop on site": Kind(1.5, people.stop_on_site, running=True),
    "stop by a platform": Kind(1.5, people.stop_by_platform, running=True),
    "lay-up": Kind(1.2, people.lay_up),
    "bad orders": Kind(3, people.bad_orders, exclusive=False),
    "repeated order": Kind(1, people.repeated, exclusive=False),
    "clock set": Kind(0.7, people.set_clock, exclusive=False),
    "flow meter exchanged": Kind(1, meters.exchange_flow_meter),
    "flow meter removed": Kind(0.7, meters.remove_flow_meter),
    "power meter exchanged": Kind(0.7, meters.exchange_power_meter),
    "power meter removed": Kind(0.6, meters.remove_power_meter),
    "relay test": Kind(1.5, meters.try_relay, running=True),
    "visit for long": Kind(1.2, meters.work_for_long, exclusive=False),
    "threshold": Kind(1.5, meters.set_threshold, exclusive=False),
    # --- the flow meter
    "silent for seconds": Kind(1.5, flowmeter.flow_silent_for_seconds, running=True),
    "silent for minutes": Kind(1.5, flowmeter.flow_silent_for_minutes, running=True),
    "silent for hours": Kind(2, flowmeter.flow_silent_for_hours, running=True),
    "total garbled": Kind(1, flowmeter.total_garbled, running=True),
    "total NaN": Kind(1, flowmeter.total_invalid, running=True),
    "torn word": Kind(1.5, flowmeter.torn_word, running=True),
    "zero for a scan": Kind(1.5, flowmeter.zero_for_a_scan, running=True),
    "zero that stays": Kind(0.7, flowmeter.zero_that_stays, running=True),
    "jump that comes back": Kind(0.8, flowmeter.jump_that_comes_back, running=True),
    "jump that stays": Kind(0.8, flowmeter.jump_that_stays, running=True),
    "total stuck": Kind(2, flowmeter.total_stuck, running=True),
    "reset": Kind(1.2, flowmeter.reset, running=True),
    "dead": Kind(0.8, flowmeter.dead, running=True),
    "dead and exchanged": Kind(0.6, flowmeter.dead_and_exchanged, running=True),
    "empty pipe at rest": Kind(1, flowmeter.empty_pipe),
    "signal lost": Kind(1.8, flowmeter.signal_lost, running=True),
    "creep": Kind(1, flowmeter.creep),
    "pumping backward": Kind(1.2, flowmeter.backward, running=True),
    # --- electricity, pump and house
    "power meter silent": Kind(1, faults.power_silent, running=True),
    "both meters silent": Kind(1.2, faults.both_silent, running=True),
    "power meter bypassed": Kind(1.2, faults.power_bypassed, running=True),
    "dry run": Kind(1.6, faults.dry_run, running=True),
    "welded contactor": Kind(1.2, faults.welded, running=True),
    "bypass": Kind(0.8, faults.bypass),
    "worn pump": Kind(1.5, faults.worn, running=True),
    "dry well": Kind(2, faults.dry_well, running=True),
    "probe blind": Kind(1.2, faults.probe_blind, exclusive=False),
    "phase lost": Kind(1.2, faults.phase_lost, running=True),
    "over-current": Kind(1.2, faults.over_current, running=True),
    "under-voltage": Kind(1.2, faults.under_voltage, running=True),
    "door": Kind(1, faults.door, exclusive=False),
    "controller dark, pump bypassed": Kind(1.8, outages.dark_while_pumping),
    "mains away, controller on": Kind(1.5, outages.mains_away),
    "mains cut": Kind(2, outages.mains_cut),
    "mains cut for days": Kind(0.6, outages.mains_cut_for_days),
    # --- the station
    "control restarted": Kind(3, outages.control_restarted, exclusive=False),
    "settings cut": Kind(1.2, outages.settings_cut, exclusive=False),
    "control killed": Kind(8, outages.control_killed, exclusive=False),
    "control killed running": Kind(3, outages.control_killed, running=True),
    "control gone past its lease": Kind(1, outages.control_gone, running=True),
    "relay silent": Kind(1, outages.relay_silent),
    "card fails": Kind(2, outages.card_fails, exclusive=False),
    "card fails running": Kind(1.2, outages.card_fails, running=True),
    "card fails for long": Kind(0.4, outages.card_fails_for_long, running=True),
    "broker away": Kind(2, outages.broker_away, exclusive=False),
    "broker away for days": Kind(0.7, outages.broker_away_for_days, exclusive=False),
    "uplink killed": Kind(2, outages.uplink_killed, exclusive=False),
    "record rejected": Kind(0.5, outages.record_rejected, exclusive=False),
    # --- the clock
    "boot in 1970": Kind(1, outages.boot_in_1970),
    "year 2036": Kind(0.8, outages.year_2036, exclusive=False),
    "clock steps back": Kind(0.8, outages.steps_back, exclusive=False),
    "clock drifts": Kind(0.8, outages.drifts, exclusive=False),
    "time unknown": Kind(0.8, outages.time_unknown, exclusive=False),
}


DARK_FIRST = 0.75  # of the years: before anybody has measured what a kilowatt-hour lifts


def fill(year: Year) -> None:
    """Commission the station, then spread the year's deeds over it."""
    people.commission(year)
    if year.rng.random() < DARK_FIRST:
        name = "controller dark, pump bypassed"
        at_ms = year.rng.randint(2, 15) * DAY // year.density
        year.wish(at_ms, _begin(name, DEEDS[name]))
    for name, kind in DEEDS.items():
        mean = kind.mean * year.density * year.lasts_ms / YEAR_MS
        many = int(mean) + (year.rng.random() < mean % 1)
        for _ in range(many):
            at_ms = year.rng.randint(DAY, year.lasts_ms - 2 * DAY)
            year.wish(at_ms, _begin(name, kind))
    outages.new_year(year)


def _begin(name: str, kind: Kind) -> Callable[[Year], None]:
    def act(year: Year) -> None:
        if (kind.exclusive and year.now_ms < year.exclusive_until_ms) or not year.station.alive:
            wait_ms = max(0, year.exclusive_until_ms - year.now_ms)
            at_ms = year.now_ms + wait_ms + year.rng.randint(1, 6 * HOUR // SECOND) * SECOND
            year.wish(at_ms, act)
            return
        if kind.exclusive:
            year.exclusive_until_ms = year.now_ms + 2 * HOUR
        if kind.running:
            year.after(AROUND_MS, people.start)
            year.after(year.rng.randint(4, 25) * MINUTE, happen)
        else:
            year.after(AROUND_MS, happen)

    def happen(year: Year) -> None:
        if not year.station.alive:
            year.after(MINUTE, happen)
            return
        if kind.running and not year.house.running:
            people.stop(year)  # it may not run now: nothing to disturb
            year.exclusive_until_ms = year.now_ms
            return
        year.injected[name] += 1
        lasts_ms = kind.do(year)
        if kind.running:
            year.after(lasts_ms + year.rng.randint(5, 40) * MINUTE, people.stop)
            lasts_ms += 45 * MINUTE
        if kind.exclusive:
            year.exclusive_until_ms = year.now_ms + lasts_ms + 15 * MINUTE

    return act
