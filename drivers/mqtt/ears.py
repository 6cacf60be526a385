"""Room rule: what paho's callbacks heard, until somebody asks. They only append: none can fail."""

from typing import Any

import paho.mqtt.client as paho

from drivers.mqtt.answers import Connack, Parting, Puback, Suback, parting
from drivers.mqtt.broker import reason_words

MESSAGES_MAX = 64  # of one reading; a platform sends one at a time
PARTINGS_MAX = 8


class Ears:
    """Those of one client."""

    def __init__(self, client: paho.Client) -> None:
        self.connacks: list[Connack] = []
        self.pubacks: list[Puback] = []
        self.subacks: list[Suback] = []
        self.messages: list[paho.MQTTMessage] = []
        self.unheard: list[tuple[int, int]] = []  # mid and QoS of messages beyond the bound
        self.partings: list[Parting] = []  # why it ended; the first is nearest the cause
        client.on_connect = lambda _c, _u, _f, reason, properties: self.connacks.append(
            Connack(reason, properties)
        )
        client.on_publish = lambda _c, _u, mid, reason, properties: self.pubacks.append(
            Puback(mid, reason.value, reason_words(reason, properties))
        )
        client.on_subscribe = lambda _c, _u, mid, reasons, _p: self.subacks.append(
            Suback(mid, reasons)
        )
        client.on_disconnect = lambda _c, _u, flags, reason, properties: self.partings.append(
            parting(flags, reason, properties)
        )
        client.on_message = self._remember
        client.on_log = self._note

    def _remember(self, _client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        if len(self.messages) < MESSAGES_MAX:
            self.messages.append(message)
        else:
            self.unheard.append((message.mid, message.qos))

    def _note(self, _client: Any, _userdata: Any, level: int, words: str) -> None:
        # paho says only here why a socket failed (a TLS alert, for one).
        if level == paho.MQTT_LOG_ERR and len(self.partings) < PARTINGS_MAX:
            self.partings.append(Parting(words))
