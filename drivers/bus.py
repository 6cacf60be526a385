"""Room rule: the RS-485 buses of a station side by side. It knows no tty and no register.

A plain synchronous driver around an asyncio loop of its own, which runs only inside `read` and
`inquire`; it has no thread. One transaction at a time on each bus, the buses side by side, all
within the bus budget of one scan. How a tty is spoken to is `wire`'s, whose turn it is `turns`',
and what an instrument said `instrument`'s.
"""

import asyncio
import selectors
from collections.abc import Sequence
from typing import Any

from agent.core.model import Moment, Reading
from agent.ports import BusStanding, Counters, Finding, Inquiry
from drivers.declared import InstrumentConfig, misfits
from drivers.instrument import Instrument
from drivers.turns import Monotonic, Turns, planned_ms
from drivers.wire import BusConfig, SerialWire


class Buses:
    """Implements ports.Meters. Every instrument of the station, on however many buses."""

    def __init__(
        self,
        configs: Sequence[BusConfig],
        instruments: Sequence[InstrumentConfig],
        budget_ms: int,
        clock: Monotonic,
    ) -> None:
        # select, not epoll: its timeout is in microseconds, and a gap is 3646 of them.
        self._loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self._defect: BaseException | None = None
        self._loop.set_exception_handler(self._remember)
        self._budget_ms = budget_ms
        speeds = {config.name: config.speed for config in configs}
        assert not misfits(speeds, instruments), misfits(speeds, instruments)
        self._instruments = [Instrument(one, speeds[one.bus]) for one in instruments]
        self._wires = [SerialWire(config, clock) for config in configs]
        self._turns = [
            Turns(wire, [one for one in self._instruments if one.config.bus == config.name], clock)
            for wire, config in zip(self._wires, configs, strict=True)
        ]

    def read(self, moment: Moment) -> tuple[Reading, ...]:
        """One reading per declared quantity, within the budget."""
        del moment  # waits are measured where they happen
        self._loop.run_until_complete(self._scan())
        if self._defect is not None:
            raise self._defect
        return tuple(reading for one in self._instruments for reading in one.readings())

    def counters(self) -> tuple[Counters, ...]:
        return tuple(one.counters() for one in self._instruments)

    def standings(self) -> tuple[BusStanding, ...]:
        return tuple(wire.standing() for wire in self._wires)

    def inquire(self, question: Inquiry, within_ms: int) -> Finding:
        """One question to any unit, between scans."""
        (wire,) = (one for one in self._wires if one.config.name == question.bus)
        finding = self._loop.run_until_complete(wire.inquire(question, within_ms))
        if self._defect is not None:
            raise self._defect
        return finding

    def close(self) -> None:
        for wire in self._wires:
            wire.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _scan(self) -> None:
        async with asyncio.TaskGroup() as group:
            for turns in self._turns:
                group.create_task(turns.scan(self._budget_ms))

    def _remember(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception in a callback is our fault: it ends `read`, not a line in a log."""
        self._defect = context.get("exception") or RuntimeError(context["message"])


def worst_case_ms(configs: Sequence[BusConfig], instruments: Sequence[InstrumentConfig]) -> int:
    """What one scan of the slowest bus needs when every instrument answers, factors included."""
    return max(
        round(planned_ms([one for one in instruments if one.bus == bus.name], bus.speed))
        for bus in configs
    )
