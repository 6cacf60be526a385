"""Records of a newer version, which was rolled back: they wait, and all else goes on."""

import json

import pytest

from agent import rows, words
from agent.core import model
from agent.ports import Batch, RecordNewer
from agent.uplink.forward import Uplink
from drivers.payload.json import JsonCodec
from drivers.simulator.platform import SimulatedPlatform
from tests.shell.uplink.conftest import House
from tests.shell.uplink.test_forward import assert_everything_once_in_order, numbers

pytestmark = pytest.mark.usefixtures("short_turns")

NEW = model.RelayMoved(permitted=False, lapsed=True, reasons=(), withdrawn_l=None, remaining_l=None)
FAULT = "newer"


@pytest.fixture(
    params=[("moonlight", b"[1]"), ("gap", b'[1,2,3,"x","later"]')], ids=["kind", "row"]
)
def written_anew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer version writes in place of NEW what this one does not know."""
    usual = rows.encode_body

    def encode(body: model.Body) -> tuple[str, bytes]:
        return request.param if body == NEW else usual(body)

    monkeypatch.setattr(rows, "encode_body", encode)


def fault(house: House) -> str | None:
    return house.desk.uplinks()["a"].reported.fault


@pytest.mark.usefixtures("written_anew")
def test_records_of_a_newer_version_wait_and_keep_back_no_state_and_no_older_record(
    house: House, platform: SimulatedPlatform, uplink: Uplink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The uplink ended at each start, and with it the live state and every order."""
    house.samples(600)
    house.write(NEW)
    house.samples(3)
    house.turn_until(uplink, lambda: fault(house) == FAULT)
    house.delivered(uplink, 600)
    assert_everything_once_in_order(platform, 600)
    states = len(platform.states)
    house.publish(2)
    house.turn_until(uplink, lambda: len(platform.states) > states)
    said = house.desk.uplinks()["a"].reported
    assert said.error.startswith("record 601, ")
    picture = {"fault": said.fault, "error": said.error}
    assert "install that version again (record 601" in words.link_trouble(picture, "en")
    _upgrade(monkeypatch)
    house.clock.at_ms += 600_000
    house.delivered(uplink, 604)
    assert [n for payload in platform.received for n in numbers(payload)] == [*range(1, 605)]


@pytest.mark.usefixtures("written_anew")
def test_of_a_range_that_is_wanted_again_what_is_newer_is_left_out(
    house: House, platform: SimulatedPlatform, uplink: Uplink
) -> None:
    house.samples(3)
    house.write(NEW)
    house.samples(3)
    house.desk._clients.move("a", 7, 7)
    house.desk._clients.resend("a", 2, 6)
    house.turn_until(uplink, lambda: house.desk._clients.next_resend("a") is None)
    assert [n for payload in platform.received for n in numbers(payload)] == [2, 3, 5, 6]


def _upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newer version again: it knows what it wrote."""
    usual = JsonCodec.encode_records

    def encode(codec: JsonCodec, batch: Batch) -> bytes:
        try:
            return usual(codec, batch)
        except RecordNewer:
            told = [[one.number] for one in batch.records]
            return json.dumps({"records": [{"rows": told}]}).encode()

    monkeypatch.setattr(JsonCodec, "encode_records", encode)
