"""Room rule: a platform's receiving end: what a broker really delivers. For demo and tests."""

from collections.abc import Sequence
from select import select
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from drivers.mqtt.broker import Broker, exchange, fault_words, new_client, say_goodbye


class Message(NamedTuple):
    topic: str
    payload: bytes
    retained: bool


class Receiver:
    """A platform's receiving end: what a broker really delivers, for the demo and the tests.

    Its session persists at the broker (no clean start, `session_expiry_s`), so what is sent while
    it is away is queued there. A message counts as received when `step` has read it.
    """

    def __init__(self, broker: Broker, topics: Sequence[str], session_expiry_s: int = 3600) -> None:
        self._broker = broker
        self._topics = [(topic, 1) for topic in topics]
        self._messages: list[Message] = []
        self._subscribed: list[str] = []
        self.error = ""
        self._client = new_client(broker, expiry_s=session_expiry_s, clean=False)
        self._client.on_connect = self._ask
        self._client.on_subscribe = self._answered
        self._client.on_message = lambda _c, _u, message: self._messages.append(
            Message(message.topic, bytes(message.payload), message.retain)
        )

    @property
    def subscribed(self) -> bool:
        """The broker has confirmed the subscription on this connection."""
        return bool(self._subscribed) and self._client.socket() is not None

    def step(self, wait_s: float) -> None:
        """Wait for at most `wait_s` and read what came; reconnect when there is no connection."""
        if self._client.socket() is None:
            self._subscribed.clear()
            try:
                self._client.reconnect()
            except (OSError, ValueError) as fault:
                self.error = fault_words(fault, self._broker)
                select([], [], [], wait_s)  # nothing to wait on: do not spin
                return
        exchange(self._client, wait_s)

    def take(self) -> list[tuple[str, bytes, bool]]:
        """(topic, payload, retained) of every message since the last `take`, in order."""
        taken, self._messages = self._messages, []
        return list(taken)

    def close(self) -> None:
        """The session stays at the broker."""
        say_goodbye(self._client)

    def _ask(self, client: paho.Client, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        if reason.is_failure:
            self.error = f"refused: {reason}"
        else:
            client.subscribe(self._topics)

    def _answered(self, _c: Any, _u: Any, _mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self.error = f"subscription refused: {refused}" if refused else ""
        if not refused:
            self._subscribed.append("confirmed")
