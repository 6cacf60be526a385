"""The relay process dies at every message, level and answer: no line permits that nobody was told.

The pin and the controller are here, outside of whoever dies. What was answered is a promise: a
`permitted` that the pin has the level, a `cut` that it has not, until somebody is granted more.
"""

import random
import select
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from drivers.simulator.pin import Pin
from tests.shell.kills.condemned import Condemned

ROUNDS = 76
CALLS = ("sendto", "recvfrom")
NTH_MAX = 19  # of one call; each message is one of each at the socket, and one or two at the pin
WAIT_S = 20.0
LONG_MS = 10_000
MESSAGES = (b"permit 60000", b"renew 60000", b"ask", b"cut", b"permit 1", b"renew 1")


class House:
    """The pin, and the controller of one life after the other."""

    def __init__(self, folder: Path) -> None:
        self.levels: list[bool] = []
        self.promises = 0
        self._pin = Pin(folder / "pin.sock", self._moved)
        self._door = folder / "relay.sock"
        self._chance = random.Random(2026)
        self._granted = False  # in this life, to anybody

    def _moved(self, *, permitted: bool) -> None:
        self.levels.append(permitted)

    def close(self) -> None:
        self._pin.close()

    def live(self, condemned: Condemned) -> str:
        """One life: where it died. The pin is served first: what it shows preceded any answer."""
        self.levels.clear()
        self._granted = False
        controller: socket.socket | None = None
        try:
            while True:
                theirs = [] if controller is None else [controller.fileno()]
                waits = [condemned.fileno(), *self._pin.filenos(), *theirs]
                ready = select.select(waits, [], [], WAIT_S)[0]
                assert ready, "it neither lives nor dies"
                self._pin.serve(set(ready))
                assert self._granted or not any(self.levels), f"unasked: {self.levels}"
                if controller is not None and controller.fileno() in ready:
                    controller = self._converse(controller)
                for line in condemned.heard() if condemned.fileno() in ready else ():
                    if line != "open":
                        self._release()
                        return line.removeprefix("died ")
                    controller = self._come()
        finally:
            if controller is not None:
                controller.close()

    def _come(self) -> socket.socket | None:
        controller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            controller.connect(str(self._door))
        except OSError:  # it is dead already
            controller.close()
            return None
        return self._ask(controller)

    def _converse(self, controller: socket.socket) -> socket.socket | None:
        """Hold it to its answer, and ask the next; None when it has hung up."""
        try:
            answer = controller.recv(1024)
        except ConnectionError:
            answer = b""
        if not answer:
            controller.close()
            return None
        # It may have died since it answered: then the pin was released after that.
        word, _, left_ms = answer.partition(b" ")
        released = word == b"permitted" and self.levels[-2:] == [True, False]
        permits = released or (bool(self.levels) and self.levels[-1])
        assert word in {b"permitted", b"cut"}, answer
        # The shortest leases may lapse between the answer and our look at the pin.
        assert permits is (word == b"permitted") or 0 < int(left_ms) < LONG_MS, answer
        self.promises += 1
        return self._ask(controller)

    def _ask(self, controller: socket.socket) -> socket.socket | None:
        message = self._chance.choice(MESSAGES)
        self._granted = self._granted or message.startswith(b"permit")
        try:
            controller.send(message)
        except ConnectionError:
            controller.close()
            return None
        return controller

    def _release(self) -> None:
        """The end of its stream reaches the pin, and a pin that nobody holds does not permit."""
        while self.levels and self.levels[-1]:
            ready = select.select(self._pin.filenos(), [], [], WAIT_S)[0]
            assert ready, "the dead hold the pin"
            self._pin.serve(set(ready))


def test_no_pump_is_permitted_by_the_dead_or_the_newborn(
    folder: Path, soak: int, record_property: Callable[[str, object], None]
) -> None:
    places = Counter[str]()
    with closing(House(folder)) as house, closing(Condemned("relay", folder)) as condemned:
        for turn in range(ROUNDS * soak):
            for call in CALLS:
                condemned.order(call, 1 + turn % NTH_MAX)
                places[house.live(condemned)] += 1
    kills = places.total() - places["lived"]
    row = {"what": "relay killed at a call", "trials": kills, "promised": house.promises}
    record_property("soak: kills and power cuts", {**row, "lost": 0, "unreadable": 0})
    assert kills > ROUNDS * soak * len(CALLS) * 3 // 4, places
    assert house.promises > kills, "the dead had promised something"
    for place in ("sendto permitted", "sendto cut", "sendto socket", "recvfrom socket"):
        assert places[place] > 0, places
