"""Room rule: a message from the platform, as an event; and when the broker may forget it.

A command is acknowledged when it was judged (`settle`), everything else at once.
"""

from collections.abc import Callable

import paho.mqtt.client as paho

from agent.ports import Commanded, CommandsDropped, Heard, LinkEvent, LinkTrouble, Word
from drivers.mqtt.config import MqttConfig

COMMAND_BYTES_MAX = 8192
# Of a message's number and its QoS; nothing where the link has fallen meanwhile.
Acknowledge = Callable[[int, int], None]


class Incoming:
    """Of one link after another: what an earlier one brought is void."""

    def __init__(self, config: MqttConfig) -> None:
        self._config = config
        self._links = 0

    def begin(self) -> None:
        """The link has come up."""
        self._links += 1

    def hear(self, message: paho.MQTTMessage, acknowledge: Acknowledge) -> tuple[LinkEvent, ...]:
        """One event; none for what says nothing new."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            acknowledge(message.mid, message.qos)
            return (LinkTrouble("the broker sends a message whose topic is no text"),)
        if topic == self._config.topic("commands"):
            return (self._hear_command(message, acknowledge),)
        acknowledge(message.mid, message.qos)
        if topic == self._config.topic("receipts") and self._config.receipts:
            return (Heard(Word.RECEIPT, bytes(message.payload)),)
        if topic == self._config.topic("state"):
            # Else our own, which 3.1.1 brings back.
            return (Heard(Word.STATE, bytes(message.payload)),) if message.retain else ()
        return (LinkTrouble(f"the broker sends what nobody asked for: {topic[:80]}"),)

    def _hear_command(self, message: paho.MQTTMessage, acknowledge: Acknowledge) -> LinkEvent:
        if len(message.payload) > COMMAND_BYTES_MAX:
            acknowledge(message.mid, message.qos)
            return CommandsDropped(1, oversized=True)
        # A number of an earlier link must not settle another message of this one.
        token = (self._links << 16) | (message.mid if message.qos else 0)
        return Commanded(token, bytes(message.payload), message.retain)

    def settle(self, token: int, acknowledge: Acknowledge) -> None:
        """It was judged and need not come again."""
        link, mid = token >> 16, token & 0xFFFF
        if link == self._links and mid:
            acknowledge(mid, 1)
