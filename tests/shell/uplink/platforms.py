"""Room rule: a platform as the authority runs it: a broker, a receiver, receipts; and its count."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from drivers.mqtt import Broker, Receiver
from tests.links import subscribe
from tests.mosquitto import OPEN, Mosquitto
from tests.proxy import Proxy
from tests.reconcile import Ledger
from tests.shell.uplink.conftest import STATION, House
from tests.shell.uplink.parts import Process

STEP_S = 0.02
STEPS_MAX = 2_000  # 40 s; every wait below ends with its event, far sooner
KEEPS = (*OPEN, "max_queued_messages 0", "persistence true", "autosave_interval 1")
RECEIPTS = "receipts=True,patience_ms=2000"


class PlatformSide:
    """Everything of one platform but the station: it acknowledges what it has without a hole."""

    def __init__(self, house: House, name: str, undo: ExitStack, *, options: Sequence[str]) -> None:
        self.name = name
        self.house = house
        self.folder = house._folder / f"platform-{name}"
        self.folder.mkdir()
        store = f"persistence_location {self.folder}/"
        self.broker = undo.enter_context(Mosquitto(self.folder, (*options, store)))
        self.proxy = undo.enter_context(Proxy(self.broker.port))
        self.ledger = Ledger()
        self.acknowledged = 0
        self.receiver: Receiver | None = None
        self.arrive()
        undo.callback(self.leave)
        door = house._folder / f"{name}.sock"
        self.uplink = Process(door, self.proxy.port, RECEIPTS)
        undo.callback(self.uplink.end)

    def arrive(self) -> None:
        self.receiver = subscribe(Receiver(self._broker(), ["wells/+/records"]))

    def leave(self) -> None:
        """Its session stays at the broker."""
        if self.receiver is not None:
            self.receiver.close()
        self.receiver = None

    def step(self) -> None:
        if self.receiver is None:
            return
        self.receiver.step(STEP_S)
        came = [payload for _, payload, _ in self.receiver.take()]
        self.ledger.take(came)
        number = self.in_turn
        # Of what comes again it says so again: who sends it has not heard.
        if number and (came or number > self.acknowledged) and self.receiver.subscribed:
            receipt = {"epoch": self.house.epoch, "number": number}
            self.say("receipts", json.dumps(receipt).encode())
            self.acknowledged = number

    def say(self, leaf: str, payload: bytes) -> None:
        """Retained, as a platform's receipt may be, and as rubbish may be."""
        assert self.receiver is not None
        topic = f"wells/{STATION}/{leaf}"
        self.receiver._client.publish(topic, payload, qos=1, retain=True)

    @property
    def complete(self) -> bool:
        """All that there is has come, and the desk knows."""
        return self.house.desk.cursors().get(self.name) == self.house.journal.head.number

    @property
    def missing(self) -> int:
        head = self.house.journal.head.number
        return len(self.ledger.missing(STATION, self.house.epoch, head))

    @property
    def in_turn(self) -> int:
        """How far one comes who takes only the next number."""
        return self.ledger.in_turn.get((STATION, self.house.epoch), 0)

    def told(self) -> str:
        """What the desk knows of the uplink's trouble."""
        return self.house.desk.uplinks()[self.name].reported.error

    def _broker(self) -> Broker:
        return Broker("127.0.0.1", self.broker.port, f"platform-{self.name}", keepalive_s=10)


def until(platforms: Sequence[PlatformSide], true: Callable[[], bool]) -> None:
    for _ in range(STEPS_MAX):
        if true():
            return
        for platform in platforms:
            platform.step()
    told = {
        one.name: (len(one.ledger.records), one.ledger.in_turn, one.told()) for one in platforms
    }
    raise AssertionError(f"not reached within the bound: {told}")


def files_of(folder: Path) -> list[Path]:
    """What a broker without its disk has lost."""
    return list(folder.glob("mosquitto.db*"))
