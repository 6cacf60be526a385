"""Room rule: one platform's receiver as a process: it counts what comes and keeps nothing.

`python -m agent.fleet.consumer PORT`: a JSON line each second with what has come so far.
"""

import json
import sys
from dataclasses import dataclass, field

from drivers.host import StopRequest, monotonic_ms
from drivers.mqtt import Broker, Receiver

SECOND_MS = 1_000
STEP_S = 0.2


@dataclass(slots=True)
class Count:
    """`holes` are records that came before one with a lower number."""

    records: int = 0
    repeated: int = 0
    holes: int = 0
    octets: int = 0
    _next: dict[str, int] = field(default_factory=dict)

    def take(self, payload: bytes) -> None:
        self.octets += len(payload)
        batch = json.loads(payload)
        for group in batch["records"]:
            for row in group["rows"]:
                self._take_one(batch["station"], row[0])

    def _take_one(self, station: str, number: int) -> None:
        expected = self._next.get(station, 1)
        if number < expected:
            self.repeated += 1
            return
        self.records += 1
        self.holes += number - expected
        self._next[station] = number + 1


def main(port: int) -> None:
    count = Count()
    broker = Broker("127.0.0.1", port, "fleet-consumer")
    receiver = Receiver(broker, ["wells/+/records"], session_expiry_s=86_400)
    told_ms = 0
    with StopRequest() as stop:
        while not stop.requested():
            receiver.step(STEP_S)
            for _, payload, _ in receiver.take():
                count.take(payload)
            if monotonic_ms() - told_ms >= SECOND_MS:
                told_ms = monotonic_ms()
                words = {"subscribed": receiver.subscribed, "records": count.records,
                         "repeated": count.repeated, "holes": count.holes,
                         "octets": count.octets}  # fmt: skip
                print(json.dumps(words), flush=True)
    receiver.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
