"""One instrument of each kind, its registers written down from the manuals a second time.

Nothing here is taken from a profile: a slip of the pen in one of the two shows itself. Registers
that are not written down answer 0, as an SDM630's do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.core.model import Quantity
from tests.drivers.profiles.encoder import Image, f32, f64, i32, i64, put, swapped, text, u32

FLOW, FORWARD = Quantity.FLOW_L_PER_H, Quantity.FORWARD_TOTAL_L
REVERSE = Quantity.REVERSE_TOTAL_L
POWER, ENERGY, LEVEL = Quantity.POWER_W, Quantity.ENERGY_WH, Quantity.LEVEL_MM
UNIT = 17
# What a pump's three phases have and draw, where the instrument shows it.
PHASES = {
    Quantity.VOLTAGE_1_MV: 230_500,
    Quantity.VOLTAGE_2_MV: 231_000,
    Quantity.VOLTAGE_3_MV: 229_500,
    Quantity.CURRENT_1_MA: 26_500,
    Quantity.CURRENT_2_MA: 27_000,
    Quantity.CURRENT_3_MA: 26_750,
}

Words = dict[tuple[int, int], Sequence[int]]


@dataclass(frozen=True)
class Meter:
    """`words`: (function, address) to what stands from there on. A level is the water column."""

    words: Words
    shows: dict[Quantity, int]
    serial: str | None = None

    @property
    def image(self) -> Image:
        image: Image = {}
        for (function, address), words in self.words.items():
            put(image, function, address, words)
        return image


def dcba(number: float) -> list[int]:
    return [(word & 0xFF) << 8 | word >> 8 for word in swapped(f32(number))]


def _dtsu(energy: int) -> Meter:
    """40 A to 1 A, 1 V to 1 V."""
    return Meter(
        {
            (3, 6): [40, 10],
            (3, 0x2C): [3, 0, UNIT],
            (3, 0x2006): f32(2305) + f32(2310) + f32(2295),
            (3, 0x200C): f32(662.5) + f32(675) + f32(668.75),
            (3, 0x2012): f32(4000),
            (3, 0x2044): f32(5000),
            (3, energy): f32(30.5),
        },
        {POWER: 16_000, ENERGY: 1_220_000} | PHASES,
    )


def _sdm(**more: Sequence[int]) -> Meter:
    words: Words = {
        (4, 0x00): f32(230.5),
        (4, 0x0C): f32(1500.25),
        (4, 0x46): f32(50),
        (4, 0x48): f32(1234.5),
        (3, 0xFC00): u32(19_123_456),
    }
    if "code" in more:
        words[3, 0xFC02] = more["code"]
    return Meter(words, {POWER: 1500, ENERGY: 1_234_500}, "19123456")


def _schneider() -> Meter:
    words: Words = {
        (3, 129): u32(123_456_789),
        (3, 2999): f32(26.5) + f32(27) + f32(26.75),
        (3, 3027): f32(230.5) + f32(231) + f32(229.5),
        (3, 3059): f32(16),
        (3, 3109): f32(49.98),
        (3, 3203): i64(1_234_500),
    }
    return Meter(words, {POWER: 16_000, ENERGY: 1_234_500} | PHASES, "123456789")


METERS: dict[str, Meter] = {
    "tuf2000": Meter(
        {
            (3, 0): swapped(f32(80.5)),
            (3, 8): swapped(u32(62_500)) + swapped(f32(0.25)),
            (3, 12): swapped(u32(3)) + swapped(f32(0.5)),
            (3, 91): [0x0352],
            (3, 1436): [2, 0, 3, 0, 0, UNIT],
            (3, 1528): [0x2024, 0x0614],
        },
        {FLOW: 80_500, FORWARD: 62_500_250, REVERSE: 3500},
        "20240614",
    ),
    "lmag": Meter(
        {
            (4, 0x1010): [0xC41C, 0x6000],
            (4, 0x1018): [0x0000, 0x7071, 0x3F00, 0x0000],
            (4, 0x101C): [0, 2, *f32(0.25)],
            (4, 0x1020): [5, 1],
        },
        {FLOW: -625_500, FORWARD: 28_785_500, REVERSE: 2250},
    ),
    "mag6000": Meter(
        {
            (3, 600): [0x2A, 1, 24],
            (3, 2101): [1],
            (3, 3002): f32(0.03125),
            (3, 3014): f64(62_500.25),
        },
        {FLOW: 112_500, FORWARD: 62_500_250},
    ),
    "aquamaster3": Meter(
        {
            (4, 4012): u32(7_654_321),
            (4, 5016): f32(80.5),
            (4, 5032): f32(150),
            (3, 12002): [0x003D, 0xACF0, 0, 12],
        },
        {FLOW: 80_500, FORWARD: 4_041_968_000, REVERSE: 12_000},
        "7654321",
    ),
    "m2000": Meter(
        {
            (3, 207): f64(62_500.25),
            (3, 215): f64(0.5),
            (3, 233): f32(1.75),
            (3, 237): f32(0.03125),
            (3, 245): [9],
        },
        {FLOW: 112_500, FORWARD: 62_500_250, REVERSE: 500},
    ),
    "ifc300": Meter(
        {
            (3, 0): [2, 21, 3, 21],
            (4, 2): f32(0.03125),
            (4, 6): f32(295.5),
            (4, 20): f64(62_500.25),
        },
        {FLOW: 112_500, FORWARD: 62_500_250},
    ),
    "promag": Meter(
        {
            (3, 2008): swapped(f32(80.5)),
            (3, 2609): swapped(f32(62_500.25)) + swapped(f32(10_000_000)),
        },
        {FLOW: 80_500, FORWARD: 10_062_500_250},
    ),
    "imag": Meter(
        {
            (3, 7006): f32(80.5) + f32(62_500.25) + f32(0.5),
            (3, 7020): f32(24.5),
        },
        {FLOW: 80_500, FORWARD: 62_500_250, REVERSE: 500},
    ),
    "s462": Meter(
        {
            (3, 2): swapped(f32(80.5)),
            (3, 6): swapped(u32(62_500)) + swapped(f32(0.25)),
            (3, 0x16): text("S4620001"),
            (3, 0x1D): [82, 0, UNIT, 3],
            (3, 0x23): [0x3000, 0, 0x3000, 0],
        },
        {FLOW: 80_500, FORWARD: 62_500_250},
        "S4620001",
    ),
    "xintai": Meter(
        {
            (3, 1): dcba(62_500.25) + dcba(0.5) + [0x1E85, 0x0B3F] + [0x00AA],
            (3, 0x0E): [UNIT],
            (3, 0x12): [0, 0, 0x2024, 0x0614],
        },
        {FLOW: 545, FORWARD: 62_500_250, REVERSE: 500},
        "0000000020240614",
    ),
    "generic": Meter(
        {(3, 0): f32(80.5) + u32(62_500) + f32(0.25) + [0, UNIT, 1, 0]},
        {FLOW: 80_500, FORWARD: 62_500_250},
    ),
    "dtsu666": _dtsu(0x101E),
    "dtsu666_401e": _dtsu(0x401E),
    "ddsu666": Meter(
        {
            (3, 6): [UNIT],
            (3, 0x2000): f32(230.5),
            (3, 0x2004): f32(1.5),
            (3, 0x200E): f32(50),
            (3, 0x4000): f32(1234.5),
        },
        {POWER: 1500, ENERGY: 1_234_500},
    ),
    "sdm120": _sdm(code=[0x0020]),
    "sdm220": _sdm(),
    "sdm230": _sdm(),
    "sdm630": Meter(
        {
            (3, 0x28): [0x4505, 0xD000],
            (3, 0xFC00): u32(20_123_456),
            (4, 0x00): f32(230.5) + f32(231) + f32(229.5) + f32(26.5) + f32(27) + f32(26.75),
            (4, 0x34): f32(16_000),
            (4, 0x46): f32(50),
            (4, 0x48): f32(1234.5),
        },
        {POWER: 16_000, ENERGY: 1_234_500} | PHASES,
        "20123456",
    ),
    "adl400": Meter(
        {
            (3, 0x0800): f32(230.5) + f32(231) + f32(229.5),
            (3, 0x080C): f32(26.5) + f32(27) + f32(26.75),
            (3, 0x081A): f32(16),
            (3, 0x0834): f32(50),
            (3, 0x084C): u32(12_345),
        },
        {POWER: 16_000, ENERGY: 1_234_500} | PHASES,
    ),
    "adl400_secondary": Meter(
        {
            (3, 0x0A): u32(3050),
            (3, 0x61): [2305, 2310, 2295, 66, 68, 67],
            (3, 0x8D): [1, 40],
            (3, 0x016A): i32(400),
        },
        {POWER: 16_000, ENERGY: 1_220_000}
        | PHASES
        | {
            Quantity.CURRENT_1_MA: 26_400,
            Quantity.CURRENT_2_MA: 27_200,
            Quantity.CURRENT_3_MA: 26_800,
        },
    ),
    # From 0x61 on: the reply of a real meter, as a public reader quotes it (CRC 3A 15).
    "adl3000": Meter(
        {
            (3, 0x0A): u32(123_450),
            (3, 0x61): [
                *(0x0958, 0x0954, 0x095B, 0x0059, 0x009B, 0x0077, 0x009A, 0x0113, 0x00E7, 0x0295),
                *(0x000E, 0xFF9C, 0x003F, 0xFFEA, 0x00D6, 0x0174, 0x011F, 0x0369),
                *(0x0048, 0x0049, 0x0050, 0x0063, 0x01F4),
            ],
            (3, 0x8D): [1, 1],
        },
        {
            POWER: 661,
            ENERGY: 1_234_500,
            Quantity.VOLTAGE_1_MV: 239_200,
            Quantity.VOLTAGE_2_MV: 238_800,
            Quantity.VOLTAGE_3_MV: 239_500,
            Quantity.CURRENT_1_MA: 890,
            Quantity.CURRENT_2_MA: 1550,
            Quantity.CURRENT_3_MA: 1190,
        },
    ),
    "iem3000": _schneider(),
    "pm5110": _schneider(),
    "em24": Meter(
        {
            (3, 0x0B): [71],
            (3, 0x28): swapped(i32(-1600)),
            (3, 0x3E): swapped(i32(12_345)),
            (3, 0x1101): [7],
            (3, 0x1300): text("KX0012345678AB"),
        },
        {POWER: -160, ENERGY: 1_234_500},
        "KX0012345678AB",
    ),
    "em340": Meter(
        {
            (3, 0x0B): [341],
            (3, 0x00): swapped(i32(2305)) + swapped(i32(2310)) + swapped(i32(2295)),
            (3, 0x0C): swapped(i32(26_500)) + swapped(i32(27_000)) + swapped(i32(26_750)),
            (3, 0x28): swapped(i32(160_000)),
            (3, 0x34): swapped(i32(12_345)),
            (3, 0x5000): [ord(letter) for letter in "BR12345"],
        },
        {POWER: 16_000, ENERGY: 1_234_500} | PHASES,
        "BR12345",
    ),
    "b23": Meter(
        {
            (3, 0x5000): i64(123_450),
            (3, 0x5B00): u32(2305) + u32(2310) + u32(2295),
            (3, 0x5B0C): u32(2650) + u32(2700) + u32(2675),
            (3, 0x5B14): i32(1_600_000),
            (3, 0x8900): u32(2_718_281),
            (3, 0x8960): text("B23 "),
        },
        {POWER: 16_000, ENERGY: 1_234_500} | PHASES,
        "2718281",
    ),
    "pzem": Meter(
        {
            (4, 0): [2305, 6520, 0, *swapped(u32(15_003)), *swapped(u32(1_234_500)), 500, 98, 0],
        },
        {POWER: 1500, ENERGY: 1_234_500},
    ),
    "orwe516": Meter(
        {
            (3, 0x0E): f32(230.5) + f32(231) + f32(229.5),
            (3, 0x14): f32(50),
            (3, 0x16): f32(26.5) + f32(27) + f32(26.75),
            (3, 0x1C): f32(16),
            (3, 0x0108): f32(1234.5),
        },
        {POWER: 16_000, ENERGY: 1_234_500} | PHASES,
    ),
    "qdy30a": Meter({(3, 0): [UNIT, 3, 1, 2, 12_340]}, {LEVEL: 1234}),  # 123.40 cm
    "qdy30ab": Meter({(3, 0): [UNIT, 3, 16, 2, 1234]}, {LEVEL: 12_340}),  # 12.34 m
    "keller": Meter({(3, 2): f32(2.5), (3, 8): f32(11.5)}, {LEVEL: 25_493}),  # bar, degrees
    "leveltroll": Meter(
        {
            (3, 1): u32(654_321),
            (3, 39): [2],
            (3, 47): [1],
            (3, 53): [*f32(25.5), 3, 35, 0],
        },
        {LEVEL: 25_500},
        "654321",
    ),
}

# Whoever is the first can be taken for the others: their manuals, as far as we know them, do not
# tell them apart. `recognised` names them all, and a technician chooses.
LOOKALIKES: dict[str, set[str]] = {
    "dtsu666": {"dtsu666_401e"},
    "dtsu666_401e": {"dtsu666"},
    "sdm120": {"sdm220", "sdm230"},
    "sdm220": {"sdm230"},
    "sdm230": {"sdm220"},
    "sdm630": {"sdm220", "sdm230"},
    "adl3000": {"adl400_secondary"},
    "iem3000": {"pm5110"},
    "pm5110": {"iem3000"},
    "qdy30a": {"qdy30ab"},
}
