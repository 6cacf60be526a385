"""Instruments that sleep: a request wakes them, and is sent again within the same scan."""

import asyncio
from dataclasses import dataclass, field

import pytest

from agent.core.model import Fault, Quality, Role
from drivers import profile_file
from drivers.declared import InstrumentConfig
from drivers.instrument import Instrument
from drivers.plan import Block
from drivers.turns import Answer, Nothing, Turns, Words
from tests.drivers.profiles.encoder import DEPTH_MM, words_of
from tests.drivers.profiles.meters import METERS, UNIT

TURNAROUND_MS = 300


@dataclass
class Sleeper:
    """A wire with one instrument that sleeps after so long without traffic; it moves the time."""

    name: str
    sleeps_after_ms: int
    dead: bool = False
    now_ms: int = 1_000_000
    traffic_ms: int = -1_000_000
    asked: list[int] = field(default_factory=list)

    def __call__(self) -> int:
        return self.now_ms

    async def ready(self) -> bool:
        return True

    async def ask(
        self,
        unit: int,
        block: Block,
        *,
        pause_ms: int,
        expected_ms: float,
        patience_ms: float,
        left_ms: float,
    ) -> Answer:
        del unit, expected_ms
        self.now_ms += pause_ms
        self.asked.append(self.now_ms)
        slept = self.now_ms - self.traffic_ms >= self.sleeps_after_ms
        self.traffic_ms = self.now_ms
        if slept or self.dead:
            self.now_ms += round(min(patience_ms, left_ms))
            return Nothing(Fault.TIMEOUT if patience_ms <= left_ms else Fault.NOT_READ)
        self.now_ms += TURNAROUND_MS
        return Words(tuple(words_of(METERS[self.name].image, block)), TURNAROUND_MS)


def scan(sleeper: Sleeper, one: Instrument) -> set[Fault | None]:
    asyncio.run(Turns(sleeper, [one], sleeper).scan(budget_ms=2_500))
    return {reading.fault for reading in one.readings()}


def awake(name: str, role: Role) -> Instrument:
    kind = profile_file.load(profile_file.find(name))
    depth_mm = DEPTH_MM if role is Role.LEVEL_PROBE else None
    return Instrument(InstrumentConfig(role, UNIT, kind, "a", depth_mm), kind.line)


@pytest.mark.parametrize(
    ("name", "role", "sleeps_after_ms"),
    [("aquamaster3", Role.FLOW_METER, 10_000), ("leveltroll", Role.LEVEL_PROBE, 5_000)],
)
def test_a_sleeping_instrument_is_read_in_the_scan_that_wakes_it(
    name: str, role: Role, sleeps_after_ms: int
) -> None:
    sleeper, one = Sleeper(name, sleeps_after_ms), awake(name, role)
    for _ in range(3):
        before = len(sleeper.asked)
        assert scan(sleeper, one) == {None}
        knock, again = sleeper.asked[before : before + 2]
        assert again - knock <= 1000, "the manual: repeated within a second"
        sleeper.now_ms += 65_000
    assert one.counters().timeouts == 0


def test_an_instrument_that_is_kept_awake_is_asked_once() -> None:
    sleeper, one = Sleeper("aquamaster3", 10_000), awake("aquamaster3", Role.FLOW_METER)
    for _ in range(4):  # until it has also said who it is
        sleeper.now_ms += 3_000
        scan(sleeper, one)
    for _ in range(5):
        sleeper.now_ms += 3_000
        before = len(sleeper.asked)
        assert scan(sleeper, one) == {None}
        assert len(sleeper.asked) - before == len(one.often)


def test_one_that_does_not_wake_is_silent_and_rests() -> None:
    """And is read again when it comes back, though it sleeps at each probe."""
    sleeper = Sleeper("aquamaster3", 10_000, dead=True)
    one = awake("aquamaster3", Role.FLOW_METER)
    assert scan(sleeper, one) == {Fault.TIMEOUT}
    for _ in range(4):
        sleeper.now_ms += 3_000
        scan(sleeper, one)
    assert {reading.fault for reading in one.readings()} == {Fault.RESTING}
    sleeper.dead = False
    for _ in range(8):
        sleeper.now_ms += 3_000
        faults = scan(sleeper, one)
    assert faults == {None}
    assert {reading.quality for reading in one.readings()} == {Quality.GOOD}
