"""Room rule: temperature, supply and battery, as the kernel's classes say.

A Raspberry Pi says of its supply what its firmware saw: `get_throttled`, whose low bits are now
and whose bits from 16 are since boot (raspberrypi.com, documentation of vcgencmd); on other kernels
its driver `rpi_volt` has the same alarm among the hardware monitors.
"""

from pathlib import Path
from typing import Final

from drivers.health.files import number, text

_UNDER_VOLTAGE: Final = 0x1 | 0x10000
_SLOWED: Final = 0x2 | 0x4 | 0x8  # frequency capped, throttled, soft temperature limit: all now
_ZONES_OF_THE_CPU: Final = ("cpu", "soc", "pkg", "x86")
# Which of the two depends on the model.
_FIRMWARE: Final = (
    "sys/devices/platform/soc*/*firmware/get_throttled",
    "sys/devices/platform/*firmware/get_throttled",
)


def cpu_millicelsius(root: Path) -> int | None:
    """The hottest zone of the processor; of all zones where none is named for it."""
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*"))
    named = [
        one
        for one in zones
        if any(word in (text(one / "type") or "").lower() for word in _ZONES_OF_THE_CPU)
    ]
    found = [number(one / "temp") for one in named or zones]
    return max((one for one in found if one is not None), default=None)


def throttled(root: Path) -> bool | None:
    word = _firmware_word(root)
    return None if word is None else bool(word & _SLOWED)


def under_voltage(root: Path) -> bool | None:
    word = _firmware_word(root)
    if word is not None:
        return bool(word & _UNDER_VOLTAGE)
    for monitor in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        if text(monitor / "name") == "rpi_volt":
            alarm = number(monitor / "in0_lcrit_alarm")
            return None if alarm is None else bool(alarm)
    return None


def on_mains(root: Path) -> bool | None:
    """Whether a mains supply is on; None where none is known. One of several is enough."""
    online = [number(one / "online") for one in _supplies(root, "Mains", "USB")]
    known = [bool(one) for one in online if one is not None]
    if known:
        return any(known)
    states = [text(one / "status") for one in _supplies(root, "Battery", "UPS")]
    return None if not any(states) else "Discharging" not in states


def battery_percent(root: Path) -> int | None:
    """The weakest of them."""
    charges = [number(one / "capacity") for one in _supplies(root, "Battery", "UPS")]
    return min((one for one in charges if one is not None), default=None)


def _supplies(root: Path, *kinds: str) -> list[Path]:
    """Those of the host itself; a keyboard's battery has the scope Device."""
    found = sorted((root / "sys/class/power_supply").glob("*"))
    return [one for one in found if text(one / "type") in kinds and text(one / "scope") != "Device"]


def _firmware_word(root: Path) -> int | None:
    for pattern in _FIRMWARE:
        for file in sorted(root.glob(pattern)):
            if (word := number(file, 16)) is not None:
                return word
    return None
