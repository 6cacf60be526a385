"""Starts and octets across restarts of every process, and across a boot. A month begins anew."""

from agent.core.model import Health, HostHealth
from agent.health.tally import Link, Tally

JULY, AUGUST = "2026-07", "2026-08"


def record(tally: Tally) -> Health:
    """What was written down, and is all that the next control knows."""
    return Health(
        "1",
        tally.boot,
        0,
        HostHealth(),
        month=tally.month,
        processes=tuple(tally.processes.values()),
        traffic=tuple(tally.traffic.values()),
    )


def starts(tally: Tally) -> dict[str, int]:
    return {one.name: one.starts for one in tally.processes.values()}


def spent(tally: Tally) -> int:
    return tally.traffic["a"].month_bytes


def test_every_process_is_counted_once_however_often_it_is_seen() -> None:
    tally = Tally.after(None, "boot")
    for _ in range(3):
        tally.count(JULY, 611, {"a": Link(5, 100), "b": Link(0, 0)})
    assert starts(tally) == {"control": 1, "relay": 1, "uplink@a": 1}
    tally.count(JULY, 700, {"a": Link(9, 0)})
    tally.count(JULY, None, {"a": Link(9, 0)})
    assert starts(tally) == {"control": 1, "relay": 2, "uplink@a": 2}
    assert {one.name: one.starts for one in tally.starts_since(())} == {
        "control": 0,
        "relay": 0,
        "uplink@a": 0,
    }


def test_a_new_control_goes_on_where_the_record_ends() -> None:
    first = Tally.after(None, "boot")
    first.count(JULY, 611, {"a": Link(5, 1000)})
    second = Tally.after(record(first), "boot")
    second.count(JULY, 611, {"a": Link(5, 1400)})
    assert starts(second) == {"control": 2, "relay": 1, "uplink@a": 1}
    assert spent(second) == 1400


def test_after_a_boot_the_same_numbers_are_other_processes() -> None:
    first = Tally.after(None, "boot")
    first.count(JULY, 611, {"a": Link(5, 1000)})
    second = Tally.after(record(first), "another")
    second.count(JULY, 611, {"a": Link(5, 300)})
    assert starts(second) == {"control": 2, "relay": 2, "uplink@a": 2}
    assert spent(second) == 1300


def test_an_uplink_that_was_started_again_adds_up() -> None:
    tally = Tally.after(None, "boot")
    for link in (Link(5, 100), Link(5, 250), Link(8, 40), Link(8, 60), Link(0, 0), Link(8, 70)):
        tally.count(JULY, None, {"a": link})
    assert spent(tally) == 250 + 70


def test_a_month_begins_at_nothing_and_only_by_a_trusted_clock() -> None:
    tally = Tally.after(None, "boot")
    tally.count("", None, {"a": Link(5, 100)})
    assert tally.month == ""
    tally.count(JULY, None, {"a": Link(5, 150)})
    assert (tally.month, spent(tally)) == (JULY, 150)
    tally.count("", None, {"a": Link(5, 170)})
    assert (tally.month, spent(tally)) == (JULY, 170)
    tally.count(AUGUST, None, {"a": Link(5, 180)})
    assert (tally.month, spent(tally)) == (AUGUST, 0)
    tally.count(AUGUST, None, {"a": Link(5, 200)})
    assert spent(tally) == 20
