"""The uplink's stories, against a real desk and journal and a platform in memory.

The clock stands still unless a story moves it; draws are 0, so a retry is due after the least
delay.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from agent.core.model import RelayMoved
from agent.journal import JournalDamaged
from agent.uplink.forward import Uplink, UplinkPolicy
from agent.uplink.inquiry import UNREADABLE_MS
from agent.uplink.retry import DELAY_MIN_MS
from drivers.simulator.platform import SimulatedPlatform
from tests.reconcile import Ledger
from tests.shell.uplink.conftest import STATION, House

pytestmark = pytest.mark.usefixtures("short_turns")

EVENT = RelayMoved(permitted=False, lapsed=True, reasons=(), withdrawn_l=None, remaining_l=None)


@contextmanager
def another(house: House, platform: SimulatedPlatform, policy: UplinkPolicy) -> Iterator[Uplink]:
    uplink = house.uplink(platform, policy)
    yield uplink
    uplink.close(house.clock.monotonic_ms())


def numbers(payload: bytes) -> list[int]:
    return [row[0] for group in json.loads(payload)["records"] for row in group["rows"]]


def has_read(uplink: Uplink, number: int) -> bool:
    """It has taken so much from the desk, sent or not."""
    outbox = uplink._delivery.outbox
    return outbox is not None and outbox.read == number


def assert_everything_once_in_order(platform: SimulatedPlatform, count: int) -> None:
    assert [n for payload in platform.received for n in numbers(payload)] == [*range(1, count + 1)]


def assert_nothing_missing(house: House, platform: SimulatedPlatform, count: int) -> Ledger:
    ledger = Ledger().take(platform.received)
    assert ledger.missing(STATION, house.epoch, count) == []
    assert ledger.altered == 0
    assert ledger.in_turn[STATION, house.epoch] == count
    return ledger


def test_a_delivery_arrives_once_in_order_behind_the_state(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(2_600)
    house.delivered(uplink, 2_600)
    assert platform.order[0] == "state"
    assert_everything_once_in_order(platform, 2_600)


def test_every_batch_carries_station_epoch_and_head(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(3)
    house.delivered(uplink, 3)
    batch = json.loads(platform.received[0])
    head = {"number": 3, "hash": house.journal.head.hash.hex()}
    assert (batch["station"], batch["epoch"], batch["head"]) == (STATION, house.epoch, head)


def test_live_samples_wait_for_the_interval(
    house: House, platform: SimulatedPlatform, uplink: Uplink, policy: UplinkPolicy
) -> None:
    house.samples(1)
    house.delivered(uplink, 1)
    for number in (2, 3, 4):
        house.samples(1)
        house.turn_until(uplink, partial(has_read, uplink, number))
    assert len(platform.received) == 1
    house.clock.at_ms += policy.batch_interval_ms
    house.delivered(uplink, 4)
    assert [numbers(payload) for payload in platform.received] == [[1], [2, 3, 4]]


def test_an_event_goes_at_once_and_takes_the_samples_before_it_along(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(1)
    house.delivered(uplink, 1)
    house.samples(2)
    house.write(EVENT)
    house.delivered(uplink, 4)
    assert [n for payload in platform.received for n in numbers(payload)] == [1, 2, 3, 4]


def test_what_was_written_during_an_outage_waits_for_no_interval(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(1)
    house.delivered(uplink, 1)
    platform.now.reachable = False
    house.turn_until(uplink, lambda: uplink._link.limits is None)
    house.samples(7)
    platform.now.reachable = True
    house.clock.at_ms += DELAY_MIN_MS
    house.delivered(uplink, 8)


def test_a_record_that_cannot_be_read_keeps_back_no_state_and_no_order(
    house: House,
    platform: SimulatedPlatform,
    uplink: Uplink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A spoiled page of the card: the platform hears of the alarm, and is asked for no patience."""
    house.samples(3)
    house.delivered(uplink, 3)
    asked = []

    def spoiled(*_: object, **_more: object) -> None:
        asked.append(house.clock.at_ms)
        raise JournalDamaged("journal_damaged.missing", record=4)

    with monkeypatch.context() as patch:
        patch.setattr(house.desk._room.reader, "page", spoiled)
        house.samples(2)
        house.turn_until(uplink, lambda: bool(asked))
        house.publish(2)
        house.turn_until(uplink, lambda: json.loads(platform.states[-1])["key"] == 2)
        house.turn_until(uplink, lambda: uplink._desk.under_way("status"))
        house.clock.at_ms += UNREADABLE_MS
        house.turn_until(uplink, lambda: len(asked) == 2)
        house.publish(3)
        house.turn_until(uplink, lambda: json.loads(platform.states[-1])["key"] == 3)
    assert asked == [asked[0], asked[0] + UNREADABLE_MS], "asked again by and by"
    house.clock.at_ms += UNREADABLE_MS
    house.write(EVENT)
    house.delivered(uplink, 6)
    assert_everything_once_in_order(platform, 6)


