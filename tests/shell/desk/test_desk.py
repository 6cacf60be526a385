"""Room rule: the desk over its real sockets: what it serves, to whom, and what it refuses."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import rows
from agent.catalogue import Told
from agent.desk.client import Client, DeskGone
from agent.desk.door import DeskBlocked
from agent.desk.server import Desk
from agent.journal import Journal, Parked
from agent.status import Reported, UplinkPicture
from tests.shell.desk.conftest import WAIT_S, refused, taken


def test_hello_says_who_is_who(house: Any) -> None:
    assert house.client("division").call("hello", {}, WAIT_S) == {
        "station": "w-1",
        "version": "0.1.0",
        "epoch": house.journal.epoch,
        "client": "division",
    }


def test_records_are_served_as_they_were_stored_with_the_head(house: Any) -> None:
    house.write(5)
    page = house.client("region").call("records", {"after": 2, "limit": 2}, WAIT_S)
    assert page["epoch"] == house.journal.epoch
    assert page["head"] == [5, house.journal.head.hash.hex()]
    assert [row[:4] for row in page["records"]] == [
        [3, 1_767_200_000_003, False, "sample"],
        [4, 1_767_200_000_004, True, "sample"],
    ]
    body = rows.from_row(rows.BODIES["sample"], page["records"][0][4])
    assert (body.forward_total_l, body.withdrawn_l) == (3, 3)


def test_a_long_poll_wakes_with_the_commit_and_others_are_served_meanwhile(house: Any) -> None:
    client = house.client("region")
    waiting = client.post("records", {"after": 0, "limit": 10, "wait_ms": 30_000})
    status = client.post("status", {"revision": None, "wait_ms": 30_000})
    assert client.call("cursor", {}, WAIT_S)["number"] == 0
    assert client.take() == []
    house.write(3)
    (reply,) = taken(client)
    assert reply.id == waiting
    assert [row[0] for row in reply.result["records"]] == [1, 2, 3]
    house.desk.publish({"permitted": False}, key=1)
    (reply,) = taken(client)
    assert reply.id == status
    assert reply.result["state"] == {"permitted": False}


def test_a_long_poll_that_is_over_returns_what_there_is(house: Any) -> None:
    page = house.client("region").call("records", {"after": 0, "limit": 9, "wait_ms": 1}, WAIT_S)
    assert page["records"] == []
    assert page["head"][0] == 0
    assert house.client("admin").call("status", {"revision": None, "wait_ms": 1}, WAIT_S) == {
        "revision": None,
        "state": None,
    }


def test_the_revision_follows_the_key_and_the_state_is_always_the_newest(house: Any) -> None:
    client = house.client("admin")
    house.desk.publish({"at": 1}, key=("cut",))
    first = client.call("status", {"revision": None, "wait_ms": 30_000}, WAIT_S)
    house.desk.publish({"at": 2}, key=("cut",))
    same = client.call("status", {"revision": first["revision"], "wait_ms": 0}, WAIT_S)
    assert same == {"revision": first["revision"], "state": {"at": 2}}
    waiting = client.post("status", {"revision": first["revision"], "wait_ms": 30_000})
    house.desk.publish({"at": 3}, key=("permit",))
    (reply,) = taken(client)
    assert reply.id == waiting
    assert reply.result["revision"] != first["revision"]
    assert reply.result["state"] == {"at": 3}


def test_a_cursor_moves_forward_within_the_epoch_and_survives_with_the_commit(
    house: Any, folder: Path
) -> None:
    house.write(5)
    client = house.client("division")
    epoch = house.journal.epoch
    assert client.call("move_cursor", {"epoch": epoch, "number": 4}, WAIT_S) == {"number": 4}
    assert client.call("move_cursor", {"epoch": epoch, "number": 4}, WAIT_S) == {"number": 4}
    assert "goes forward" in str(refused(client, "move_cursor", {"epoch": epoch, "number": 3}))
    assert "newest record is 5" in str(
        refused(client, "move_cursor", {"epoch": epoch, "number": 6})
    )
    assert "is of epoch" in str(refused(client, "move_cursor", {"epoch": "0", "number": 5}))
    assert house.desk.cursors() == {"division": 4, "region": 0}
    house.write(1, cursors=house.desk.cursors())
    assert house.journal.cursors() == {"division": 4, "region": 0}
    assert client.call("cursor", {}, WAIT_S) == {"epoch": epoch, "number": 4}


def test_a_parked_record_is_said_until_the_journal_holds_it_and_counted_once(house: Any) -> None:
    house.write(3)
    client = house.client("region")
    for _ in range(3):
        assert client.call("park", {"number": 2, "reason": "schema"}, WAIT_S) == {}
    assert "there is no record 4" in str(refused(client, "park", {"number": 4, "reason": ""}))
    park = Parked("region", 2, "schema")
    assert house.desk.parked() == house.desk.parked() == (park,)
    house.write(1, parked=house.desk.parked())
    client.call("hello", {}, WAIT_S)
    assert house.desk.parked() == ()
    client.call("park", {"number": 2, "reason": "again"}, WAIT_S)
    assert house.desk.parked() == ()
    assert house.desk.uplinks()["region"].parked == 1


def test_an_uplink_is_what_it_reports_while_it_is_connected(house: Any) -> None:
    away = UplinkPicture(cursor=0, parked=0)
    assert away.reported.error == "the uplink is not running"
    assert house.desk.uplinks() == {"division": away, "region": away}
    client = house.client("region")
    ends = Told("certificate.expired", whose=Told("certificate.broker"), day="2027-01-15")
    fields = {"connected": True, "error": "", "delivered": 7, "warning": ends.named()}
    client.call("report", fields, WAIT_S)
    there = house.desk.uplinks()["region"].reported
    expected = Reported(connected=True, fault=None, error="", delivered=7, warning=there.warning)
    assert there == expected
    assert there.warning is not None
    assert there.warning.said("zh") == "平台证书已于 2027-01-15 到期，更换之前无法连接平台"
    assert house.desk.uplinks()["division"] == away
    client.close()
    with house.client("admin") as admin:
        # The desk hears of the hang-up in its own time; ask it until it did.
        for _ in range(1000):
            admin.call("hello", {}, WAIT_S)
            if not house.desk.uplinks()["region"].reported.connected:
                break
    assert house.desk.uplinks()["region"].reported.error == "the uplink is not running"


@pytest.mark.parametrize(
    ("client", "request_", "code", "words"),
    [
        ("division", ("command", {}), -32001, "command is not for the socket of division"),
        ("admin", ("cursor", {}), -32001, "cursor is not for the socket of admin"),
        ("admin", ("park", {"number": 1, "reason": ""}), -32001, "not for the socket"),
        ("admin", ("drop", {}), -32601, "'drop' is no method: there are accounts, bus_ask"),
        ("admin", ("\ud800", {}), -32601, "is no method"),
        ("admin", ("records", {"after": -1}), -32602, "after must be a whole number from 0"),
        ("admin", ("records", {"after": 2**63}), -32602, "after must be"),
        ("admin", ("records", {"after": 0, "limit": 1001}), -32602, "limit must be"),
        ("admin", ("records", {"after": 0, "wait_ms": 1e3}), -32602, "wait_ms must be"),
        ("admin", ("records", {"after": 0, "\ud800": 1}), -32602, "is not a field here"),
        ("admin", ("records", {"x": 1}), -32602, "after must be a whole number"),
        ("admin", ("status", {"revision": "a"}), -32602, "revision must be"),
        ("admin", ("command", {"actor": "  "}), -32602, "order must be one of"),
        ("division", ("park", {"number": 1, "reason": 5}), -32602, "reason must be a text"),
        (
            "division",
            ("report", {"connected": 1}),
            -32602,
            "connected must be true or false; error",
        ),
        (
            "division",  # in its own picture, which every other uplink sends
            ("report", {"last_error_utc_ms": 2**53 - 1}),
            -32602,
            f"last_error_utc_ms must be a whole number from 0 to {2**47}",
        ),
        (
            "division",  # it chooses no other sentence of ours
            ("report", {"warning": {"key": "notary.died", "values": {}}}),
            -32602,
            "warning must be a sentence of the catalogue's certificate",
        ),
    ],
)
def test_a_request_that_may_not_be_is_refused_in_words(
    house: Any, client: str, request_: tuple[str, dict[str, Any]], code: int, words: str
) -> None:
    refusal = refused(house.client(client), *request_)
    assert refusal.code == code
    assert words in str(refusal)


def test_an_uplink_loads_neither_database_nor_server() -> None:
    script = (
        "import sys, agent.desk.client;"
        "print(*({'sqlite3', 'asyncio', 'agent.journal', 'agent.desk.server', 'agent.core.model',"
        " 'typing_extensions', 'tinydb'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_without_a_desk_the_client_says_what_to_do(folder: Path) -> None:
    with pytest.raises(DeskGone, match=r"sock: No such file"):
        Client(folder / "admin.sock")


def test_a_desk_that_lets_nobody_in_is_gone_and_not_waited_for(folder: Path) -> None:
    """A control that is stopped: the kernel queues a few callers for it, and holds up the next."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / "admin.sock"))
    door.listen(0)
    queued = Client(folder / "admin.sock")
    with pytest.raises(DeskGone, match="is control stopped"):
        Client(folder / "admin.sock")
    queued.close()
    door.close()


