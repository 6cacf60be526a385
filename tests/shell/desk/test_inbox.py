"""Room rule: commands at the desk: asked once, answered after their verdict, and bounded."""

import os
from typing import Any

import pytest

from agent import rows
from agent.core.model import (
    AllocateOrder,
    AllocationKind,
    Balance,
    Command,
    FitMeterOrder,
    Origin,
    Refusal,
    Refused,
    Role,
    Verdict,
)
from agent.desk.client import Client
from agent.desk.server import Desk
from tests.shell.desk.conftest import WAIT_S, refused, taken

PLAN = {"year": 2026, "kind": "plan", "volume_l": 62_500_000, "document": "师水〔2026〕7号"}


def _commands(desk: Desk, client: Client) -> tuple[Command, ...]:
    """Wait until the inbox has what this client posted: the answer to a later request says so."""
    client.call("hello", {}, WAIT_S)
    return desk.take(100)


def test_a_command_is_answered_after_its_verdict_and_names_who_asked(house: Any) -> None:
    client = house.client("admin")
    asked = client.post("command", {"actor": " 李工 ", "order": "AllocateOrder", "fields": PLAN})
    (command,) = _commands(house.desk, client)
    assert command.origin is Origin.ADMIN
    assert command.actor == f"李工 (uid {os.getuid()})"
    assert command.order == AllocateOrder(
        2026, AllocationKind.PLAN, 62_500_000, "师水〔2026〕7号", None
    )
    assert client.take() == []
    verdict = Verdict(
        command.id, Origin.ADMIN, command.actor, "AllocateOrder", None, Balance(2026, 9, 4)
    )
    house.desk.answer([verdict])
    (reply,) = taken(client)
    assert reply.id == asked
    # Every field of the verdict under its name, and what remains, which is no field but a sum.
    told = rows.named(verdict)
    told["balance"]["remaining_l"] = 5
    assert reply.result == {"verdict": told, "written": True}
    assert told["command_id"] == command.id
    assert told["balance"]["allocated_l"] == 9


def test_a_refusal_reaches_who_asked(house: Any) -> None:
    client = house.client("admin")
    fields = {"role": "power_meter", "serial": "E1", "displayed": 5, "document": "d"}
    client.post("command", {"actor": "a", "order": "FitMeterOrder", "fields": fields})
    (command,) = _commands(house.desk, client)
    assert command.order == FitMeterOrder(Role.POWER_METER, "E1", 5, "d")
    refusal = Refusal(Refused.DISPLAY_DISAGREES, "5", "9")
    house.desk.answer([Verdict(command.id, Origin.ADMIN, "a", "FitMeterOrder", refusal, None)])
    (reply,) = taken(client)
    assert reply.result["verdict"]["refusal"] == {
        "reason": "display_disagrees",
        "given": "5",
        "expected": "9",
    }


def test_what_was_put_back_is_taken_again_first_and_in_order(house: Any) -> None:
    client = house.client("admin")
    for _ in range(3):
        client.post("command", {"actor": "a", "order": "AllocateOrder", "fields": PLAN})
    first = _commands(house.desk, client)
    assert len(first) == 3
    client.post("command", {"actor": "b", "order": "AllocateOrder", "fields": PLAN})
    client.call("hello", {}, WAIT_S)
    house.desk.put_back(first)
    assert house.desk.take(2) == first[:2]
    assert [command.actor[0] for command in house.desk.take(9)] == ["a", "b"]


def test_a_command_twice_is_pending_once_and_both_who_asked_are_told(house: Any) -> None:
    one, two = house.client("admin"), house.client("admin")
    fields = {"actor": "a", "order": "AllocateOrder", "fields": PLAN, "id": "retry-1"}
    one.post("command", fields)
    (command,) = _commands(house.desk, one)
    two.post("command", fields)
    assert _commands(house.desk, two) == ()
    other = {**fields, "fields": {**PLAN, "year": 2027}}
    assert "belongs to another command" in str(refused(two, "command", other))
    one.close()
    house.desk.answer([Verdict(command.id, Origin.ADMIN, "a", "AllocateOrder", None, None)])
    (reply,) = taken(two)
    assert reply.result["verdict"]["command_id"] == "retry-1"


def test_who_hangs_up_does_not_cancel_the_command(house: Any) -> None:
    client = house.client("admin")
    client.post("command", {"actor": "a", "order": "AllocateOrder", "fields": PLAN})
    client.call("hello", {}, WAIT_S)
    client.close()
    house.client("admin").call("hello", {}, WAIT_S)
    (command,) = house.desk.take(9)
    house.desk.answer([Verdict(command.id, Origin.ADMIN, "a", "AllocateOrder", None, None)])


def test_a_full_inbox_says_so(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.desk.inbox.PENDING_MAX", 2)
    client = house.client("admin")
    fields = {"actor": "a", "order": "AllocateOrder", "fields": PLAN}
    client.post("command", fields)
    client.post("command", fields)
    refusal = refused(client, "command", fields)
    assert refusal.code == -32002
    assert "try again" in str(refusal)
    (command, _) = house.desk.take(9)
    house.desk.answer([Verdict(command.id, Origin.ADMIN, "a", "AllocateOrder", None, None)])
    client.post("command", fields)
    assert len(_commands(house.desk, client)) == 1


@pytest.mark.parametrize(
    ("order", "fields", "problems"),
    [
        ("Drain", {}, ["order must be one of A", ", AllocateOrder, "]),
        ("AllocateOrder", [], ["fields must be an object"]),
        (
            "AllocateOrder",
            {"year": "2026", "kind": "gift", "volume_l": 1.5, "pump": 1, "expires_utc_ms": "x"},
            [
                "year must be a whole number",
                "kind must be one of provisional, plan, addition, reduction, transfer_in",
                "volume_l must be a whole number",
                "document is missing",
                "expires_utc_ms must be a whole number",
                "'pump' is not a field here",
            ],
        ),
        ("AllocateOrder", {**PLAN, "volume_l": True}, ["volume_l must be"]),
        ("AllocateOrder", {**PLAN, "volume_l": 2**70}, ["volume_l must be"]),
        ("AllocateOrder", {**PLAN, "document": "a\nb"}, ["document must be"]),
        ("AllocateOrder", {**PLAN, "document": "\ud800"}, ["document must be"]),
        ("AllocateOrder", {**PLAN, "document": "x" * 201}, ["document must be"]),
        (
            "SetupOrder",
            {"step": "clock", "outcome": "done", "facts": "x=1", "curve": [1, 2.5]},
            ["facts must be a list of at most", "curve must be a list of at most"],
        ),
        ("SetupOrder", {"step": "x", "outcome": "done", "curve": [0] * 5000}, ["step", "curve"]),
        ("FitMeterOrder", {**PLAN, "role": ["pump"]}, ["role must be one of flow_meter"]),
    ],
)
def test_every_wrong_field_of_an_order_is_named_at_once(
    house: Any, order: str, fields: object, problems: list[str]
) -> None:
    refusal = refused(
        house.client("admin"), "command", {"actor": "a", "order": order, "fields": fields}
    )
    assert refusal.code == -32602
    for problem in problems:
        assert problem in str(refusal)
    assert house.desk.take(9) == ()
