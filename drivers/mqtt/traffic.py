"""Room rule: what travels on one connection and what is not answered yet. Judges no answer."""

from collections import deque
from collections.abc import Sequence

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.subscribeoptions import SubscribeOptions

WINDOW_MAX = 20
RESULTS_MAX = 64  # the oldest go: their verdicts are records as well

Sent = int | str  # a batch by its token, a retained value by its topic


class Traffic:
    """`receive_max`: how many messages the broker takes before it answers one."""

    def __init__(
        self, client: paho.Client, records_topic: str, results_topic: str, receive_max: int
    ) -> None:
        self._client = client
        self._records_topic = records_topic
        self._results_topic = results_topic
        self._receive_max = receive_max
        self._batches: deque[tuple[int, bytes]] = deque()  # bounded by the window
        self._results: deque[bytes] = deque(maxlen=RESULTS_MAX)
        self._retained: dict[str, bytes] = {}  # topic to its newest value, not yet published
        self._unanswered: dict[int, Sent] = {}
        self._asked: dict[int, str] = {}  # mid of a subscription to its topic

    @property
    def window(self) -> int:
        """For batches: one is left for the state."""
        return max(1, min(WINDOW_MAX, self._receive_max - 1))

    @property
    def unanswered(self) -> Sequence[Sent]:
        return tuple(self._unanswered.values())

    def add_batch(self, token: int, payload: bytes) -> None:
        assert len(self._batches) < WINDOW_MAX, "batches are sent within the window"
        self._batches.append((token, payload))

    def retain(self, topic: str, payload: bytes) -> None:
        self._retained[topic] = payload

    def add_result(self, payload: bytes) -> None:
        self._results.append(payload)

    def ready(self) -> bool:
        waiting = bool(self._retained or self._results or self._batches)
        return waiting and len(self._unanswered) < self._receive_max

    def publish(self) -> None:
        """Retained values first, then results, so that no backlog stands before the live state."""
        while self.ready():
            retain = bool(self._retained)
            sent: Sent
            if retain:
                topic = next(iter(self._retained))
                sent, payload = topic, self._retained.pop(topic)
            elif self._results:
                topic = sent = self._results_topic
                payload = self._results.popleft()
            else:
                topic = self._records_topic
                sent, payload = self._batches.popleft()
            message = self._client.publish(topic, payload, qos=1, retain=retain)
            if message.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return  # the socket is gone, and the link says so
            self._unanswered[message.mid] = sent

    def answered(self, mid: int) -> Sent:
        return self._unanswered.pop(mid)

    def subscribe(self, topic: str, *, version5: bool, echoes: bool) -> None:
        """`echoes` False: not what we publish there ourselves, where the broker can tell."""
        if version5:
            options = SubscribeOptions(qos=1, noLocal=not echoes)
            _, mid = self._client.subscribe(topic, options=options)
        else:
            _, mid = self._client.subscribe(topic, qos=1)
        if mid is not None:
            self._asked[mid] = topic

    def subscribed(self, mid: int) -> str:
        return self._asked.pop(mid, "")
