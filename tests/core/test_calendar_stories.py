"""Room rule: what time does to the account, as stories. One story, one claim.

A plan year opens at local midnight and only by a clock that is believed; a provisional
allocation ends at its date; a clock that is not believed ends nothing, opens nothing and brings
nothing back.
"""

import pytest

from agent.core import calendar
from agent.core.model import (
    Action,
    Allocate,
    ConditionKind,
    Fault,
    Moment,
    OpenYear,
    RelayMoved,
    Role,
    Session,
    StartCause,
    StopCause,
)
from tests.core.story import (
    DAY,
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    SITE,
    Story,
    addition,
    plan,
    provisional,
    utc_ms,
)
from tests.core.wells import MIDNIGHT, december

K = ConditionKind


def new_years_eve(minutes_before: int = 5) -> Story:
    """A well whose pump runs towards local midnight, with next year's plan entered beforehand."""
    return december(minutes_before * MINUTE)


def seconds_to_midnight(story: Story) -> float:
    return (MIDNIGHT - story.begins_utc_ms) / 1000


def opened(story: Story) -> OpenYear:
    return story.of(OpenYear)[-1]


# --- a plan year opens -------------------------------------------------------------------------


def test_a_year_opens_at_local_midnight_and_its_total_splits_the_water() -> None:
    story = new_years_eve()
    story.at(seconds_to_midnight(story) - 1)
    before_l = story.withdrawn_l
    assert len(story.of(OpenYear)) == 1
    story.after(1)
    entry = opened(story)
    assert (entry.year, entry.closes, entry.apportioned) == (2027, 2026, False)
    assert entry.total_l == 500_000 + before_l + 25
    assert story.withdrawn_l == 0
    story.after(60)
    assert story.withdrawn_l == 1500
    assert story.permitted
    assert len(story.of(RelayMoved)) == 1, "New Year stops no pump"


def test_a_run_over_midnight_is_split_and_no_litre_is_lost() -> None:
    story = new_years_eve()
    story.at(seconds_to_midnight(story) + 60).stop()
    story.after(20)
    old, new = story.of(Session)
    assert (old.cause, new.start_cause) == (StopCause.YEAR, StartCause.YEAR)
    assert old.started_utc_ms < old.stopped_utc_ms == MIDNIGHT == new.started_utc_ms
    assert old.stop_total_l == opened(story).total_l == new.start_total_l
    assert old.start_total_l == 500_000
    assert new.stop_total_l == story.total_l
    assert (old.volume_l or 0) + (new.volume_l or 0) == story.total_l - 500_000
    assert new.volume_l == story.withdrawn_l
    assert old.remaining_l == 1_000_000 - (old.volume_l or 0)
    assert new.remaining_l == 2_000_000 - story.withdrawn_l


def test_a_new_year_without_a_plan_cuts_until_there_is_one() -> None:
    story = Story(begins_utc_ms=MIDNIGHT - 5 * MINUTE).commission().after(2)
    story.start()
    story.at(seconds_to_midnight(story))
    assert story.reasons == [K.NOT_ALLOCATED]
    assert story.order(provisional(50_000, utc_ms(2027, 4, 1), 2027)) is None
    story.after(180)
    assert story.permitted
    withdrawn_l = story.withdrawn_l
    assert withdrawn_l > 0, "what coasted after midnight is the new year's"
    assert story.order(plan(900_000, 2027)) is None
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.withdrawn_l == withdrawn_l, "a plan counts from 1 January"


def test_a_new_year_releases_a_well_that_was_exhausted_in_the_old_one() -> None:
    story = Story(begins_utc_ms=MIDNIGHT - HOUR).commission(20_000)
    assert story.order(plan(2_000_000, 2027)) is None
    story.after(2).start()
    story.after(1200)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    story.at(seconds_to_midnight(story) - 1)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    story.after(1)
    assert story.permitted


