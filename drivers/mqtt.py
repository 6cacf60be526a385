"""Room rule: MQTT, as paho speaks it. The only importer of paho; knows no record and no cursor.

`MqttLink` is a `ports.Platform`: topics under `{prefix}/{station}/`, QoS 1, the answer to a batch
is its PUBACK. `Receiver` is the other side, for the demo and the tests. paho runs without its
threads: the caller's selector waits on `fileno()` and calls `step()`, nothing needs a lock.

- One paho client per connection. paho would resend by itself what an earlier connection left
  unanswered, beside the uplink that does the same; a fresh client has nothing to resend.
- Clean start, session expiry 0: the session of a link that only publishes holds nothing. What was
  not acknowledged is in the journal and is sent again by the uplink.
- Callbacks only append to lists, so none can fail inside paho; what they mean is worked out in
  `step`, where an exception ends the process as it should.
- `connect()` blocks: name resolution (the host's resolver decides how long), then
  CONNECT_TIMEOUT_S for TCP and as much for the TLS handshake, per address. While there is no
  link an uplink has nothing else to do; only its stopping is late by so much.
- A half-open link is found by the keepalive: without any byte from the broker paho sends a ping
  after one keepalive and gives up after two. A broker that answers pings but no batch is given up
  after RECEIPT_TIMEOUT_MS.
"""

import json
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Any, Literal, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.ports import Answer, LinkDown, LinkEvent, LinkTrouble, LinkUp, Receipt

WINDOW_MAX = 20
BATCH_BYTES_MAX = 65_536
BATCH_BYTES_MIN = 1_024  # any single record fits; a broker that takes less cannot be used
INCOMING_BYTES_MAX = 65_536  # what we let a broker send us: acknowledgements are small
CONNECT_TIMEOUT_S = 5.0
CONNACK_TIMEOUT_MS = 10_000
RECEIPT_TIMEOUT_MS = 120_000
GOODBYE_TRIES = 10
GOODBYE_TRY_S = 0.05
PUBLISH_OVERHEAD = 16  # fixed header, topic length, packet id, empty properties: at most 10

NO_MATCHING_SUBSCRIBERS = 0x10
PAYLOAD_FORMAT_INVALID = 0x99
FAILED = 0x80  # reasons from here on are failures


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Verified whenever on. `ca_file` None means the host's own store."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Certificate chain and host name are checked: create_default_context's own settings.

        Read afresh for each connection, so a renewed certificate needs no restart.
        """
        for file in (self.ca_file, self.cert_file, self.key_file):
            if file is not None:
                file.open("rb").close()  # ssl's own error does not name the file
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and as whom we come. `client_id` must be unique at the broker."""

    host: str
    port: int
    client_id: str
    tls: TlsFiles | None = None
    protocol: Literal["mqtt5", "mqtt311"] = "mqtt5"
    user: str | None = None
    password: str | None = None
    keepalive_s: int = 60


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
            client = _client(config.broker, expiry_s=0, clean=True)
            client.will_set(config.topic("online"), self._presence("offline", "lost"), 1, True)  # noqa: FBT003
            client.on_connect = lambda _c, _u, _f, reason, properties: self._connacks.append(
                _Connack(reason, properties)
            )
            client.on_publish = lambda _c, _u, mid, reason, properties: self._pubacks.append(
                _Puback(mid, reason.value, _words(reason, properties))
            )
            client.on_disconnect = lambda _c, _u, flags, reason, properties: self._partings.append(
                _parting(flags, reason, properties)
            )
            client.on_log = self._note
            client.reconnect()
        except (OSError, ValueError) as fault:  # ssl's and the resolver's are kinds of OSError
            self._events.append(LinkDown(_fault(fault, config.broker)))
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
            _read(client)
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
            self._partings.insert(0, f"refused: {_words(connack.reason, connack.properties)}")
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
        _goodbye(client)

    def _presence(self, status: str, cause: str = "") -> bytes:
        words = {"schema": 1, "station": self._config.station, "status": status}
        cause_words = {"cause": cause} if cause else {}
        return json.dumps({**words, **cause_words, "version": self._config.version}).encode()


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
        self._client = _client(broker, expiry_s=session_expiry_s, clean=False)
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
                self.error = _fault(fault, self._broker)
                select([], [], [], wait_s)  # nothing to wait on: do not spin
                return
        sock = self._client.socket()
        assert sock is not None, "connected above"
        writers = [sock] if self._client.want_write() else []
        readable, _, _ = select([sock], writers, [], wait_s)
        if readable:
            _read(self._client)
        self._client.loop_write()
        self._client.loop_misc()

    def take(self) -> list[tuple[str, bytes, bool]]:
        """(topic, payload, retained) of every message since the last `take`, in order."""
        taken, self._messages = self._messages, []
        return list(taken)

    def close(self) -> None:
        """The session stays at the broker."""
        _goodbye(self._client)

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


