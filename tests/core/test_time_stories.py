"""Room rule: clocks that walk, jump, are set by hand and die, as stories. One story, one claim.

Monotonic time is always right and ends with the power; the calendar may be anything. What is at
stake is when a plan year begins, when an allocation ends, and which order is too old.
"""

from dataclasses import replace

import pytest

from agent.core import calendar
from agent.core.model import (
    Action,
    ClockSet,
    Command,
    ConditionKind,
    Fault,
    Moment,
    OpenYear,
    OpenYearOrder,
    Origin,
    Quantity,
    Rank,
    Refused,
    Role,
    Session,
    SetClockOrder,
    StopCause,
    Verdict,
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
    rate,
    utc_ms,
)

K = ConditionKind
MIDNIGHT = utc_ms(2027, 1, 1)
# After a boot a pump rests as after a cut.
REST_S = 200


def december(before_ms: int = 5 * MINUTE, *, pumping: bool = True) -> Story:
    """A well shortly before local midnight, with next year's plan entered."""
    story = Story(begins_utc_ms=MIDNIGHT - before_ms).commission()
    assert story.order(plan(2_000_000, 2027)) is None
    story.after(2)
    if pumping:
        story.start()
    return story


def years(story: Story) -> list[int]:
    return [one.year for one in story.of(OpenYear)]


def asked(story: Story) -> int | None:
    return story.state.year_asked


def boot(story: Story, off_ms: int, *, trusted: bool, flowed_l: int = 0) -> None:
    """The power is gone for a while; water may have flowed meanwhile."""
    story.power_off(off_ms, trusted=trusted)
    story.total_ml += flowed_l * 1000


# --- a calendar that walks ---------------------------------------------------------------------


@pytest.mark.parametrize("step_ms", [23 * HOUR, -23 * HOUR, HOUR])
def test_a_clock_that_walks_by_steps_is_left_behind(step_ms: int) -> None:
    """Each step alone would be believed; together they would open years, or lose a day."""
    story = Story().commission().after(10)
    for _ in range(400):
        story.calendar_off_ms += step_ms
        story.after(1)
    assert years(story) == [2026]
    assert story.conditions == {K.CLOCK_UNTRUSTED: Action.WARN}
    story.calendar_off_ms = 0
    story.after(1)
    assert story.conditions == {}


def test_the_watermark_follows_monotonic_time_only() -> None:
    story = Story().commission().after(10)
    story.calendar_off_ms = 20 * HOUR
    story.after(10)
    assert story.conditions == {}, "a step of less than a day is believed"
    assert story.state.watermark is not None
    assert story.state.watermark.utc_ms == story.begins_utc_ms + story.now_ms


@pytest.mark.parametrize("year", [2028, 2032, 2096])
def test_a_leap_year_is_as_long_as_it_is(year: int) -> None:
    starts = tuple((one, utc_ms(one, 1, 1)) for one in range(2024, 2100))
    site = replace(SITE, year_starts=starts)
    last_day = utc_ms(year, 12, 31, 23, 59)
    assert calendar.plan_year(site, last_day) == year
    assert calendar.plan_year(site, last_day + MINUTE) == year + 1
    assert calendar.plan_year(site, utc_ms(year, 2, 29)) == year
    span = calendar.year_span_ms(site, year)
    assert span is not None
    assert span[1] - span[0] == 366 * DAY


def test_a_year_outside_the_table_has_no_span() -> None:
    assert calendar.year_span_ms(SITE, 2023) is None
    assert calendar.year_span_ms(SITE, 2038) is None
    assert calendar.year_span_ms(SITE, 2037) is not None


# --- what ended stays ended --------------------------------------------------------------------


def provisionally(until_ms: int) -> Story:
    story = Story().at(1)
    assert story.fit(before_l=0) is None
    assert story.fit(Role.POWER_METER) is None
    assert story.order(provisional(500_000, story.moment.utc_ms + until_ms)) is None
    return story


def test_a_believed_step_back_does_not_revive_what_ended() -> None:
    story = provisionally(10 * MINUTE).after(700)
    assert K.NOT_ALLOCATED in story.reasons
    story.calendar_off_ms = -HOUR
    story.after(60)
    assert K.CLOCK_UNTRUSTED not in story.conditions
    assert K.NOT_ALLOCATED in story.reasons