def test_a_desk_that_hangs_up_is_gone_for_a_caller_and_for_a_loop(house: Any) -> None:
    caller, loop = house.client("admin"), house.client("region")
    caller.call("hello", {}, WAIT_S)
    loop.call("hello", {}, WAIT_S)
    loop.post("records", {"after": 0, "limit": 1, "wait_ms": 30_000})
    with pytest.raises(DeskGone, match="no answer to records within"):
        caller.call("records", {"after": 0, "wait_ms": 30_000}, 0.01)
    house.desk.close()
    with pytest.raises(DeskGone, match=r"admin\.sock: "):
        caller.call("hello", {}, WAIT_S)
    with pytest.raises(DeskGone, match="hung up"):
        taken(loop)
    assert not house.path("admin").exists()
    reopened = Desk(
        {"admin": house.path("admin")},
        house.folder / "journal.db",
        station="w-1",
        version="0.1.0",
        cursors={},
    )
    house.desk = reopened
    assert house.client("admin").call("hello", {}, WAIT_S)["station"] == "w-1"


def test_a_stale_socket_makes_way_and_only_owner_and_group_may_connect(
    house: Any, folder: Path
) -> None:
    """A killed control leaves its sockets behind."""
    path = folder / "left.sock"
    os.link(house.path("admin"), path)
    desk = Desk({"admin": path}, folder / "journal.db", station="w", version="1", cursors={})
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with Client(path) as client:
        assert client.call("hello", {}, WAIT_S)["station"] == "w"
    desk.close()


