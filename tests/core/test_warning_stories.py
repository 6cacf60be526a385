"""Room rule: what warns or alarms, and when at last it cuts, as stories in time."""

from dataclasses import replace

import pytest

from agent.core.model import (
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    ConditionKind,
    Contacts,
    Fault,
    InterruptionPolicy,
    Quality,
    Quantity,
    Refused,
    RelayMoved,
    Role,
    Site,
)
from tests.core.story import (
    DAY,
    HOUR,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    addition,
    rate,
    reading,
)
from tests.core.wells import protected, protected_pumping

K = ConditionKind


# --- what only warns ---------------------------------------------------------------------------


def test_an_open_door_warns_and_never_cuts() -> None:
    story = protected_pumping()
    story.contacts = Contacts(door_open=True)
    story.after(1)
    assert story.conditions == {K.DOOR_OPEN: Action.WARN}
    story.contacts = Contacts()
    story.after(1)
    assert story.conditions == {K.DOOR_OPEN: Action.WARN}, "a contact that is silent closes no door"
    story.contacts = Contacts(door_open=False)
    story.after(1)
    assert story.conditions == {}


def test_an_uplink_is_stale_after_six_hours() -> None:
    story = protected_pumping()
    story.stop()
    story.unhurried().uplink_stale = True
    story.after(6 * 3600 - 20)
    assert story.conditions == {}
    story.after(40)
    assert story.conditions == {K.UPLINK_STALE: Action.WARN}
    assert story.permitted
    story.uplink_stale = False
    story.after(10)
    assert story.conditions == {}


def test_a_remaining_volume_of_the_sites_choice_warns() -> None:
    story = protected()
    story.site = replace(story.site, limits=replace(story.site.limits, warn_remaining_l=990_000))
    story.after(1)
    assert story.conditions == {}
    story.start()
    while story.withdrawn_l < 10_000:
        story.after(1)
    assert story.conditions == {K.REMAINING_LOW: Action.WARN}
    assert story.order(addition(500_000)) is None
    assert story.conditions == {}


def test_three_pumping_days_left_warn_at_the_flow_that_was_learned() -> None:
    """72 h at 90 m3/h are 6480 m3; the flow wanders by a tenth without another word."""
    story = protected()
    story.site = replace(story.site, limits=replace(story.site.limits, warn_pumping_ms=72 * HOUR))
    assert story.order(addition(6_210_000)) is None
    story.start()
    story.after(120)
    assert story.conditions == {}
    story.flow_l_per_h = 101_000
    story.after(5)
    assert story.conditions == {K.HOURS_LOW: Action.WARN}
    story.flow_l_per_h = 92_000
    story.after(120)
    assert story.conditions == {K.HOURS_LOW: Action.WARN}
    assert story.order(addition(1_000_000)) is None
    assert story.conditions == {}
    assert story.permitted


def test_a_domestic_well_warns_when_its_allocation_is_used_up() -> None:
    site = replace(SITE, limits=replace(SITE.limits, on_exhausted_cut=False))
    story = Story(site=site).commission(20_000).after(2)
    story.start()
    story.after(1200)
    assert story.permitted
    assert story.conditions[K.ALLOCATION_EXHAUSTED] is Action.ALARM
    assert story.outcomes[-1].decision.lease_ms == SITE.lease_ms
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.remaining_l < 0
    assert len(story.of(RelayMoved)) == 1


def test_a_suspect_phase_is_not_good() -> None:
    story = protected_pumping()
    seen = story.seen()
    suspect = tuple(
        replace(one, quality=Quality.SUSPECT, fault=Fault.OUT_OF_RANGE)
        if one.quantity is Quantity.VOLTAGE_1_MV
        else one
        for one in seen.readings
    )
    assert reading(Quantity.VOLTAGE_1_MV, 1) not in suspect
    assert DAY > HOUR


# --- metering that electricity stands in for, and electricity that runs out ----------------------


def silent_with_a_rate(site: Site = SITE) -> Story:
    story = Story(site=site).commission(100_000_000).after(2)
    assert story.order(rate()) is None
    story.start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    return story.unhurried()


def test_a_silent_flow_meter_alarms_and_does_not_cut_while_electricity_stands_in_for_it() -> None:
    story = silent_with_a_rate().after(2 * HOUR / 1000)
    assert story.permitted
    assert story.conditions == {K.FLOW_METER_SILENT: Action.ALARM}
    (exempt,) = story.outcomes[-1].decision.exceptions
    assert exempt.kind is K.FLOW_METER_SILENT
    assert 69 * HOUR < exempt.time_ms < 70 * HOUR + HOUR
    assert 4_000_000 < exempt.volume_l < 5_000_000


