"""Room rule: the story's people and their eyes, on a real house. Knows no story and no verdict.

Everything is reached as a user reaches it: the administrator's desk socket, the owner's panel,
and a subscription at each platform's broker.
"""

import json
import socket
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.demo import evidence
from agent.demo.house import House, HouseFailed
from agent.demo.picture import Screen, picture
from agent.demo.sight import Platform, Pump, Sight
from agent.demo.verdict import Delivered
from agent.desk.client import Client, DeskGone, DeskRefused
from agent.words import say
from drivers.host import HostClock, StopRequest
from drivers.mqtt import Broker, Receiver

TOPIC = "wells/demo-well/records"
# The story's pace: how long one look listens to each platform.
LISTEN_S = 0.05
# One message after the other, so many at a look; the rest comes with the next.
MESSAGES_MAX = 200
STATUS_WITHIN_S = 0.5
ORDER_WITHIN_S = 10.0
PANEL_WITHIN_S = 5.0
PANEL_BYTES_MAX = 65_536
# What the desk may say to an order that is given too early; it is given again.
NOT_YET = frozenset({"meter_not_read", "display_disagrees"})


class Stopped(Exception):
    """The operator wants an end."""


class OrderRefused(Exception):
    """The desk judged an order of the story's own against it."""


class Actor:
    """A `story.Stage` on a house that is open."""

    def __init__(
        self, house: House, clock: HostClock, screen: Screen, stop: StopRequest, language: str
    ) -> None:
        self._house = house
        self._clock = clock
        self._screen = screen
        self._stop = stop
        self._language = language
        self._began_ms = clock.monotonic_ms()
        self._panel = Panel(house.panel)
        self._desk: Client | None = None
        self.receptions = {name: Reception(name, one.port) for name, one in house.brokers.items()}

    # --- what everyone can see -------------------------------------------------------------------

    def look(self) -> Sight:
        """Stopped when the operator wants an end; HouseFailed when the world does not stay."""
        if self._stop.requested():
            raise Stopped
        self._house.attend()
        for reception in self.receptions.values():
            reception.listen()
        platforms = tuple(
            Platform(
                name=name,
                there=self._house.brokers[name].pid is not None,
                delivered=len(reception.numbers),
                through=reception.through,
            )
            for name, reception in self.receptions.items()
        )
        sight = Sight(self._status(), self._pump(), platforms)
        self._screen.draw(picture(sight, self._language))
        return sight

    def say(self, words: str) -> None:
        elapsed_s = (self._clock.monotonic_ms() - self._began_ms) / 1000
        self._screen.tell(f"{elapsed_s:5.1f} s  {say(f'demo.{words}', self._language)}")

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()

    def year(self) -> int:
        seconds = self._clock.now().utc_ms // 1000
        return datetime.fromtimestamp(seconds, ZoneInfo("Asia/Shanghai")).year

    def _status(self) -> Mapping[str, Any] | None:
        answer = self._ask("status", {"revision": None, "wait_ms": 0}, STATUS_WITHIN_S)
        state: Mapping[str, Any] | None = None if answer is None else answer["state"]
        return state

    def _ask(self, method: str, fields: Mapping[str, Any], within_s: float) -> Any:
        """None when nobody is at the desk; the next question goes to whoever is there then."""
        try:
            if self._desk is None:
                self._desk = Client(self._house.desk)
            return self._desk.call(method, fields, within_s)
        except DeskGone:
            if self._desk is not None:
                self._desk.close()
                self._desk = None
            return None

    def _pump(self) -> Pump:
        truth = self._panel.ask("truth")
        return Pump(
            running=truth["running"],
            permitted=truth["permitted"],
            drops=truth["drops"],
            flow_l_per_h=truth["flow_l_per_h"],
            power_w=truth["power_w"],
            level_mm=truth["level_mm"],
            withdrawn_l=truth["withdrawn_l"],
        )

    # --- what the people do ----------------------------------------------------------------------

    def order(self, kind: str, fields: Mapping[str, Any]) -> bool:
        """OrderRefused when the desk refuses for good."""
        order = {"actor": "demo", "order": kind, "fields": fields}
        try:
            answer = self._ask("command", order, ORDER_WITHIN_S)
        except DeskRefused as why:
            raise OrderRefused(f"{kind}: {why}") from why
        refusal = None if answer is None else answer["verdict"]["refusal"]
        if refusal is not None and refusal["reason"] not in NOT_YET:
            raise OrderRefused(f"{kind}: {refusal}")
        return answer is not None and refusal is None

    def press(self, button: str) -> None:
        self._panel.ask(button)

    def take_away(self, platform: str) -> None:
        self._house.take_away(platform)

    def bring_back(self, platform: str) -> None:
        self._house.bring_back(platform)

    def close(self) -> None:
        if self._desk is not None:
            self._desk.close()
        self._panel.close()
        for reception in self.receptions.values():
            reception.close()


class Reception:
    """What one platform was really given, in the order in which it came."""

    def __init__(self, name: str, port: int) -> None:
        broker = Broker("127.0.0.1", port, client_id=f"platform-{name}")
        self._receiver = Receiver(broker, [TOPIC])
        self.given: list[Delivered] = []
        self.numbers: set[int] = set()
        self.through = 0

    def listen(self) -> None:
        self._receiver.step(LISTEN_S)
        for _ in range(MESSAGES_MAX):
            taken = self._receiver.take()
            if not taken:
                return
            for _topic, payload, _retained in taken:
                self._note(payload)
            self._receiver.step(0)

    def _note(self, payload: bytes) -> None:
        for one in evidence.delivered(payload):
            self.given.append(one)
            self.numbers.add(one.number)
        while self.through + 1 in self.numbers:
            self.through += 1

    def close(self) -> None:
        self._receiver.close()


class Panel:
    """The owner's panel: one button or question, one answer."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PANEL_WITHIN_S)
        try:
            self._socket.connect(str(path))
        except OSError as why:
            self._socket.close()
            raise HouseFailed("wellkeeper simulate", str(why)) from why

    def ask(self, button: str, **how: Any) -> dict[str, Any]:
        """HouseFailed when the pump house does not answer."""
        answer = b""
        try:
            self._socket.sendall(json.dumps({"do": button, **how}).encode() + b"\n")
            while not answer.endswith(b"\n"):
                more = self._socket.recv(PANEL_BYTES_MAX)
                if not more:
                    raise HouseFailed("wellkeeper simulate", "the panel hung up")
                answer += more
        except OSError as why:
            raise HouseFailed("wellkeeper simulate", str(why)) from why
        told: dict[str, Any] = json.loads(answer)
        assert told["ok"], f"the panel did not understand {button}: {told}"
        return told

    def close(self) -> None:
        self._socket.close()
