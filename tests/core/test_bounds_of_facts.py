"""Room rule: the last value on either side of a bound: what one scan finds out of its account.

As in test_bounds.py.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.facts import (
    Evidence,
    converting,
    converting_signal,
    gather,
    margin_l,
    run_on_left,
)
from agent.core.interlock import Standing, Watch
from agent.core.ledger import Ledger
from agent.core.model import (
    Action,
    Balance,
    Condition,
    ConditionKind,
    Exemption,
    Fault,
    InterruptionCause,
    InterruptionPolicy,
    LayUp,
    Moment,
    Quantity,
    Rate,
    RateMethod,
    Reading,
    Site,
)
from agent.core.protection import Motor
from agent.core.pump import View, good_value
from agent.core.state import Interruption, Seen, State
from agent.core.supply import Supply
from agent.core.terms import Facts
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import HOUR, MINUTE, SITE, reading, readings, utc_ms

AT = utc_ms(2026, 6, 1)
SHOWN = readings(500_000, 90_000, 70_000, 30_000)
SILENT = tuple(reading(one.quantity, None, Fault.TIMEOUT) for one in SHOWN)
# What a pump of 100 m3/h takes in a scan and a cut, and in an assumed coast-down of 2 s.
MARGIN_L = 31 + 55
RATED = Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None)


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


def evidence(
    account: Balance | None = None,
    shown: tuple[Reading, ...] = SHOWN,
    now: Moment | None = None,
    **seen: Any,
) -> Evidence:
    now = now or moment()
    flow, power = (good_value(shown, one) for one in (Quantity.FLOW_L_PER_H, Quantity.POWER_W))
    view = View(None, None, flow, power)
    return Evidence(Seen(now, shown, **seen), shown, view, account, water_given=False, moment=now)


def found(
    state: State | None = None, account: Balance | None = None, site: Site = SITE, **seen: Any
) -> Facts:
    return gather(site, state or State(), evidence(account, **seen), 1000)


def left(remaining_l: int) -> Balance:
    return Balance(2026, 10**6, 10**6 - remaining_l)


def unmetered(energy_wh: int, converted_l: int = 0) -> State:
    """Electricity was used since the flow meter said its total, and some of it was reckoned."""
    began = moment(-HOUR)
    lost = Interruption(
        began,
        InterruptionCause.SILENT,
        running=True,
        policy=InterruptionPolicy.CONVERT,
        counted_l=0,
        used_wh=0,
        entered_at=began,
        converted_l=converted_l,
    )
    return State(
        ledger=Ledger(power=Segment("p1", 0, 10, 10**9, 55_000), rate=RATED),
        totalizer=Totalizer(500_000, began),
        energy=Totalizer(energy_wh, moment()),
        energy_at_total_wh=0,
        interruption=lost,
    )


# --- water -------------------------------------------------------------------------------------


def test_what_has_flowed_unmetered_is_kept_back_beside_the_margin() -> None:
    """Ten watt-hours lift 30 l."""
    for state, kept_l in ((State(), MARGIN_L), (unmetered(10), MARGIN_L + 30)):
        assert found(state, left(kept_l)).exhausted
        assert not found(state, left(kept_l + 1)).exhausted


def test_a_margin_that_comes_out_even_is_not_rounded_down() -> None:
    """Ten litres a second, for the second that a cut takes and two of coasting."""
    site = replace(SITE, flow_max_l_per_h=36_000, period_ms=900, cut_latency_ms=100)
    assert margin_l(site, State()) == 10 + 20


def test_what_was_reckoned_and_what_is_not_entered_yet_are_off_what_may_be_reckoned() -> None:
    """A twentieth of 1 000 m3; 4 kWh lift 12 m3, of which 9 are entered."""
    left_l = 50_000 - 9_000 - 3_000
    assert converting(SITE, unmetered(4_000, 9_000), evidence(left(5))) == Exemption(
        ConditionKind.FLOW_METER_SILENT, left_l, 71 * HOUR
    )


@pytest.mark.parametrize(("used_wh", "spent"), [(99, False), (100, True), (101, True)])
def test_electricity_is_spent_with_its_last_watt_hour(used_wh: int, *, spent: bool) -> None:
    account = replace(left(10**6), energy_allocated_wh=100, energy_used_wh=used_wh)
    assert found(account=account).energy_exhausted is spent


@pytest.mark.parametrize(
    ("litres", "time_ms", "remaining_l", "low", "hours"),
    [
        (0, 0, 0, False, False),  # not asked for: no warning, even of nothing
        (0, 0, -5, False, False),
        (1, 0, 1, True, False),
        (1, 0, 2, False, False),
        (0, 1, 0, False, True),
    ],
)
def test_a_warning_is_given_where_the_site_asks_for_it(
    litres: int, time_ms: int, remaining_l: int, *, low: bool, hours: bool
) -> None:
    limits = replace(SITE.limits, warn_remaining_l=litres, warn_pumping_ms=time_ms)
    facts = found(account=left(remaining_l), site=replace(SITE, limits=limits))
    assert (facts.remaining_low, facts.hours_low) == (low, hours)


# --- a signal ----------------------------------------------------------------------------------

DOOR = ConditionKind.DOOR_OPEN
SIGNAL = ConditionKind.FLOW_SIGNAL_LOST


def lost(*held_ms: int, kinds: tuple[ConditionKind, ...] = (SIGNAL,), used_wh: int = 0) -> State:
    """A signal is lost, between two runs; its clocks have held so long."""
    stands = tuple(Condition(one, moment(), Action.ALARM, latched=False) for one in kinds)
    watches = tuple(Watch(SIGNAL, moment(), stage, ms) for stage, ms in enumerate(held_ms))
    return replace(
        unmetered(used_wh), interruption=None, standing=Standing(conditions=stands, watches=watches)
    )


def open_since(state: State, began: Moment, converted_l: int = 0) -> State:
    """The same during a run, of which so much was reckoned."""
    silent = unmetered(0, converted_l).interruption
    assert silent is not None
    return replace(state, interruption=replace(silent, began=began))


@pytest.mark.parametrize(
    ("state", "left_l", "left_ms"),
    [
        (lost(), 50_000, 72 * HOUR),
        (lost(36_000, 18_000), 49_000, 72 * HOUR - 36_000),  # 100 m3/h lift 1 m3 in 36 s
        (lost(36_000, used_wh=100), 49_000, 72 * HOUR - 36_000),  # of which 300 l are kept back
        (open_since(lost(), moment()), 50_000, 72 * HOUR),
        (open_since(lost(), moment(-HOUR)), 50_000, 71 * HOUR),
        (open_since(lost(36_000), moment(), 1_001), 48_999, 72 * HOUR - 36_000),
        (lost(kinds=(DOOR, SIGNAL)), 50_000, 72 * HOUR),
    ],
)
def test_what_a_lost_signal_leaves_to_reckon_is_less_what_all_its_runs_may_have_lifted(
    state: State, left_l: int, left_ms: int
) -> None:
    seen = evidence(left(10**6))
    left_now = Exemption(ConditionKind.FLOW_METER_SILENT, left_l, left_ms)
    assert converting_signal(SITE, state, seen) == left_now
    assert found(state, left(10**6)).converting_signal is True


@pytest.mark.parametrize("kinds", [(), (DOOR,)])
def test_between_runs_nothing_stands_in_for_a_signal_that_is_not_lost(
    kinds: tuple[ConditionKind, ...],
) -> None:
    state = lost(kinds=kinds)
    assert converting_signal(SITE, state, evidence(left(10**6))) is None
    assert found(state, left(10**6)).converting_signal is False
    cutting = replace(SITE, on_interruption=InterruptionPolicy.CUT)
    assert converting_signal(cutting, lost(), evidence(left(10**6))) is None


def test_an_interruption_that_begins_now_may_be_reckoned_for_its_whole_time() -> None:
    left_now = converting(SITE, open_since(State(), moment()), evidence(left(5)))
    assert left_now is None, "there is no electricity to reckon by"
    begun = open_since(unmetered(0), moment())
    assert converting(SITE, begun, evidence(left(5))) == Exemption(
        ConditionKind.FLOW_METER_SILENT, 50_000, 72 * HOUR
    )


@pytest.mark.parametrize(("unread_ms", "counts"), [(300_000, True), (300_001, False)])
def test_electricity_that_is_unread_for_longer_than_both_meters_may_be_is_not_reckoned_by(
    unread_ms: int, *, counts: bool
) -> None:
    state = replace(unmetered(0), energy=Totalizer(0, moment(-unread_ms)))
    assert (converting(SITE, state, evidence(left(5))) is not None) is counts
    away = replace(state, supply=Supply(failed=True))
    assert converting(SITE, away, evidence(left(5))) is not None, "it is away with the mains"


# --- metering ----------------------------------------------------------------------------------


@pytest.mark.parametrize("doubt", ["", "jumped", "reversed"])
def test_a_meter_whose_total_is_in_doubt_is_not_silent_as_well(doubt: str) -> None:
    total = Totalizer(5, moment(), jumped=doubt == "jumped", reversed=doubt == "reversed")
    facts = found(State(totalizer=total), shown=SILENT)
    assert facts.flow_meter_lost is not bool(doubt)
    assert (facts.total_jumped, facts.total_reversed) == (doubt == "jumped", doubt == "reversed")


@pytest.mark.parametrize(("backflow_l", "back"), [(1_000, False), (1_001, True)])
def test_more_than_a_column_drains_runs_back(backflow_l: int, *, back: bool) -> None:
    assert found(State(backflow_l=backflow_l)).running_back is back


def test_a_well_that_is_laid_up_misses_no_meter() -> None:
    state = State(ledger=Ledger(laid_up=LayUp(500_000, None, "winter", "li")))
    unseen = reading(Quantity.FLOW_L_PER_H, None, Fault.NO_SIGNAL)
    empty = (SHOWN[0], unseen, *SHOWN[2:])
    in_use = found(shown=SILENT)
    assert in_use.flow_meter_lost is in_use.power_meter_lost is in_use.both_meters_lost is True
    assert found(shown=empty).flow_signal_lost is True
    for shown in (SILENT, empty):
        rests = found(state, shown=shown)
        assert rests.laid_up
        assert (rests.flow_meter_lost, rests.flow_signal_lost) == (False, False)
        assert (rests.power_meter_lost, rests.both_meters_lost) == (False, False)


def test_a_probe_is_missed_while_the_mains_are_there_and_the_well_is_in_use() -> None:
    site = replace(SITE, limits=replace(SITE.limits, probe_depth_mm=60_000))
    assert found(site=site).level_unseen is True
    assert found(State(supply=Supply(failed=True)), site=site).level_unseen is None
    assert found(State(supply=Supply(settling_ms=1)), site=site).level_unseen is None
    rests = State(ledger=Ledger(laid_up=LayUp(500_000, None, "winter", "li")))
    assert found(rests, site=site).level_unseen is False


def test_the_cross_checks_see_no_total_that_was_not_accepted_and_no_rate_that_is_not() -> None:
    known = State(totalizer=Totalizer(500_000, moment()))

    def sight(state: State, shown: tuple[Reading, ...]) -> tuple[int | None, int]:
        seen = evidence(shown=shown).sight(SITE, state, Supply(), Motor(), 1000)
        return seen.total_l, seen.rated_l_per_kwh

    assert sight(known, SHOWN) == (500_000, 0)
    assert sight(known, SILENT) == (None, 0)
    assert sight(replace(known, ledger=Ledger(rate=RATED)), SHOWN) == (500_000, 3_000)


# --- time --------------------------------------------------------------------------------------


def test_what_is_bounded_in_time_is_over_where_no_clock_tells_how_long_it_was() -> None:
    dark = moment(boot="b2", trusted=False)
    assert converting(SITE, unmetered(10), evidence(left(500), now=dark)) is None
    failing = State(journal_failed_at=moment(), journal_failed_remaining_l=1_000)
    assert run_on_left(SITE, failing, evidence(left(990), now=dark)) == (40, 0)
    assert run_on_left(SITE, failing, evidence(left(990))) == (40, 24 * HOUR)


def test_nobody_runs_on_without_a_journal_that_was_written_or_an_account_to_bound_it() -> None:
    failing = State(journal_failed_at=moment(), journal_failed_remaining_l=1_000)
    for site, state, account, written in (
        (replace(SITE, run_on=False), failing, left(990), True),
        (SITE, failing, left(990), False),
        (SITE, failing, None, True),
        (SITE, State(), left(990), True),
    ):
        seen = evidence(account, journal_written=written)
        assert run_on_left(site, state, seen) == (0, 0)


@pytest.mark.parametrize(("hold_ms", "held"), [(0, False), (1, True), (MINUTE, True)])
def test_a_pump_that_would_start_by_itself_is_held_for_its_whole_time(
    hold_ms: int, *, held: bool
) -> None:
    state = State(supply=Supply(hold_ms=hold_ms))
    assert found(state, site=replace(SITE, maintained=True)).restarting is held
    assert not found(state).restarting
