"""Records that somebody wants once more, a rate that a site sets, a name that is taken."""

import json
from collections.abc import Iterator

import pytest

from agent.desk.client import Client, DeskRefused
from agent.uplink.forward import Uplink, UplinkPolicy
from agent.uplink.retry import RIVAL_DOUBLINGS, SHORT_CAP_MS
from drivers.simulator.platform import SimulatedPlatform
from tests.reconcile import Ledger
from tests.shell.uplink.conftest import STATION, House

pytestmark = pytest.mark.usefixtures("short_turns")


@pytest.fixture
def admin(house: House) -> Iterator[Client]:
    with Client(house._folder / "admin.sock") as client:
        yield client


def again(house: House, admin: Client, first: int, last: int) -> None:
    number = admin.post("command", asked({"platform": "a", "first": first, "last": last}))
    house.obey()
    assert admin.answer(number, "command", 5.0)["verdict"]["refusal"] is None


def asked(fields: dict[str, object]) -> dict[str, object]:
    return {"actor": "li", "order": "ResendOrder", "fields": fields}


def numbers(payloads: list[bytes]) -> list[int]:
    return [
        row[0]
        for payload in payloads
        for group in json.loads(payload)["records"]
        for row in group["rows"]
    ]


def test_a_range_goes_once_more_and_the_cursor_stays(
    house: House, platform: SimulatedPlatform, uplink: Uplink, admin: Client
) -> None:
    house.samples(1_500)
    house.delivered(uplink, 1_500)
    before = len(platform.received)
    again(house, admin, 200, 1_400)
    house.turn_until(uplink, lambda: len(numbers(platform.received[before:])) == 1_201)
    assert numbers(platform.received[before:]) == [*range(200, 1_401)]
    assert house.desk.cursors()["a"] == 1_500
    ledger = Ledger().take(platform.received)
    assert (ledger.altered, ledger.late) == (0, 0), "exact copies"


def test_ranges_go_one_after_the_other_and_each_once(
    house: House, platform: SimulatedPlatform, uplink: Uplink, admin: Client
) -> None:
    house.samples(100)
    house.delivered(uplink, 100)
    before = len(platform.received)
    again(house, admin, 1, 3)
    again(house, admin, 50, 50)
    house.turn_until(uplink, lambda: len(numbers(platform.received[before:])) == 4)
    for _ in range(20):
        uplink.turn(house.clock)
    assert numbers(platform.received[before:]) == [1, 2, 3, 50]


def test_what_is_asked_for_while_the_platform_is_away_goes_when_it_is_back(
    house: House, platform: SimulatedPlatform, uplink: Uplink, admin: Client
) -> None:
    house.samples(10)
    house.delivered(uplink, 10)
    platform.now.reachable = False
    house.turn_until(uplink, lambda: uplink._link.limits is None)
    again(house, admin, 4, 6)
    platform.now.reachable = True
    house.clock.at_ms += 5_000
    before = len(platform.received)
    house.turn_until(uplink, lambda: numbers(platform.received[before:]) == [4, 5, 6])


def test_a_record_that_is_rejected_again_ends_nothing(
    house: House, platform: SimulatedPlatform, uplink: Uplink, admin: Client
) -> None:
    house.samples(20)
    house.delivered(uplink, 20)
    platform.now.rejects = lambda payload: 7 in numbers([payload])
    before = len(platform.received)
    again(house, admin, 5, 9)
    house.turn_until(uplink, lambda: numbers(platform.received[before:]) == [5, 6, 8, 9])
    assert house.parked() == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"platform": "c", "first": 1, "last": 2}, "there is: a, b"),
        ({"platform": "a", "first": 1, "last": 11}, "the newest is 10"),
        ({"platform": "a", "first": "0", "last": 1}, "first must be"),
    ],
)
def test_an_order_that_cannot_be_is_refused_in_words(
    house: House, admin: Client, fields: dict[str, object], why: str
) -> None:
    house.samples(10)
    with pytest.raises(DeskRefused, match=why):
        admin.call("command", asked(fields), 5.0)


def test_a_rate_holds_the_backlog_to_so_many_records_a_second(
    house: House, platform: SimulatedPlatform
) -> None:
    policy = UplinkPolicy(300_000, 600_000, records_per_s=100)
    uplink = house.uplink(platform, policy)
    house.samples(1_000)
    for second in range(1, 11):
        house.delivered(uplink, 100 * second)
        for _ in range(5):
            uplink.turn(house.clock)
        assert len(numbers(platform.received)) == 100 * second
        house.clock.at_ms += 1_000
    uplink.close(house.clock.monotonic_ms())
    assert Ledger().take(platform.received).missing(STATION, house.epoch, 1_000) == []


def test_a_name_that_was_taken_is_not_taken_back_at_once(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.turn_until(uplink, lambda: uplink._link.limits is not None)
    platform.now.rival, platform.now.reachable = True, False
    house.turn_until(uplink, lambda: uplink._link.limits is None)
    assert platform.attempts == 1
    house.clock.at_ms += (SHORT_CAP_MS << RIVAL_DOUBLINGS) // 2 - 1
    uplink.turn(house.clock)
    assert platform.attempts == 1
    house.clock.at_ms += 1
    uplink.turn(house.clock)
    assert platform.attempts == 2


def test_the_desk_hears_how_much_was_sent_and_what_went_wrong_last(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(20)
    house.delivered(uplink, 20)
    platform.now.reachable = False
    house.turn_until(uplink, lambda: bool(house.desk.uplinks()["a"].reported.error))
    platform.now.reachable = True
    house.clock.at_ms += 5_000
    house.turn_until(uplink, lambda: house.desk.uplinks()["a"].reported.connected)
    told = house.desk.uplinks()["a"].reported
    assert (told.delivered, told.batches, told.reconnects, told.rejected) == (20, 1, 1, 0)
    assert told.bytes == len(platform.received[0])
    assert told.error == ""
    assert "out of reach" in told.last_error
    assert told.last_error_utc_ms == house.clock.now().utc_ms
