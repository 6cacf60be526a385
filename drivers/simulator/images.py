"""Room rule: what the registers of three instruments hold, pure. Their manuals, not the bus.

Each function returns the whole readable map of one instrument: wire address to 16-bit word. An
address that is missing is one the instrument does not know (exception 2). Gaps inside a block
that the real instrument reads in one go hold zero.

Flow meter: TUF-2000M manual, sections 7.1 and 8.2 (register number minus one is the address),
and a public dump of a real one. Power meter: Chint DTSU666. Level probe: QDY30A.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.simulator import physics
from drivers.simulator.physics import Design, Well

Image = Mapping[int, int]

NL_PER_M3 = 1000 * physics.NL_PER_L
NL_PER_ML = physics.NL_PER_L // 1000
BAUD_CODES = {1200: 0, 2400: 1, 4800: 2, 9600: 3, 19200: 4, 38400: 5, 57600: 6, 115200: 7}

# Addresses at which a 32-bit value begins: what a torn word tears.
TUF2000M_WIDE = frozenset({*range(0, 16, 2), 24, 26, 102, 112, 114, 116})
DTSU666_WIDE = frozenset({*range(0x2000, 0x2046, 2), *range(0x101E, 0x102A, 2)})


@dataclass(frozen=True, slots=True)
class FlowMeter:
    """`initial_total_l` is what it showed before; `error_bits` and `signal_quality` are its health.

    The health is only shown: a real meter in bad health also counts wrongly, in its own way.
    """

    unit: int = 1
    serial: str = "20240614"
    initial_total_l: int = 0
    error_bits: int = 0
    signal_quality: int = 82
    # Where N passes to 0; the display has eight digits.
    modulus_m3: int = 100_000_000


@dataclass(frozen=True, slots=True)
class PowerMeter:
    unit: int = 2
    initial_energy_wh: int = 0
    current_ratio: int = 1  # the meter shows the secondary side: 1 when wired directly
    voltage_ratio: int = 1


@dataclass(frozen=True, slots=True)
class LevelProbe:
    """`depth_mm`: how deep the probe hangs. It measures the water column above itself."""

    unit: int = 3
    depth_mm: int = 60_000


def forward_total_nl(meter: FlowMeter, well: Well) -> int:
    """What the flow meter shows as its forward total."""
    shown = meter.initial_total_l * physics.NL_PER_L + well.forward_nl
    return shown % (meter.modulus_m3 * NL_PER_M3)


def energy_uj(meter: PowerMeter, design: Design, well: Well) -> int:
    """What the power meter has counted, on the primary side."""
    return meter.initial_energy_wh * physics.UJ_PER_WH + physics.energy_uj(design, well)


def tuf2000m(meter: FlowMeter, design: Design, well: Well) -> Image:
    flow_m3_per_h = physics.flow_l_per_h(design, well) / 1000
    forward_nl = forward_total_nl(meter, well)
    net_nl = forward_nl - well.reverse_nl
    image = dict.fromkeys((*range(128), *range(1436, 1442)), 0)
    _low_first(image, 0, _f32(flow_m3_per_h))
    _low_first(image, 4, _f32(flow_m3_per_h / 3600 / (math.pi * 0.075**2)))  # m/s in DN 150
    _low_first(image, 6, _f32(1456.0))  # m/s, sound in water
    for address, total_nl in ((8, forward_nl), (12, well.reverse_nl), (24, net_nl)):
        # Whole millilitres: a finer rest could round up to 1, which is no fraction.
        whole, rest_ml = divmod(total_nl // NL_PER_ML, 1_000_000)
        _low_first(image, address, whole & 0xFFFFFFFF)
        _low_first(image, address + 2, _f32(rest_ml / 1_000_000))
    image[71] = meter.error_bits
    image[91] = 3 << 8 | meter.signal_quality  # working step 3, as in the dump
    image[92] = image[93] = 3501  # signal strength, as in the dump
    _low_first(image, 96, _f32(100.0))  # measured to calculated transit time, %
    _low_first(image, 102, well.elapsed_ms // 1000)
    for address, total_nl in ((112, net_nl), (114, forward_nl), (116, well.reverse_nl)):
        _low_first(image, address, _f32(total_nl / NL_PER_M3))
    image[1436] = 2  # flow shown in m³/h
    image[1437] = 0  # totals in m³
    image[1438] = 3  # times 10 to the power of 3 - 3
    image[1441] = meter.unit
    image[1528], image[1529] = int(meter.serial[:4], 16), int(meter.serial[4:], 16)
    return image


def dtsu666(meter: PowerMeter, design: Design, well: Well) -> Image:
    ratio = meter.current_ratio * meter.voltage_ratio
    power_w = physics.power_w(design, well) / ratio
    phase_v, factor = 230.0 / meter.voltage_ratio, 0.86
    phase_a = power_w / (3 * phase_v * factor)
    image = dict.fromkeys(
        (*range(8), *range(0x2C, 0x2F), *range(0x2000, 0x2046), *range(0x101E, 0x102A)), 0
    )
    image[6], image[7] = meter.current_ratio, meter.voltage_ratio * 10
    image[0x2C], image[0x2D], image[0x2E] = 2, 3, meter.unit  # Modbus 8N2, 9600 baud
    for phase in range(3):
        _high_first(image, 0x2000 + 2 * phase, _f32(phase_v * math.sqrt(3) * 10))
        _high_first(image, 0x2006 + 2 * phase, _f32(phase_v * 10))
        _high_first(image, 0x200C + 2 * phase, _f32(phase_a * 1000))
        _high_first(image, 0x2014 + 2 * phase, _f32(power_w / 3 * 10))
    _high_first(image, 0x2012, _f32(power_w * 10))
    _high_first(image, 0x201A, _f32(power_w * math.tan(math.acos(factor)) * 10))
    _high_first(image, 0x202A, _f32(factor * 1000 if power_w else 1000.0))
    _high_first(image, 0x2044, _f32(5000.0))
    energy_kwh = energy_uj(meter, design, well) / ratio / physics.UJ_PER_WH / 1000
    _high_first(image, 0x101E, _f32(energy_kwh))
    for phase in range(3):
        _high_first(image, 0x1020 + 2 * phase, _f32(energy_kwh / 3))
    return image


def qdy30a(probe: LevelProbe, design: Design, well: Well, baud: int) -> Image:
    column_mm = max(0, probe.depth_mm - physics.level_mm(design, well))
    value = min(column_mm, 32_767)  # the register is signed
    unit_mm, no_decimals, zero, full_scale = 2, 0, 0, 32_767
    return dict(
        enumerate(
            (probe.unit, BAUD_CODES.get(baud, 3), unit_mm, no_decimals, value, zero, full_scale)
        )
    )


def _f32(value: float) -> int:
    return int.from_bytes(struct.pack(">f", value), "big")


def _low_first(image: dict[int, int], address: int, value: int) -> None:
    image[address], image[address + 1] = value & 0xFFFF, value >> 16


def _high_first(image: dict[int, int], address: int, value: int) -> None:
    image[address], image[address + 1] = value >> 16, value & 0xFFFF