@pytest.mark.parametrize(
    "site",
    [
        replace(SITE, convert_max_ms=HOUR),
        replace(SITE, convert_max_percent=0),
        replace(SITE, on_interruption=InterruptionPolicy.CUT),
    ],
    ids=["time", "water", "policy"],
)
def test_beyond_its_bounds_nothing_stands_in_for_a_silent_flow_meter(site: Site) -> None:
    story = silent_with_a_rate(site).after(HOUR / 1000 + 120)
    assert story.reasons[0] is K.FLOW_METER_SILENT


def test_an_alarm_that_comes_later_than_the_cut_lets_electricity_stand_in_before_it() -> None:
    story = silent_with_a_rate(replace(SITE, flow_meter_alarm_ms=HOUR)).after(50 * 60)
    assert story.permitted
    assert story.state.ledger.converted_l > 0


@pytest.mark.parametrize("step_mwh", [-50_000_000, 900_000_000], ids=["back", "ahead"])
def test_electricity_in_doubt_stands_in_for_nothing_and_is_told(step_mwh: int) -> None:
    """A power meter that nobody declared hangs there: all that passes would be free."""
    story = silent_with_a_rate()
    story.energy_mwh += step_mwh
    story.after(120)
    assert story.conditions[K.POWER_METER_SILENT] is Action.ALARM
    story.after(25 * 60)
    assert story.permitted
    story.after(5 * 60)
    assert story.reasons[0] is K.FLOW_METER_SILENT
    assert story.fit(Role.POWER_METER) is None
    assert K.POWER_METER_SILENT not in story.conditions
    story.after(180)
    assert story.permitted


def test_electricity_that_is_not_read_stands_in_for_nothing() -> None:
    """The power meter still says that the pump runs, so that not both are silent."""
    story = silent_with_a_rate().after(20 * 60)
    story.lay(Fault.INVALID, Quantity.ENERGY_WH)
    story.after(9 * 60)
    assert story.permitted
    story.after(2 * 60)
    assert story.reasons[0] is K.FLOW_METER_SILENT


def test_electricity_that_went_away_with_the_mains_stands_in_when_they_are_back() -> None:
    story = silent_with_a_rate().after(HOUR / 1000)
    story.stop()
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    story.after(HOUR / 1000)
    assert story.permitted
    story.contacts = Contacts(mains_present=True)
    story.heal()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(300)
    assert story.permitted


def test_an_energy_allocation_that_is_used_up_cuts_until_more_is_given() -> None:
    story = Story().commission(100_000_000).after(2)
    assert story.order(energy(AllocationKind.PLAN, 5_000)) is None
    story.start()
    while story.permitted:
        story.after(1)
    assert story.reasons == [K.ENERGY_EXHAUSTED]
    story.unhurried().after(600)
    assert story.reasons == [K.ENERGY_EXHAUSTED]
    assert story.order(addition(1_000)) is None
    assert story.reasons == [K.ENERGY_EXHAUSTED], "water is not electricity"
    assert story.order(energy(AllocationKind.ADDITION, 5_000)) is None
    assert story.permitted


def test_a_well_that_may_run_over_its_plan_from_now_on_is_not_held_by_its_latch() -> None:
    """It was cut a little before the end, came to rest at once, and is exhausted no more."""
    story = Story(coast_ms=0).commission(20_000).after(2)
    story.start()
    while story.permitted:
        story.after(1)
    story.after(200)
    limits = replace(SITE.limits, on_exhausted_cut=False)
    story.site = replace(SITE, limits=limits)
    story.restarted = True
    story.after(1)
    assert story.reasons == []
    assert story.conditions[K.ALLOCATION_EXHAUSTED] is Action.ALARM


def test_a_power_meter_that_is_declared_shared_uses_up_no_electricity_of_the_pump() -> None:
    """Nobody could give it more: an energy allocation is refused from then on."""
    story = Story().commission(100_000_000).after(2)
    assert story.order(energy(AllocationKind.PLAN, 5_000)) is None
    story.start()
    while story.permitted:
        story.after(1)
    story.site = replace(SITE, shared_power_meter=True)
    story.restarted = True
    story.after(200)
    assert story.reasons == []
    refused = story.order(energy(AllocationKind.ADDITION, 5_000))
    assert refused is Refused.POWER_METER_SHARED


def energy(kind: AllocationKind, energy_wh: int) -> AllocateEnergyOrder:
    return AllocateEnergyOrder(2026, kind, energy_wh, "plan no. 11")