def test_what_a_step_forward_ended_is_not_given_again_by_the_step_back() -> None:
    story = provisionally(HOUR).after(10)
    story.calendar_off_ms = 2 * HOUR
    story.after(10)
    assert K.NOT_ALLOCATED in story.reasons
    story.calendar_off_ms = 0
    story.after(10)
    assert K.NOT_ALLOCATED in story.reasons
    assert story.order(provisional(500_000, story.moment.utc_ms + 30 * MINUTE)) == "expiry_missing"
    assert story.order(provisional(500_000, story.moment.utc_ms + 2 * HOUR)) is None


@pytest.mark.parametrize(
    ("origin", "late_ms", "refused"),
    [
        (Origin.PLATFORM, 0, None),
        (Origin.PLATFORM, 1, "expired"),
        (Origin.CONSOLE, 1, "expired"),
        (Origin.ADMIN, 1, None),
    ],
)
def test_an_order_that_expired_is_not_revived_by_a_step_back(
    origin: Origin, late_ms: int, refused: str | None
) -> None:
    """The administrator's clock is this host's own, and steps with it."""
    story = Story().commission()
    true_ms = story.moment.utc_ms
    story.calendar_off_ms = -HOUR
    not_after = true_ms - late_ms
    story.look(Command("x", origin, "a", addition(5_000), not_after, Rank.SUPERVISOR))
    refusal = story.of(Verdict)[-1].refusal
    assert (refusal and refusal.reason) == refused


def test_a_platform_may_only_set_a_clock_that_is_not_believed() -> None:
    story = Story().commission()
    story.trusted = False
    assert story.hand_in(story.signed(addition(5_000))) == [Refused.CLOCK_UNTRUSTED]
    order = SetClockOrder(story.moment.utc_ms, "from the centre")
    assert story.hand_in(story.signed(order)) == ["accepted"]
    story.after(1)
    assert story.hand_in(story.signed(addition(5_000))) == ["accepted"]


def test_on_a_new_station_without_a_clock_nothing_is_too_old() -> None:
    story = Story(trusted=False).at(1)
    story.look(Command("x", Origin.CONSOLE, "li", plan(1_000), 5, Rank.SUPERVISOR))
    refusal = story.of(Verdict)[-1].refusal
    assert refusal is not None
    assert refusal.reason is Refused.CLOCK_UNTRUSTED, "no year is known, but it is not expired"


# --- a clock that is set by hand ---------------------------------------------------------------


def unsynchronised(off_by_ms: int = -50 * 365 * DAY) -> Story:
    """A well that came back from a power cut without network: its host believes in 1976."""
    story = Story().commission().after(10)
    story.power_off(HOUR, trusted=False)
    story.calendar_off_ms = off_by_ms
    return story.after(10)


def true_ms(story: Story) -> int:
    return story.begins_utc_ms + story.now_ms


def test_a_clock_that_is_set_by_hand_is_believed_until_the_power_is_lost() -> None:
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    (was,) = story.of(ClockSet)
    assert (was.reason, was.author) == ("by my watch", "wang")
    story.after(600)
    assert K.CLOCK_UNTRUSTED not in story.conditions
    assert story.outcomes[-1].moment.utc_ms == pytest.approx(true_ms(story), abs=2000)
    assert story.outcomes[-1].moment.trusted
    story.power_off(HOUR, trusted=False)
    story.after(10)
    assert K.CLOCK_UNTRUSTED in story.conditions


def test_a_host_that_is_synchronised_again_is_believed_before_what_was_set() -> None:
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story) + 5 * MINUTE, "roughly"), Origin.CONSOLE) is None
    story.after(60)
    story.trusted, story.calendar_off_ms = True, 0
    story.after(1)
    assert story.outcomes[-1].moment.utc_ms == true_ms(story)
    assert story.state.clock is None
    assert story.order(SetClockOrder(true_ms(story), "again")) is Refused.CLOCK_SYNCHRONISED


