"""Room rule: the story of a fleet: steady, both brokers gone for days, and the morning after.

Time may be ahead of the host's: while the brokers are away it runs fast, so that three days pass
in a minute; from the moment they are back it runs as everybody's does, and what is measured then
is real.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from agent.fleet.stations import FleetClock, Stations
from agent.uplink.forward import UplinkPolicy
from drivers import children
from drivers.host import HostClock
from drivers.simulator.broker import Broker, free_port

SECOND_MS = 1_000
HOUR_MS = 3_600_000
FAST_MS = 250  # what a turn of the outage adds to the clock
FAST_WAIT_S = 0.002  # and how long it takes at least: a refused connection is told meanwhile
# Long enough for every station's wait to have grown to its cap and to have been drawn anew.
SETTLED_MS = 30 * 60_000
STEADY_S = 30
CATCH_UP_S_MAX = 3_600
PLATFORMS = 2


@dataclass(slots=True)
class Second:
    """One second of the morning after."""

    attempts: int
    connected: int
    owed: int


@dataclass(slots=True)
class Figures:
    stations: int
    outage_h: int
    steady_batches_per_s: float = 0.0
    steady_octets_per_s: float = 0.0
    owed: int = 0
    morning: list[Second] = field(default_factory=list)
    caught_up_s: int | None = None
    broker_mib: tuple[float, ...] = ()
    repeated: int = 0
    holes: int = 0
    processor_s: float = 0.0


@dataclass(slots=True)
class _Consumer:
    """A platform's receiver, and the last that it said."""

    output: IO[bytes]
    said: dict[str, int] = field(default_factory=dict)
    _begun: bytes = b""

    def read(self) -> None:
        try:
            octets = os.read(self.output.fileno(), 65_536)
        except BlockingIOError:
            return
        *lines, self._begun = (self._begun + octets).split(b"\n")
        if lines:
            self.said = json.loads(lines[-1])


def play(count: int, outage_h: int, folder: Path, tell: Callable[[str], None]) -> Figures:
    figures = Figures(count, outage_h)
    with ExitStack() as undo:
        brokers = [Broker(folder / f"broker-{n}", free_port()) for n in range(PLATFORMS)]
        for broker in brokers:
            broker.start()
            undo.callback(broker.stop)
        consumers = [_consumer(broker.port, undo) for broker in brokers]
        stations = Stations(FleetClock(HostClock("always")))
        undo.callback(stations.close)
        _until(stations, consumers, lambda: all(one.said.get("subscribed") for one in consumers))
        policy = UplinkPolicy(batch_interval_ms=300_000, state_interval_ms=600_000)
        stations.add(count, [broker.port for broker in brokers], policy, seed=1)
        _until(stations, consumers, lambda: stations.connected == count * PLATFORMS)
        tell(f"{count} stations, each connected to {PLATFORMS} platforms")
        _steady(stations, consumers, figures)
        for broker in brokers:
            broker.stop()
        _outage(stations, outage_h)
        figures.owed = sum(stations.owed.values())
        tell(f"{outage_h} h without a broker: {figures.owed:,} records wait")
        for broker in brokers:
            broker.start()
        _morning(stations, consumers, figures, tell)
        figures.broker_mib = tuple(_most_mib(broker.pid) for broker in brokers)
        figures.repeated = sum(one.said["repeated"] for one in consumers)
        figures.holes = sum(one.said["holes"] for one in consumers)
    return figures


def _consumer(port: int, undo: ExitStack) -> _Consumer:
    argv = [sys.executable, "-m", "agent.fleet.consumer", str(port)]
    process = children.start(argv, output=subprocess.PIPE)
    assert process.stdout is not None
    undo.callback(process.wait, 10)
    undo.callback(process.terminate)
    os.set_blocking(process.stdout.fileno(), False)
    return _Consumer(process.stdout)


def _until(stations: Stations, consumers: list[_Consumer], true: Callable[[], bool]) -> None:
    until_ms = stations.clock.monotonic_ms() + CATCH_UP_S_MAX * SECOND_MS
    while not true():
        assert stations.clock.monotonic_ms() < until_ms, "the fleet does not come up"
        stations.turn()
        for one in consumers:
            one.read()


def _steady(stations: Stations, consumers: list[_Consumer], figures: Figures) -> None:
    """Minute records in batches of five minutes, an hour of them in half a minute."""
    before = sum(one.said["octets"] for one in consumers)
    begun_ms = stations.clock.monotonic_ms()
    until_ms = stations.clock.host.monotonic_ms() + STEADY_S * SECOND_MS
    while (now_ms := stations.clock.host.monotonic_ms()) < until_ms:
        left = (until_ms - now_ms) / (STEADY_S * SECOND_MS)
        wanted_ms = begun_ms + int((1 - left) * HOUR_MS)
        stations.clock.ahead_ms += max(0, wanted_ms - stations.clock.monotonic_ms())
        stations.turn()
        for one in consumers:
            one.read()
    octets = sum(one.said["octets"] for one in consumers) - before
    figures.steady_octets_per_s = octets / (HOUR_MS / SECOND_MS)
    figures.steady_batches_per_s = figures.stations * PLATFORMS / 300


def _outage(stations: Stations, outage_h: int) -> None:
    """Fast at both ends, where waits grow and are drawn anew; the days between are left out."""
    clock = stations.clock
    for stretch_ms in (SETTLED_MS, max(0, outage_h * HOUR_MS - 2 * SETTLED_MS), SETTLED_MS):
        until_ms = clock.monotonic_ms() + stretch_ms
        if stretch_ms > SETTLED_MS:
            clock.ahead_ms += stretch_ms
        while clock.monotonic_ms() < until_ms:
            clock.ahead_ms += FAST_MS
            stations.turn(FAST_WAIT_S)


def _morning(
    stations: Stations, consumers: list[_Consumer], figures: Figures, tell: Callable[[str], None]
) -> None:
    clock = stations.clock
    begun_ms, begun_cpu = clock.monotonic_ms(), os.times()
    attempts = stations.attempts
    while figures.caught_up_s is None and len(figures.morning) < CATCH_UP_S_MAX:
        until_ms = begun_ms + (len(figures.morning) + 1) * SECOND_MS
        while clock.monotonic_ms() < until_ms:
            stations.turn()
            for one in consumers:
                one.read()
        owed = stations.owed
        made, attempts = stations.attempts - attempts, stations.attempts
        figures.morning.append(Second(made, stations.connected, sum(owed.values())))
        # What is written meanwhile goes in batches: a handful of minutes is no backlog.
        if max(owed.values()) <= 2 * PLATFORMS * 6:
            figures.caught_up_s = len(figures.morning)
        if len(figures.morning) % 30 == 0:
            second = figures.morning[-1]
            tell(f"{len(figures.morning)} s: {second.connected} connected, {second.owed:,} wait")
    spent = os.times()
    figures.processor_s = spent.user + spent.system - begun_cpu.user - begun_cpu.system
    _until(stations, consumers, lambda: True)


def _most_mib(pid: int | None) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
