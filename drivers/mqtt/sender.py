"""Room rule: a platform's sending end: one message at QoS 1, and what comes back. Reads neither."""

from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from drivers.mqtt.broker import Broker, exchange, fault_words, new_client, reason_words, say_goodbye

_FAILED = 0x80


class Sender:
    """Connects, listens on `answers` first, then publishes. `step` does the work.

    `sent`: the broker has the message. `error` says why nothing will come; then it is over.
    """

    def __init__(self, broker: Broker, topic: str, payload: bytes, answers: str) -> None:
        self._broker = broker
        self._topic, self._payload, self._answers = topic, payload, answers
        self._heard: list[bytes] = []
        self.sent = False
        self.error = ""
        self._client = new_client(broker, expiry_s=0, clean=True)
        self._client.on_connect = self._listen
        self._client.on_subscribe = self._send
        self._client.on_publish = self._taken
        self._client.on_message = lambda _c, _u, message: self._heard.append(bytes(message.payload))

    def step(self, wait_s: float) -> None:
        if self._client.socket() is None and not self._connect():
            return
        exchange(self._client, wait_s)
        if self._client.socket() is None and not self.error:
            self.error = f"{self._broker.host}: the connection was lost"

    def take(self) -> list[bytes]:
        heard, self._heard = self._heard, []
        return heard

    def close(self) -> None:
        say_goodbye(self._client)

    def _connect(self) -> bool:
        try:
            self._client.reconnect()
        except (OSError, ValueError) as fault:
            self.error = fault_words(fault, self._broker)
        return not self.error

    def _listen(self, client: paho.Client, _u: Any, _f: Any, reason: ReasonCode, said: Any) -> None:
        if reason.is_failure:
            self.error = f"{self._broker.host}: refused: {reason_words(reason, said)}"
        else:
            client.subscribe(self._answers, qos=1)

    def _send(self, client: paho.Client, _u: Any, _m: int, reasons: Any, _p: Any) -> None:
        if reasons[0].is_failure:
            self.error = f"{self._broker.host}: {reasons[0]}: reading topic {self._answers}"
        else:
            client.publish(self._topic, self._payload, qos=1)

    def _taken(self, _c: Any, _u: Any, _m: int, reason: ReasonCode, said: Any) -> None:
        self.sent = True
        if reason.value >= _FAILED:
            self.error = f"{self._broker.host}: {reason_words(reason, said)}: topic {self._topic}"
