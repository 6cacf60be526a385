"""Room rule: signed commands that come too fast, or while a disk or the notary fails."""

import threading

import pytest

from agent.core.model import Verdict
from agent.desk.client import Client, DeskRefused
from agent.desk.gate import PENDING_MAX, VERIFIED_PER_S
from tests.shell.desk.conftest import WAIT_S
from tests.shell.desk.signing_station import TURNS_MAX, Station


def test_while_nobody_can_check_a_signature_the_sender_may_ask_again(station: Station) -> None:
    station.prover.gone = True
    with pytest.raises(DeskRefused, match="try again"):
        station.hand_in(token := station.token())
    station.prover.gone = False
    assert station.hand_in(token)["result"]["accepted"]


def test_signatures_are_checked_at_a_bounded_pace(station: Station) -> None:
    """All at once: what would have to wait for long is sent away."""
    clients = [Client(station.folder / "bureau.sock") for _ in range(4)]
    for client in clients:
        for _ in range(7):
            client.post("signed_command", {"token": "x"})
    refused = served = 0
    for _ in range(TURNS_MAX):
        for client in clients:
            for reply in client.take():
                refused += reply.error is not None
                served += reply.error is None
        if refused + served == 28:
            break
        station.turn(*clients)
    for client in clients:
        client.close()
    assert refused > 0
    assert served <= 2 * VERIFIED_PER_S


def test_one_platform_does_not_fill_the_inbox_of_all(station: Station) -> None:
    mine = [Client(station.folder / "division.sock") for _ in range(2)]
    for client in mine:
        for _ in range(5):
            client.post("signed_command", {"token": station.token(order="report", fields={})})
    refused = 0
    for _ in range(TURNS_MAX):
        refused += sum(reply.error is not None for client in mine for reply in client.take())
        if refused == 10 - PENDING_MAX:
            break
        threading.Event().wait(0.005)
    assert refused == 10 - PENDING_MAX
    told = station.hand_in(
        station.token("bureau", iss="bureau", order="report", fields={}), "bureau"
    )
    assert told["result"]["accepted"]
    for client in mine:
        client.close()


def test_who_hung_up_while_the_disk_failed_waits_for_nothing(station: Station) -> None:
    """A link that came and went left one behind each time, as long as nothing could be written."""
    token, admin = station.token(jti="again"), station.client("admin")

    def until_listen(count: int) -> None:
        for _ in range(TURNS_MAX):
            admin.call("hello", {}, WAIT_S)
            pending = tuple(station.desk._inbox._pending.values())
            if sum(len(one.listeners) for one in pending) == count:
                return
        raise AssertionError(f"not {count} within the bound: {pending}")

    for _ in range(3):
        with Client(station.folder / "division.sock") as client:
            client.post("signed_command", {"token": token})
            until_listen(1)
        until_listen(0)
    station.scan()
    assert station.allocated_l == 105_000, "it was carried out all the same, once"


@pytest.mark.parametrize(("door", "told"), [("division", True), ("admin", False)])
def test_a_platform_hears_of_a_held_stop_when_it_is_written_and_who_stands_here_at_once(
    station: Station, door: str, *, told: bool
) -> None:
    """Its broker keeps the stop until then, so that a power cut does not lose it."""
    asking = station.client(door)
    token = station.token(order="stop", fields={"reason": "x"})
    number = asking.post("signed_command", {"token": token})
    for _ in range(TURNS_MAX):
        asking.call("hello", {}, WAIT_S)
        if stops := station.desk.stops():
            break
    (stop,) = stops
    verdict = Verdict(stop.id, stop.origin, stop.actor, "StopOrder", None, None)
    station.desk.hold([stop])
    station.desk.tell_held([verdict])
    asking.call("hello", {}, WAIT_S)  # an answer that was due is here
    assert [one.id for one in asking.take() if one.id == number] == ([] if told else [number])
    if told:
        station.scan()
        assert asking.answer(number, "signed_command", WAIT_S)["written"] is True
