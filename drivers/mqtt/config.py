"""Room rule: what one link is told of its platform and of itself; its topics. Opens nothing."""

import json
from dataclasses import dataclass

from drivers.mqtt.broker import Broker


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """One link to one platform. `version` is ours, told in `online`.

    `receipts`: the platform itself says how far it has stored, and only that is believed.
    """

    broker: Broker
    station: str
    version: str
    prefix: str = "wells"
    trust_puback: bool = False
    receipts: bool = False

    def __post_init__(self) -> None:
        # 3.1.1 acknowledges even what its access list discards (measured with Mosquitto).
        declared = self.broker.protocol == "mqtt5" or self.trust_puback or self.receipts
        assert declared, (
            "mqtt311 gives no receipt to rely on: declare receipts or trust_puback, or use mqtt5"
        )

    def topic(self, leaf: str) -> str:
        return f"{self.prefix}/{self.station}/{leaf}"

    def presence(self, status: str, cause: str = "") -> bytes:
        """What `online` says."""
        words = {"schema": 1, "station": self.station, "status": status}
        cause_words = {"cause": cause} if cause else {}
        return json.dumps({**words, **cause_words, "version": self.version}).encode()
