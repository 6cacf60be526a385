"""Room rule: MQTT, as paho speaks it. The only importer of paho; knows no record and no cursor.

`broker` is paho as both sides use it, `attempts` how a connection comes about, `link` what it then
is: a `ports.Platform`. `receiver` is the other side, for the demo and the tests, and `sender` a
platform that orders. paho runs without its threads: the caller's selector waits, nothing needs
a lock.
"""

import drivers.mqtt.lean  # noqa: F401  first: the others import paho as it is then
from drivers.mqtt.broker import Broker, TlsFiles
from drivers.mqtt.config import MqttConfig
from drivers.mqtt.link import MqttLink
from drivers.mqtt.receiver import Message, Receiver

__all__ = ["Broker", "Message", "MqttConfig", "MqttLink", "Receiver", "TlsFiles"]
