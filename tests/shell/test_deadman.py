"""The relay process: what it answers, that its lease lapses, and that nobody can talk it over.

The line is a fake that notes each level; the socket is a real SOCK_SEQPACKET. Real processes, and
the pin of the simulator, are in test_deadman_processes.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import deadman
from agent import lease as controller
from agent.core.model import Moment
from agent.deadman import MESSAGE_BYTES_MAX, RelayTaken, _Held, serve
from agent.lease import LEASE_MAX_MS, Lease
from agent.ports import LineGone, RelayGone, RelayPosition

WAIT_S = 20.0
GONE = LineGone("relay.line_not_driven", line=17, raw="gone")


class FakeLine:
    """Notes each drive; may be told to stick at a level or to be gone."""

    def __init__(self) -> None:
        self.driven: list[bool] = [False]
        self.sticks_at: bool | None = None
        self.gone = False
        self.moved = threading.Condition()

    def drive(self, *, permitted: bool) -> None:
        if self.gone:
            raise GONE
        with self.moved:
            self.driven.append(permitted)
            self.moved.notify_all()

    def permitted(self) -> bool:
        if self.gone:
            raise GONE
        return self.driven[-1] if self.sticks_at is None else self.sticks_at

    def close(self) -> None:
        self.drive(permitted=False)


# --- one message, one answer ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answered", "level"),
    [
        ("ask", "cut 0", False),
        ("permit 5000", "permitted 5000", True),
        ("permit 5000 | ask", "permitted 5000", True),
        ("permit 5000 | cut", "cut 0", False),
        ("permit 5000 | permit 9000", "permitted 9000", True),
        ("permit 9000 | permit 5000", "permitted 5000", True),
        ("permit 5000 | cut | cut", "cut 0", False),
        ("permit 120000", "permitted 120000", True),
        ("permit 120001", "error a lease is at most 120000 ms", False),
        ("permit 5000 | permit 120001 | ask", "permitted 5000", True),
        ("renew 5000", "cut 0", False),
        ("permit 5000 | renew 9000", "permitted 9000", True),
        ("permit 9000 | renew 5000", "permitted 5000", True),
        ("permit 5000 | cut | renew 5000", "cut 0", False),
        ("permit 5000 | renew 120001 | ask", "permitted 5000", True),
        ("permit 5000 | Cut | ask", "permitted 5000", True),
    ],
)
def test_messages_and_answers(said: str, answered: str, level: bool) -> None:
    line = FakeLine()
    held = _Held(line)
    for message in said.split(" | "):
        answer = held.answer(message.encode(), 1000, heard=True)
    assert answer.decode() == answered
    assert line.permitted() is level


@given(
    message=st.one_of(
        st.binary(max_size=MESSAGE_BYTES_MAX + 1), st.from_regex(rb"(permit|renew) .*")
    )
)
def test_a_malformed_message_changes_nothing(message: bytes) -> None:
    for start in (b"cut", b"permit 5000"):
        line = FakeLine()
        held = _Held(line)
        before = held.answer(start, 0, heard=True)
        drives = len(line.driven)
        answer = held.answer(message, 0, heard=True)
        if not answer.startswith(b"error"):
            verb, _, number = message.partition(b" ")
            assert verb in {b"permit", b"renew", b"cut", b"ask"}
            assert verb not in {b"permit", b"renew"} or 1 <= int(number) <= LEASE_MAX_MS
        else:
            assert held.answer(b"ask", 0, heard=True) == before
            assert len(line.driven) == drives


@given(lease_ms=st.integers(1, LEASE_MAX_MS), after_ms=st.integers(0, 2 * LEASE_MAX_MS))
def test_the_line_permits_exactly_as_long_as_the_lease(lease_ms: int, after_ms: int) -> None:
    line = FakeLine()
    held = _Held(line)
    held.answer(b"permit %d" % lease_ms, 7, heard=True)
    assert held.obeys(7 + after_ms)
    assert line.permitted() is (after_ms < lease_ms)
    assert held.left_ms(7 + after_ms) == max(0, lease_ms - after_ms)


@given(lease_ms=st.integers(1, LEASE_MAX_MS), after_ms=st.integers(0, 2 * LEASE_MAX_MS))
def test_a_lease_that_lapsed_is_not_renewed(lease_ms: int, after_ms: int) -> None:
    """Whether or not anyone has looked since: its controller may have stood still meanwhile."""
    line = FakeLine()
    held = _Held(line)
    held.answer(b"permit %d" % lease_ms, 7, heard=True)
    lapsed = after_ms >= lease_ms
    answer = held.answer(b"renew 5000", 7 + after_ms, heard=True)
    assert answer == (b"cut 0" if lapsed else b"permitted 5000")
    assert line.permitted() is not lapsed


def test_a_permit_whose_sender_hung_up_grants_nothing_and_a_cut_counts() -> None:
    line = FakeLine()
    held = _Held(line)
    assert held.answer(b"permit 5000", 0, heard=False) == b"cut 0"
    assert held.answer(b"permit 5000", 0, heard=True) == b"permitted 5000"
    assert held.answer(b"cut", 0, heard=False) == b"cut 0"
    assert line.driven == [False, False, True, False]


def test_a_line_that_does_not_follow_a_permit_is_an_error_and_gets_no_lease() -> None:
    line = FakeLine()
    held = _Held(line)
    line.sticks_at = False
    answer = held.answer(b"permit 5000", 0, heard=True)
    assert answer == b"error driven to permitted, the line reads cut"
    assert not held.leased
    assert held.obeys(1)
    assert line.driven[-1] is False


def test_a_line_that_does_not_follow_a_cut_is_driven_again_until_it_does() -> None:
    line = FakeLine()
    held = _Held(line)
    held.answer(b"permit 5000", 0, heard=True)
    line.sticks_at = True
    assert held.answer(b"cut", 0, heard=True) == b"error driven to cut, the line reads permitted"
    drives = len(line.driven)
    assert not held.obeys(1000)
    assert not held.obeys(2000)
    assert line.driven[drives:] == [False, False]
    line.sticks_at = None
    assert held.obeys(3000)


def test_a_line_that_is_gone_for_a_while_is_driven_by_the_lease_when_it_returns() -> None:
    line = FakeLine()
    held = _Held(line)
    held.answer(b"permit 5000", 0, heard=True)
    line.gone = True
    assert not held.obeys(1000)
    assert held.answer(b"ask", 1500, heard=True) == b"error " + str(GONE).encode()
    line.gone = False
    line.driven.append(False)  # a line that comes back is released
    assert held.obeys(2000)
    assert line.driven[-1] is True
    assert held.left_ms(2000) == 3000


def test_a_cut_is_driven_before_anything_is_read() -> None:
    class Unreadable(FakeLine):
        def permitted(self) -> bool:
            if len(self.driven) > 2:
                raise LineGone("relay.line_not_read", line=17, raw="gone")
            return super().permitted()

    line = Unreadable()
    held = _Held(line)
    held.answer(b"permit 5000", 0, heard=True)
    line.driven.append(True)
    held.answer(b"cut", 0, heard=True)
    assert line.driven[-1] is False


# --- over the socket -----------------------------------------------------------------------------


class Hand:
    """A clock moved by the test."""

    def __init__(self) -> None:
        self.ms = 1000

    def now(self) -> Moment:
        return Moment(0, self.ms, "boot", trusted=True)

    def monotonic_ms(self) -> int:
        return self.ms


class Quiet:
    def ready(self) -> None: ...

    def pet(self) -> None: ...


class Served:
    """`serve` in a thread, with its line, its clock and its socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = FakeLine()
        self.clock = Hand()
        self.ready = threading.Event()

    def connect(self) -> socket.socket:
        controller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        controller.settimeout(WAIT_S)
        controller.connect(str(self.path))
        return controller


