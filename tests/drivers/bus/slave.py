"""A slave on a pty, written without any Modbus library, that answers as a test tells it to."""

import os
import select
import struct
import termios
import threading
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.model import Fault, Moment, Quality, Quantity, Reading, Role
from drivers import profile_file
from drivers.bus import Buses
from drivers.declared import InstrumentConfig
from drivers.host import monotonic_ms

TRUTH = {
    Quantity.FLOW_L_PER_H: 80_500,
    Quantity.FORWARD_TOTAL_L: 62_500_250,
    Quantity.REVERSE_TOTAL_L: 0,
    Quantity.POWER_W: 16_000,
    Quantity.ENERGY_WH: 1_234_500,
    Quantity.VOLTAGE_1_MV: 230_500,
    Quantity.VOLTAGE_2_MV: 231_000,
    Quantity.VOLTAGE_3_MV: 229_500,
    Quantity.CURRENT_1_MA: 26_500,
    Quantity.CURRENT_2_MA: 27_000,
    Quantity.CURRENT_3_MA: 26_750,
}
FLOW = (Quantity.FLOW_L_PER_H, Quantity.FORWARD_TOTAL_L, Quantity.REVERSE_TOTAL_L)
PHASES = tuple(one for one in TRUTH if one.value.startswith(("voltage", "current")))
POWER = tuple(one for one in TRUTH if one not in FLOW)

MOMENT = Moment(utc_ms=0, monotonic_ms=0, boot="test", trusted=True)


def crc(octets: bytes) -> bytes:
    remainder = 0xFFFF
    for octet in octets:
        remainder ^= octet
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return struct.pack("<H", remainder)


def frame(*octets: int) -> bytes:
    return bytes(octets) + crc(bytes(octets))


def reply(unit: int, function: int, words: Sequence[int]) -> bytes:
    return frame(unit, function, 2 * len(words), *struct.pack(f">{len(words)}H", *words))


def f32(number: float) -> tuple[int, int]:
    """High word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", number))
    return high, low


@dataclass(frozen=True, slots=True)
class Request:
    unit: int
    function: int
    address: int
    count: int


Images = dict[int, dict[int, int]]
Answer = Callable[[Request, bytes], bytes]


@dataclass
class Slave:
    """Answers from `images` (unit -> address -> word); `spoil` may replace what it would say.

    It keeps every octet it ever heard, whatever it makes of them.
    """

    name: Path
    images: Images
    spoil: Answer | None = None
    heard: bytearray = field(default_factory=bytearray)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop, self._stopped = os.pipe()
        self._thread: threading.Thread | None = None
        self.plug()

    def plug(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._live, args=(self.master,))
        self._thread.start()

    def pull(self) -> None:
        """The adapter is gone: its name, and its tty."""
        assert self._thread is not None
        os.write(self._stopped, b"x")
        self._thread.join()
        os.read(self._stop, 1)
        self._thread = None
        self.name.unlink()
        os.close(self.master)
        os.close(self._slave)

    @property
    def awaited(self) -> int:
        """How many octets wake whoever reads."""
        count: int = termios.tcgetattr(self._slave)[6][termios.VMIN]
        return count

    def say(self, octets: bytes) -> None:
        """Speak without being asked."""
        os.write(self.master, octets)
        # It is in the tty's buffer before the test goes on.
        assert select.select([self._slave], [], [], 5)[0]

    def close(self) -> None:
        if self._thread is not None:
            self.pull()
        os.close(self._stop)
        os.close(self._stopped)

    def _live(self, master: int) -> None:
        begun = b""
        while True:
            ready = select.select([master, self._stop], [], [])[0]
            if self._stop in ready:
                return
            octets = os.read(master, 512)
            self.heard += octets
            begun += octets
            while len(begun) >= 8:
                question, begun = begun[:8], begun[8:]
                self._answer(master, question)

    def _answer(self, master: int, question: bytes) -> None:
        if crc(question[:6]) != question[6:]:
            return
        request = Request(*struct.unpack(">BBHH", question[:6]))
        self.requests.append(request)
        octets = self._said(request)
        if self.spoil is not None:
            octets = self.spoil(request, octets)
        if octets:
            os.write(master, octets)

    def _said(self, request: Request) -> bytes:
        image = self.images.get(request.unit)
        if image is None:
            return b""
        addresses = range(request.address, request.address + request.count)
        if not all(address in image for address in addresses):
            return frame(request.unit, request.function | 0x80, 2)
        return reply(request.unit, request.function, [image[address] for address in addresses])


def tuf(
    flow: float = 80.5, whole: int = 62_500, fraction: float = 0.25, status: int = 0, q: int = 82
) -> dict[int, int]:
    """The registers of a TUF-2000M."""
    image = dict.fromkeys((*range(128), *range(1436, 1442), 1528, 1529), 0)
    image[0], image[1] = reversed(f32(flow))
    image[8], image[9] = whole & 0xFFFF, whole >> 16
    image[10], image[11] = reversed(f32(fraction))
    image[71], image[91], image[1438] = status, 3 << 8 | q, 3
    image[1441], image[1528], image[1529] = 1, 0x2024, 0x0614
    return image


def dtsu(power_w: float = 16_000, energy_kwh: float = 1234.5, ratio: int = 1) -> dict[int, int]:
    """The registers of a DTSU666."""
    image = dict.fromkeys((6, 7, *range(0x101E, 0x102A), *range(0x2000, 0x2046)), 0)
    image[6], image[7] = ratio, 10
    for phase, (volts, amperes) in enumerate([(230.5, 26.5), (231, 27), (229.5, 26.75)]):
        image[0x2006 + 2 * phase], image[0x2007 + 2 * phase] = f32(volts * 10)
        image[0x200C + 2 * phase], image[0x200D + 2 * phase] = f32(amperes * 1000 / ratio)
    image[0x2012], image[0x2013] = f32(power_w * 10 / ratio)
    image[0x101E], image[0x101F] = f32(energy_kwh / ratio)
    return image


@dataclass
class Hands:
    """A clock that moves when the test moves it; once it `runs`, also by itself."""

    now_ms: int = 1_000_000
    runs: bool = False

    def __call__(self) -> int:
        return self.now_ms + (monotonic_ms() if self.runs else 0)


def instrument(role: Role, bus: str = "a") -> InstrumentConfig:
    name, unit = {
        Role.FLOW_METER: ("tuf2000", 1),
        Role.POWER_METER: ("dtsu666", 2),
        Role.LEVEL_PROBE: ("qdy30a", 3),
    }[role]
    depth_mm = 60_000 if role is Role.LEVEL_PROBE else None
    return InstrumentConfig(role, unit, profile_file.load(profile_file.find(name)), bus, depth_mm)


def read(buses: Buses) -> dict[Quantity, Reading]:
    return {reading.quantity: reading for reading in buses.read(MOMENT)}


def values(readings: dict[Quantity, Reading]) -> dict[Quantity, int | None]:
    return {name: one.value for name, one in readings.items() if one.quality is Quality.GOOD}


def faults(readings: dict[Quantity, Reading]) -> dict[Quantity, Fault | None]:
    return {name: one.fault for name, one in readings.items()}


def late_by_one() -> Callable[[Request, bytes], bytes]:
    """Every reply comes only after the next question."""
    held = [b""]

    def spoil(_request: Request, octets: bytes) -> bytes:
        said, held[0] = held[0], octets
        return said

    return spoil
