"""Room rule: where a plan year begins to count when nobody saw it begin, at its bounds.

Stories of New Year stand in test_calendar_stories.py and test_time_stories.py; here a day moves
1000 litres and 10 watt-hours, and the arithmetic is met by itself.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.dating import date
from agent.core.ledger import Grant, Ledger, Past, Round
from agent.core.model import (
    AllocateEnergyOrder,
    AllocationKind,
    BeginLimit,
    ConditionKind,
    Fault,
    Moment,
    OpenYear,
    Quantity,
    Session,
    StopCause,
)
from agent.core.pump import Pump, Run
from agent.core.state import Dated, State
from agent.core.totalizer import Segment, Totalizer
from agent.core.years import begin_round, confirm_year, open_years
from tests.core.story import DAY, HOUR, SITE, Story, plan, reading, utc_ms

NEW_YEAR, NEXT_YEAR = utc_ms(2027, 1, 1), utc_ms(2028, 1, 1)


def between_years(
    before_ms: int, after_ms: int, used_wh: int | None = 200, *, powered: bool = True
) -> tuple[State, Moment]:
    """A day moves 1000 l and uses 10 Wh; so much was counted when it was last dated: 400, 200."""
    passed_ms = after_ms - before_ms
    days = passed_ms // DAY
    before = Moment(before_ms, HOUR, "b1", trusted=True)
    now = Moment(after_ms, HOUR + passed_ms, "b1", trusted=True)
    segment = Segment("f1", 0, 1, 10**9, 100_000)
    state = State(
        ledger=Ledger(segment=segment, year=2026, power=segment if powered else None),
        totalizer=Totalizer(400 + 1000 * days, now),
        energy=Totalizer(200 + 10 * days, now) if powered else None,
        energy_at_total_wh=195 + 10 * days,
        dated=Dated(400, used_wh, before),
        pump=Pump(running=True, run=Run(before, 400, 200, start_counted_l=400, start_used_wh=200)),
    )
    return state, now


def opened(state: State, now: Moment) -> tuple[list[OpenYear], list[Session], State]:
    after, bodies = open_years(SITE, state, now, (reading(Quantity.FORWARD_TOTAL_L, 5),))
    years = [one for one in bodies if isinstance(one, OpenYear)]
    return years, [one for one in bodies if isinstance(one, Session)], after


def test_what_flowed_over_a_new_year_is_apportioned_by_time_water_and_electricity() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + 3 * DAY)
    (entry,), (old,), after = opened(state, now)
    assert (entry.total_l, entry.energy_total_wh, entry.apportioned) == (1_400, 210, True)
    assert (old.volume_l, old.energy_wh, old.cause) == (1_000, 10, StopCause.YEAR)
    assert after.pump.run is not None
    assert (after.pump.run.start_counted_l, after.pump.run.start_used_wh) == (0, 0)
    assert after.dated is not None
    assert (after.dated.counted_l, after.dated.used_wh) == (0, 0)
    assert (after.energy_at_total_wh, after.dated.at.utc_ms) == (25, NEW_YEAR)
    assert opened(replace(state, energy_at_total_wh=None), now)[2].energy_at_total_wh is None
    assert after.ledger.past == (Past(2026, None, 1_400, 210),)


@pytest.mark.parametrize(
    ("grant", "remaining_l", "ended"),
    [
        (Grant(2026, None, 0, 10_000, NEW_YEAR), 8_600, False),
        (Grant(2026, None, 0, 10_000, NEW_YEAR - 1), None, True),
        (Grant(2026, 9_000, 0, 10_000, NEW_YEAR - 1), 7_600, False),
        (Grant(2026), None, False),
    ],
)
def test_a_run_that_the_year_ends_says_what_was_left_in_its_last_instant(
    grant: Grant, remaining_l: int | None, *, ended: bool
) -> None:
    """Of a plan, or of a provisional allocation until then, or a millisecond less."""
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY)
    state = replace(state, ledger=replace(state.ledger, grants=(grant,)))
    (entry,), (old,), _ = opened(state, now)
    assert (old.remaining_l, entry.provisional_ended) == (remaining_l, ended)


def test_two_years_that_began_while_nobody_looked_are_apportioned_one_after_the_other() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEXT_YEAR + DAY)
    (first, second), sessions, after = opened(state, now)
    assert (first.total_l, first.energy_total_wh) == (1_400, 210)
    assert (second.total_l, second.energy_total_wh) == (366_400, 3_860)
    assert [(one.volume_l, one.energy_wh) for one in sessions] == [(1_000, 10), (365_000, 3_650)]
    assert [(one.withdrawn_l, one.used_wh) for one in after.ledger.past] == [
        (1_400, 210),
        (365_000, 3_650),
    ]
    assert (after.ledger.year, after.year_asked) == (2028, None)


def test_electricity_that_was_not_dated_is_left_to_the_old_year_or_is_none() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY, used_wh=None)
    (entry,), _, _ = opened(state, now)
    assert (entry.total_l, entry.energy_total_wh) == (1_400, 220)
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY, powered=False)
    (entry,), (old,), after = opened(state, now)
    assert (entry.total_l, entry.energy_total_wh, old.energy_wh) == (1_400, None, None)
    assert after.pump.run is not None
    assert after.pump.run.start_used_wh is None


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "total_l"),
    [(0, 2 * DAY, 400), (1, 2 * DAY, 400), (2 * DAY, 0, 2_400)],
)
def test_a_year_begins_within_what_was_dated(before_ms: int, after_ms: int, total_l: int) -> None:
    state, now = between_years(NEW_YEAR - before_ms, NEW_YEAR + after_ms)
    (entry,), _, _ = opened(state, now)
    assert entry.total_l == total_l


@pytest.mark.parametrize(("after_ms", "guessed"), [(3_000, False), (3_001, True)])
def test_a_year_that_scans_saw_begin_is_no_guess(after_ms: int, *, guessed: bool) -> None:
    """Five periods apart they are late; a millisecond more, and the agent was away."""
    state, now = between_years(NEW_YEAR - 2_000, NEW_YEAR + after_ms)
    (entry,), _, _ = opened(state, now)
    assert entry.apportioned is guessed


def test_a_run_over_new_year_begins_again_with_the_year_by_either_clock() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + 3 * DAY)
    _, _, after = opened(state, now)
    began = Moment(NEW_YEAR, HOUR + DAY, "b1", trusted=True)
    assert after.pump.run is not None
    assert after.pump.run.started == began
    assert after.dated == Dated(0, 0, began, 0)


# --- a boot that was not dated at once ---------------------------------------------------------


def dark_boot(
    begun_ms: int, *, undated: bool = False, used_wh: int | None = 210
) -> tuple[State, Moment]:
    """400 l were counted ten days before New Year, 11 400 l are a day after it, in another boot.

    That one began at `begun_ms`, at 1400 l, and only knows so since its clock was set.
    """
    state, now = between_years(NEW_YEAR - 10 * DAY, NEW_YEAR + DAY)
    now = replace(now, boot="b2")
    at = Moment(7, now.monotonic_ms - (now.utc_ms - begun_ms), "b2", trusted=False)
    return replace(state, booted=Dated(1_400, used_wh, at), undated=undated), now


@pytest.mark.parametrize(
    ("begun_ms", "total_l"),
    [
        (NEW_YEAR - DAY, 6_400),  # in the middle of what this boot counted
        (NEW_YEAR, 1_400),
        (NEW_YEAR + DAY // 2, 1_352),  # ten days of ten and a half, between the boots
    ],
)
def test_what_a_boot_counted_before_its_clock_was_set_is_dated_with_it(
    begun_ms: int, total_l: int
) -> None:
    (entry,), _, _ = opened(*dark_boot(begun_ms))
    assert entry.total_l == total_l


def test_who_began_with_the_year_need_not_be_asked_what_was_before_it() -> None:
    entries, _, after = opened(*dark_boot(NEW_YEAR, undated=True))
    assert (len(entries), after.year_asked) == (1, None)
    entries, _, after = opened(*dark_boot(NEW_YEAR + 1, undated=True))
    assert (entries, after.year_asked) == ([], 2027)


def test_a_power_meter_that_is_younger_than_the_boot_divides_no_electricity() -> None:
    (entry,), _, after = opened(*dark_boot(NEW_YEAR + DAY // 2, used_wh=None))
    assert (entry.total_l, entry.energy_total_wh) == (1_352, None)
    assert after.dated is not None
    assert (after.ledger.year, after.dated.used_wh) == (2027, None)


UNKNOWN = Moment(7, 9, "b2", trusted=False)
BELIEVED = Moment(NEW_YEAR - HOUR, 9, "b2", trusted=True)
EARLIER = Dated(400, 200, Moment(NEW_YEAR - DAY, 5, "b1", trusted=True))


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        # When a boot counts first, and whether one before it counted what nobody can date.
        ({}, UNKNOWN, {"booted": UNKNOWN}),
        ({}, BELIEVED, {"booted": BELIEVED, "dated": BELIEVED}),
        ({"dated": EARLIER}, UNKNOWN, {"booted": UNKNOWN}),
        ({"dated": EARLIER, "booted": EARLIER}, UNKNOWN, {"booted": UNKNOWN}),
        (
            {"dated": EARLIER, "booted": replace(EARLIER, at=replace(UNKNOWN, boot="b0"))},
            UNKNOWN,
            {"booted": UNKNOWN, "undated": True},
        ),
        (
            {"dated": EARLIER, "booted": EARLIER, "undated": True},
            BELIEVED,
            {"booted": BELIEVED, "dated": BELIEVED, "undated": False},
        ),
        ({"undated": True, "booted": EARLIER}, UNKNOWN, {"booted": UNKNOWN}),
    ],
)
def test_a_total_is_remembered_by_its_boot_and_by_its_date(
    before: dict[str, Any], now: Moment, after: dict[str, Any]
) -> None:
    state, _ = between_years(NEW_YEAR - DAY, NEW_YEAR)
    state = replace(state, **{"dated": None, **before})
    marks: dict[str, Any] = {
        name: Dated(1_400, 210, one, 0) if isinstance(one, Moment) else one
        for name, one in after.items()
    }
    shown = (reading(Quantity.FORWARD_TOTAL_L, 5),)
    assert date(SITE, state, now, shown) == replace(state, **marks)
    assert date(SITE, state, now, ()) == state


def test_a_year_is_opened_by_a_total_of_this_scan_and_a_believed_clock_alone() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY)
    unread = (reading(Quantity.FORWARD_TOTAL_L, 5, Fault.TIMEOUT),)
    assert open_years(SITE, state, now, unread) == (state, ())
    assert opened(state, replace(now, trusted=False))[2] == state
    assert opened(replace(state, totalizer=None), now)[0] == []
    early, now = between_years(NEW_YEAR - 2 * DAY, NEW_YEAR - 1)
    assert opened(early, now)[0] == []


@pytest.mark.parametrize(("moved_l", "asked"), [(200, None), (300, 2027)])
def test_two_steps_of_a_coarse_display_in_a_dark_boot_are_no_water(
    moved_l: int, asked: int | None
) -> None:
    """Nobody is asked when a year began in which nothing is known to have flowed."""
    site = replace(SITE, flow_resolution_l=100)
    story = Story(site=site, begins_utc_ms=utc_ms(2026, 12, 31, 23)).commission(10**8).after(5)
    story.power_off(HOUR, trusted=False)
    story.after(5)
    story.other_flow_l_per_h = 36_000
    story.after(moved_l / 10).other_flow_l_per_h = 0
    story.after(30)
    story.power_off(HOUR, trusted=False)
    story.after(5)
    story.trusted = True
    story.after(1)
    assert story.state.year_asked == asked


def test_a_told_year_takes_its_share_of_the_electricity() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY)
    _, bodies = confirm_year(SITE, state, now, OpenYear(2027, 2026, 900, 0, apportioned=True))
    (entry,) = (one for one in bodies if isinstance(one, OpenYear))
    assert (entry.total_l, entry.energy_total_wh) == (900, 205)


def test_a_told_year_that_nothing_flowed_in_leaves_the_electricity_to_the_old() -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY)
    state = replace(state, dated=replace(EARLIER, counted_l=2_400))
    _, bodies = confirm_year(SITE, state, now, OpenYear(2027, 2026, 2_400, 0, apportioned=True))
    (entry,) = (one for one in bodies if isinstance(one, OpenYear))
    assert (entry.total_l, entry.energy_total_wh) == (2_400, 220)


def test_a_year_is_asked_for_until_it_is_told_or_is_none() -> None:
    state, now = between_years(NEW_YEAR - 2 * DAY, NEW_YEAR - DAY)
    asked = replace(state, year_asked=2027)
    assert opened(asked, now)[2].year_asked is None, "the calendar was set back before it"
    told, _ = confirm_year(SITE, asked, now, OpenYear(2027, 2026, 900, 0, apportioned=True))
    assert told.year_asked is None


def test_a_round_begins_with_what_the_year_had_withdrawn_then() -> None:
    begins = NEW_YEAR - 10 * DAY
    state, now = between_years(begins - DAY, begins + 2 * DAY)
    round_ = Round(2026, "december", 500, begins, NEW_YEAR)
    ledger = replace(state.ledger, before_l=7, converted_l=20, corrected_l=300, rounds=(round_,))
    shown = (reading(Quantity.FORWARD_TOTAL_L, 5),)
    after, (entry,) = begin_round(SITE, replace(state, ledger=ledger), now, shown)
    assert entry == BeginLimit(2026, "december", 1_400 + 327, 3_400)
    assert begin_round(SITE, after, now, shown) == (after, ())


def test_a_new_year_with_as_much_electricity_releases_what_the_old_had_used_up() -> None:
    story = Story(begins_utc_ms=NEW_YEAR - 30_000).commission(10**6)
    for year in (2026, 2027):
        if year == 2027:
            assert story.order(plan(10**6, year)) is None
        order = AllocateEnergyOrder(year, AllocationKind.PLAN, 10, f"e {year}")
        assert story.order(order) is None
    story.energy_mwh += 20_000
    story.after(2)
    assert ConditionKind.ENERGY_EXHAUSTED in story.conditions
    story.after(40)
    assert story.state.ledger.year == 2027
    assert ConditionKind.ENERGY_EXHAUSTED not in story.conditions


@pytest.mark.parametrize("early_ms", [1, DAY])
def test_a_round_that_was_entered_after_it_began_counts_from_now_on(early_ms: int) -> None:
    """What it had taken before, the order says."""
    begins = NEW_YEAR - 10 * DAY
    state, now = between_years(begins + early_ms, begins + 2 * DAY)
    rounds = (Round(2026, "december", 500, begins, NEW_YEAR, before_l=90),)
    state = replace(state, ledger=replace(state.ledger, rounds=rounds))
    _, (entry,) = begin_round(SITE, state, now, (reading(Quantity.FORWARD_TOTAL_L, 5),))
    assert isinstance(entry, BeginLimit)
    assert entry.withdrawn_l == 2_400 - -(-early_ms // DAY) * 1_000


@pytest.mark.parametrize(("before_l", "begun_l"), [(0, 400), (90, 490), (5_000, 2_400)])
def test_what_was_told_of_a_round_is_among_what_was_counted_since_it_began(
    before_l: int, begun_l: int
) -> None:
    begins = NEW_YEAR - 10 * DAY
    state, now = between_years(begins, begins + 2 * DAY)
    rounds = (Round(2026, "december", 500, begins, NEW_YEAR, before_l),)
    state = replace(state, ledger=replace(state.ledger, rounds=rounds))
    _, (entry,) = begin_round(SITE, state, now, (reading(Quantity.FORWARD_TOTAL_L, 5),))
    assert isinstance(entry, BeginLimit)
    assert entry.withdrawn_l == begun_l


@pytest.mark.parametrize(("dated_l", "carried_l"), [(None, 0), (40, 30), (100, 0)])
def test_what_was_converted_over_a_new_year_is_apportioned_where_its_beginning_is_known(
    dated_l: int | None, carried_l: int
) -> None:
    state, now = between_years(NEW_YEAR - DAY, NEW_YEAR + DAY)
    assert state.dated is not None
    ledger = replace(state.ledger, converted_l=100, grants=(Grant(2026, 10_000),))
    state = replace(state, ledger=ledger, dated=replace(state.dated, converted_l=dated_l))
    (entry,), (old,), after = opened(state, now)
    assert entry.converted_l == after.ledger.converted_l == carried_l
    assert old.remaining_l == 10_000 - 1_400 - 100 + carried_l
    assert after.ledger.past[-1].withdrawn_l == 1_400 + 100 - carried_l
