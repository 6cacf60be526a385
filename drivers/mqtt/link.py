"""Room rule: one link to one platform: topics under `{prefix}/{station}/`, PUBACK as the receipt.

- The session persists: a broker keeps commands for a station that is away. Of our own messages it
  holds nothing. What was not acknowledged is in the journal and is sent again by the uplink.
- Callbacks only append to lists, so none can fail inside paho; what they mean is worked out in
  `step`, where an exception ends the process as it should.
- A broker that answers pings but no batch is given up after RECEIPT_TIMEOUT_MS.
- What the broker remembers of us is asked for before it is replaced: a head beyond our journal's
  tells of a restored card. Without the right to read it that alone is lost.
"""

from collections.abc import Sequence

import paho.mqtt.client as paho

from agent.ports import (
    Answer,
    CertificatesSeen,
    CommandsDropped,
    LinkDown,
    LinkEvent,
    LinkFault,
    LinkTrouble,
    LinkUp,
    Spent,
)
from drivers.mqtt import certificate
from drivers.mqtt.answers import (
    FAILED,
    PACKET_TOO_LARGE,
    TAKEN_OVER,
    Connack,
    Parting,
    Puback,
    judge,
    refused,
    rival_words,
)
from drivers.mqtt.appetite import BATCH_BYTES_MAX, BATCH_BYTES_MIN, Appetite
from drivers.mqtt.attempts import Attempts, Connected
from drivers.mqtt.broker import INCOMING_BYTES_MAX, drain, say_goodbye
from drivers.mqtt.config import MqttConfig
from drivers.mqtt.incoming import Incoming
from drivers.mqtt.meter import Meter
from drivers.mqtt.traffic import Traffic

CONNACK_TIMEOUT_MS = 10_000
RECEIPT_TIMEOUT_MS = 120_000
PUBLISH_OVERHEAD = 16  # fixed header, topic length, packet id, empty properties: at most 10
# A link that is closed without a word so soon after it came up, so often in a row, has a rival:
# Mosquitto hangs up on the one whose name was taken without saying why.
SOON_MS = 60_000
SOON_COUNT = 3