@contextmanager
def serving(path: Path) -> Iterator[Served]:
    served = Served(path)
    stop, asks = socket.socketpair()

    class Ready(Quiet):
        def ready(self) -> None:
            served.ready.set()

    thread = threading.Thread(
        target=serve, args=(lambda: served.line, path, served.clock, stop, Ready()), daemon=True
    )
    thread.start()
    try:
        assert served.ready.wait(WAIT_S)
        yield served
    finally:
        asks.send(b"\0")
        thread.join(WAIT_S)
        assert not thread.is_alive()
        stop.close()
        asks.close()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded machine may answer late; that is no test's subject but where it says so."""
    for room in (deadman, controller):
        monkeypatch.setattr(room, "ANSWER_WITHIN_S", WAIT_S)


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    with serving(folder / "relay.sock") as served:
        yield served


def test_control_renews_asks_and_cuts(served: Served) -> None:
    lease = Lease(served.path)
    assert lease.position() == RelayPosition(permitted=False, lease_ms=0)
    lease.permit(9000)
    served.clock.ms += 4000
    assert lease.position() == RelayPosition(permitted=True, lease_ms=5000)
    lease.renew(9000)
    assert lease.position() == RelayPosition(permitted=True, lease_ms=9000)
    lease.cut()
    assert lease.position() == RelayPosition(permitted=False, lease_ms=0)
    assert served.line.driven[-1] is False
    lease.close()


