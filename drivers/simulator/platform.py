"""Room rule: a platform in memory, as a `ports.Platform`. Opens no network.

It takes batches like a broker behind a link: it can be out of reach, have no consumer, reject
payloads, answer late or not at all. What it received stays in `received`, in order, duplicates
included, for whoever reconciles. Its one descriptor is a socket pair, so that a selector wakes.
"""

import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.ports import (
    Answer,
    Commanded,
    CommandsDropped,
    Heard,
    LinkDown,
    LinkEvent,
    LinkUp,
    Receipt,
    Word,
)


@dataclass(slots=True)
class Behaviour:
    """What the platform does now; change it at any time."""

    reachable: bool = True
    rival: bool = False  # another client takes our name
    consumed: bool = True  # somebody is subscribed
    answers: bool = True  # False: batches arrive and no receipt comes back
    rejects: Callable[[bytes], bool] = field(default=lambda _payload: False)


class SimulatedPlatform:
    """Everything happens in `step`."""

    def __init__(self, window: int = 4, batch_bytes_max: int = 65_536) -> None:
        self.now = Behaviour()
        self.received: list[bytes] = []
        self.states: list[bytes] = []
        self.results: list[bytes] = []
        self.settled: list[int] = []
        self.order: list[str] = []  # "state" and "records", as they arrived
        self.attempts = 0
        self._limits = LinkUp(window, batch_bytes_max)
        self._near, self._far = socket.socketpair()
        self._near.settimeout(0)
        self._far.settimeout(0)
        self._connecting = False
        self._up = False
        self._tokens = 0
        self._queue: deque[tuple[int, bytes]] = deque()
        self._unanswered: deque[Receipt] = deque()
        self._heard: list[Heard | Commanded | CommandsDropped] = []

    def connect(self) -> None:
        assert not self._connecting, "connect is for a link that is down"
        assert not self._up, "connect is for a link that is down"
        self.attempts += 1
        self._connecting = True
        self._wake()

    def fileno(self) -> int:
        return self._near.fileno()

    def wants_write(self) -> bool:
        return bool(self._queue)

    def step(self, *, readable: bool, writable: bool, monotonic_ms: int) -> Sequence[LinkEvent]:
        del writable, monotonic_ms
        if readable:
            self._near.recv(4096)
        if (self._connecting or self._up) and not self.now.reachable:
            return [self._fall()]
        events: list[LinkEvent] = []
        if self._connecting:
            self._connecting, self._up = False, True
            events.append(self._limits)
        self._deliver()
        events += self._heard
        self._heard.clear()
        if self.now.answers:
            events += self._unanswered
            self._unanswered.clear()
        return events

    def send_records(self, payload: bytes) -> int:
        assert self._up, "records are sent while the link is up"
        assert len(payload) <= self._limits.batch_bytes_max, "a batch is within the link's bytes"
        waiting = len(self._queue) + len(self._unanswered)
        assert waiting < self._limits.window, "batches are sent within the window"
        self._tokens += 1
        self._queue.append((self._tokens, payload))
        return self._tokens

    def send_state(self, payload: bytes) -> None:
        if self._up:
            self.states.append(payload)
            self.order.append("state")

    def send_result(self, payload: bytes) -> None:
        if self._up:
            self.results.append(payload)

    def settle(self, token: int) -> None:
        self.settled.append(token)

    def command(self, token: int, payload: bytes, *, retained: bool = False) -> None:
        """As somebody sends it; nobody hears it while the link is down."""
        if self._up:
            self._heard.append(Commanded(token, payload, retained))
            self._wake()

    def say(self, word: Word, payload: bytes) -> None:
        """As a message of the platform's own; nobody hears it while the link is down."""
        if self._up:
            self._heard.append(Heard(word, payload))
            self._wake()

    def close(self) -> None:
        self._up = self._connecting = False
        self._near.close()
        self._far.close()

    def _deliver(self) -> None:
        """A payload without a consumer is acknowledged and gone, as at a real broker."""
        while self._queue:
            token, payload = self._queue.popleft()
            self.order.append("records")
            if not self.now.consumed:
                self._unanswered.append(Receipt(token, Answer.KEPT, "no_consumer: nobody listens"))
            elif self.now.rejects(payload):
                self._unanswered.append(Receipt(token, Answer.REJECTED, "payload format invalid"))
            else:
                self.received.append(payload)
                self._unanswered.append(Receipt(token, Answer.ACCEPTED))
            self._wake()

    def _fall(self) -> LinkDown:
        self._up = self._connecting = False
        self._queue.clear()
        self._unanswered.clear()
        self._heard.clear()
        return LinkDown("the simulated platform is out of reach", rival=self.now.rival)

    def _wake(self) -> None:
        self._far.send(b"\0")
