"""Where a platform sends receipts of its own, only they move the cursor."""

import json

import pytest

from agent.ports import Word
from agent.uplink.forward import Uplink, UplinkPolicy
from agent.uplink.retry import DELAY_MIN_MS
from agent.uplink.sending import RECEIPT_PATIENCE_MS
from drivers.simulator.platform import SimulatedPlatform
from tests.reconcile import Ledger
from tests.shell.uplink.conftest import STATION, House

pytestmark = pytest.mark.usefixtures("short_turns")


@pytest.fixture
def policy() -> UplinkPolicy:
    return UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=600_000, receipts=True)


def stored(platform: SimulatedPlatform, house: House, number: int, epoch: str = "") -> None:
    told = {"epoch": epoch or house.epoch, "number": number}
    platform.say(Word.RECEIPT, json.dumps(told).encode())


def cursor(house: House) -> int:
    return house.desk.cursors().get("a", 0)


def sent_all(house: House, uplink: Uplink, platform: SimulatedPlatform, count: int) -> None:
    ledger = Ledger()

    def arrived() -> bool:
        payloads, platform.received = platform.received, []
        return len(ledger.take(payloads).records) == count

    house.turn_until(uplink, arrived)


def quiet(house: House, uplink: Uplink, turns: int = 20) -> None:
    for _ in range(turns):
        uplink.turn(house.clock)


def test_a_batch_that_only_the_broker_took_moves_no_cursor(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(30)
    sent_all(house, uplink, platform, 30)
    quiet(house, uplink)
    assert cursor(house) == 0
    stored(platform, house, 30)
    house.delivered(uplink, 30)


def test_a_receipt_may_end_in_the_middle_of_a_batch(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(30)
    sent_all(house, uplink, platform, 30)
    stored(platform, house, 17)
    house.delivered(uplink, 17)
    stored(platform, house, 30)
    house.delivered(uplink, 30)


def test_a_platform_that_stays_silent_gets_what_it_did_not_acknowledge_again(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(30)
    sent_all(house, uplink, platform, 30)
    stored(platform, house, 12)
    house.delivered(uplink, 12)
    house.clock.at_ms += RECEIPT_PATIENCE_MS
    house.turn_until(uplink, lambda: "no receipt" in house.desk.uplinks()["a"].reported.error)
    house.clock.at_ms += DELAY_MIN_MS
    house.turn_until(uplink, lambda: bool(platform.received))
    numbers = [row[0] for group in json.loads(platform.received[0])["records"] for row in
               group["rows"]]  # fmt: skip
    assert numbers == [*range(13, 31)]
    stored(platform, house, 30)
    house.delivered(uplink, 30)
    house.turn_until(uplink, lambda: not house.desk.uplinks()["a"].reported.error)


def test_a_receipt_retained_from_before_lets_a_new_uplink_begin_there(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    """A control that forgot a cursor in a power cut repeats nothing that the platform has."""
    house.samples(100)
    house.turn_until(uplink, lambda: uplink._link.limits is not None)
    stored(platform, house, 80)
    house.delivered(uplink, 80)
    platform.received.clear()
    house.samples(1)
    stored(platform, house, 101)
    house.delivered(uplink, 101)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"7", b'{"epoch":1,"number":2}', b'{"epoch":"e"}', b"\xff\xfe", b"[" * 9999,
     b'{"epoch":"e","number":-1}', b'{"epoch":"e","number":1e3}', b'{"epoch":"e","number":true}',
     b'{"epoch":"' + b"e" * 9999 + b'","number":1}'],
)  # fmt: skip
def test_rubbish_for_a_receipt_is_counted_and_moves_nothing(
    house: House, platform: SimulatedPlatform, uplink: Uplink, payload: bytes
) -> None:
    house.samples(10)
    sent_all(house, uplink, platform, 10)
    platform.say(Word.RECEIPT, payload)
    house.turn_until(uplink, lambda: uplink._telling.foreign == 1)
    assert cursor(house) == 0
    stored(platform, house, 10)
    house.delivered(uplink, 10)


def test_receipts_that_are_old_or_of_another_epoch_move_nothing(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(10)
    sent_all(house, uplink, platform, 10)
    stored(platform, house, 8)
    house.delivered(uplink, 8)
    stored(platform, house, 3)
    stored(platform, house, 9, epoch="another")
    quiet(house, uplink)
    assert cursor(house) == 8


def test_what_was_taken_and_not_receipted_when_the_link_fell_is_sent_again(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(1_200)
    house.turn_until(uplink, lambda: bool(platform.received))
    platform.now.reachable = False
    house.turn_until(uplink, lambda: uplink._link.limits is None)
    platform.now.reachable = True
    house.clock.at_ms += DELAY_MIN_MS
    ledger = Ledger()
    taken = 0

    def acknowledged() -> bool:
        nonlocal taken
        ledger.take(platform.received[taken:])
        taken = len(platform.received)
        if len(ledger.records) == 1_200:
            stored(platform, house, 1_200)
        return cursor(house) == 1_200

    house.turn_until(uplink, acknowledged)
    assert ledger.missing(STATION, house.epoch, 1_200) == []
    assert ledger.duplicates > 0
    assert ledger.late == 0
