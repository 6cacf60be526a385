"""Room rule: a technician's questions to the bus, between the desk's thread and the scan.

The scan answers them in what is left of its period, one after the other; a question that finds no
room waits for the next one. Nobody waits for ever: who asked gives up after KEPT_S, and a
question that nobody waits for is not asked.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Any

from agent.catalogue import Told
from agent.desk.fields import Fields
from agent.desk.wire import BAD_FIELDS, TOO_BUSY, Refused
from agent.ports import Finding, Inquiry

PENDING_MAX = 16
KEPT_S = 10.0

UNIT_MAX = 247
REGISTERS_MAX = 125
PATIENCE_MAX_MS = 2_000
PATIENCE_USUAL_MS = 150
PARITIES = ("N", "E", "O")

Listener = Callable[[Finding], None]


class Inquiries:
    """`accept` and `withdraw` are called in the desk's thread, the rest by the scan."""

    def __init__(self, buses: Sequence[str]) -> None:
        self.buses = tuple(buses)
        self._lock = Condition()
        self._waiting: deque[tuple[Inquiry, Listener]] = deque()

    def accept(self, question: Inquiry, listener: Listener) -> None:
        """Queue it. Refused when full."""
        with self._lock:
            if len(self._waiting) >= PENDING_MAX:
                raise Refused(TOO_BUSY, Told("desk_refused.questions_wait", most=PENDING_MAX))
            self._waiting.append((question, listener))
            self._lock.notify()

    def withdraw(self, listener: Listener) -> None:
        """Nobody waits for it any more."""
        with self._lock:
            self._waiting = deque(one for one in self._waiting if one[1] is not listener)

    def oldest(self, within_ms: int) -> Inquiry | None:
        """The question that has waited longest; it stays until it is answered.

        Where there is none, it waits so long for one.
        """
        with self._lock:
            if not self._waiting and within_ms > 0:
                self._lock.wait(within_ms / 1000)
            return self._waiting[0][0] if self._waiting else None

    def answer(self, question: Inquiry, finding: Finding) -> None:
        """Tell whoever asked this, unless he has gone."""
        with self._lock:
            heard = next((one for one in self._waiting if one[0] is question), None)
            if heard is None:
                return
            self._waiting.remove(heard)
        heard[1](finding)


async def asked(inquiries: Inquiries, fields: Fields) -> dict[str, Any]:
    """The answer to a question that came in as fields."""
    question = _question(inquiries.buses, fields)
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Finding] = loop.create_future()

    def hear(finding: Finding) -> None:
        if not found.done():
            found.set_result(finding)

    def tell(finding: Finding) -> None:
        loop.call_soon_threadsafe(hear, finding)

    inquiries.accept(question, tell)
    try:
        async with asyncio.timeout(KEPT_S):
            return _named(await found)
    except TimeoutError:
        full = Told("desk_refused.bus_full", bus=question.bus, within_s=f"{KEPT_S:g}")
        raise Refused(TOO_BUSY, full) from None
    finally:
        inquiries.withdraw(tell)


def _question(buses: Sequence[str], fields: Fields) -> Inquiry:
    bus = fields.text("bus")
    question = Inquiry(
        bus=bus,
        unit=fields.integer("unit", 1, UNIT_MAX),
        function=fields.integer("function", 3, 4, 3),
        address=fields.integer("address", 0, 0xFFFF),
        count=fields.integer("count", 1, REGISTERS_MAX, 1),
        patience_ms=fields.integer("patience_ms", 10, PATIENCE_MAX_MS, PATIENCE_USUAL_MS),
        baud=fields.integer("baud", 1200, 115200) if fields.has("baud") else None,
        parity=fields.optional_text("parity", 1) or None,
        stop_bits=fields.integer("stop_bits", 1, 2) if fields.has("stop_bits") else None,
    )
    fields.end()
    if bus not in buses:
        raise Refused(
            BAD_FIELDS, Told("desk_refused.no_bus", bus=ascii(bus), known=", ".join(buses))
        )
    if question.parity is not None and question.parity not in PARITIES:
        raise Refused(BAD_FIELDS, f"parity must be one of {', '.join(PARITIES)}")
    if question.address + question.count > 0x10000:
        raise Refused(BAD_FIELDS, Told("desk_refused.registers_end"))
    return question


def _named(finding: Finding) -> dict[str, Any]:
    return {
        "words": list(finding.words),
        "exception": finding.exception,
        "fault": finding.fault,
        "turnaround_ms": finding.turnaround_ms,
    }
