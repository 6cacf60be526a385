"""How long a pump has run, and that it runs at all, is told as its record will tell it."""

import re

from agent.cli.status import screen
from agent.core.model import Fault, LayUpOrder, Session
from agent.status import _session
from tests.console.stations import Station, Visitor
from tests.core.story import DAY, HOUR, OF_FLOW_METER, OF_POWER_METER, Story

_SHOWN = re.compile(r"  Pump +(.*), [0-9.]+ m³")


def shown(story: Story) -> str:
    found = _SHOWN.search(Visitor(Station(story)).signed_in("status"))
    assert found is not None
    return found[1]


def test_a_clock_that_is_put_right_amid_a_run_moves_neither_its_length_nor_its_beginning() -> None:
    """Set back it ended every console at its first screen; set ahead a pump ran for a year."""
    for wrong_ms in (2 * HOUR, -365 * DAY):
        story = Story().commission().after(2)
        story.power_off(HOUR, trusted=wrong_ms > 0)
        story.calendar_off_ms = wrong_ms
        story.after(200)  # the minimum off time
        story.start()
        story.after(60)
        story.trusted, story.calendar_off_ms = True, 0
        story.after(10)
        told = _session(story.state, story.moment)
        assert told is not None
        assert told["running_ms"] == 69_000
        assert shown(story) == "running 1 min 10 s"
        story.stop()
        story.after(10)
        assert told["started_utc_ms"] == story.of(Session)[-1].started_utc_ms


def test_of_a_run_from_before_a_boot_without_time_nobody_says_how_long() -> None:
    story = Story().commission().after(2)
    story.start()
    story.after(60)
    story.power_off(HOUR, trusted=False)
    story.welded = story.running = True
    story.after(5)
    assert shown(story) == "running —"


def test_a_pump_that_stopped_while_no_total_is_read_does_not_run() -> None:
    """Its session waits for the meter: through a whole winter, where the well is laid up."""
    story = Story().commission().after(2)
    story.start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.stop()
    story.after(20)
    said = Visitor(Station(story)).signed_in("status")
    assert "Pump              stopped" in said
    assert "the pump runs" not in said
    assert story.order(LayUpOrder("letter 9")) is None
    story.unhurried().after(3 * 3600)
    assert "the pump still runs" not in Visitor(Station(story)).signed_in("status")
    story.heal()
    story.after(10)
    assert story.of(Session)[-1].stopped_utc_ms < story.begins_utc_ms + 100_000


def test_the_shell_says_of_the_pump_what_the_console_says() -> None:
    """Where no meter answers its first line said that nobody knows, and its own that it runs."""
    story = Story().commission().after(2)
    story.start()
    story.after(60)
    station = Station(story)
    station.seat = "li"
    assert "Pump                running 1 min 0 s, 1.525 m³" in told_by_shell(station)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(90)
    assert "Pump                ran when last seen, 2 min 31 s, 1.525 m³" in told_by_shell(station)


def test_a_pump_that_neither_meter_shows_is_not_said_to_stand() -> None:
    story = Story().commission().after(2)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(90)
    assert "Pump              not known" in Visitor(Station(story)).signed_in("status")


def told_by_shell(station: Station) -> str:
    return "\n".join(screen(station.call("status", {}, 1)["state"], "en"))
