"""Clients without manners: each spends its own allowance, and nobody else waits for it."""

import contextlib
import json
import select
import socket
import threading
from typing import Any

import pytest

WAIT_S = 20.0


def _answer(raw: socket.socket) -> Any:
    line = b""
    while not line.endswith(b"\n"):
        more = raw.recv(1 << 16)
        assert more, "the desk hung up without a word"
        line += more
    return json.loads(line)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\n", -32700),
        (b"{\n", -32700),
        (b"\xff\xfe\n", -32700),
        (b"[" * 60_000 + b"\n", -32700),
        (b"9" * 5000 + b"\n", -32700),
        (b"[]\n", -32600),
        (b"null\n", -32600),
        (b'{"jsonrpc":"2.0","method":"hello"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"hello"}\n', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"hello"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":["hello"]}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"hello","params":[1]}\n', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"records","params":{"after":NaN}}\n', -32602),
    ],
)
def test_a_line_that_is_no_request_gets_one_error_and_the_next_is_served(
    house: Any, line: bytes, code: int
) -> None:
    raw = house.raw("division")
    raw.sendall(line)
    assert _answer(raw)["error"]["code"] == code
    raw.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
    assert _answer(raw)["result"]["client"] == "division"
    assert house.desk.dropped == 0
    raw.close()


def test_a_line_without_end_is_dropped_and_counted(house: Any) -> None:
    raw = house.raw("division")
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        raw.sendall(b"x" * (1 << 24))
    assert house.client("region").call("hello", {}, WAIT_S)["client"] == "region"
    assert house.desk.dropped == 1
    raw.close()


def test_half_a_line_is_waited_for_only_so_long(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.desk.session.HALF_LINE_S", 0.05)
    raw = house.raw("division")
    raw.sendall(b'{"jsonrpc":')
    assert raw.recv(1) == b""
    idle = house.raw("division")
    other = house.client("region")
    for _ in range(20):
        other.call("hello", {}, WAIT_S)
    idle.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
    assert _answer(idle)["id"] == 1
    idle.close()
    raw.close()


def test_a_client_that_never_reads_is_dropped_and_the_others_are_served(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.desk.session.STALL_S", 0.2)
    for _ in range(20):
        house.write(1000)
    raw = house.raw("division")
    page = b'{"jsonrpc":"2.0","id":1,"method":"records","params":{"after":0,"limit":1000}}\n'
    raw.sendall(page * 20)
    other = house.client("region")
    after = 0
    while after < 20_000:
        after = other.call("records", {"after": after, "limit": 1000}, WAIT_S)["records"][-1][0]
    for _ in range(1000):
        other.call("hello", {}, WAIT_S)
        if house.desk.dropped:
            break
    assert house.desk.dropped == 1
    rest = b""
    while more := raw.recv(1 << 20):  # what was in the kernel's buffer, then the end
        rest += more
    assert rest.count(b"\n") < 20
    raw.close()


def test_requests_beyond_the_bound_wait_until_an_earlier_one_is_answered(house: Any) -> None:
    client = house.client("division")
    polls = [client.post("records", {"after": 0, "limit": 1, "wait_ms": 30_000}) for _ in range(8)]
    beyond = client.post("hello", {})
    other = house.client("division")
    for _ in range(20):
        other.call("hello", {}, WAIT_S)
    house.write(1)
    seen: list[int] = []
    while len(seen) < len(polls) + 1:
        assert select.select([client], [], [], WAIT_S)[0]
        seen += [reply.id for reply in client.take()]
    assert sorted(seen) == [*polls, beyond]
    assert seen[0] in polls


def test_too_many_connections_of_one_client_are_refused_and_others_are_served(house: Any) -> None:
    crowd = [house.raw("division") for _ in range(8)]
    for one in crowd:
        one.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
        assert _answer(one)["id"] == 1
    refused = house.raw("division")
    assert _answer(refused)["error"]["code"] == -32002
    assert refused.recv(1) == b""
    assert house.client("region").call("hello", {}, WAIT_S)["client"] == "region"
    for one in (*crowd, refused):
        one.close()


def test_a_flood_neither_starves_another_client_nor_the_scan(house: Any) -> None:
    """The flood runs all the while; the others do a fixed amount of work and come through."""
    house.write(1000)
    raw = house.raw("division")
    enough = threading.Event()
    page = b'{"jsonrpc":"2.0","id":1,"method":"records","params":{"after":0}}\n'

    def swallow() -> None:
        # A flooder that reads too slowly for the desk is hung up on: that too is an end.
        with contextlib.suppress(OSError):
            while raw.recv(1 << 20):
                pass

    def flood() -> None:
        with contextlib.suppress(OSError):
            while not enough.is_set():
                raw.sendall(page * 100)

    threads = [threading.Thread(target=swallow), threading.Thread(target=flood)]
    for thread in threads:
        thread.start()
    other = house.client("region")
    for n in range(100):
        house.write(1)
        page_ = other.call("records", {"after": 1000 + n, "wait_ms": 30_000}, WAIT_S)
        assert [row[0] for row in page_["records"]] == [1001 + n]
    enough.set()
    raw.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(WAIT_S)
    raw.close()