@pytest.mark.parametrize("name", ["x" * 120, "taken"])
def test_a_socket_that_cannot_be_opened_is_said_with_what_to_do(
    house: Any, folder: Path, name: str
) -> None:
    (folder / "taken.sock").write_text("a file")
    with pytest.raises(DeskBlocked, match=r"station\.run_dir"):
        Desk(
            {name: folder / f"{name}.sock"},
            folder / "journal.db",
            station="w",
            version="1",
            cursors={},
        )


def test_a_fault_of_ours_in_the_desk_ends_the_scan_too(folder: Path) -> None:
    """A desk that died quietly would be a station that nobody can reach."""
    journal = Journal.open(folder / "journal.db")
    sockets = {"admin": folder / "admin.sock"}
    desk = Desk(sockets, folder / "journal.db", station="w", version="1", cursors={})
    desk._call(lambda: 1 // 0)
    with pytest.raises(ExceptionGroup):
        desk._thread.result(WAIT_S)
    for call in (lambda: desk.take(1), lambda: desk.publish({}, 1), desk.close):
        with pytest.raises(ExceptionGroup) as raised:
            call()
        assert raised.group_contains(ZeroDivisionError)
    desk._undo.close()
    journal.close()


def test_the_wire_is_what_the_documents_say(house: Any) -> None:
    """Plain bytes, as any program could send them."""
    raw = house.raw("admin")
    raw.sendall(b'{"jsonrpc":"2.0","id":"a","method":"hello"}\n{"jsonrpc":"2.0","id":2,"met')
    raw.sendall(b'hod":"drop","params":{}}\n')
    lines = raw.makefile("rb")
    first, second = sorted((json.loads(lines.readline()) for _ in range(2)), key=str)
    answers = {str(first["id"]): first, str(second["id"]): second}
    assert answers["a"]["result"]["client"] == "admin"
    assert answers["a"]["jsonrpc"] == "2.0"
    assert answers["2"]["error"]["code"] == -32601
    raw.close()