# --- paho, as both sides use it ------------------------------------------------------------------


def _client(broker: Broker, *, expiry_s: int, clean: bool) -> paho.Client:
    version5 = broker.protocol == "mqtt5"
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=broker.client_id,
        clean_session=None if version5 else clean,
        protocol=paho.MQTTv5 if version5 else paho.MQTTv311,
        reconnect_on_failure=False,  # else a refusal by 3.1.1 is answered by falling back to 3.1
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_inflight_messages = 0  # our own window holds the limit; paho's would only hide it
    # With this set paho queues what it writes, and only `loop_write` writes it.
    client.on_socket_register_write = lambda *_: None
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls is not None:
        client.tls_set_context(broker.tls.context())
    if version5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = expiry_s
        if clean:
            properties.MaximumPacketSize = INCOMING_BYTES_MAX
    else:
        properties = None
    client.connect_async(
        broker.host,
        broker.port,
        keepalive=broker.keepalive_s,
        clean_start=clean if version5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
        properties=properties,
    )
    return client


def _read(client: paho.Client) -> None:
    """Read until the socket is drained; TLS may hold bytes that no selector sees."""
    client.loop_read()
    sock = client.socket()
    while isinstance(sock, ssl.SSLSocket) and sock.pending():
        client.loop_read()
        sock = client.socket()


def _goodbye(client: paho.Client) -> None:
    """Write what is queued and disconnect, within GOODBYE_TRIES × GOODBYE_TRY_S."""
    client.disconnect()
    for _ in range(GOODBYE_TRIES):
        sock = client.socket()
        if sock is None:
            return
        select([], [sock], [], GOODBYE_TRY_S)
        client.loop_write()
    sock = client.socket()
    if sock is not None:
        sock.close()


def _judge(puback: _Puback, topic: str) -> tuple[Answer, str]:
    if puback.reason == NO_MATCHING_SUBSCRIBERS:
        return Answer.KEPT, f"no_consumer: nobody is subscribed to {topic}"
    if puback.reason == PAYLOAD_FORMAT_INVALID:
        return Answer.REJECTED, puback.words
    if puback.reason >= FAILED:
        return Answer.KEPT, f"{puback.words}: topic {topic}"
    return Answer.ACCEPTED, ""


def _words(reason: ReasonCode, properties: Properties | None) -> str:
    said = getattr(properties, "ReasonString", "")
    return f"{reason} (0x{reason.value:02x})" + (f" {said!r}" if said else "")


def _parting(flags: Any, reason: ReasonCode, properties: Properties | None) -> str:
    if flags.is_disconnect_packet_from_server:
        return f"the broker ended the session: {_words(reason, properties)}"
    if str(reason) == "Unspecified error":  # paho's word for an end without a packet
        return "the connection was lost"
    return str(reason).lower()


def _fault(fault: Exception, broker: Broker) -> str:
    return f"{broker.host}:{broker.port}: {str(fault) or type(fault).__name__}"
