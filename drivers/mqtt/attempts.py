"""Room rule: how a connection comes about: a fresh client each time, and a bounded wait.

- One paho client per connection. paho would resend by itself what an earlier connection left
  unanswered, beside the uplink that does the same; a fresh client has nothing to resend.
- One attempt at a time. One that was given up may still wait for the host's resolver: until it is
  over there is no other, so that a name that nobody resolves costs one thread and no more.
"""

from collections.abc import Iterator
from typing import NamedTuple

import paho.mqtt.client as paho

from agent.ports import CertificatesSeen, LinkDown, LinkEvent, LinkFault
from drivers.mqtt import certificate
from drivers.mqtt.broker import fault_of, fault_words, new_client
from drivers.mqtt.config import MqttConfig
from drivers.mqtt.dial import Dial
from drivers.mqtt.ears import Ears

DIAL_TIMEOUT_MS = 30_000  # name resolution, TCP and TLS together
SESSION_S = 7 * 86_400  # no command lives longer
INCOMING_MAX = 20


class Connected(NamedTuple):
    """TCP and TLS stand; the broker has not greeted us yet."""

    client: paho.Client
    ears: Ears


class Attempts:
    """`afresh`: the next client gives up the session that the broker keeps for us."""

    def __init__(self, config: MqttConfig) -> None:
        self._config = config
        self._dial: tuple[Dial, Ears] | None = None
        self._abandoned: Dial | None = None
        self._since_ms: int | None = None
        self.afresh = False

    @property
    def under_way(self) -> bool:
        return self._dial is not None

    def begin(self) -> Iterator[LinkEvent]:
        assert self._dial is None, "one at a time"
        broker = self._config.broker
        if self._abandoned is not None and not self._abandoned.over:
            why = f"{broker.host}: still no answer to the attempt before: is its name resolved?"
            yield LinkDown(why, fault=LinkFault.UNRESOLVED)
            return
        self._abandoned = None
        try:
            # 3.1.1 cannot forbid a message that is too long: with its session it is given up.
            client = new_client(
                broker, expiry_s=SESSION_S, clean=self.afresh, incoming_max=INCOMING_MAX
            )
            self.afresh = False
            if broker.tls is not None:
                files = certificate.of_files(broker.tls.ca_file, broker.tls.cert_file)
                yield CertificatesSeen(files)
            lost = self._config.presence("offline", "lost")
            client.will_set(self._config.topic("online"), lost, qos=1, retain=True)
            ears = Ears(client)  # before there is anything to hear
            self._since_ms = None
            self._dial = Dial(client), ears
        except (OSError, ValueError) as fault:  # a file that is not there, or not what it should be
            yield LinkDown(fault_words(fault, broker), fault=LinkFault.FILE)

    def fileno(self) -> int:
        """Readable when the attempt is over."""
        assert self._dial is not None, "an attempt is under way"
        return self._dial[0].fileno()

    def step(self, now_ms: int) -> Connected | LinkDown | None:
        """What came of it; None as long as it is under way."""
        assert self._dial is not None, "an attempt is under way"
        dial, ears = self._dial
        if self._since_ms is None:
            self._since_ms = now_ms
        if dial.over:
            self._dial = None
            dial.finish()
            if dial.fault is None:
                return Connected(dial.client, ears)
            why = fault_words(dial.fault, self._config.broker)
            return LinkDown(why, fault=fault_of(dial.fault))
        if now_ms - self._since_ms <= DIAL_TIMEOUT_MS:
            return None
        self._abandoned = dial
        self.abandon()
        host = self._config.broker.host
        why = f"{host}: no connection within {DIAL_TIMEOUT_MS // 1000} s: is its name resolved?"
        return LinkDown(why, fault=LinkFault.UNREACHABLE)

    def abandon(self) -> None:
        if self._dial is not None:
            self._dial[0].abandon()
            self._dial = None