def test_a_host_that_is_believed_nowhere_near_what_was_set_is_not_believed() -> None:
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    story.trusted, story.calendar_off_ms = True, utc_ms(2036, 2, 7) - story.begins_utc_ms
    story.after(60)
    assert story.outcomes[-1].moment.utc_ms == pytest.approx(true_ms(story), abs=2000)
    assert years(story) == [2026]


@pytest.mark.parametrize(
    ("origin", "rank", "refused"),
    [
        (Origin.CONSOLE, Rank.TECHNICIAN, Refused.CLOCK_LOWERED),
        (Origin.CONSOLE, None, Refused.NOT_ALLOWED),
        (Origin.PLATFORM, None, Refused.CLOCK_LOWERED),
        (Origin.CONSOLE, Rank.SUPERVISOR, None),
        (Origin.ADMIN, None, None),
    ],
)
def test_only_a_supervisor_sets_a_clock_back(
    origin: Origin, rank: Rank | None, refused: Refused | None
) -> None:
    """It was believed to be next year, wrongly; what that opened stays open."""
    story = unsynchronised()
    assert story.ask(SetClockOrder(true_ms(story) + 20 * DAY, "wrong"), Origin.CONSOLE) is None
    story.after(5)
    order = SetClockOrder(true_ms(story), "right")
    assert story.ask(order, origin, rank) is refused
    story.after(5)
    assert (story.outcomes[-1].moment.utc_ms < true_ms(story) + DAY) is (refused is None)


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (SetClockOrder(0, "by my watch"), Refused.CLOCK_RANGE),
        (SetClockOrder(utc_ms(2300, 1, 1), "by my watch"), Refused.CLOCK_RANGE),
        (SetClockOrder(utc_ms(2026, 7, 1), " "), Refused.REASON_MISSING),
        (SetClockOrder(utc_ms(2026, 6, 1, 9, 2), "a minute behind is no step back"), None),
    ],
)
def test_what_a_clock_can_be_set_to(order: SetClockOrder, refused: Refused | None) -> None:
    story = unsynchronised()
    assert story.ask(order, Origin.CONSOLE) is refused


def test_a_year_opens_by_a_clock_that_was_set_by_hand() -> None:
    story = december(pumping=False)
    story.power_off(HOUR, trusted=False)
    story.after(10)
    assert years(story) == [2026]
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    story.after(2)
    assert years(story) == [2026, 2027]


# --- a year that begins while nobody looks -----------------------------------------------------