def test_a_restart_of_control_stops_no_pump(served: Served) -> None:
    """A controller that goes away without a word leaves the lease as it is."""
    old = Lease(served.path)
    old.permit(9000)
    old.close()
    new = Lease(served.path)
    new.permit(9000)
    new.close()
    assert served.line.driven == [False, False, True]


def test_the_newest_controller_replaces_the_older(served: Served) -> None:
    with served.connect() as old:
        old.send(b"ask")
        assert old.recv(64) == b"cut 0"
        with served.connect() as new:
            new.send(b"ask")
            assert new.recv(64) == b"cut 0"
            assert old.recv(64) == b""


def test_a_replaced_lease_finds_its_way_back_within_one_call(served: Served) -> None:
    first, second = Lease(served.path), Lease(served.path)
    for _ in range(3):
        first.permit(9000)
        assert second.position().permitted
    first.close()
    second.close()


def test_the_socket_is_for_its_owner_and_group_only(served: Served) -> None:
    assert served.path.stat().st_mode & 0o777 == 0o660


def test_an_oversized_message_is_answered_with_an_error(served: Served) -> None:
    with served.connect() as controller:
        controller.send(b"cut" + b" " * 4096)
        assert controller.recv(64).startswith(b"error")


def test_stopping_cuts_and_takes_the_socket_away(folder: Path) -> None:
    with serving(folder / "relay.sock") as served:
        lease = Lease(served.path)
        lease.permit(9000)
        lease.close()
    assert served.line.driven[-1] is False
    assert not served.path.exists()


def test_a_second_relay_process_is_refused_before_it_claims_the_line(served: Served) -> None:
    """Claiming cuts: a technician who starts a station twice would stop the farmer's pump."""
    claimed: list[FakeLine] = []

    def claim() -> FakeLine:
        claimed.append(FakeLine())
        return claimed[-1]

    lease = Lease(served.path)
    lease.permit(9000)
    stop, asks = socket.socketpair()
    with stop, asks, pytest.raises(RelayTaken, match=r"relay\.sock is served by another"):
        serve(claim, served.path, served.clock, stop, Quiet())
    assert claimed == []
    assert lease.position().permitted
    lease.close()


def test_a_socket_that_cannot_be_opened_is_told_with_a_remedy(folder: Path) -> None:
    (folder / "file").write_text("")
    stop, asks = socket.socketpair()
    with stop, asks, pytest.raises(RelayTaken, match=r"\(File exists\).*set station\.run_dir"):
        serve(FakeLine, folder / "file" / "relay.sock", Hand(), stop, Quiet())


def test_a_socket_that_a_dead_process_left_is_replaced(folder: Path) -> None:
    path = folder / "relay.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
        dead.bind(str(path))
    with serving(path):
        lease = Lease(path)
        assert not lease.position().permitted
        lease.close()


def test_without_a_relay_process_the_relay_is_gone(folder: Path) -> None:
    lease = Lease(folder / "relay.sock")
    for call in (lease.position, lease.cut, lambda: lease.permit(1000)):
        with pytest.raises(RelayGone, match=r"relay\.sock: the relay process does not answer"):
            call()


def test_a_relay_process_that_does_not_answer_is_gone_within_a_bound(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts nothing and answers nothing, as a stopped process does."""
    for room in (deadman, controller):
        monkeypatch.setattr(room, "ANSWER_WITHIN_S", 0.01)
    path = folder / "relay.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stuck:
        stuck.bind(str(path))
        stuck.listen(1)
        lease = Lease(path)
        for _ in range(4):  # also when the queue of controllers is full
            with pytest.raises(RelayGone):
                lease.permit(1000)


def test_an_error_answer_is_said_by_the_client(served: Served) -> None:
    served.line.sticks_at = False
    lease = Lease(served.path)
    with pytest.raises(RelayGone, match="driven to permitted, the line reads cut"):
        lease.permit(1000)
    lease.close()
