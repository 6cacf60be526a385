"""A controller whose clock was hours fast, and right after a boot: those hours never passed."""

from agent.core.model import ConditionKind, Contacts, ReleaseOrder, Session, StopOrder
from tests.core.story import HOUR, MINUTE, SECOND, Story

K = ConditionKind


def fast() -> Story:
    """A well that pumps, by a clock that keeps local time for UTC."""
    story = Story(calendar_off_ms=8 * HOUR).commission(10_000_000).after(2)
    story.start()
    return story.after(60)


def test_a_pump_that_was_cut_rests_for_its_minutes_and_not_for_eight_hours() -> None:
    story = fast()
    assert story.order(StopOrder("a look at the pump")) is None
    assert story.order(ReleaseOrder("done")) is None
    assert story.reasons == [K.SHORT_CYCLE]
    story.power_off(MINUTE)
    story.calendar_off_ms = 0
    assert story.after(2).permitted


def test_water_that_flowed_by_the_bypass_meanwhile_is_counted() -> None:
    story = fast()
    story.contacts, story.welded = Contacts(bypass_closed=True), True
    story.away(10 * MINUTE)
    story.boot, story.booted_ms, story.relay = "boot-2", story.now_ms, False
    story.calendar_off_ms = 0
    story.after(10)
    assert story.withdrawn_l == story.total_l - 500_000
    assert K.TOTAL_JUMPED not in story.conditions


def test_a_run_ends_no_earlier_than_it_began() -> None:
    story = fast()
    story.power_off(5 * SECOND)
    story.calendar_off_ms = 0
    story.after(10)
    (run,) = story.of(Session)
    assert run.started_utc_ms == run.stopped_utc_ms
