"""Anything at all on the wire: one answer a line, others served, the scan not kept waiting."""

import json
import socket
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.desk.fields import Fields
from agent.desk.room import Answer, Caller, Room
from agent.desk.wire import REQUEST_BYTES_MAX
from agent.journal import Transaction, Writer
from tests.shell.desk.conftest import sample

WAIT_S = 20.0
EXAMPLES = 60
METHODS = (
    "hello", "records", "cursor", "move_cursor", "ahead", "park", "status", "report", "command",
    "signed_command", "turned_away", "bus_ask", "drop", "",
)  # fmt: skip
FIELDS = (
    "after", "limit", "wait_ms", "epoch", "number", "hash", "reason", "revision", "connected",
    "error", "delivered", "actor", "order", "fields", "platform", "from", "to", "x",
)  # fmt: skip

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
# No answer may be long in coming: a wait that is asked for is a short one.
fields = st.dictionaries(st.sampled_from(FIELDS), plain, max_size=5).map(
    lambda given: {**given, "wait_ms": 0} if "wait_ms" in given else given
)
requests = st.builds(
    lambda number, method, given: json.dumps(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": given}
    ).encode(),
    plain,
    st.sampled_from(METHODS),
    fields,
)
lines = st.one_of(
    requests,
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" ")),
    st.recursive(plain, lambda inner: st.lists(inner, max_size=4), max_leaves=10).map(
        lambda value: json.dumps(value).encode()
    ),
    st.tuples(requests, st.integers(0, 200)).map(lambda cut: cut[0][: cut[1]]),
)


def answers(raw: socket.socket, count: int) -> list[Any]:
    got = b""
    while got.count(b"\n") < count:
        more = raw.recv(1 << 20)
        assert more, "the desk hung up on a client that kept its bounds"
        got += more
    return [json.loads(line) for line in got.splitlines()]


@pytest.mark.parametrize("door", ["division", "admin"])
def test_every_line_gets_one_answer_whatever_it_is(house: Any, door: str, soak: int) -> None:
    house.write(3)
    other = house.client("region")

    @settings(max_examples=EXAMPLES * soak, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(lines, min_size=1, max_size=7), st.integers(1, 100))
    def answered(given_lines: list[bytes], piece: int) -> None:
        stream = b"".join(line + b"\n" for line in given_lines)
        with house.raw(door) as raw:
            # In pieces of any size, as a stream may come.
            for begin in range(0, len(stream), piece):
                raw.sendall(stream[begin : begin + piece])
            said = answers(raw, len(given_lines))
        assert len(said) == len(given_lines)
        for one in said:
            assert one["jsonrpc"] == "2.0"
            assert ("result" in one) != ("error" in one)
            if "error" in one:
                assert one["error"]["code"] in range(-32700, -31999)
                assert one["error"]["message"]
        # What only a scan can do, nobody did; and others are served.
        assert house.desk.dropped == 0
        assert other.call("hello", {}, WAIT_S)["client"] == "region"
        head = house.journal.head.number
        house.write(1)
        page = other.call("records", {"after": head, "wait_ms": 30_000}, WAIT_S)
        assert [row[0] for row in page["records"]] == [head + 1]
        taken = house.desk.take(8)
        assert door == "admin" or taken == ()

    answered()


@pytest.mark.parametrize(
    "flood",
    [
        b"x" * (REQUEST_BYTES_MAX + 1),
        b'{"a":"' + b"y" * REQUEST_BYTES_MAX + b'"}\n',
        b"\x00" * (4 * REQUEST_BYTES_MAX),
    ],
)
def test_what_breaks_a_bound_is_one_counted_error_and_no_growth(house: Any, flood: bytes) -> None:
    at_rest = threading.active_count()
    for turn in range(1, 20):
        raw = house.raw("division")
        try:
            raw.sendall(flood)
            while raw.recv(1 << 16):
                pass
        except OSError:
            pass  # it hung up while we still talked
        raw.close()
        assert house.client("region").call("hello", {}, WAIT_S)["client"] == "region"
        house.clients.pop().close()
        assert house.desk.dropped == turn
    assert threading.active_count() == at_rest


def test_a_desk_that_stands_still_does_not_hold_up_the_scan(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst that all clients together can do is to stop its thread; here it is stopped."""
    entered, go_on = threading.Event(), threading.Event()

    async def stuck(room: Room, caller: Caller, given: Fields) -> Answer:
        entered.set()
        assert go_on.wait(WAIT_S)
        return lambda: b"{}"

    monkeypatch.setitem(_methods(), "hello", stuck)
    raw = house.raw("division")
    raw.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
    assert entered.wait(WAIT_S)
    writer = Writer(house.journal, house.desk.committed)
    for n in range(50):
        assert house.desk.take(8) == ()
        assert writer.commit(Transaction([sample(n)], cursors=house.desk.cursors()))
        house.desk.answer([])
        house.desk.put_back([])
        house.desk.publish({"n": n}, n)
        assert house.desk.parked() == ()
        assert set(house.desk.uplinks()) == {"division", "region"}
        assert house.desk.ahead() is None
    writer.close()
    assert not go_on.is_set()
    go_on.set()
    assert answers(raw, 1)[0]["result"] == {}
    raw.close()


def _methods() -> dict[str, Any]:
    from agent.desk import answers as room

    return room._FOR_UPLINKS