def test_a_changed_state_goes_at_once(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.turn_until(uplink, lambda: len(platform.states) == 1)
    house.publish(2)
    house.turn_until(uplink, lambda: len(platform.states) == 2)
    assert [json.loads(state)["key"] for state in platform.states] == [1, 2]


def test_an_unchanged_state_goes_at_its_interval(house: House, platform: SimulatedPlatform) -> None:
    policy = UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=50)
    with another(house, platform, policy) as uplink:
        house.turn_until(uplink, lambda: len(platform.states) == 1)
        for _ in range(10):
            uplink.turn(house.clock)
        assert len(platform.states) == 1
        house.clock.at_ms += 50
        house.turn_until(uplink, lambda: len(platform.states) == 2)


def test_what_was_in_flight_when_the_link_fell_is_sent_again(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    platform.now.answers = False
    house.samples(1_500)
    house.turn_until(uplink, lambda: bool(platform.received))
    platform.now.reachable = False
    house.turn_until(uplink, lambda: uplink._link.limits is None)
    assert house.desk.cursors().get("a", 0) == 0, "a batch without a receipt moves no cursor"
    platform.now.reachable = platform.now.answers = True
    house.clock.at_ms += DELAY_MIN_MS
    house.delivered(uplink, 1_500)
    ledger = assert_nothing_missing(house, platform, 1_500)
    assert ledger.duplicates > 0
    assert ledger.late == 0


def test_a_platform_without_a_consumer_gets_one_batch_a_retry_and_keeps_the_cursor(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    platform.now.consumed = False
    house.samples(3_000)
    house.turn_until(uplink, lambda: "no_consumer" in house.desk.uplinks()["a"].reported.error)
    assert house.desk.uplinks()["a"].reported.connected
    assert platform.order.count("records") == 1
    assert house.desk.cursors().get("a", 0) == 0
    platform.now.consumed = True
    house.clock.at_ms += DELAY_MIN_MS
    house.delivered(uplink, 3_000)
    assert_everything_once_in_order(platform, 3_000)
    house.turn_until(uplink, lambda: not house.desk.uplinks()["a"].reported.error)


def test_a_consumer_that_leaves_in_mid_drain_misses_nothing(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(4_000)
    house.turn_until(uplink, lambda: len(platform.received) >= 3)
    platform.now.consumed = False
    house.samples(1)  # however far the drain has come, this one finds nobody
    house.turn_until(uplink, lambda: uplink._link.hold_until_ms > 0)
    platform.now.consumed = True
    house.clock.at_ms += DELAY_MIN_MS
    house.delivered(uplink, 4_001)
    assert_nothing_missing(house, platform, 4_001)


@pytest.mark.parametrize("bad", [{1}, {700}, {1_200}, {3, 4}, {499, 500, 501, 1_199}])
def test_rejected_records_are_found_and_parked_and_the_rest_goes_on(
    house: House, platform: SimulatedPlatform, uplink: Uplink, bad: set[int]
) -> None:
    platform.now.rejects = lambda payload: bool(bad & set(numbers(payload)))
    house.samples(1_200)
    house.delivered(uplink, 1_200)
    assert house.parked() == sorted(bad)
    ledger = Ledger().take(platform.received)
    assert set(ledger.missing(STATION, house.epoch, 1_200)) == bad
    assert ledger.altered == 0


def test_a_desk_that_restarts_is_found_again_and_its_cursor_counts(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    """After a power cut control may remember an older cursor: the records repeat."""
    house.samples(100)
    house.delivered(uplink, 100)
    house.close_desk(forget=True)
    house.turn_until(uplink, lambda: not uplink._desk.connected)
    house.clock.at_ms += 10_000
    uplink.turn(house.clock)
    house.open_desk()
    house.clock.at_ms += 10_000
    house.samples(50)
    house.delivered(uplink, 150)
    assert assert_nothing_missing(house, platform, 150).duplicates == 100


def test_a_new_epoch_is_sent_from_its_first_record(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(20)
    house.delivered(uplink, 20)
    old = house.epoch
    house.replace_journal()
    assert house.epoch != old
    house.turn_until(uplink, lambda: not uplink._desk.connected)
    house.open_desk()
    house.samples(10)
    house.clock.at_ms += 10_000
    house.delivered(uplink, 10)
    ledger = Ledger().take(platform.received)
    assert ledger.missing(STATION, old, 20) == []
    assert ledger.missing(STATION, house.epoch, 10) == []
    assert ledger.duplicates == 0


def test_a_new_uplink_goes_on_where_the_desk_says(
    house: House, platform: SimulatedPlatform, uplink: Uplink, policy: UplinkPolicy
) -> None:
    house.samples(10)
    house.delivered(uplink, 10)
    second = SimulatedPlatform()
    with another(house, second, policy) as successor:
        house.samples(5)
        house.turn_until(successor, lambda: bool(second.received))
        assert numbers(second.received[0]) == [11, 12, 13, 14, 15]


def test_batches_fit_the_link_however_small_it_is(house: House, policy: UplinkPolicy) -> None:
    platform = SimulatedPlatform(window=2, batch_bytes_max=1_024)
    with another(house, platform, policy) as uplink:
        house.samples(200)
        house.delivered(uplink, 200)
    assert_everything_once_in_order(platform, 200)
    assert max(map(len, platform.received)) <= 1_024


def test_the_platform_is_not_hammered_while_it_is_away(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    platform.now.reachable = False
    house.turn_until(uplink, lambda: bool(house.desk.uplinks()["a"].reported.error))
    for _ in range(20):
        uplink._desk.close()
        uplink.turn(house.clock)
    assert platform.attempts == 1
    house.clock.at_ms += DELAY_MIN_MS
    uplink.turn(house.clock)
    assert platform.attempts == 2


def test_records_flow_while_status_has_nothing_new(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    """An outstanding long poll of one kind holds up no other."""
    house.samples(1)
    house.delivered(uplink, 1)
    for number in range(2, 12):
        house.write(EVENT)
        house.delivered(uplink, number)
    assert len(platform.states) == 1


def test_the_desk_is_told_how_the_link_is(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.turn_until(uplink, lambda: house.desk.uplinks()["a"].reported.connected)
    platform.now.reachable = False
    house.turn_until(uplink, lambda: not house.desk.uplinks()["a"].reported.connected)
    assert "out of reach" in house.desk.uplinks()["a"].reported.error
    platform.now.reachable = True
    house.clock.at_ms += DELAY_MIN_MS
    house.turn_until(uplink, lambda: house.desk.uplinks()["a"].reported.connected)
    assert house.desk.uplinks()["a"].reported.error == ""
