"""Room rule: one RS-485 line and its manners. The one importer of pymodbus; it owns no thread.

pymodbus checks the unit and the CRC of a reply, and drops a frame behind a stray byte. Here every
octet passes its trace hook in both directions: outward, only the functions that read may pass;
inward, only the frame that answers this very request. So a late, foreign or torn reply is never
seen by anybody. Before each request the tty's input is emptied; after any failure the line must
first be quiet.
"""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from pymodbus.client import AsyncModbusSerialClient

from agent.core.model import Fault
from agent.ports import BusStanding, Finding, Inquiry
from drivers import tty
from drivers.plan import REPLY_CHARACTERS, Block, Speed, wire_ms
from drivers.reply import reply_in
from drivers.turns import Answer, Monotonic, Nothing, Refused, Words

READ_FUNCTIONS = frozenset({1, 2, 3, 4})
UNITS = range(1, 248)  # 0 is a broadcast, which some modules obey

# Waits before the next attempt to open a tty that is gone; the last one repeats.
REOPEN_LADDER_MS = (1_000, 2_000, 5_000, 10_000)
# Between two instruments the line is quiet for at least this long: the one that spoke last must
# have left it. Shorter pauses fail in the field (eModbus#337: 5 ms fails, 10 ms works).
CHANGE_PAUSE_MS = 10
# After a failure the line must be quiet for this long, and is given this long to become so.
QUIET_MS = 20
SETTLE_MAX_MS = 300
# What an inquiry needs beside its question and its patience: to find the line quiet.
INQUIRY_SPARE_MS = 2 * QUIET_MS + CHANGE_PAUSE_MS
# pymodbus drops what exceeds its buffer before anybody sees it; a burst of noise shall be noticed.
BUFFER_MAX = 2_048
# pymodbus has one timeout for connecting and for replies; once it is connected, ours are the only.
CONNECT_S = 60.0


@dataclass(frozen=True, slots=True)
class BusConfig:
    name: str
    port: Path
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1

    @property
    def speed(self) -> Speed:
        return Speed(self.baud, self.parity, self.stop_bits)


