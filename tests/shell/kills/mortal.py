"""An uplink that kills itself with SIGKILL at a named point, again and again.

Run as `python mortal.py DOOR PORT`. Each line of its input names a point and how often it is
passed before (`sent 3`). An uplink is then forked from this process, which has everything loaded
already, and lives until it dies there. The answer is one line: `died`, or `lived` when the point
was not met within the bound; `none 0` meets none.
"""

import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agent.desk.client import Client
from agent.ports import LinkEvent, Receipt
from agent.uplink import UplinkPolicy, forward, outbox, run
from drivers.host import HostClock, StopRequest
from drivers.mqtt import Broker, MqttConfig, MqttLink
from drivers.payload.json import JsonCodec

BATCH_RECORDS = 20  # small, so that one life passes every point often
LIFE_S = 5.0

# Before and after each thing that must not be lost: the batch at the socket, the broker's
# acknowledgement, the cursor at the desk, the record that is set aside.
POINTS = ("send", "sent", "receipt", "received", "move", "moved", "flush", "flushed", "read")


class Death:
    """Counts down at one point."""

    def __init__(self, point: str, after: int) -> None:
        assert point in (*POINTS, "none"), point
        self._point = point
        self._left = after

    def at(self, point: str) -> None:
        if point == self._point:
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1


class MortalLink(MqttLink):
    """The real link; only its death is ours."""

    death: Death

    def send_records(self, payload: bytes) -> int:
        self.death.at("send")
        token = super().send_records(payload)
        self.death.at("sent")
        return token

    def step(self, *, readable: bool, writable: bool, monotonic_ms: int) -> Sequence[LinkEvent]:
        if writable:
            self.death.at("flush")
        if readable:
            self.death.at("receipt")
        events = super().step(readable=readable, writable=writable, monotonic_ms=monotonic_ms)
        if writable:
            self.death.at("flushed")
        if any(isinstance(event, Receipt) for event in events):
            self.death.at("received")
        return events


class MortalClient(Client):
    death: Death

    def post(self, method: str, fields: Any) -> int:
        if method == "move_cursor":
            self.death.at("move")
        number = super().post(method, fields)
        if method == "move_cursor":
            self.death.at("moved")
        if method == "records":
            self.death.at("read")
        return number


def live(door: Path, port: int, death: Death) -> None:
    for room in (forward, outbox):
        vars(room)["BATCH_RECORDS_MAX"] = BATCH_RECORDS
    MortalLink.death = MortalClient.death = death
    broker = Broker("127.0.0.1", port, "uplink", keepalive_s=5)
    with StopRequest() as stop:
        run(
            platform=MortalLink(MqttConfig(broker, "W-1", "1")),
            codec=JsonCodec(),
            desk=lambda: MortalClient(door),
            clock=HostClock("always"),
            policy=UplinkPolicy(200, 600_000),
            stop=stop,
            draw=lambda: 0.0,
        )


def forked(life: Callable[[], None]) -> bool:
    """Whether it died of its own hand within the bound."""
    child = os.fork()
    if child == 0:
        life()
        os._exit(0)
    died = os.pidfd_open(child)
    met = bool(select.select([died], [], [], LIFE_S)[0])
    os.close(died)
    if not met:
        os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    return met and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main() -> None:
    door, port = Path(sys.argv[1]), int(sys.argv[2])
    for line in sys.stdin:
        point, after = line.split()
        died = forked(partial(live, door, port, Death(point, int(after))))
        print("died" if died else "lived", flush=True)


if __name__ == "__main__":
    main()