def test_water_that_flowed_over_new_year_while_nobody_looked_is_apportioned_by_time() -> None:
    story = new_years_eve()
    last_l = story.total_l
    story.power_off(2 * DAY)
    story.total_ml += 96_000_000
    story.after(1)
    entry = opened(story)
    assert entry.apportioned
    share = (MIDNIGHT - (story.begins_utc_ms + 6000)) / (2 * DAY)
    assert entry.total_l == pytest.approx(last_l + 96_000 * share, abs=10)
    assert story.withdrawn_l + entry.total_l == story.total_l


def test_a_flow_meter_that_was_silent_over_new_year_is_apportioned_and_flagged() -> None:
    story = new_years_eve()
    story.at(seconds_to_midnight(story) - 120)
    last_l = story.total_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(240)
    assert len(story.of(OpenYear)) == 1, "a year opens on a total"
    story.heal()
    story.after(1)
    entry = opened(story)
    assert entry.apportioned
    assert entry.total_l - last_l == pytest.approx(3000, abs=30)


def test_a_journal_that_failed_over_new_year_flags_what_it_could_not_split() -> None:
    """No entry is made while nothing can be written; the year is split by time, and flagged."""
    story = new_years_eve()
    story.at(seconds_to_midnight(story) - 60)
    story.journal_failing = True
    story.after(120)
    assert len(story.of(OpenYear)) == 1
    story.journal_failing = False
    story.after(1)
    assert opened(story).apportioned
    assert story.withdrawn_l == pytest.approx(61 * 25, abs=30)


def test_a_meter_exchanged_over_new_year_does_not_mix_two_series() -> None:
    """It died in December. The new one begins the new year at what it shows when it is fitted."""
    story = new_years_eve()
    story.stop()
    story.after(20)
    old_l = story.withdrawn_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.at(seconds_to_midnight(story) + 600)
    story.heal()
    story.total_ml = 900_000_000
    assert story.fit(serial="new") is None
    entry = opened(story)
    assert (entry.total_l, entry.apportioned) == (900_000, True)
    assert story.withdrawn_l == 0
    assert old_l > 0
    story.after(1)
    assert story.conditions == {}


def test_a_year_opens_once_though_the_clock_steps_back_over_midnight() -> None:
    story = new_years_eve()
    story.at(seconds_to_midnight(story) + 30)
    story.calendar_off_ms -= HOUR
    story.after(60)
    story.calendar_off_ms += HOUR
    story.after(60)
    assert [one.year for one in story.of(OpenYear)] == [2026, 2027]


# --- clocks that are not believed --------------------------------------------------------------


def test_an_untrusted_clock_warns_and_does_not_cut_an_opened_year() -> None:
    story = Story().commission().after(2)
    story.start()
    story.trusted = False
    story.after(600)
    assert story.permitted
    assert story.conditions == {K.CLOCK_UNTRUSTED: Action.WARN}


def test_an_untrusted_clock_opens_no_year() -> None:
    story = Story(trusted=False)
    story.at(1)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    story.after(60)
    assert story.of(OpenYear) == []
    assert story.reasons == [K.NOT_ALLOCATED]
    story.trusted = True
    assert story.order(plan(1000_000)) is None
    assert opened(story).year == 2026
    assert story.permitted


def test_new_year_under_an_untrusted_clock_waits_for_a_trusted_one() -> None:
    story = new_years_eve()
    story.at(seconds_to_midnight(story) - 60)
    story.trusted = False
    story.after(600)
    assert [one.year for one in story.of(OpenYear)] == [2026]
    assert story.permitted, "the opened year goes on"
    story.trusted = True
    story.after(1)
    assert (opened(story).year, opened(story).apportioned) == (2027, True)


def test_a_clock_that_jumps_to_2036_opens_no_year_and_is_believed_again_when_it_is_back() -> None:
    story = Story().commission().after(2)
    story.start()
    story.calendar_off_ms = utc_ms(2036, 2, 7) - story.moment.utc_ms
    story.after(120)
    assert [one.year for one in story.of(OpenYear)] == [2026]
    assert story.conditions == {K.CLOCK_UNTRUSTED: Action.WARN}
    assert story.permitted
    story.calendar_off_ms = 0
    story.after(1)
    assert story.conditions == {}


