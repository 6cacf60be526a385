"""Room rule: which quantities each role has, and what a unit is in a quantity's base unit. Pure.

A pressure is a height of water: fresh water of 1000 kg/m³ under a gravity of 9.80665 m/s². The
pressure must be that of the water alone, as a vented probe measures it.
"""

from collections.abc import Mapping
from fractions import Fraction

from agent.core.model import Quantity, Role

_PA_MM = Fraction(100_000, 980_665)

_VOLUME = {"L": Fraction(1), "m3": Fraction(1000)}
_FLOW = {
    "L/h": Fraction(1),
    "L/min": Fraction(60),
    "L/s": Fraction(3600),
    "m3/h": Fraction(1000),
    "m3/min": Fraction(60_000),
    "m3/s": Fraction(3_600_000),
}
_POWER = {"W": Fraction(1), "kW": Fraction(1000)}
_ENERGY = {"Wh": Fraction(1), "kWh": Fraction(1000)}
_VOLTAGE = {"mV": Fraction(1), "V": Fraction(1000), "kV": Fraction(1_000_000)}
_CURRENT = {"mA": Fraction(1), "A": Fraction(1000)}
_LEVEL = {
    "mm": Fraction(1),
    "cm": Fraction(10),
    "m": Fraction(1000),
    "Pa": _PA_MM,
    "mbar": 100 * _PA_MM,
    "kPa": 1000 * _PA_MM,
    "bar": 100_000 * _PA_MM,
}

UNITS: Mapping[Role, Mapping[Quantity, Mapping[str, Fraction]]] = {
    Role.FLOW_METER: {
        Quantity.FLOW_L_PER_H: _FLOW,
        Quantity.FORWARD_TOTAL_L: _VOLUME,
        Quantity.REVERSE_TOTAL_L: _VOLUME,
    },
    Role.POWER_METER: {
        Quantity.POWER_W: _POWER,
        Quantity.ENERGY_WH: _ENERGY,
        Quantity.VOLTAGE_1_MV: _VOLTAGE,
        Quantity.VOLTAGE_2_MV: _VOLTAGE,
        Quantity.VOLTAGE_3_MV: _VOLTAGE,
        Quantity.CURRENT_1_MA: _CURRENT,
        Quantity.CURRENT_2_MA: _CURRENT,
        Quantity.CURRENT_3_MA: _CURRENT,
    },
    Role.LEVEL_PROBE: {Quantity.LEVEL_MM: _LEVEL},
}
TOTALIZERS = (Quantity.FORWARD_TOTAL_L, Quantity.REVERSE_TOTAL_L, Quantity.ENERGY_WH)
# Without these an instrument cannot play its role.
REQUIRED: Mapping[Role, tuple[Quantity, ...]] = {
    Role.FLOW_METER: (Quantity.FLOW_L_PER_H, Quantity.FORWARD_TOTAL_L),
    Role.POWER_METER: (Quantity.POWER_W, Quantity.ENERGY_WH),
    Role.LEVEL_PROBE: (Quantity.LEVEL_MM,),
}
