"""Room rule: a year that begins while a meter or the clock is away, as stories. One, one claim.

The pump lifts 90 m3 in an hour with 30 kW: 3 m3 per kWh, and that is the rate in force.
"""

from dataclasses import replace

import pytest

from agent.core.model import (
    Convert,
    Fault,
    InterruptionEnded,
    OpenYearOrder,
    OverrideOrder,
    Refused,
    RemoveMeterOrder,
    Role,
    Session,
    StopCause,
    Use,
)
from tests.core.story import DAY, HOUR, OF_FLOW_METER, OF_POWER_METER, Story, plan, rate
from tests.core.wells import MIDNIGHT, december, years

# After a boot a pump rests as after a cut.
REST_S = 200


def autumn(before_ms: int = 12 * DAY) -> Story:
    """A well with a coefficient, long before New Year, whose pump runs. Seen every ten seconds."""
    story = Story(begins_utc_ms=MIDNIGHT - before_ms, coast_ms=0).commission(10**8)
    assert story.order(plan(10**8, 2027)) is None
    assert story.order(rate()) is None
    story.after(2).start()
    return story.after(60).unhurried()


def over_winter(story: Story, *, dead: bool) -> int:
    """The flow meter falls silent, the pump runs for an hour more, and rests until January."""
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    before_ml = story.total_ml
    story.after(HOUR / 1000).stop()
    lifted_ml = story.total_ml - before_ml
    if dead:
        story.total_ml = before_ml
    story.site = replace(story.site, period_ms=HOUR)
    story.at((MIDNIGHT - story.begins_utc_ms + 12 * DAY) / 1000)
    story.site = replace(story.site, period_ms=1000)
    return lifted_ml // 1000


def test_what_was_converted_before_new_year_stays_there_though_the_meter_comes_after_it() -> None:
    story = autumn()
    old_l = story.withdrawn_l
    lifted_l = over_winter(story, dead=True)
    story.heal()
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    (ended,) = story.of(InterruptionEnded)
    assert ended.standing_l == pytest.approx(lifted_l, abs=50)
    (past,) = story.state.ledger.past
    assert past.withdrawn_l == pytest.approx(old_l + lifted_l, abs=50)
    assert story.withdrawn_l == pytest.approx(0, abs=50)


def test_what_a_silent_meter_counted_before_new_year_stays_there() -> None:
    """Electricity tells when it flowed."""
    story = autumn()
    old_l = story.withdrawn_l
    lifted_l = over_winter(story, dead=False)
    story.heal()
    story.after(5)
    (past,) = story.state.ledger.past
    assert past.withdrawn_l == pytest.approx(old_l + lifted_l, abs=50)
    assert story.withdrawn_l == pytest.approx(0, abs=50)


@pytest.mark.parametrize("because", ["of others", "not read"])
def test_where_electricity_does_not_tell_water_is_apportioned_by_time(because: str) -> None:
    """Its meter is a shared one, or silent as well."""
    story = autumn()
    old_l = story.withdrawn_l
    if because == "of others":
        story.site = replace(story.site, shared_power_meter=True)
    if because == "not read":
        story.lay(Fault.TIMEOUT, *OF_POWER_METER)
    lifted_l = over_winter(story, dead=False)
    story.heal()
    story.after(5)
    assert story.withdrawn_l == pytest.approx(lifted_l / 2, rel=0.01)
    assert story.state.ledger.past[0].withdrawn_l == pytest.approx(old_l + lifted_l / 2, rel=0.01)


def test_what_flows_after_the_meter_is_back_is_not_mixed_with_it_while_no_clock_tells() -> None:
    story = autumn()
    old_l = story.withdrawn_l
    lifted_l = over_winter(story, dead=True)
    story.trusted = False
    story.heal()
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    story.after(REST_S).unhurried().start()
    story.after(HOUR / 1000).stop()
    assert years(story) == [2026]
    story.trusted = True
    story.after(10)
    (past,) = story.state.ledger.past
    assert past.withdrawn_l == pytest.approx(old_l + lifted_l, abs=500)
    assert story.withdrawn_l == pytest.approx(90_000, abs=500)


