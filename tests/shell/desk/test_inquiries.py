"""A technician's questions to the bus: who may ask, what may be asked, and who waits how long."""

from typing import Any

import pytest

from agent.core.model import Fault
from agent.desk import inquiries
from agent.desk.client import DeskRefused
from agent.ports import Finding, Inquiry
from tests.shell.desk.conftest import WAIT_S, House

QUESTION = {"bus": "meters", "unit": 7, "address": 100, "count": 2}


def waiting(house: House) -> Inquiry:
    """The question that the scan finds, once it has come through the socket."""
    other = house.client("admin")
    for _ in range(10_000):
        if (question := house.desk.inquiry()) is not None:
            return question
        other.call("hello", {}, WAIT_S)
    raise AssertionError("no question came")


def test_a_question_is_answered_by_the_scan(house: House) -> None:
    client = house.client("admin")
    number = client.post("bus_ask", QUESTION)
    question = waiting(house)
    assert question == Inquiry("meters", 7, 3, 100, 2, inquiries.PATIENCE_USUAL_MS)
    assert house.desk.inquiry() is question
    house.desk.found(question, Finding(words=(1, 2), turnaround_ms=9))
    assert house.desk.inquiry() is None
    client.call("hello", {}, WAIT_S)
    (reply,) = [one for one in client.take() if one.id == number]
    assert reply.result == {
        "words": [1, 2],
        "exception": None,
        "fault": None,
        "turnaround_ms": 9,
    }


def test_a_question_of_another_speed_says_so(house: House) -> None:
    other = {"baud": 19200, "parity": "E", "stop_bits": 1, "function": 4, "patience_ms": 500}
    house.client("admin").post("bus_ask", QUESTION | other)
    assert waiting(house) == Inquiry("meters", 7, 4, 100, 2, 500, 19200, "E", 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bus": "nowhere"}, "there is no bus 'nowhere': there are meters"),
        ({"unit": 0}, "unit must be a whole number from 1 to 247"),
        ({"unit": 248}, "unit must be a whole number from 1 to 247"),
        ({"function": 6}, "function must be a whole number from 3 to 4"),
        ({"function": 16}, "function must be a whole number from 3 to 4"),
        ({"count": 126}, "count must be a whole number from 1 to 125"),
        ({"address": 65535}, "end beyond register 65535"),
        ({"parity": "X"}, "parity must be one of N, E, O"),
        ({"baud": 1}, "baud must be a whole number from 1200 to 115200"),
        ({"values": [1]}, "'values' is not a field here"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    house: House, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(DeskRefused, match=why):
        house.client("admin").call("bus_ask", QUESTION | change, WAIT_S)
    assert house.desk.inquiry() is None


def test_an_uplink_asks_the_bus_nothing(house: House) -> None:
    with pytest.raises(DeskRefused, match="bus_ask is not for the socket of"):
        house.client("division").call("bus_ask", QUESTION, WAIT_S)


def test_a_question_without_room_is_given_up_and_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiries, "KEPT_S", 0.01)
    with pytest.raises(DeskRefused, match="left no room"):
        house.client("admin").call("bus_ask", QUESTION, WAIT_S)
    assert house.desk.inquiry() is None


def test_an_answer_to_a_question_that_was_given_up_reaches_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = house.client("admin")
    client.post("bus_ask", QUESTION)
    question = waiting(house)
    client.close()
    other = house.client("admin")
    while house.desk.inquiry() is not None:
        other.call("hello", {}, WAIT_S)
    house.desk.found(question, Finding(fault=Fault.TIMEOUT))


def test_questions_beyond_the_bound_are_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiries, "PENDING_MAX", 1)
    house.client("admin").post("bus_ask", QUESTION)
    waiting(house)
    with pytest.raises(DeskRefused, match="1 questions wait already"):
        house.client("admin").call("bus_ask", QUESTION, WAIT_S)