@pytest.mark.parametrize("year", [1970, 2036])
def test_a_boot_into_a_wrong_year_opens_no_year(year: int) -> None:
    story = Story().commission()
    story.power_off(HOUR)
    story.calendar_off_ms = utc_ms(year, 1, 2) - story.moment.utc_ms
    story.after(60)
    assert [one.year for one in story.of(OpenYear)] == [2026]
    assert K.CLOCK_UNTRUSTED in story.conditions


def test_the_table_of_years_ends_somewhere_and_nothing_opens_beyond_it() -> None:
    assert calendar.plan_year(SITE, utc_ms(2026, 1, 1) - 1) == 2025
    assert calendar.plan_year(SITE, utc_ms(2026, 1, 1)) == 2026
    assert calendar.plan_year(SITE, utc_ms(2023, 6, 1)) is None
    assert calendar.plan_year(SITE, utc_ms(2039, 6, 1)) is None


@pytest.mark.parametrize(
    ("boot", "off_by_ms", "believed"),
    [
        ("boot-1", 0, True),
        ("boot-1", DAY, True),
        ("boot-1", -DAY, True),
        ("boot-1", DAY + 1, False),
        ("boot-1", -DAY - 1, False),
        ("boot-2", -DAY, True),
        ("boot-2", -DAY - 1, False),
        ("boot-2", 400 * DAY, True),
        ("boot-2", 400 * DAY + 1, False),
    ],
)
def test_how_far_a_calendar_may_leave_what_is_explained(
    boot: str, off_by_ms: int, *, believed: bool
) -> None:
    watermark = Moment(utc_ms(2026, 6, 1), 5 * HOUR, "boot-1", trusted=True)
    passed_ms = HOUR if boot == "boot-1" else 0
    now = Moment(watermark.utc_ms + passed_ms + off_by_ms, 6 * HOUR, boot, trusted=True)
    assert calendar.believe(watermark, None, now).trusted is believed


# --- a provisional allocation ends -------------------------------------------------------------


def provisionally() -> Story:
    """A well that may pump for an hour before its plan is issued."""
    story = Story().at(1)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    assert story.order(provisional(500_000, story.moment.utc_ms + 10 * MINUTE)) is None
    story.start()
    return story


def test_a_provisional_allocation_ends_at_its_date() -> None:
    story = provisionally()
    until = story.of(Allocate)[-1].expires_utc_ms
    assert until is not None
    story.at((until - story.begins_utc_ms) / 1000 - 1)
    assert story.permitted
    story.after(1)
    assert story.reasons == [K.NOT_ALLOCATED]
    assert story.order(plan(1_000_000)) is None
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.withdrawn_l > 10_000, "what was pumped before counts"


def test_an_untrusted_calendar_does_not_end_a_provisional_allocation_early() -> None:
    story = provisionally()
    story.after(60)
    story.trusted, story.calendar_off_ms = False, 3 * HOUR
    story.after(60)
    assert story.permitted


def test_time_that_is_counted_ends_a_provisional_allocation_without_a_trusted_clock() -> None:
    story = provisionally()
    story.after(60)
    story.trusted, story.calendar_off_ms = False, -3 * HOUR
    story.after(600)
    assert K.NOT_ALLOCATED in story.reasons


@pytest.mark.parametrize("boots", [0, 1])
def test_a_provisional_allocation_that_ended_does_not_come_back_with_a_bad_clock(
    boots: int,
) -> None:
    story = provisionally().after(700)
    assert K.NOT_ALLOCATED in story.reasons
    story.trusted = False
    if boots:
        story.power_off(HOUR, trusted=False)
    story.after(600)
    assert story.reasons == [K.NOT_ALLOCATED]


def test_an_addition_for_next_year_gives_nothing_this_year() -> None:
    story = Story().commission(20_000).after(2)
    assert story.order(plan(50_000, 2027)) is None
    assert story.order(addition(50_000, 2027)) is None
    story.start()
    story.after(1200)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]


def test_a_total_that_stepped_back_a_little_still_opens_a_year() -> None:
    story = new_years_eve()
    story.stop()
    story.after(20)
    story.at(seconds_to_midnight(story) - 1)
    story.total_ml -= 500_000
    story.after(1)
    assert opened(story).total_l == story.total_l + 500