def test_what_a_removed_meter_showed_before_new_year_stays_there() -> None:
    story = autumn()
    old_l = story.withdrawn_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(HOUR / 1000).stop()
    story.after(20)
    shown = RemoveMeterOrder(Role.FLOW_METER, "serial-flow_meter", "form no. 2", story.total_l)
    assert story.order(shown) is None
    story.site = replace(story.site, period_ms=HOUR)
    story.at((MIDNIGHT - story.begins_utc_ms + 12 * DAY) / 1000)
    story.site = replace(story.site, period_ms=1000)
    story.heal()
    assert story.fit(serial="new") is None
    (past,) = story.state.ledger.past
    assert past.withdrawn_l == pytest.approx(old_l + 90_000, abs=50)


def test_runs_of_a_new_year_whose_time_was_not_known_are_not_split() -> None:
    """Off over New Year; two runs before the time is known."""
    story = december(pumping=False)
    story.after(10)
    story.power_off(HOUR, trusted=False)
    story.after(REST_S).start()
    story.after(600).stop()
    story.after(REST_S).start()
    story.after(60)
    story.trusted = True
    story.after(60).stop()
    story.after(20)
    assert years(story) == [2026, 2027]
    first, second = story.of(Session)
    assert (first.cause, second.cause) == (StopCause.OWNER, StopCause.OWNER)
    assert (first.volume_l or 0) + (second.volume_l or 0) == pytest.approx(story.withdrawn_l, abs=2)
    assert second.started_utc_ms > MIDNIGHT


def dark_between(running_s: int) -> Story:
    """Off over New Year, so many seconds of pumping without the time, and off again."""
    story = december()
    story.stop()
    story.after(20)
    story.power_off(HOUR, trusted=False)
    story.after(REST_S).start()
    story.after(running_s).stop()
    story.after(20).power_off(HOUR)
    return story.after(1)


def test_nobody_guesses_though_the_time_is_known_as_soon_as_the_station_is_back() -> None:
    story = dark_between(1800)
    assert (years(story), story.state.year_asked) == ([2026], 2027)


def test_where_a_year_that_is_told_may_begin_is_said_though_its_meter_is_gone() -> None:
    """Before the new meter's own zero, in its own litres."""
    story = dark_between(600)
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    assert story.order(OpenYearOrder(2027, 8_000, "diary")) is Refused.TOTAL_RANGE
    refusal = story.outcomes[-1].verdicts[0].refusal
    assert refusal is not None
    assert refusal.expected == "-8063 .. 7000"
    assert story.order(OpenYearOrder(2027, -8_063, "diary")) is None
    assert story.withdrawn_l == 15_063


def test_an_override_over_new_year_has_what_it_gave_behind_it() -> None:
    """The flow meter is silent for ten minutes of it, and then tells all."""
    story = december()
    order = OverrideOrder(Use.DRINKING_WATER, 200_000, 2 * HOUR, "drought")
    assert story.order(order) is None
    story.at((MIDNIGHT - story.begins_utc_ms) / 1000 - 30)
    before_l = story.total_l
    assert story.state.lifting is not None
    left_l = story.state.lifting.left_l
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(600)
    story.heal()
    story.after(5)
    assert years(story) == [2026, 2027]
    assert story.state.lifting is not None
    assert story.state.lifting.left_l == left_l - (story.total_l - before_l)


def test_a_power_meter_that_is_removed_amid_an_interruption_leaves_what_it_told() -> None:
    story = autumn()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    before_l = story.withdrawn_l
    before_ml = story.total_ml
    story.after(15 * 60).stop()
    lifted_ml = story.total_ml - before_ml
    story.after(5)
    assert sum(one.volume_l for one in story.of(Convert)) < lifted_ml // 1000 - 5_000
    removed = RemoveMeterOrder(Role.POWER_METER, "serial-power_meter", "form no. 2")
    assert story.order(removed) is None
    story.heal()
    story.total_ml = 7_000_000
    assert story.fit(serial="new") is None
    assert story.withdrawn_l == pytest.approx(before_l + lifted_ml // 1000, abs=50)
