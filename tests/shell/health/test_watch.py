"""When health is written down: at once, each hour, at a change; and never while it is not known."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from agent.core.model import AilmentKind, Health, HostHealth, ModemHealth, Moment, Role
from agent.health import Around, Link, Looking, Watch
from agent.health.watch import CHANGE_MIN_MS, HEARD_MS, HOUR_MS, JUDGE_MS
from agent.ports import Counters

WAIT_S = 20.0
NEW_YEAR_UTC_MS = 1_798_732_800_000  # 31 December 2026, 16:00 UTC: 2027 begins in Shanghai
WELL = HostHealth(clock_synchronised=True, rtc="rtc-ds1307")


class Host:
    """What it is made to say; `looked` when somebody has looked."""

    def __init__(self) -> None:
        self.says = WELL
        self.looked = Event()
        self.fault: Exception | None = None

    def host(self) -> HostHealth:
        if self.fault is not None:
            raise self.fault
        return self.says

    def modem(self) -> ModemHealth | None:
        self.looked.set()
        return None


class Stand:
    """A watch, its host, and a clock that goes on by hand."""

    def __init__(self, last: Health | None = None, utc_ms: int = NEW_YEAR_UTC_MS - HOUR_MS) -> None:
        self.host = Host()
        self.looking = Looking(self.host, every_s=0.001)
        self.watch = Watch(self.looking, "1.4", ZoneInfo("Asia/Shanghai"), last)
        self.now_ms = 1000
        self.utc_ms = utc_ms
        self.requests = self.timeouts = 0
        self.uplink_began_ms = 7

    def look(self) -> None:
        """Two whole looks at what the host says now."""
        for _ in range(3):
            self.host.looked.clear()
            assert self.host.looked.wait(WAIT_S)

    def after(self, milliseconds: int, *, trusted: bool = True) -> Health | None:
        """What a scan so much later is given to write down."""
        self.now_ms += milliseconds
        moment = Moment(self.utc_ms + self.now_ms, self.now_ms, "boot", trusted)
        if not self.watch.judges(moment):
            return None
        lost = self.timeouts
        counters = Counters(
            Role.FLOW_METER, "meters", 1, self.requests, lost, 0, 0, 0, 30, 50, 200, resting=False
        )
        links = {"a": Link(self.uplink_began_ms, 100)}
        return self.watch.due(moment, Around([counters], links, 611))


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    with closing(stand.looking):
        stand.look()
        yield stand


def test_the_first_look_is_written_down_and_then_one_an_hour(stand: Stand) -> None:
    first = stand.after(0)
    assert first is not None
    assert first.version == "1.4"
    assert [one.name for one in first.processes] == ["control", "relay", "uplink@a"]
    told = [stand.after(JUDGE_MS) for _ in range(2 * HOUR_MS // JUDGE_MS)]
    assert sum(one is not None for one in told) == 2
    assert told[-1] is not None
    assert told[-1].running_s == 2 * HOUR_MS // 1000


def test_a_change_is_told_within_minutes_and_once(stand: Stand) -> None:
    assert stand.after(0) is not None
    stand.host.says = replace(WELL, under_voltage=True)
    stand.look()
    told = [stand.after(JUDGE_MS) for _ in range(2 * CHANGE_MIN_MS // JUDGE_MS)]
    (change,) = [one for one in told if one is not None]
    assert [one.kind for one in change.ailments] == [AilmentKind.UNDER_VOLTAGE]


def test_a_value_that_flutters_fills_no_card(stand: Stand) -> None:
    told = 0
    for number in range(HOUR_MS // JUDGE_MS):
        stand.host.says = replace(WELL, under_voltage=bool(number % 2))
        stand.look()
        told += stand.after(JUDGE_MS) is not None
    assert told <= HOUR_MS // CHANGE_MIN_MS + 1


def test_the_first_record_waits_a_little_for_an_uplink_that_has_not_told(stand: Stand) -> None:
    stand.uplink_began_ms = 0
    told = [stand.after(JUDGE_MS) for _ in range(1 + HEARD_MS // JUDGE_MS)]
    assert [one is not None for one in told] == [False] * (len(told) - 1) + [True]
    stand.uplink_began_ms = 7
    told = [stand.after(JUDGE_MS) for _ in range(CHANGE_MIN_MS // JUDGE_MS)]
    assert [one is not None for one in told] == [False] * (len(told) - 1) + [True]


def test_between_two_looks_nothing_is_judged(stand: Stand) -> None:
    assert stand.after(0) is not None
    assert not any(stand.after(1000) for _ in range(JUDGE_MS // 1000 - 1))


def test_the_month_is_the_sites_and_turns_by_a_trusted_clock(stand: Stand) -> None:
    first = stand.after(0, trusted=False)
    assert first is not None
    assert first.month == ""
    stand.after(JUDGE_MS)
    latest = stand.watch.latest
    assert latest is not None
    assert latest.month == "2026-12"
    stand.after(HOUR_MS)
    latest = stand.watch.latest
    assert latest is not None
    assert latest.month == "2027-01"


def test_a_bus_that_loses_answers_is_named_by_what_it_lost_lately(stand: Stand) -> None:
    """Good years do not hide a bad hour."""
    stand.requests = 10_000_000
    stand.after(0)
    for _ in range(2 * HOUR_MS // JUDGE_MS):
        stand.requests += 90
        stand.after(JUDGE_MS)
    latest = stand.watch.latest
    assert latest is not None
    assert latest.ailments == ()
    for _ in range(HOUR_MS // JUDGE_MS):
        stand.requests += 90
        stand.timeouts += 45
        stand.after(JUDGE_MS)
    latest = stand.watch.latest
    assert latest is not None
    assert [(one.kind, one.about) for one in latest.ailments] == [
        (AilmentKind.BUS_POOR, "flow_meter")
    ]


def test_before_the_first_look_nothing_is_due_and_a_fault_of_ours_ends_the_scan() -> None:
    host = Host()
    host.fault = RuntimeError("a fault of ours in the look")
    looking = Looking(host)
    watch = Watch(looking, "1", ZoneInfo("Asia/Shanghai"), None)

    def judge_for_long() -> None:
        for _ in range(1_000_000):  # the thread needs a moment to end
            assert not watch.judges(Moment(0, 0, "boot", trusted=False))

    with pytest.raises(RuntimeError, match="fault of ours"):
        judge_for_long()


def test_metrics_are_written_with_each_look_and_a_fault_of_theirs_is_an_ailment() -> None:
    host = Host()
    pages: list[object] = []

    def metrics(picture: object) -> str:
        pages.append(picture)
        return "no room"

    looking = Looking(host, metrics, every_s=0.001)
    looking.show({"a": 1})
    for _ in range(4):
        host.looked.clear()
        assert host.looked.wait(WAIT_S)
    watch = Watch(looking, "1", ZoneInfo("Asia/Shanghai"), None)
    told = watch.due(Moment(0, 0, "boot", trusted=False), Around([], {}, 611))
    assert pages[0] == {"a": 1}
    assert told is not None
    assert [one.kind for one in told.ailments] == [AilmentKind.METRICS_UNWRITTEN]
    looking.close()