class SerialWire:
    """Implements turns.Wire: one tty with a pymodbus client on it. Survives the tty's absence."""

    def __init__(self, config: BusConfig, clock: Monotonic) -> None:
        # Each failure becomes a Reading and a count; pymodbus would write a line for each, too.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        self.config = config
        self._speed = config.speed
        self._clock = clock
        self._client: AsyncModbusSerialClient | None = None
        self._failures = 0
        self._retry_ms: int | None = None
        self._opened = 0
        self._trouble = "not opened yet"
        self._unsettled = True  # a peer that was here before may have left its answer
        self._free_at = 0.0  # on the loop's clock: when the line may be used again
        self._last_pause_ms = 0
        self._last_unit = 0
        self._echoes = False
        # Of the transaction under way:
        self._asked: tuple[int, Block] | None = None
        self._limit: asyncio.Timeout | None = None
        self._ends_at = 0.0
        self._sent = b""
        self._heard = 0
        self._replied_at: float | None = None

    # --- the tty ---------------------------------------------------------------------------------

    async def ready(self) -> bool:
        """Whether the tty is open; tries to open it when the ladder says so."""
        await asyncio.sleep(0)  # a tty that vanished between scans says so now
        if self._client is not None:
            return True
        if self._retry_ms is not None and self._clock() < self._retry_ms:
            return False
        client = AsyncModbusSerialClient(
            str(self.config.port),
            baudrate=self.config.baud,
            parity=self.config.parity,
            stopbits=self.config.stop_bits,
            timeout=CONNECT_S,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
            trace_connect=self._connected,
        )
        client.ctx.max_buffer_size = BUFFER_MAX
        if await client.connect():
            client.ctx.comm_params.timeout_connect = None  # type: ignore[assignment]  # none
            client.ctx.low_level_send = self._send
            self._client = client
            self._speed = self.config.speed
            self._failures, self._retry_ms, self._trouble = 0, None, ""
            self._opened += 1
            self._unsettled = True
            await asyncio.sleep(0)  # pymodbus begins to watch the tty one turn later
            return True
        wait_ms = REOPEN_LADDER_MS[min(self._failures, len(REOPEN_LADDER_MS) - 1)]
        self._failures += 1
        self._retry_ms = self._clock() + wait_ms
        self._trouble = tty.why_not(self.config.port)
        return False

    def standing(self) -> BusStanding:
        connected = self._client is not None
        return BusStanding(self.config.name, connected, self._opened, self._echoes, self._trouble)

    def _is_open(self) -> bool:
        return self._client is not None

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self, up: bool) -> None:  # noqa: FBT001  pymodbus calls it so
        if not up:
            self._lost()

    def _lost(self) -> None:
        self.close()
        self._trouble = f"{self.config.port} went away; is the adapter plugged in?"
        self._retry_ms = self._clock()
        self._end_by(asyncio.get_running_loop().time())

    # --- one transaction -------------------------------------------------------------------------

    async def inquire(self, question: Inquiry, within_ms: int) -> Finding:
        """A question at the line's own speed or at another, which it then leaves again."""
        given = (question.baud, question.parity, question.stop_bits)
        own = self.config.speed
        speed = Speed(given[0] or own.baud, given[1] or own.parity, given[2] or own.stop_bits)
        block = Block(question.function, question.address, question.count)
        expected_ms = wire_ms(block, speed)
        patience_ms = expected_ms + question.patience_ms
        if within_ms < patience_ms + INQUIRY_SPARE_MS:
            return Finding(fault=Fault.NOT_READ)
        if not await self.ready():
            return Finding(fault=Fault.DISCONNECTED)
        if not self._speak_at(speed):
            return Finding(fault=Fault.REFUSED)
        answer = await self.ask(
            question.unit,
            block,
            pause_ms=CHANGE_PAUSE_MS,
            expected_ms=expected_ms,
            patience_ms=patience_ms,
            left_ms=within_ms - QUIET_MS,
        )
        if self._is_open() and speed != own:
            self._speak_at(own)
            self._unsettled = True  # to the others it was noise, and they may have answered it
        match answer:
            case Words(registers, turnaround_ms):
                return Finding(words=registers, turnaround_ms=turnaround_ms)
            case Refused(code, turnaround_ms):
                return Finding(exception=code, turnaround_ms=turnaround_ms)
            case Nothing(fault):
                return Finding(fault=fault)
            case _:
                assert_never(answer)

    def _speak_at(self, speed: Speed) -> bool:
        """Set the tty; False when it cannot do that."""
        self._speed = speed
        return self._stands(tty.speak_at(self._serial(), speed))

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
        """One request and its reply, or the reason why there is none."""
        loop = asyncio.get_running_loop()
        deadline_at = loop.time() + left_ms / 1000
        await self._silence(unit, pause_ms, deadline_at)
        whole = REPLY_CHARACTERS + 2 * block.count
        if not self._is_open() or not self._empty(whole):
            return Nothing(Fault.DISCONNECTED)
        patient_until = loop.time() + patience_ms / 1000
        self._ends_at = min(patient_until, deadline_at)
        self._asked, self._heard, self._replied_at = (unit, block), 0, None
        begun_ms = self._clock()
        # A refusal is shorter: when a reply should be here, whatever is here is looked at.
        looking = loop.call_later(expected_ms / 1000, self._expect, 0)
        try:
            async with asyncio.timeout_at(self._ends_at) as self._limit:
                response = await self._request(unit, block)
        except TimeoutError:
            self._unsettled = True
            if not self._is_open():
                return Nothing(Fault.DISCONNECTED)
            if self._heard:
                return Nothing(Fault.GARBLED)
            return Nothing(Fault.TIMEOUT if patient_until <= deadline_at else Fault.NOT_READ)
        finally:
            self._asked = self._limit = None
            self._sent = b""
            looking.cancel()
            if self._replied_at is None:
                self._replied_at = loop.time()
            self._free_at = self._replied_at + self._speed.gap_ms / 1000
        took_ms = self._clock() - begun_ms
        turnaround_ms = max(0, round(took_ms - wire_ms(block, self._speed) + self._speed.gap_ms))
        if response.isError():
            return Refused(response.exception_code, turnaround_ms)
        return Words(tuple(response.registers), turnaround_ms)

    async def _request(self, unit: int, block: Block) -> Any:
        assert self._client is not None
        read = {
            3: self._client.read_holding_registers,
            4: self._client.read_input_registers,
        }[block.function]
        return await read(block.address, count=block.count, device_id=unit)

    async def _silence(self, unit: int, pause_ms: int, deadline_at: float) -> None:
        """The gap between frames and both instruments' pauses; after a failure, quiet."""
        loop = asyncio.get_running_loop()
        longest_ms = max(pause_ms, self._last_pause_ms)
        if unit != self._last_unit:
            longest_ms = max(longest_ms, CHANGE_PAUSE_MS)
        free_at = self._free_at
        self._last_unit, self._last_pause_ms = unit, pause_ms
        if longest_ms > self._speed.gap_ms:
            free_at += (longest_ms - self._speed.gap_ms) / 1000
        if free_at > loop.time():
            await asyncio.sleep(free_at - loop.time())
        if not self._unsettled:
            return
        settled_at = min(loop.time() + SETTLE_MAX_MS / 1000, deadline_at)
        while self._is_open() and loop.time() < settled_at:
            self._heard = 0
            if not self._empty(0):
                return
            await asyncio.sleep(max(QUIET_MS, self._speed.gap_ms) / 1000)
            if not self._heard:
                break
        self._unsettled = False

    def _empty(self, expected: int) -> bool:
        """Throw away what the tty holds: it answers no question of ours. False: the tty is gone.

        From here on so many characters wake us; 0: the first one does.
        """
        self._expect(expected)
        return self._is_open() and self._stands(tty.empty(self._serial()))

    def _expect(self, characters: int) -> None:
        if self._is_open():
            self._stands(tty.expect(self._serial(), characters))

    def _send(self, octets: bytes, addr: object = None) -> None:
        del addr  # pymodbus knows more kinds of wires
        self._stands(tty.send(self._serial(), octets))

    def _stands(self, stands: bool) -> bool:  # noqa: FBT001  # as the tty says
        if not stands:
            self._lost()
        return stands

    def _serial(self) -> Any:
        """The tty as pymodbus has it open: it has no public way to empty its input, or to count."""
        assert self._client is not None
        transport: Any = self._client.ctx.transport
        return transport.sync_serial

    # --- every octet -----------------------------------------------------------------------------

    def _trace(self, sending: bool, octets: bytes) -> bytes:  # noqa: FBT001  pymodbus calls it so
        if sending:
            assert octets[0] in UNITS, "nothing is ever sent to everybody"
            assert octets[1] in READ_FUNCTIONS, "nothing that writes is ever sent"
            self._sent = octets
            return octets
        if self._sent and octets.startswith(self._sent):
            self._echoes = True  # an adapter that hears itself
            octets = octets.removeprefix(self._sent)
        if not octets:
            return b""
        self._heard += 1
        if self._asked is None or self._limit is None:
            return b""
        frame = reply_in(octets, *self._asked)
        if frame:
            # The gap begins here, and what the reply means is worked out within it.
            self._replied_at = asyncio.get_running_loop().time()
        else:
            self._expect(0)
        if not frame and len(octets) >= REPLY_CHARACTERS + 2 * self._asked[1].count:
            # As much as a reply, but none: give up once the line is quiet, within the patience.
            quiet_at = asyncio.get_running_loop().time() + QUIET_MS / 1000
            self._end_by(min(quiet_at, self._ends_at))
        return frame

    def _end_by(self, at: float) -> None:
        """Wait no longer than `at` for the reply. One that has just run out cannot be moved."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(at)