class MqttLink:
    """One MQTT connection as a `ports.Platform`."""

    def __init__(self, config: MqttConfig) -> None:
        self._config = config
        self._client: paho.Client | None = None
        self._attempts = Attempts(config)
        self._events: list[LinkEvent] = []
        self._tokens = 0
        self._appetite = Appetite()
        self._meter = Meter()
        self._lost_soon = 0
        self._incoming = Incoming(config)
        self._clear()

    def _clear(self) -> None:
        """Nothing outlives a connection."""
        self._traffic: Traffic | None = None  # while the link is up
        self._up_since_ms = 0
        self._batch_bytes_max = self._message_bytes_max = 0
        self._since_ms: int | None = None  # of the last progress
        self._accepted = False

    def connect(self) -> None:
        assert self._client is None, "connect is for a link that is down"
        assert not self._attempts.under_way, "connect is for a link that is down"
        self._clear()
        self._events += self._attempts.begin()

    def fileno(self) -> int:
        if self._attempts.under_way:
            return self._attempts.fileno()
        sock = self._client.socket() if self._client is not None else None
        return -1 if sock is None else sock.fileno()

    def wants_write(self) -> bool:
        if self._client is None:
            return False
        ready = self._traffic is not None and self._traffic.ready()
        return self._client.want_write() or ready

    def step(self, *, readable: bool, writable: bool, monotonic_ms: int) -> Sequence[LinkEvent]:
        if self._attempts.under_way:
            self._await(monotonic_ms)
        elif self._client is not None:
            self._work(self._client, monotonic_ms, readable=readable, writable=writable)
            self._watch(monotonic_ms)
        events, self._events = self._events, []
        octets = self._meter.told(monotonic_ms, over=self._client is None)
        return [Spent(octets), *events] if octets else events

    def _await(self, now_ms: int) -> None:
        match self._attempts.step(now_ms):
            case Connected(client, ears):
                self._client, self._ears = client, ears
                self._meter.begin(client.socket(), now_ms)
                self._events.append(CertificatesSeen(certificate.of_peer(client.socket())))
            case LinkDown() as down:
                self._events.append(down)
            case None:
                pass

    def _work(self, client: paho.Client, now_ms: int, *, readable: bool, writable: bool) -> None:
        self._meter.read(client.socket())
        too_much = readable and not drain(client, INCOMING_BYTES_MAX)
        self._understand(now_ms)
        if self._client is not client:
            return  # what was understood ended the link
        if too_much:
            why = f"the broker sends a message of more than {INCOMING_BYTES_MAX} bytes"
            self._fall(why, LinkFault.FOREIGN)
            self._attempts.afresh = True
            return
        if self._traffic is not None:
            self._traffic.publish()
        if writable or client.want_write():
            client.loop_write()
        client.loop_misc()
        if client.socket() is None:
            self._part(now_ms)

    def _understand(self, now_ms: int) -> None:
        """What the callbacks heard, as events."""
        ears = self._ears
        for connack in ears.connacks:
            self._greet(connack, now_ms)
        for suback in ears.subacks:
            topic = self._traffic.subscribed(suback.mid) if self._traffic is not None else ""
            if any(reason.is_failure for reason in suback.reasons):
                why = f"{suback.reasons[0]}: reading topic {topic}"
                self._events.append(LinkTrouble(why, LinkFault.FORBIDDEN))
        for message in ears.messages:
            self._events += self._incoming.hear(message, self._acknowledge)
        if ears.unheard:
            self._events.append(CommandsDropped(len(ears.unheard)))
        for mid, qos in ears.unheard:
            self._acknowledge(mid, qos)
        for puback in ears.pubacks:
            if self._traffic is not None:
                self._receive(self._traffic, puback, now_ms)
        for heard in (ears.connacks, ears.subacks, ears.messages, ears.unheard, ears.pubacks):
            heard.clear()

    def _greet(self, connack: Connack, now_ms: int) -> None:
        if connack.reason.is_failure:
            self._ears.partings.insert(0, refused(connack))
            return
        if self._client is None:
            return  # the one before has ended it
        if self._traffic is not None:
            self._fall("the broker greets a second time", LinkFault.FOREIGN)
            return
        limits = connack.properties
        topic_bytes = len(self._config.topic("records").encode())
        packet_max = getattr(limits, "MaximumPacketSize", BATCH_BYTES_MAX * 2)
        bytes_max = self._appetite.connected(now_ms)
        self._message_bytes_max = packet_max - topic_bytes - PUBLISH_OVERHEAD
        self._batch_bytes_max = min(bytes_max, self._message_bytes_max)
        if getattr(limits, "MaximumQoS", 1) < 1:
            why = "the broker takes QoS 0 only, which gives no receipt: allow QoS 1"
            self._fall(why, LinkFault.LIMITS)
        elif self._batch_bytes_max < BATCH_BYTES_MIN:
            why = f"the broker takes packets of {packet_max} bytes only: allow 2048 or more"
            self._fall(why, LinkFault.LIMITS)
        else:
            self._come_up(getattr(limits, "ReceiveMaximum", 65_535), now_ms)

    def _come_up(self, receive_max: int, now_ms: int) -> None:
        assert self._client is not None, "the broker has just greeted us"
        records, results = self._config.topic("records"), self._config.topic("results")
        traffic = Traffic(self._client, records, results, receive_max)
        self._incoming.begin()
        self._traffic, self._up_since_ms, self._since_ms = traffic, now_ms, None
        version5 = self._config.broker.protocol == "mqtt5"
        traffic.subscribe(self._config.topic("state"), version5=version5, echoes=False)
        traffic.subscribe(self._config.topic("commands"), version5=version5, echoes=True)
        if self._config.receipts:
            traffic.subscribe(self._config.topic("receipts"), version5=version5, echoes=True)
        traffic.retain(self._config.topic("online"), self._config.presence("online"))
        self._events.append(LinkUp(traffic.window, self._batch_bytes_max))

    def settle(self, token: int) -> None:
        self._incoming.settle(token, self._acknowledge)

    def _acknowledge(self, mid: int, qos: int) -> None:
        if self._client is not None:
            self._client.ack(mid, qos)

    def send_result(self, payload: bytes) -> None:
        if self._traffic is not None:
            self._traffic.add_result(payload)

    def _receive(self, traffic: Traffic, puback: Puback, now_ms: int) -> None:
        self._since_ms = None
        sent = traffic.answered(puback.mid)
        if isinstance(sent, int):
            receipt = judge(sent, puback, self._config.topic("records"))
            self._events.append(receipt)
            if receipt.answer is Answer.ACCEPTED:
                self._accepted = True
                self._appetite.accepted()
            if puback.reason == PACKET_TOO_LARGE:
                self._appetite.refused(now_ms)
                why = "a batch was too large for the broker: smaller ones follow"
                self._fall(why, LinkFault.TOO_LARGE)
        elif puback.reason >= FAILED:
            why = f"{puback.words}: topic {sent}"
            self._events.append(LinkTrouble(why, LinkFault.FORBIDDEN))
        elif sent == self._config.topic("state") and self._config.broker.protocol != "mqtt5":
            assert self._client is not None, "it has just answered"
            self._client.unsubscribe(sent)  # what it remembered has come; no echoes

    def _watch(self, monotonic_ms: int) -> None:
        """Give up a broker that keeps the socket and says nothing to the point."""
        if self._client is None or (self._traffic is not None and not self._traffic.unanswered):
            self._since_ms = None
            return
        if self._since_ms is None:
            self._since_ms = monotonic_ms
        bound_ms = RECEIPT_TIMEOUT_MS if self._traffic is not None else CONNACK_TIMEOUT_MS
        if monotonic_ms - self._since_ms > bound_ms:
            what = "acknowledgement" if self._traffic is not None else "answer to the greeting"
            why = f"no {what} from the broker within {bound_ms // 1000} s"
            self._fall(why, LinkFault.SILENT)

    def _part(self, now_ms: int) -> None:
        """The connection is gone: what ended it, and whether somebody else has our name."""
        parting = self._ears.partings[0] if self._ears.partings else Parting("connection lost")
        why, reason, said, fault, closed = parting
        traffic = self._traffic
        under_way = traffic is not None and any(isinstance(one, int) for one in traffic.unanswered)
        if reason == PACKET_TOO_LARGE:
            self._appetite.refused(now_ms)
        elif under_way and not self._accepted and not said:
            self._appetite.cut(now_ms)
        soon = traffic is not None and now_ms - self._up_since_ms < SOON_MS
        self._lost_soon = self._lost_soon + 1 if soon and closed and not under_way else 0
        rival = reason == TAKEN_OVER or self._lost_soon >= SOON_COUNT
        if rival:
            why, fault = f"{why}: {rival_words(self._config.broker.client_id)}", LinkFault.RIVAL
        self._fall(why, fault, rival=rival)

    def _fall(self, why: str, fault: LinkFault, *, rival: bool = False) -> None:
        """Drop the connection without a goodbye: the broker sends the last will."""
        client, self._client, self._traffic = self._client, None, None
        sock = client.socket() if client is not None else None
        if sock is not None:
            sock.close()
        self._events.append(LinkDown(f"{self._config.broker.host}: {why}", rival, fault))

    def send_records(self, payload: bytes) -> int:
        assert self._traffic is not None, "records are sent while the link is up"
        assert len(payload) <= self._batch_bytes_max, "a batch is within the link's bytes"
        self._tokens += 1
        self._traffic.add_batch(self._tokens, payload)
        return self._tokens

    def send_state(self, payload: bytes) -> None:
        if self._traffic is None:
            return
        if len(payload) > self._message_bytes_max:  # as told: what was learned is of batches
            too_large = f"the state has {len(payload)} bytes, the link {self._message_bytes_max}"
            self._events.append(LinkTrouble(too_large, LinkFault.LIMITS))
            return
        self._traffic.retain(self._config.topic("state"), payload)

    def close(self) -> None:
        """`online` says stopped, not lost; what the broker does not take in time stays unsaid."""
        self._attempts.abandon()
        client, self._client = self._client, None
        if client is None:
            return
        if self._traffic is not None:
            stopped = self._config.presence("offline", "stopped")
            client.publish(self._config.topic("online"), stopped, qos=1, retain=True)
        self._traffic = None
        say_goodbye(client)
