"""Room rule: on what a permit rests, how long, and what is remembered when it ends, as tables.

As in test_bounds.py; but a permit is given by a whole scan, so these are stories of a few.
"""

from dataclasses import replace

import pytest

from agent.core.ledger import Ledger
from agent.core.model import (
    ConditionKind,
    Contacts,
    Exemption,
    Fault,
    Moment,
    OverrideOrder,
    Quantity,
    Use,
)
from agent.core.override import Lifting
from agent.core.state import State
from tests.core.story import (
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    rate,
    reduction,
    utc_ms,
)

K = ConditionKind
AT = utc_ms(2026, 6, 1)


def pumping() -> Story:
    story = Story().commission(10**8).after(2)
    story.start()
    return story.after(3)


def test_a_permit_of_a_healthy_station_rests_on_no_exception() -> None:
    story = pumping()
    assert story.permitted
    assert story.outcomes[-1].decision.exceptions == ()


def test_a_meter_that_fell_silent_is_excused_until_its_cut_and_for_that_water() -> None:
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(5)
    excused = Exemption(K.FLOW_METER_SILENT, 44_900, 30 * MINUTE - 4_000)  # at 90 m3/h
    assert story.outcomes[-1].decision.exceptions == (excused,)


@pytest.mark.parametrize("left_ms", [0, 1])
def test_a_clock_that_ran_out_excuses_nobody_whose_total_is_read(left_ms: int) -> None:
    story = pumping()
    assert story.order(OverrideOrder(Use.FIRE, 100_000, HOUR, "fire")) is None
    story.site = replace(SITE, flow_meter_cut_ms=4_000 + left_ms)
    story.lay(Fault.TIMEOUT, Quantity.FLOW_L_PER_H)
    story.after(5)
    kinds = [one.kind for one in story.outcomes[-1].decision.exceptions]
    assert kinds == [K.OVERRIDE, *([K.FLOW_METER_SILENT] if left_ms else [])]


def test_meters_that_lost_their_mains_are_excused_for_what_they_need_and_their_own_time() -> None:
    story = Story(site=replace(SITE, flow_meter_cut_ms=34 * MINUTE)).commission(10**9).after(2)
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(1)
    excused = Exemption(K.FLOW_METER_SILENT, 60_000, 36 * MINUTE)  # at the declared 100 m3/h
    assert story.outcomes[-1].decision.exceptions == (excused,)


def test_a_lease_keeps_back_what_electricity_says_has_flowed_unmetered() -> None:
    """25 l a scan are not metered; 50 l coast at 90 m3/h."""
    story = Story().commission(10**6).after(2)
    assert story.order(rate()) is None
    story.start()
    story.after(3)
    assert story.order(reduction(10**6 - 400)) is None
    metered_wh, remaining_l = story.energy_wh, 400 - story.withdrawn_l
    story.lay(Fault.TIMEOUT, Quantity.FORWARD_TOTAL_L)
    story.after(2)
    unmetered_l = (story.energy_wh - metered_wh) * 3
    assert unmetered_l in range(48, 52)
    left_ms = (remaining_l - unmetered_l - 50) * 40
    assert story.outcomes[-1].decision.lease_ms == left_ms < SITE.lease_ms


def test_a_lease_is_whole_milliseconds_of_what_remains() -> None:
    """2703 l beyond the coast-down, at 99.999 m3/h: 97.30897 s."""
    site = replace(SITE, flow_max_l_per_h=99_999, lease_ms=100_000)
    story = Story(site=site).commission(2_703 + 55).after(2)
    assert story.outcomes[-1].decision.lease_ms == 97_308


def test_a_flow_that_would_coast_away_with_all_that_is_left_gives_no_lease() -> None:
    """Ten times the declared flow: 555 l in an assumed coast-down of 2 s, and 500 are left."""
    story = Story().commission(500).after(2)
    assert story.outcomes[-1].decision.lease_ms > 0
    story.other_flow_l_per_h = 10**6
    story.after(1)
    assert story.outcomes[-1].decision.lease_ms == 0
    assert story.reasons == []


def test_the_total_at_a_cut_is_remembered_if_it_was_read_in_that_scan() -> None:
    for unread, remembered in ((False, True), (True, False)):
        story = pumping()
        if unread:
            story.lay(Fault.TIMEOUT, Quantity.FORWARD_TOTAL_L)
        assert story.order(reduction(10**8 - 120)) is None
        assert not story.permitted
        assert story.state.pump.cut_total_l == (story.total_l if remembered else None)
        story.after(1)
        assert K.LEASE_LAPSED not in story.conditions, "it was cut, it did not lapse"


def test_what_each_check_saw_is_what_the_next_scan_goes_on_from() -> None:
    story = pumping()
    assert (story.state.checks.total_l, story.state.checks.energy_wh) == (
        story.total_l,
        story.energy_wh,
    )


def test_a_control_that_comes_up_has_seen_no_time_of_the_run_that_it_finds() -> None:
    story = pumping()
    ran_ms = story.state.motor.running_ms
    story.restarted = True
    story.after(1)
    assert story.state.motor.running_ms == ran_ms > 0
    story.after(1)
    assert story.state.motor.running_ms == ran_ms + 1_000


def test_a_run_that_begins_without_a_signal_rests_on_what_may_be_reckoned_of_all_of_them() -> None:
    """70 s were seen without it: 1750 l at 90 m3/h, off 5 % of the plan and off three days."""
    story = pumping()
    assert story.order(rate()) is None
    story.coast_ms = 0
    story.unhurried().lay(Fault.NO_SIGNAL, Quantity.FLOW_L_PER_H)
    story.after(80).stop()
    story.after(30).start()
    assert story.state.interruption is None
    story.after(10)
    reckoned = Exemption(K.FLOW_METER_SILENT, 5_000_000 - 1_750, 72 * HOUR - 70_000)
    assert story.outcomes[-1].decision.exceptions == (reckoned,)


@pytest.mark.parametrize(("left_ms", "over"), [(1_151, False), (1_150, True)])
def test_an_override_whose_time_is_all_but_spent_ends_with_a_cut(
    left_ms: int, *, over: bool
) -> None:
    """A scan and the latency of a cut: the next one would come too late."""
    story = Story(site=SITE, begins_utc_ms=AT)
    scanned = Moment(AT - 1_000, 0, "boot-1", trusted=True)
    lifting = Lifting(Use.FIRE, 10**6, left_ms + 1_000, 0)
    story.state = State(lifting=lifting, ledger=Ledger(), scanned_at=scanned)
    story.now_ms = 1_000
    story.begins_utc_ms -= 1_000
    story.look()
    assert (story.state.lifting is None) is over


@pytest.mark.parametrize(("power_w", "spent_l"), [(0, 0), (501, 100_000), (None, 100_000)])
def test_an_override_is_spent_without_a_meter_while_the_pump_may_run(
    power_w: int | None, spent_l: int
) -> None:
    """An hour in which no flow meter says anything."""
    story = Story(site=replace(SITE, period_ms=HOUR), begins_utc_ms=AT, now_ms=HOUR)
    scanned = Moment(AT, 0, "boot-1", trusted=True)
    lifting = Lifting(Use.FIRE, 10**6, 10 * HOUR, 0)
    story.state = State(lifting=lifting, ledger=Ledger(), scanned_at=scanned)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    if power_w is None:
        story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.running, story.power_w = True, power_w or 0
    story.look()
    assert story.state.lifting is not None
    assert story.state.lifting.left_l == 10**6 - spent_l
    assert story.state.lifting.left_ms == 9 * HOUR
