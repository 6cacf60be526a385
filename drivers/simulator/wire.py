"""Room rule: the time and the noise of an RS-485 line with its instruments; time is an argument.

A character takes its bits. A frame ends when the line was quiet for 3.5 characters; an instrument
then takes its turnaround, and the reply leaves character by character. The master gets
characters when they have left, in the portions in which a UART's buffer hands them over. Two who
speak at once spoil each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.simulator import frames
from drivers.simulator.faults import Dice, Fate, Faults
from drivers.simulator.frames import Request
from drivers.simulator.images import Image

# What a 16550 hands over at once.
PORTION_CHARACTERS = 16
# Late replies waiting to leave; beyond this an instrument forgets its oldest.
TRANSMISSIONS_MAX = 32


@dataclass(frozen=True, slots=True)
class Timing:
    """8N1 has ten bits a character."""

    baud: int = 9600
    character_bits: int = 10

    def characters_us(self, count: int) -> int:
        return -(-count * self.character_bits * 1_000_000 // self.baud)

    @property
    def gap_us(self) -> int:
        """3.5 characters; a fixed time above 19200 baud, as the specification recommends."""
        return 1_750 if self.baud > 19_200 else self.characters_us(7) // 2


@dataclass(frozen=True, slots=True)
class Instrument:
    """A slave: what it answers to, how long it thinks, and its registers at this instant."""

    functions: frozenset[int]
    turnaround_us: int
    wide: frozenset[int]  # where its 32-bit values begin
    image: Callable[[], Image]


@dataclass(slots=True, eq=False)
class _Transmission:
    """Characters on their way to the master."""

    start_us: int
    octets: bytes
    sent: int = 0
    spoiled: bool = False


@dataclass(slots=True)
class Counts:
    """What the line has seen, for whoever looks."""

    requests: int = 0
    replies: int = 0
    arrived: int = 0  # what reached the master to its last character, echoes too
    spoiled: int = 0  # frames made wrong, by noise or by two speaking at once


@dataclass(slots=True)
class Wire:
    """One half-duplex line. `hear` what the master sends, `speak` at `due_us`."""

    timing: Timing
    instruments: Mapping[int, Instrument]
    dice: Dice
    faults: Faults = field(default_factory=Faults)
    counts: Counts = field(default_factory=Counts)
    _frame: bytearray = field(default_factory=bytearray)
    _frame_spoiled: bool = False
    _heard_end_us: int = 0
    _spoken_end_us: int = 0
    _sending: list[_Transmission] = field(default_factory=list)

    def hear(self, now_us: int, octets: bytes, *, spoiled: bool = False) -> None:
        """The master wrote; its characters take their time to arrive, after what it wrote before.

        A master that speaks sooner than a gap after the last reply is made to wait: its
        characters would be taken for the end of that reply. `spoiled`: at a speed that the
        instruments cannot read.
        """
        self._listen(now_us)
        start_us = max(now_us, self._heard_end_us)
        if not self._frame:
            start_us = max(start_us, self._spoken_end_us + self.timing.gap_us)
        self._heard_end_us = start_us + self.timing.characters_us(len(octets))
        room = frames.FRAME_CHARACTERS_MAX + 1 - len(self._frame)
        self._frame += octets[:room]
        self._frame_spoiled |= self._collides(start_us, self._heard_end_us) or spoiled
        if self.faults.echo:
            self._send(_Transmission(start_us, octets))

    def due_us(self) -> int | None:
        """When there is next something to do; None while the line is quiet."""
        dues = [self._portion_us(one) for one in self._sending]
        if self._frame:
            dues.append(self._heard_end_us + self.timing.gap_us)
        return min(dues, default=None)

    def speak(self, now_us: int) -> bytes:
        """The characters that have arrived at the master since it was last asked."""
        self._listen(now_us)
        return b"".join(self._portion(one, now_us) for one in self._in_order())

    def reset(self) -> None:
        """The cable is pulled: what was on it is lost."""
        self._frame.clear()
        self._sending.clear()
        self._frame_spoiled = False
        self._heard_end_us = self._spoken_end_us = 0

    def _in_order(self) -> list[_Transmission]:
        return sorted(self._sending, key=lambda one: one.start_us)

    def _listen(self, now_us: int) -> None:
        end_us = self._heard_end_us + self.timing.gap_us
        if not self._frame or now_us < end_us:
            return
        frame, spoiled = bytes(self._frame), self._frame_spoiled
        self._frame.clear()
        self._frame_spoiled = False
        self.counts.requests += 1
        fate = self.dice.fate(self.faults)
        if spoiled or fate.request_noise:
            self.counts.spoiled += 1
            frame = self.dice.spoiled(frame)
        request = frames.parse(frame)
        if request is not None:
            self._answer(request, fate, end_us)

    def _answer(self, request: Request, fate: Fate, end_us: int) -> None:
        instrument = self.instruments.get(request.unit)
        if instrument is None or request.unit in self.faults.silent_units or fate.silent:
            return
        if fate.refused:
            octets = frames.refusal(request, frames.BUSY)
        else:
            octets = self._reply(instrument, request, torn=fate.torn)
        late_us = self.faults.late_ms * 1000 if fate.late else 0
        start_us = end_us + instrument.turnaround_us + late_us
        stop_us = start_us + self.timing.characters_us(len(octets))
        spoiled = self._collides(start_us, stop_us) or fate.reply_noise
        self._send(_Transmission(start_us, octets, spoiled=spoiled))
        self.counts.replies += 1

    def _send(self, one: _Transmission) -> None:
        self._sending.append(one)
        del self._sending[:-TRANSMISSIONS_MAX]

    def _reply(self, instrument: Instrument, request: Request, *, torn: bool) -> bytes:
        if request.function not in instrument.functions:
            return frames.refusal(request, frames.ILLEGAL_FUNCTION)
        if not 1 <= request.count <= frames.WORDS_MAX:
            return frames.refusal(request, frames.ILLEGAL_VALUE)
        image = instrument.image()
        addresses = range(request.address, request.address + request.count)
        if any(address not in image for address in addresses):
            return frames.refusal(request, frames.ILLEGAL_ADDRESS)
        words = [image[address] for address in addresses]
        whole = [at for at in addresses if at in instrument.wide and at + 1 in addresses]
        if torn and whole:
            # One word of the value as it stood when the other had not yet carried.
            at = self.dice.one_of(whole) - request.address + self.dice.one_of([0, 1])
            words[at] = (words[at] + self.dice.one_of([-1, 1])) & 0xFFFF
        return frames.reply(request, words)

    def _collides(self, start_us: int, stop_us: int) -> bool:
        """Whether somebody else speaks in this time; if so, he is spoiled too."""
        collides = False
        for one in self._sending:
            if one.start_us < stop_us and start_us < self._end_us(one):
                one.spoiled = collides = True
        return collides

    def _end_us(self, one: _Transmission) -> int:
        return one.start_us + self.timing.characters_us(len(one.octets))

    def _portion_us(self, one: _Transmission) -> int:
        upto = min(one.sent + PORTION_CHARACTERS, len(one.octets))
        return one.start_us + self.timing.characters_us(upto)

    def _portion(self, one: _Transmission, now_us: int) -> bytes:
        """What of this transmission has left by now and was not handed over yet."""
        first = one.sent
        while one.sent < len(one.octets) and self._portion_us(one) <= now_us:
            one.sent = min(one.sent + PORTION_CHARACTERS, len(one.octets))
        if one.sent == len(one.octets):
            self._sending.remove(one)
            self._spoken_end_us = max(self._spoken_end_us, self._end_us(one))
            self.counts.arrived += 1
            self.counts.spoiled += one.spoiled
        portion = one.octets[first : one.sent]
        return self.dice.spoiled(portion) if one.spoiled else portion
