"""The demo's broker against a real Mosquitto: it is there, it dies, it comes back knowing."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.simulator.broker import Broker, BrokerFailed, free_port

WAIT_S = 20
CONNACK, SUBACK, PONG = 0x20, 0x90, 0xD0

# MQTT 5 CONNECT, clean start off, session kept for an hour, client id "r".
CONNECT = b"\x10\x13\x00\x04MQTT\x05\x00\x00\x3c\x05\x11\x00\x00\x0e\x10\x00\x01r"
SUBSCRIBE = b"\x82\x07\x00\x01\x00\x00\x01a\x01"
PING = b"\xc0\x00"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker", free_port())
    yield broker
    broker.stop()


def session_present(port: int) -> bool:
    """Did the broker remember us? Whether or not, subscribe: a session is kept for that."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as link:
        answer = ask(link, CONNECT)
        assert answer[0] == CONNACK
        assert answer[3] == 0, "the broker refused the connection"
        assert ask(link, SUBSCRIBE)[0] == SUBACK
        # The broker saves at the end of each round of its loop: this answer is of a later one.
        assert ask(link, PING)[0] == PONG
    return bool(answer[2] & 1)


def ask(link: socket.socket, frame: bytes) -> bytes:
    link.sendall(frame)
    return link.recv(64)


def test_it_accepts_connections_as_soon_as_it_has_started(broker: Broker) -> None:
    broker.start()
    assert not session_present(broker.port)


def test_a_killed_broker_returns_on_its_port_with_its_sessions(broker: Broker) -> None:
    broker.start()
    session_present(broker.port)
    saved_before = broker.pid
    broker.kill()
    broker.start()
    assert broker.pid not in (None, saved_before)
    assert session_present(broker.port)


def test_a_stopped_broker_is_gone(broker: Broker) -> None:
    broker.start()
    broker.stop()
    assert broker.pid is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", broker.port), timeout=WAIT_S)


def test_stopping_what_does_not_run_is_no_fault(broker: Broker) -> None:
    broker.stop()
    broker.kill()
    assert broker.pid is None


def test_a_port_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        taken.close()
        with socket.socket() as holder:
            # Bound but not listening: the broker cannot have it, and nobody else answers there.
            holder.bind(("127.0.0.1", port))
            with pytest.raises(BrokerFailed, match=str(port)):
                Broker(tmp_path / "broker", port).start()


def test_a_host_without_mosquitto_hears_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("drivers.simulator.broker.shutil.which", lambda *_, **__: None)
    with pytest.raises(BrokerFailed, match="apt-get install mosquitto"):
        Broker(tmp_path / "broker", free_port()).start()
