"""Room rule: what each condition does and after how long, at the millisecond, as a table.

The delays are the design's own numbers (DESIGN section 7), so a site that declares nothing has
them. Stories tell the same in its time; here every line is met by itself.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.interlock import Present, Standing, Trip, Watch, assess, decide
from agent.core.model import (
    Action,
    Balance,
    Condition,
    ConditionChanged,
    ConditionKind,
    Contacts,
    Moment,
    Site,
)
from agent.core.rules import RULES
from agent.core.terms import Facts, Rule, Stage
from agent.core.thresholds import THRESHOLDS
from tests.core.story import DAY, HOUR, MINUTE, SITE, Story, utc_ms

K = ConditionKind
WARN, ALARM, HOLD_OFF, CUT = Action.WARN, Action.ALARM, Action.HOLD_OFF, Action.CUT
NOW = Moment(utc_ms(2026, 6, 1), 5 * HOUR, "b1", trusted=True)
PROTECTS = (K.DRY_WELL, K.PHASE_LOSS, K.OVER_CURRENT, K.UNDER_VOLTAGE, K.WATER_WITHOUT_ENERGY)
CUTTING = replace(SITE, limits=replace(SITE.limits, cuts=PROTECTS))
WARNING = replace(SITE, limits=replace(SITE.limits, on_exhausted_cut=False))

# Facts that hold; the condition; what it does; after so long; at which site.
TABLE: list[tuple[dict[str, Any], K, Action, int, Site]] = [
    ({"uncommissioned": True}, K.NOT_COMMISSIONED, CUT, 0, SITE),
    ({"stopped_on_site": True}, K.STOPPED_ON_SITE, CUT, 0, SITE),
    ({"stopped_by_platform": True}, K.STOPPED_BY_PLATFORM, CUT, 0, SITE),
    ({"laid_up": True}, K.LAID_UP, CUT, 0, SITE),
    ({"unallocated": True}, K.NOT_ALLOCATED, CUT, 0, SITE),
    ({"exhausted": True}, K.ALLOCATION_EXHAUSTED, CUT, 0, SITE),
    ({"exhausted": True}, K.ALLOCATION_EXHAUSTED, ALARM, 0, WARNING),
    ({"energy_exhausted": True}, K.ENERGY_EXHAUSTED, CUT, 0, SITE),
    ({"energy_exhausted": True}, K.ENERGY_EXHAUSTED, ALARM, 0, WARNING),
    ({"power_while_cut": True}, K.RUNNING_WHILE_CUT, CUT, 10_000, SITE),
    ({"flow_while_cut": True}, K.RUNNING_WHILE_CUT, CUT, MINUTE, SITE),
    ({"energy_without_water": True}, K.ENERGY_WITHOUT_WATER, CUT, 5 * MINUTE, SITE),
    ({"level_low": True}, K.DRY_WELL, ALARM, 10_000, SITE),
    ({"level_low": True}, K.DRY_WELL, CUT, 10_000, CUTTING),
    ({"phase_lost": True}, K.PHASE_LOSS, ALARM, 10_000, SITE),
    ({"phase_lost": True}, K.PHASE_LOSS, CUT, 10_000, CUTTING),
    ({"current_high": True}, K.OVER_CURRENT, ALARM, 10_000, SITE),
    ({"current_high": True}, K.OVER_CURRENT, CUT, 10_000, CUTTING),
    ({"voltage_low": True}, K.UNDER_VOLTAGE, ALARM, 10_000, SITE),
    ({"voltage_low": True}, K.UNDER_VOLTAGE, CUT, 10_000, CUTTING),
    ({"both_meters_lost": True}, K.BOTH_METERS_SILENT, CUT, 5 * MINUTE, SITE),
    ({"total_reversed": True}, K.TOTAL_REVERSED, ALARM, 0, SITE),
    ({"total_reversed": True}, K.TOTAL_REVERSED, CUT, 30 * MINUTE, SITE),
    ({"total_jumped": True}, K.TOTAL_JUMPED, ALARM, 0, SITE),
    ({"total_jumped": True}, K.TOTAL_JUMPED, CUT, 30 * MINUTE, SITE),
    ({"flow_meter_lost": True}, K.FLOW_METER_SILENT, ALARM, MINUTE, SITE),
    ({"flow_meter_lost": True}, K.FLOW_METER_SILENT, CUT, 30 * MINUTE, SITE),
    ({"flow_signal_lost": True}, K.FLOW_SIGNAL_LOST, ALARM, MINUTE, SITE),
    ({"flow_signal_lost": True}, K.FLOW_SIGNAL_LOST, CUT, 30 * MINUTE, SITE),
    ({"running_back": True}, K.FLOW_REVERSED, ALARM, 0, SITE),
    ({"reverse_flow": True}, K.FLOW_REVERSED, ALARM, 10 * MINUTE, SITE),
    ({"pumping_backward": True}, K.FLOW_REVERSED, ALARM, MINUTE, SITE),
    ({"pumping_backward": True}, K.FLOW_REVERSED, CUT, 30 * MINUTE, SITE),
    ({"water_without_energy": True}, K.WATER_WITHOUT_ENERGY, ALARM, MINUTE, SITE),
    ({"water_without_energy": True}, K.WATER_WITHOUT_ENERGY, CUT, MINUTE, CUTTING),
    ({"journal_failing": True}, K.JOURNAL_FAILING, ALARM, 0, SITE),
    ({"journal_failing": True, "relay_cut": True}, K.JOURNAL_FAILING, HOLD_OFF, 0, SITE),
    ({"journal_failing": True, "run_on_spent": True}, K.JOURNAL_FAILING, CUT, 0, SITE),
    ({"restarting": True}, K.RESTART_HOLD, HOLD_OFF, 0, SITE),
    ({"would_restart": True}, K.RESTART_HOLD, CUT, 0, SITE),
    ({"relay_on_trial": True}, K.RELAY_TEST, CUT, 0, SITE),
    ({"recently_cut": True}, K.SHORT_CYCLE, HOLD_OFF, 0, SITE),
    ({"lapsed": True}, K.LEASE_LAPSED, ALARM, 0, SITE),
    ({"relay_silent": True}, K.RELAY_SILENT, ALARM, 0, SITE),
    ({"relay_silent": True, "relay_cut": True}, K.RELAY_SILENT, HOLD_OFF, 0, SITE),
    ({"power_meter_lost": True}, K.POWER_METER_SILENT, ALARM, MINUTE, SITE),
    ({"level_unseen": True}, K.LEVEL_PROBE_SILENT, WARN, 5 * MINUTE, SITE),
    ({"bypassed": True}, K.BYPASSED, ALARM, 0, SITE),
    ({"mains_failed": True}, K.MAINS_FAILED, ALARM, 0, SITE),
    ({"creeping": True}, K.IDLE_CREEP, ALARM, 0, SITE),
    ({"ratio_off": True}, K.RATIO_OUT_OF_BAND, ALARM, 0, SITE),
    ({"moved_while_laid_up": True}, K.MOVED_WHILE_LAID_UP, ALARM, 0, SITE),
    ({"year_unconfirmed": True}, K.YEAR_UNCONFIRMED, ALARM, 0, SITE),
    ({"door_open": True}, K.DOOR_OPEN, WARN, 0, SITE),
    ({"uplink_stale": True}, K.UPLINK_STALE, WARN, 6 * HOUR, SITE),
    ({"settings_incomplete": True}, K.SETTINGS_INCOMPLETE, WARN, 0, SITE),
    ({"clock_untrusted": True}, K.CLOCK_UNTRUSTED, WARN, 0, SITE),
    ({"used_level_percent": 80}, K.ALLOCATION_LOW, WARN, 0, SITE),
    ({"used_level_percent": 1}, K.ALLOCATION_LOW, WARN, 0, SITE),
    ({"remaining_low": True}, K.REMAINING_LOW, WARN, 0, SITE),
    ({"hours_low": True}, K.HOURS_LOW, WARN, 0, SITE),
    ({"visit_open": True}, K.VISIT_OPEN, WARN, DAY, SITE),
    ({"overridden": True}, K.OVERRIDE, WARN, 0, SITE),
]
METERING = {K.TOTAL_REVERSED, K.TOTAL_JUMPED, K.FLOW_METER_SILENT, K.FLOW_SIGNAL_LOST}


def standing(facts: Facts, site: Site, *steps_ms: int) -> Standing:
    """After one scan that finds these facts, and one more for each step."""
    found = Standing()
    for step_ms in (0, *steps_ms):
        found = assess(RULES, found, Present(facts, NOW, step_ms, site))
    return found


def does(found: Standing) -> dict[K, Action]:
    return {one.kind: one.action for one in found.conditions}


@pytest.mark.parametrize(
    ("holds", "kind", "action", "after_ms", "site"),
    TABLE,
    ids=[f"{kind}-{action}-{'-'.join(holds)}" for holds, kind, action, _, _ in TABLE],
)
def test_a_condition_does_this_after_so_long_and_not_sooner(
    holds: dict[str, Any], kind: K, action: Action, after_ms: int, site: Site
) -> None:
    facts = Facts(**holds)
    assert does(standing(facts, site, after_ms)) == {kind: action}
    if after_ms:
        assert does(standing(facts, site, after_ms - 1)).get(kind) is not action
        assert does(standing(facts, site, after_ms - 1, 1)) == {kind: action}
    if "used_level_percent" not in holds:
        untold: dict[str, Any] = dict.fromkeys(holds)
        unknown = Facts(**untold)
        assert does(standing(unknown, site, after_ms)) == {}, "what cannot be told raises nothing"


def test_every_condition_of_the_table_was_met() -> None:
    assert {kind for _, kind, *_ in TABLE} == set(K)


def test_a_line_without_a_delay_acts_in_the_scan_that_finds_it_and_falls_in_the_next() -> None:
    line = Rule(K.DOOR_OPEN, (Stage(WARN, lambda facts: facts.door_open),))
    opened = assess((line,), Standing(), Present(Facts(door_open=True), NOW, 0, SITE))
    assert does(opened) == {K.DOOR_OPEN: WARN}
    assert does(assess((line,), opened, Present(Facts(), NOW, 0, SITE))) == {}


@pytest.mark.parametrize("kind", sorted(METERING | {K.FLOW_REVERSED}))
def test_what_electricity_stands_in_for_alarms_and_does_not_cut(kind: K) -> None:
    (holds,) = (one for one, of, action, *_ in TABLE if of is kind and action is CUT)
    stands_in = "converting_signal" if kind is K.FLOW_SIGNAL_LOST else "converting"
    converting = Facts(**holds, **{stands_in: True})
    assert does(standing(converting, SITE, HOUR)) == {kind: ALARM}
    # Its clock ran on: once nothing stands in any longer, it cuts at once.
    found = standing(converting, SITE, HOUR)
    found = assess(RULES, found, Present(Facts(**holds), NOW, 0, SITE))
    assert does(found) == {kind: CUT}


def test_a_protection_that_stands_has_tripped_once_and_latches_at_the_third_trip() -> None:
    dry = Facts(energy_without_water=True)
    found = standing(dry, SITE, 5 * MINUTE, 1000, 1000, 1000)
    assert [one.at_ms for one in found.trips] == [5 * MINUTE]
    assert not found.conditions[0].latched
    rests = 30 * MINUTE
    for trips in (2, 3):
        found = assess(RULES, found, Present(Facts(), NOW, 0, SITE))
        found = assess(RULES, found, Present(Facts(), NOW, rests - 1, SITE))
        assert K.ENERGY_WITHOUT_WATER in does(found)
        found = assess(RULES, found, Present(Facts(), NOW, 1, SITE))
        assert does(found) == {}
        for step_ms in (0, 5 * MINUTE):
            found = assess(RULES, found, Present(dry, NOW, step_ms, SITE))
        assert (len(found.trips), found.conditions[0].latched) == (trips, trips == 3)


def test_a_trip_is_forgotten_after_a_day_of_scans() -> None:
    before = Standing(trips=(Trip(K.DRY_WELL, 5000),), seen_ms=DAY + 4000)
    assert assess(RULES, before, Present(Facts(), NOW, 999, SITE)).trips == before.trips
    assert assess(RULES, before, Present(Facts(), NOW, 1000, SITE)).trips == ()


# What may be pumped in need, and is counted: without water, or without a meter that says so.
LIFTED = METERING | {
    K.FLOW_REVERSED,
    K.BOTH_METERS_SILENT,
    K.NOT_ALLOCATED,
    K.ALLOCATION_EXHAUSTED,
    K.ENERGY_EXHAUSTED,
}


@pytest.mark.parametrize("kind", sorted(K))
def test_an_override_lifts_what_bars_water_and_no_stop_and_no_protection(kind: K) -> None:
    bars = (Condition(kind, NOW, CUT, latched=False),)
    assert decide(RULES, bars, 1, Facts(overridden=True)).permit is (kind in LIFTED)
    assert not decide(RULES, bars, 1, Facts()).permit


@pytest.mark.parametrize("kind", PROTECTS[:4])
def test_an_alarm_trips_nothing_and_latches_nothing(kind: K) -> None:
    (holds,) = (one for one, of, action, *_ in TABLE if of is kind and action is ALARM)
    found = standing(Facts(**holds), SITE, 10_000, 1000, 1000, 1000)
    assert (found.trips, found.conditions[0].latched) == ((), False)


@pytest.mark.parametrize(
    ("kind", "given", "gone"),
    [
        (K.ALLOCATION_EXHAUSTED, True, True),
        (K.ALLOCATION_EXHAUSTED, False, False),
        (K.ENERGY_EXHAUSTED, True, True),
        (K.FLOW_SIGNAL_LOST, False, True),  # water was seen to flow: that is the proof
        (K.RUNNING_WHILE_CUT, False, False),
    ],
)
def test_a_latch_outlives_its_fact_until_what_releases_it(
    kind: K, *, given: bool, gone: bool
) -> None:
    latched = Condition(kind, NOW, CUT, latched=True)
    present = Present(Facts(), NOW, 1000, SITE, frozenset({kind} if given else ()))
    after = assess(RULES, Standing(conditions=(latched,)), present)
    assert after.conditions == (() if gone else (latched,))


def test_a_latch_does_not_soften_while_its_fact_comes_and_goes() -> None:
    latched = Condition(K.FLOW_SIGNAL_LOST, NOW, CUT, latched=True)
    lost = Facts(flow_signal_lost=True)
    watches = (Watch(K.FLOW_SIGNAL_LOST, NOW, 0, MINUTE),)
    before = Standing(conditions=(latched,), watches=watches)
    assert assess(RULES, before, Present(lost, NOW, 0, SITE)).conditions == (latched,)


def test_what_rises_and_what_falls_is_said_so() -> None:
    story = Story().commission().after(2)
    story.contacts = Contacts(door_open=True)
    story.after(1).contacts = Contacts(door_open=False)
    story.after(1)
    changes = [one for one in story.of(ConditionChanged) if one.kind is K.DOOR_OPEN]
    assert [(one.raised, one.action, one.latched) for one in changes] == [
        (True, WARN, False),
        (False, WARN, False),
    ]


# --- numbers -----------------------------------------------------------------------------------


def test_the_first_warning_is_read_where_there_is_one() -> None:
    first = THRESHOLDS["warn_percent"]
    assert first.read(SITE) == 80
    assert first.read(replace(SITE, warn_percent=())) == 99
    assert first.put(SITE, 85).warn_percent == (85, 90, 95)
    assert first.put(SITE, 90).warn_percent == (90, 95)


@pytest.mark.parametrize(
    ("allocated_wh", "used_wh", "left_wh"), [(9, 5, 4), (None, 5, None), (9, None, None)]
)
def test_an_account_without_electricity_has_none_left(
    allocated_wh: int | None, used_wh: int | None, left_wh: int | None
) -> None:
    balance = Balance(2026, 90, 80, "", None, allocated_wh, used_wh)
    assert balance.energy_remaining_wh == left_wh
    assert (balance.remaining_l, balance.usable_l) == (10, 10)


@pytest.mark.parametrize(
    ("name", "value", "field", "is_now"),
    [
        ("warn_remaining_m3", 5, "warn_remaining_l", 5_000),
        ("warn_pumping_h", 5, "warn_pumping_ms", 5 * HOUR),
        ("over_current_a", 5, "over_current_ma", 5_000),
        ("uplink_stale_h", 5, "uplink_stale_ms", 5 * HOUR),
        ("dry_level_mm", 5, "dry_level_mm", 5),
    ],
)
def test_a_threshold_is_set_in_the_settings_unit(
    name: str, value: int, field: str, is_now: int
) -> None:
    assert getattr(THRESHOLDS[name].put(SITE, value).limits, field) == is_now
    alarm = THRESHOLDS["flow_meter_alarm_s"]
    assert alarm.put(SITE, 90).flow_meter_alarm_ms == 90_000
    assert alarm.read(SITE) == 60


def test_a_lease_ends_with_the_water_where_its_end_cuts_and_only_there() -> None:
    """200 l less a coast-down of 55 l, at 100 m3/h."""
    for site, lease_ms in ((SITE, 5_220), (WARNING, SITE.lease_ms)):
        story = Story(site=site).commission(200).after(2)
        assert story.outcomes[-1].decision.lease_ms == lease_ms
