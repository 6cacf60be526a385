"""Room rule: whose turn it is on one bus, within the budget of a scan. It knows no serial library.

One transaction at a time. First whoever was left over from the last scan, last whoever failed to
answer; a resting instrument only when its probe is due. So a dead instrument spends time that the
others have no use for, and what does not fit goes on in the next scan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from agent.core.model import Fault
from drivers.declared import InstrumentConfig
from drivers.instrument import Instrument
from drivers.plan import Block, Speed, wire_ms

Monotonic = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Words:
    registers: tuple[int, ...]
    turnaround_ms: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The instrument answered with an exception."""

    code: int
    turnaround_ms: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """No reply to this question: TIMEOUT, GARBLED or DISCONNECTED.

    NOT_READ: its time to reply was not over when the budget was.
    """

    fault: Fault


Answer = Words | Refused | Nothing


class Wire(Protocol):
    """One line that carries one question at a time."""

    async def ready(self) -> bool:
        """Whether anything can be asked at all; False while the tty is gone."""

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
        """One request and its reply, or the reason why there is none.

        The line is quiet for `pause_ms` before it. `expected_ms` and `patience_ms` count from the
        request, `left_ms` from now.
        """


class Turns:
    """One wire and whoever is on it."""

    def __init__(self, wire: Wire, instruments: Sequence[Instrument], clock: Monotonic) -> None:
        self._wire = wire
        self._instruments = instruments
        self._clock = clock

    async def scan(self, budget_ms: int) -> None:
        now_ms = self._clock()
        deadline_ms = now_ms + budget_ms
        for one in self._instruments:
            one.begin_scan(now_ms)
        if not await self._wire.ready():
            self._all_disconnected()
            return
        turns = [one for one in self._instruments if one.due(now_ms)]
        turns.sort(key=lambda one: 0 if one.overdue(now_ms) else one.rank)
        for turn, one in enumerate(turns):
            if not await self._ask(one, deadline_ms, first=turn == 0):
                return

    async def _ask(self, one: Instrument, deadline_ms: int, *, first: bool) -> bool:
        """Ask until it has answered, failed to, or the budget is spent. False: the tty is gone."""
        while (block := one.next_block()) is not None:
            left_ms = deadline_ms - self._clock()
            expected_ms = one.expected_ms(block)
            if left_ms < expected_ms:
                return True
            patience_ms = wire_ms(block, one.speed) + one.timeout_ms
            answer = await self._wire.ask(
                one.config.unit,
                block,
                pause_ms=one.pause_ms,
                expected_ms=expected_ms,
                patience_ms=patience_ms,
                left_ms=left_ms,
            )
            now_ms = self._clock()
            match answer:
                case Words(registers, turnaround_ms):
                    one.answered(block, registers, turnaround_ms, now_ms)
                case Refused(code):
                    one.refused(block, code)
                case Nothing(Fault.DISCONNECTED):
                    self._all_disconnected()
                    return False
                case Nothing(Fault.GARBLED):
                    one.garbled(block, now_ms)
                case Nothing(Fault.NOT_READ) if not first:
                    one.cut_short(now_ms)
                    return True
                case Nothing():
                    # Whoever had the whole budget and did not reply in it is silent.
                    one.timed_out(now_ms)
                case _:
                    assert_never(answer)
            first = False
        return True

    def _all_disconnected(self) -> None:
        for one in self._instruments:
            one.disconnected()


def planned_ms(instruments: Sequence[InstrumentConfig], speed: Speed) -> float:
    """What one scan of one bus needs when every instrument answers, factors included."""
    needed_ms = 0.0
    for one in instruments:
        each_ms = one.profile.turnaround_ms + one.profile.pause_ms
        often, seldom = one.profile.blocks(speed)
        needed_ms += sum(wire_ms(block, speed) + each_ms for block in often + seldom)
    return needed_ms