def test_a_late_synchronisation_after_a_power_cut_over_new_year() -> None:
    """Off from 23:55 to 02:00, pumping without a clock for an hour: that water is January's."""
    story = december()
    story.stop()
    story.after(20)
    old_l = story.withdrawn_l
    boot(story, 2 * HOUR, trusted=False)
    story.after(REST_S).start()
    story.after(HOUR // 1000)
    assert years(story) == [2026]
    assert story.withdrawn_l > old_l + 80_000, "the opened year goes on meanwhile"
    story.trusted = True
    story.after(1)
    entry = story.of(OpenYear)[-1]
    assert (entry.year, entry.total_l) == (2027, 500_000 + old_l)
    assert story.withdrawn_l == story.total_l - entry.total_l
    assert story.state.ledger.past[0].withdrawn_l == old_l


def test_water_that_flowed_in_the_cut_itself_is_apportioned_over_the_cut() -> None:
    story = december()
    story.stop()
    story.after(20)
    old_l = story.withdrawn_l
    boot(story, 2 * HOUR, trusted=False, flowed_l=100_000)
    story.after(5).start()
    story.after(600)
    story.trusted = True
    story.after(1)
    entry = story.of(OpenYear)[-1]
    assert entry.apportioned
    share = (MIDNIGHT - story.begins_utc_ms - 40_000) / (2 * HOUR)
    assert entry.total_l == pytest.approx(500_000 + old_l + 100_000 * share, abs=500)


def test_new_year_between_the_boot_and_the_synchronisation_is_apportioned_within_them() -> None:
    """Dark in the evening, pumping without a clock over midnight."""
    story = december(3 * HOUR)
    story.stop()
    story.after(20)
    old_l = story.withdrawn_l
    boot(story, 2 * HOUR, trusted=False)
    story.after(REST_S).start()
    began_ms = story.now_ms
    story.at((MIDNIGHT - story.begins_utc_ms + HOUR) / 1000)
    story.trusted = True
    story.after(1)
    entry = story.of(OpenYear)[-1]
    before_ms = MIDNIGHT - story.begins_utc_ms - began_ms
    assert entry.apportioned
    assert entry.total_l == pytest.approx(500_000 + old_l + before_ms * 25 // 1000, abs=3000)
    run = story.of(Session)[-1]
    assert (run.cause, run.stopped_utc_ms) == (StopCause.YEAR, MIDNIGHT)


def twice_dark(*, pumped: bool) -> Story:
    """Two boots over New Year, the first of which never learned the time."""
    story = december()
    story.stop()
    story.after(20)
    boot(story, HOUR, trusted=False)
    story.after(REST_S)
    if pumped:
        story.start()
        story.after(1800).stop()
        story.after(20)
    boot(story, HOUR, trusted=False)
    story.after(10)
    story.trusted = True
    return story.after(1)


def test_nobody_guesses_when_water_flowed_at_a_time_that_nobody_knows() -> None:
    story = twice_dark(pumped=True)
    assert years(story) == [2026]
    assert asked(story) == 2027
    assert story.conditions[K.YEAR_UNCONFIRMED] is Action.ALARM
    assert K.NOT_ALLOCATED not in story.reasons, "the opened year goes on"
    assert story.state.dated is not None
    low_l, high_l = 500_000 + story.state.dated.counted_l, story.total_l
    order = OpenYearOrder(2027, low_l + 10_000, "diary, page 3")
    assert story.order(replace(order, year=2028)) is Refused.YEAR_NOT_ASKED
    assert story.order(replace(order, total_l=low_l - 1)) is Refused.TOTAL_RANGE
    assert story.order(replace(order, total_l=high_l + 1)) is Refused.TOTAL_RANGE
    assert story.order(replace(order, document="")) is Refused.DOCUMENT_MISSING
    story.trusted = False
    story.after(1)
    assert story.order(order) is Refused.CLOCK_UNTRUSTED
    story.trusted = True
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(70)
    assert story.order(order) is Refused.METER_NOT_READ
    story.heal()
    story.after(1)
    assert story.order(order) is None
    entry = story.of(OpenYear)[-1]
    assert (entry.total_l, entry.document, entry.author) == (low_l + 10_000, "diary, page 3", "li")
    assert entry.apportioned
    assert story.withdrawn_l == high_l - low_l - 10_000
    assert asked(story) is None
    assert K.YEAR_UNCONFIRMED not in story.conditions
    assert story.order(order) is Refused.YEAR_NOT_ASKED


def test_the_electricity_of_a_told_year_follows_its_water() -> None:
    story = twice_dark(pumped=True)
    dated = story.state.dated
    assert dated is not None
    assert dated.used_wh is not None
    assert story.order(OpenYearOrder(2027, story.total_l - 22_500, "diary")) is None
    entry = story.of(OpenYear)[-1]
    assert entry.energy_total_wh == pytest.approx(story.energy_wh - 7_500, abs=100)


def test_a_told_year_whose_electricity_was_not_dated_leaves_it_to_the_old_one() -> None:
    """The power meter was fitted after the clock was lost."""
    story = twice_dark(pumped=True)
    dated = story.state.dated
    assert dated is not None
    story.state = replace(story.state, dated=replace(dated, used_wh=None))
    assert story.order(OpenYearOrder(2027, story.total_l - 22_500, "diary")) is None
    assert story.of(OpenYear)[-1].energy_total_wh == story.energy_wh


def test_a_told_year_without_a_power_meter_or_without_water_splits_what_there_is() -> None:
    story = twice_dark(pumped=True)
    order = OpenYearOrder(2027, story.total_l, "diary")
    story.state = replace(story.state, energy=None, ledger=replace(story.state.ledger, power=None))
    assert story.order(order) is None
    assert story.of(OpenYear)[-1].energy_total_wh is None


def test_two_dark_boots_in_which_no_water_flowed_need_no_answer() -> None:
    story = twice_dark(pumped=False)
    assert years(story) == [2026, 2027]
    assert story.state.year_asked is None
    assert story.withdrawn_l == 0


def test_a_boot_that_learned_the_time_in_december_asks_nothing() -> None:
    story = december(5 * HOUR)
    story.stop()
    boot(story, HOUR, trusted=False)
    story.after(60).start()
    story.after(600)
    story.trusted = True
    story.after(1).stop()
    story.after(20)
    boot(story, 6 * HOUR, trusted=False)
    story.after(5)
    story.trusted = True
    story.after(1)
    assert years(story) == [2026, 2027]


def test_two_new_years_in_one_absence_open_both() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 20)).commission().after(5)
    boot(story, 390 * DAY, trusted=True, flowed_l=390_000)
    story.after(1)
    assert years(story) == [2026, 2027, 2028]
    first, second = story.of(OpenYear)[1:]
    assert (first.closes, second.closes) == (2026, 2027)
    assert second.total_l - first.total_l == pytest.approx(365_000, abs=100)
    assert [one.year for one in story.state.ledger.past] == [2026, 2027]


