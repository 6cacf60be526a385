"""Room rule: a year that begins while nobody looks, as stories in time. One story, one claim."""

from dataclasses import replace

import pytest

from agent.core import calendar
from agent.core.model import (
    Action,
    AllocateEnergyOrder,
    AllocationKind,
    ConditionKind,
    Fault,
    Moment,
    OpenYear,
    OpenYearOrder,
    Origin,
    Quantity,
    Refused,
    RemoveMeterOrder,
    Role,
    Session,
    SetClockOrder,
    StopCause,
)
from tests.core.story import (
    DAY,
    HOUR,
    OF_FLOW_METER,
    Story,
    rate,
    utc_ms,
)
from tests.core.wells import MIDNIGHT, december, true_ms, years

K = ConditionKind
# After a boot a pump rests as after a cut.
REST_S = 200


def asked(story: Story) -> int | None:
    return story.state.year_asked


def boot(story: Story, off_ms: int, *, trusted: bool, flowed_l: int = 0) -> None:
    """The power is gone for a while; water may have flowed meanwhile."""
    story.power_off(off_ms, trusted=trusted)
    story.total_ml += flowed_l * 1000


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


def unpowered_december() -> Story:
    """Electricity is allocated in both years, and the power meter was taken to be tested."""
    story = december(HOUR)
    for year in (2026, 2027):
        order = AllocateEnergyOrder(year, AllocationKind.PLAN, 90_000, f"e {year}")
        assert story.order(order) is None
    story.after(1800).stop()
    story.after(20)
    assert (used_wh(story) or 0) > 10_000
    removed = RemoveMeterOrder(Role.POWER_METER, "serial-power_meter", "form no. 2")
    assert story.order(removed) is None
    return story


def used_wh(story: Story) -> int | None:
    balance = story.look().balance
    return None if balance is None else balance.energy_used_wh


def test_a_year_without_a_power_meter_begins_with_no_electricity_used() -> None:
    story = unpowered_december()
    story.at((MIDNIGHT - story.begins_utc_ms) / 1000 + 60)
    assert (years(story), used_wh(story)) == ([2026, 2027], 0)
    (past,) = story.state.ledger.past
    assert past.used_wh is not None
    assert past.used_wh > 10_000
    assert story.fit(Role.POWER_METER, serial="p2") is None
    story.start()
    fitted_wh = story.energy_wh
    story.after(600)
    assert used_wh(story) == pytest.approx(story.energy_wh - fitted_wh, abs=100)


def test_a_power_meter_fitted_before_the_time_is_known_counts_for_the_new_year() -> None:
    story = unpowered_december()
    boot(story, 2 * HOUR, trusted=False)
    story.after(REST_S)
    assert story.fit(Role.POWER_METER, serial="p2") is None
    fitted_wh = story.energy_wh
    story.start()
    story.after(600)
    story.trusted = True
    story.after(1)
    assert years(story) == [2026, 2027]
    assert used_wh(story) == pytest.approx(story.energy_wh - fitted_wh, abs=100)


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
