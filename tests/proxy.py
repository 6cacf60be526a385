"""Room rule: a wire that a test can spoil, between one client and a real broker. Loopback only.

It passes bytes both ways in a thread of its own, and does to them what `mode` says now.
"""

import selectors
import socket
import struct
from contextlib import suppress
from enum import Enum
from threading import Thread
from types import TracebackType
from typing import Self

TURN_S = 0.02
SLOW_BYTES = 4  # a PUBACK of MQTT 5 without words
READ_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


class Mode(Enum):
    PASS = "pass"
    HOLE = "hole"  # sockets stay, bytes vanish
    SLOW = "slow"  # the broker's answers trickle
    GARBAGE = "garbage"  # the broker's answers are followed by nonsense
    REFUSE = "refuse"  # whoever connects is cut off


class Proxy:
    """Change `mode` at any time; `cut` ends what is connected now."""

    def __init__(self, broker_port: int) -> None:
        self.mode = Mode.PASS
        self._broker_port = broker_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._peers: dict[socket.socket, socket.socket] = {}
        self._brokers: set[socket.socket] = set()
        self._cut = self._ended = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._thread = Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """A reset, as a provider's gateway sends it."""
        self._cut = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._thread.join()
        self._hang_up()
        self._selector.close()
        self._listening.close()

    def _run(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(TURN_S):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock is self._listening:
                    self._accept()
                elif sock in self._peers:
                    self._pass_on(sock)
            if self._cut:
                self._cut = False
                self._hang_up()

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        try:
            broker = socket.create_connection(("127.0.0.1", self._broker_port), 1)
        except OSError:
            client.close()
            return
        if self.mode is Mode.REFUSE:
            client.close()
            broker.close()
            return
        self._peers |= {client: broker, broker: client}
        self._brokers.add(broker)
        for sock in (client, broker):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._selector.register(sock, selectors.EVENT_READ)

    def _pass_on(self, sock: socket.socket) -> None:
        slow = self.mode is Mode.SLOW and sock in self._brokers
        try:
            octets = sock.recv(SLOW_BYTES if slow else READ_BYTES)
            if octets and self.mode is not Mode.HOLE:
                self._peers[sock].sendall(octets)
                if self.mode is Mode.GARBAGE and sock in self._brokers:
                    self._peers[sock].sendall(b"\xf3GET / HTTP/1.1\r\n\r\n\x00\xff")
        except OSError:
            octets = b""
        if not octets:
            self._part(sock)

    def _part(self, sock: socket.socket) -> None:
        for one in (sock, self._peers.pop(sock)):
            self._peers.pop(one, None)
            self._brokers.discard(one)
            with suppress(KeyError):
                self._selector.unregister(one)
            one.close()

    def _hang_up(self) -> None:
        while self._peers:
            self._part(next(iter(self._peers)))
