"""What a link costs on the wire, counted by the kernel and not by us."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from threading import Thread

import pytest

from agent.ports import LinkUp, Receipt, Spent
from drivers.mqtt import Broker, MqttConfig, MqttLink
from drivers.mqtt.meter import HEADER_OCTETS, TOLD_EVERY_MS, Meter
from tests.links import hear
from tests.mosquitto import Mosquitto

BATCH = b"x" * 20_000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a real TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        near = socket.create_connection(door.getsockname())
        far, _ = door.accept()
        with near, far:
            yield near, far


def test_both_directions_and_their_headers_count(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    meter = Meter()
    meter.begin(near, 0)
    near.sendall(b"a" * 1000)
    assert far.recv(1000, socket.MSG_WAITALL) == b"a" * 1000
    far.sendall(b"b" * 500)
    assert near.recv(500, socket.MSG_WAITALL) == b"b" * 500
    meter.read(near)
    told = meter.told(0, over=True)
    assert 1500 + 2 * HEADER_OCTETS < told < 1500 + 20 * HEADER_OCTETS
    meter.read(near)
    assert meter.told(0, over=True) == 0


def test_it_is_told_now_and_then_and_at_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    meter = Meter()
    meter.begin(pair[0], 0)
    assert meter.told(TOLD_EVERY_MS - 1, over=False) == 0
    assert meter.told(TOLD_EVERY_MS, over=False) > 0
    pair[0].sendall(b"a")
    meter.read(pair[0])
    assert meter.told(TOLD_EVERY_MS + 1, over=False) == 0
    assert meter.told(TOLD_EVERY_MS + 1, over=True) > 0


def test_a_socket_that_is_closed_or_no_tcp_costs_nothing() -> None:
    ours, theirs = socket.socketpair()
    meter = Meter()
    with theirs:
        meter.begin(ours, 0)
    ours.close()
    meter.read(ours)
    meter.read(None)
    assert meter.told(0, over=True) == 0


class Relayed:
    """Stands between link and broker, and counts what really passes."""

    def __init__(self, port: int) -> None:
        self.octets = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._broker = socket.create_connection(("127.0.0.1", port))
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        link, _ = self._door.accept()
        with link:
            back = Thread(target=self._pump, args=(self._broker, link), daemon=True)
            back.start()
            self._pump(link, self._broker)
            self._broker.shutdown(socket.SHUT_RDWR)
            back.join()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while passed := one.recv(65_536):
                self.octets += len(passed)
                other.sendall(passed)

    def close(self) -> None:
        """Once the link has hung up."""
        self._thread.join()
        self._broker.close()
        self._door.close()


def test_a_link_tells_what_passed_it(mosquitto: Mosquitto) -> None:
    """At least what a relay between the two has seen, at most that with headers."""
    with closing(Relayed(mosquitto.port)) as relayed:
        broker = Broker("127.0.0.1", relayed.port, "uplink")
        link = MqttLink(MqttConfig(broker, "W-1", "1", trust_puback=True))
        with closing(link):
            link.connect()
            hear(link, LinkUp)
            link.send_records(BATCH)
            hear(link, Receipt)
            link._meter.read(link._client and link._client.socket())
            (spent,) = [
                one
                for one in link.step(readable=False, writable=False, monotonic_ms=10**12)
                if isinstance(one, Spent)
            ]
        assert relayed.octets > len(BATCH)
        assert relayed.octets <= spent.octets < relayed.octets + 60 * HEADER_OCTETS
