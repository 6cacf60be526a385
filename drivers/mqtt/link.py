"""Room rule: one link to one platform: topics under `{prefix}/{station}/`, PUBACK as the receipt.

- One paho client per connection. paho would resend by itself what an earlier connection left
  unanswered, beside the uplink that does the same; a fresh client has nothing to resend.
- Clean start, session expiry 0: the session of a link that only publishes holds nothing. What was
  not acknowledged is in the journal and is sent again by the uplink.
- Callbacks only append to lists, so none can fail inside paho; what they mean is worked out in
  `step`, where an exception ends the process as it should.
- A broker that answers pings but no batch is given up after RECEIPT_TIMEOUT_MS.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.ports import Answer, LinkDown, LinkEvent, LinkTrouble, LinkUp, Receipt
from drivers.mqtt.broker import Broker, drain, fault_words, new_client, reason_words, say_goodbye

WINDOW_MAX = 20
BATCH_BYTES_MAX = 65_536
BATCH_BYTES_MIN = 1_024  # any single record fits; a broker that takes less cannot be used
CONNACK_TIMEOUT_MS = 10_000
RECEIPT_TIMEOUT_MS = 120_000
PUBLISH_OVERHEAD = 16  # fixed header, topic length, packet id, empty properties: at most 10

NO_MATCHING_SUBSCRIBERS = 0x10
PAYLOAD_FORMAT_INVALID = 0x99
FAILED = 0x80  # reasons from here on are failures


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """One link to one platform. `version` is ours, told in `online`."""

    broker: Broker
    station: str
    version: str
    prefix: str = "wells"
    trust_puback: bool = False

    def __post_init__(self) -> None:
        # 3.1.1 acknowledges even what its access list discards (measured with Mosquitto).
        declared = self.broker.protocol == "mqtt5" or self.trust_puback
        assert declared, "mqtt311 gives no receipt to rely on: declare trust_puback, or use mqtt5"

    def topic(self, leaf: str) -> str:
        return f"{self.prefix}/{self.station}/{leaf}"


class _Connack(NamedTuple):
    reason: ReasonCode
    properties: Properties


class _Puback(NamedTuple):
    mid: int
    reason: int
    words: str


class MqttLink:
    """One MQTT connection as a `ports.Platform`."""

    def __init__(self, config: MqttConfig) -> None:
        self._config = config
        self._client: paho.Client | None = None
        self._events: list[LinkEvent] = []
        self._tokens = 0
        self._clear()

    def _clear(self) -> None:
        """Nothing outlives a connection."""
        self._up = False
        self._receive_max = 0
        self._batch_bytes_max = 0
        self._since_ms: int | None = None  # of the connection, then of the last progress
        self._batches: deque[tuple[int, bytes]] = deque()  # bounded by the window
        self._retained: dict[str, bytes] = {}  # topic to its newest value, not yet published
        self._unanswered: dict[int, int | str] = {}  # mid to token or topic
        self._connacks: list[_Connack] = []
        self._pubacks: list[_Puback] = []
        self._partings: list[str] = []  # why the connection ended; the first is nearest the cause

    def connect(self) -> None:
        assert self._client is None, "connect is for a link that is down"
        self._clear()
        config = self._config
        try:
            client = new_client(config.broker, expiry_s=0, clean=True)
            client.will_set(config.topic("online"), self._presence("offline", "lost"), 1, True)  # noqa: FBT003
            client.on_connect = lambda _c, _u, _f, reason, properties: self._connacks.append(
                _Connack(reason, properties)
            )
            client.on_publish = lambda _c, _u, mid, reason, properties: self._pubacks.append(
                _Puback(mid, reason.value, reason_words(reason, properties))
            )
            client.on_disconnect = lambda _c, _u, flags, reason, properties: self._partings.append(
                _parting(flags, reason, properties)
            )
            client.on_log = self._note
            client.reconnect()
        except (OSError, ValueError) as fault:  # ssl's and the resolver's are kinds of OSError
            self._events.append(LinkDown(fault_words(fault, config.broker)))
            return
        self._client = client

    def _note(self, _client: Any, _userdata: Any, level: int, words: str) -> None:
        # paho says only here why a socket failed (a TLS alert, for one).
        if level == paho.MQTT_LOG_ERR and len(self._partings) < 8:
            self._partings.append(words)

    def fileno(self) -> int:
        sock = self._client.socket() if self._client is not None else None
        return -1 if sock is None else sock.fileno()

    def wants_write(self) -> bool:
        return self._client is not None and (self._client.want_write() or self._can_publish())

    def step(self, *, readable: bool, writable: bool, monotonic_ms: int) -> Sequence[LinkEvent]:
        if self._client is not None:
            self._work(self._client, readable=readable, writable=writable)
            self._watch(monotonic_ms)
        events, self._events = self._events, []
        return events

    def _work(self, client: paho.Client, *, readable: bool, writable: bool) -> None:
        if readable:
            drain(client)
        self._understand()
        if self._client is not client:
            return  # the greeting told that this broker cannot be used
        self._publish()
        if writable or client.want_write():
            client.loop_write()
        client.loop_misc()
        if client.socket() is None:
            self._fall(self._partings[0] if self._partings else "connection lost")

    def _understand(self) -> None:
        """What the callbacks heard, as events."""
        for connack in self._connacks:
            self._greet(connack)
        self._connacks.clear()
        for puback in self._pubacks:
            self._receive(puback)
        self._pubacks.clear()

    def _greet(self, connack: _Connack) -> None:
        if connack.reason.is_failure:
            self._partings.insert(0, f"refused: {reason_words(connack.reason, connack.properties)}")
            return
        limits = connack.properties
        topic_bytes = len(self._config.topic("records").encode())
        packet_max = getattr(limits, "MaximumPacketSize", BATCH_BYTES_MAX * 2)
        self._batch_bytes_max = min(BATCH_BYTES_MAX, packet_max - topic_bytes - PUBLISH_OVERHEAD)
        self._receive_max = getattr(limits, "ReceiveMaximum", 65_535)
        if getattr(limits, "MaximumQoS", 1) < 1:
            self._fall("the broker takes QoS 0 only, which gives no receipt: allow QoS 1")
        elif self._batch_bytes_max < BATCH_BYTES_MIN:
            self._fall(f"the broker takes packets of {packet_max} bytes only: allow 2048 or more")
        else:
            self._up = True
            self._since_ms = None
            self._retained[self._config.topic("online")] = self._presence("online")
            window = max(1, min(WINDOW_MAX, self._receive_max - 1))  # one is left for the state
            self._events.append(LinkUp(window, self._batch_bytes_max))

    def _receive(self, puback: _Puback) -> None:
        self._since_ms = None
        sent = self._unanswered.pop(puback.mid)
        if isinstance(sent, int):
            answer, why = _judge(puback, self._config.topic("records"))
            self._events.append(Receipt(sent, answer, why))
        elif puback.reason >= FAILED:
            self._events.append(LinkTrouble(f"{puback.words}: topic {sent}"))

    def _can_publish(self) -> bool:
        waiting = bool(self._retained or self._batches)
        return self._up and waiting and len(self._unanswered) < self._receive_max

    def _publish(self) -> None:
        """Retained values first, so that no backlog stands before the live state."""
        while self._client is not None and self._can_publish():
            retain = bool(self._retained)
            sent: int | str
            if retain:
                topic = next(iter(self._retained))
                sent, payload = topic, self._retained.pop(topic)
            else:
                topic = self._config.topic("records")
                sent, payload = self._batches.popleft()
            message = self._client.publish(topic, payload, qos=1, retain=retain)
            if message.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return  # the socket is gone, and `_work` says so
            self._unanswered[message.mid] = sent

    def _watch(self, monotonic_ms: int) -> None:
        """Give up a broker that keeps the socket and says nothing to the point."""
        if self._client is None or (self._up and not self._unanswered):
            self._since_ms = None
            return
        if self._since_ms is None:
            self._since_ms = monotonic_ms
        bound_ms = RECEIPT_TIMEOUT_MS if self._up else CONNACK_TIMEOUT_MS
        if monotonic_ms - self._since_ms > bound_ms:
            what = "acknowledgement" if self._up else "answer to the greeting"
            self._fall(f"no {what} from the broker within {bound_ms // 1000} s")

    def _fall(self, why: str) -> None:
        """Drop the connection without a goodbye: the broker sends the last will."""
        client, self._client, self._up = self._client, None, False
        sock = client.socket() if client is not None else None
        if sock is not None:
            sock.close()
        self._events.append(LinkDown(f"{self._config.broker.host}: {why}"))

    def send_records(self, payload: bytes) -> int:
        assert self._up, "records are sent while the link is up"
        assert len(payload) <= self._batch_bytes_max, "a batch is within the link's bytes"
        assert len(self._batches) < WINDOW_MAX, "batches are sent within the window"
        self._tokens += 1
        self._batches.append((self._tokens, payload))
        return self._tokens

    def send_state(self, payload: bytes) -> None:
        if not self._up:
            return
        if len(payload) > self._batch_bytes_max:
            too_large = f"the state has {len(payload)} bytes, the link {self._batch_bytes_max}"
            self._events.append(LinkTrouble(too_large))
            return
        self._retained[self._config.topic("state")] = payload

    def close(self) -> None:
        """`online` says stopped, not lost; what the broker does not take in time stays unsaid."""
        client, self._client = self._client, None
        if client is None:
            return
        if self._up:
            stopped = self._presence("offline", "stopped")
            client.publish(self._config.topic("online"), stopped, qos=1, retain=True)
        self._up = False
        say_goodbye(client)

    def _presence(self, status: str, cause: str = "") -> bytes:
        words = {"schema": 1, "station": self._config.station, "status": status}
        cause_words = {"cause": cause} if cause else {}
        return json.dumps({**words, **cause_words, "version": self._config.version}).encode()


def _judge(puback: _Puback, topic: str) -> tuple[Answer, str]:
    if puback.reason == NO_MATCHING_SUBSCRIBERS:
        return Answer.KEPT, f"no_consumer: nobody is subscribed to {topic}"
    if puback.reason == PAYLOAD_FORMAT_INVALID:
        return Answer.REJECTED, puback.words
    if puback.reason >= FAILED:
        return Answer.KEPT, f"{puback.words}: topic {topic}"
    return Answer.ACCEPTED, ""


def _parting(flags: Any, reason: ReasonCode, properties: Properties | None) -> str:
    if flags.is_disconnect_packet_from_server:
        return f"the broker ended the session: {reason_words(reason, properties)}"
    if str(reason) == "Unspecified error":  # paho's word for an end without a packet
        return "the connection was lost"
    return str(reason).lower()
