"""Room rule: the uplinks of many stations in one thread, and what they did each second."""

import random
import select
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.core.model import Moment
from agent.fleet.well import Well
from agent.ports import Clock, LinkDown, LinkEvent, LinkUp
from agent.uplink.forward import Uplink, UplinkPolicy
from agent.uplink.inquiry import Inquiry
from agent.uplink.link import Link
from drivers.mqtt import Broker, MqttConfig, MqttLink
from drivers.payload.json import JsonCodec

TURN_S = 0.05


@dataclass(slots=True)
class FleetClock:
    """The host's clocks, and as much later as the story wants to be."""

    host: Clock
    ahead_ms: int = 0

    def monotonic_ms(self) -> int:
        return self.host.monotonic_ms() + self.ahead_ms

    def now(self) -> Moment:
        now = self.host.now()
        return Moment(
            now.utc_ms + self.ahead_ms, now.monotonic_ms + self.ahead_ms, now.boot, trusted=True
        )


class Watched:
    """A Platform that is counted: attempts to connect, and whether it is connected."""

    def __init__(self, link: MqttLink) -> None:
        self._link = link
        self.attempts = 0
        self.up = False
        self.fileno = link.fileno
        self.wants_write = link.wants_write
        self.send_records = link.send_records
        self.send_state = link.send_state
        self.send_result = link.send_result
        self.settle = link.settle
        self.close = link.close

    def connect(self) -> None:
        self.attempts += 1
        self._link.connect()

    def step(self, *, readable: bool, writable: bool, monotonic_ms: int) -> Sequence[LinkEvent]:
        events = self._link.step(readable=readable, writable=writable, monotonic_ms=monotonic_ms)
        for event in events:
            self.up = isinstance(event, LinkUp) or (self.up and not isinstance(event, LinkDown))
        return events


@dataclass(slots=True)
class _Station:
    uplink: Uplink
    platform: Watched
    well: Well
    watched: tuple[int, int] = (-1, 0)  # descriptor and mask
    due_ms: int = 0


@dataclass(slots=True)
class Stations:
    """`ports` are the brokers'; every station sends to each of them."""

    clock: FleetClock
    _all: list[_Station] = field(default_factory=list)
    _poll: select.epoll = field(default_factory=select.epoll)

    def add(self, count: int, ports: Sequence[int], policy: UplinkPolicy, seed: int) -> None:
        chance = random.Random(seed)
        moment = self.clock.now()
        for number in range(1, count + 1):
            name = f"well-{number:04}"
            begun_ms = moment.monotonic_ms - chance.randrange(60_000)
            for port in ports:
                well = Well(name, begun_ms, moment.utc_ms)
                config = MqttConfig(Broker("127.0.0.1", port, f"wellkeeper-{name}"), name, "fleet")
                platform = Watched(MqttLink(config))
                desk = _at_the_desk_of(well)
                uplink = Uplink(platform, JsonCodec(), desk, policy, Link(chance.random))
                self._all.append(_Station(uplink, platform, well))

    def turn(self, wait_s: float = TURN_S) -> None:
        """Everything that is due or ready, once."""
        ready = dict(self._poll.poll(wait_s))
        now_ms = self.clock.monotonic_ms()
        for station in self._all:
            mask = ready.get(station.watched[0], 0)
            if mask or station.due_ms <= now_ms:
                self._work(station, mask, now_ms)

    def _work(self, station: _Station, mask: int, now_ms: int) -> None:
        station.well.at(now_ms)
        uplink = station.uplink
        uplink.begin(now_ms)
        fault = select.EPOLLHUP | select.EPOLLERR
        uplink.work(
            self.clock,
            readable=bool(mask & (select.EPOLLIN | fault)),
            writable=bool(mask & select.EPOLLOUT),
        )
        station.due_ms = min(now_ms + uplink.wait_ms(now_ms), station.well.due_ms())
        self._watch(station)

    def _watch(self, station: _Station) -> None:
        """A descriptor that was closed has left the kernel's set by itself."""
        platform = station.platform
        number = platform.fileno()
        wanted = select.EPOLLIN | (select.EPOLLOUT if platform.wants_write() else 0)
        known, mask = station.watched
        if number < 0 or (number, wanted) == (known, mask):
            station.watched = (number, wanted) if number >= 0 else (-1, 0)
            return
        try:
            self._poll.modify(number, wanted)
        except FileNotFoundError:
            self._poll.register(number, wanted)
        station.watched = (number, wanted)

    @property
    def attempts(self) -> int:
        return sum(one.platform.attempts for one in self._all)

    @property
    def connected(self) -> int:
        return sum(one.platform.up for one in self._all)

    @property
    def owed(self) -> Counter[str]:
        """Records that no platform has acknowledged yet, by station."""
        waiting: Counter[str] = Counter()
        for one in self._all:
            one.well.at(self.clock.monotonic_ms())
            waiting[one.well.station] += one.well.head - one.well.cursor
        return waiting

    def close(self) -> None:
        for one in self._all:
            one.uplink.close(self.clock.monotonic_ms())
        self._poll.close()


def _at_the_desk_of(well: Well) -> Inquiry:
    """Reached once and never gone: a Well is its own connection."""
    return Inquiry(lambda: well)