def test_a_run_that_began_after_a_new_year_that_was_opened_late_is_not_split() -> None:
    story = december(pumping=False)
    story.power_off(HOUR, trusted=False)
    story.after(5)
    assert story.ask(SetClockOrder(true_ms(story), "by my watch"), Origin.CONSOLE) is None
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(5)
    assert years(story) == [2026], "a year opens on a total"
    story.heal()
    story.after(5)
    assert years(story) == [2026, 2027]


@pytest.mark.parametrize("blind", [False, True])
def test_a_run_of_the_new_year_takes_the_new_years_counts(*, blind: bool) -> None:
    """The journal failed over midnight, so the year opens while a run of January goes on."""
    story = december(pumping=False)
    story.at((MIDNIGHT - story.begins_utc_ms) / 1000 - 10)
    story.journal_failing = True
    story.after(30)
    if blind:
        story.lay(Fault.TIMEOUT, Quantity.ENERGY_WH)
    story.after(2).start()
    story.after(10)
    story.heal()
    story.after(50)
    story.journal_failing = False
    story.after(60).stop()
    story.after(20)
    (run,) = story.of(Session)
    assert run.cause is StopCause.OWNER
    assert run.volume_l == story.total_l - 500_000
    assert run.energy_wh == (None if blind else pytest.approx(1000, abs=30))


def test_an_opening_without_anything_dated_begins_at_the_present() -> None:
    """As after a rebuild from the entries: nothing is known but the account."""
    story = december()
    story.at((MIDNIGHT - story.begins_utc_ms) / 1000 - 5)
    story.state = replace(story.state, dated=None, booted=None)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(10)
    story.heal()
    story.after(1)
    entry = story.of(OpenYear)[-1]
    assert (entry.total_l, entry.apportioned) == (story.total_l, True)


def test_a_believed_moment_is_near_what_is_explained() -> None:
    watermark = Moment(1_000_000, 500, "b", trusted=True)
    held = calendar.SetClock(5_000_000, 600, "b")
    now = Moment(7, 700, "b", trusted=False)
    assert calendar.believe(watermark, held, now) == Moment(5_000_100, 700, "b", trusted=True)
    assert not calendar.believe(watermark, replace(held, boot="a"), now).trusted
    assert calendar.advance(watermark, now) == watermark
    assert calendar.latest_ms(None, now) is None
    assert calendar.latest_ms(watermark, now) == 1_000_200


def test_energy_is_split_at_the_year_as_water_is() -> None:
    story = december()
    assert story.order(rate()) is None
    story.at((MIDNIGHT - story.begins_utc_ms) / 1000 + 120)
    entry = story.of(OpenYear)[-1]
    assert entry.energy_total_wh is not None
    assert story.energy_wh - entry.energy_total_wh == pytest.approx(1000, abs=20)
    assert story.state.ledger.past[0].used_wh == entry.energy_total_wh - 70_000
