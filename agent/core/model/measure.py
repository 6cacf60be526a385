"""Room rule: what a station sees, and when. Instants, readings, contacts; nothing of water law."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, seen by two clocks.

    `monotonic_ms` counts since the boot named by `boot` and measures elapsed time; `utc_ms` is
    calendar time since 1970 and is believed only when `trusted`.
    """

    utc_ms: int
    monotonic_ms: int
    boot: str
    trusted: bool


def elapsed_ms(since: Moment, now: Moment) -> int | None:
    """Milliseconds from `since` to `now`; None when no clock can tell.

    Nor can one that was set back between two boots: whatever it says is not how long it was.
    """
    if since.boot == now.boot:
        return max(0, now.monotonic_ms - since.monotonic_ms)
    if since.trusted and now.trusted and since.utc_ms <= now.utc_ms:
        return now.utc_ms - since.utc_ms
    return None


class Role(StrEnum):
    """What an instrument is to the station. One role, one instrument."""

    FLOW_METER = "flow_meter"
    POWER_METER = "power_meter"
    LEVEL_PROBE = "level_probe"


class Quantity(StrEnum):
    """What is measured, in its base unit."""

    FORWARD_TOTAL_L = "forward_total_l"
    REVERSE_TOTAL_L = "reverse_total_l"
    NET_TOTAL_L = "net_total_l"  # forward minus reverse: shown, and never the legal quantity
    FLOW_L_PER_H = "flow_l_per_h"
    ENERGY_WH = "energy_wh"
    POWER_W = "power_w"
    LEVEL_MM = "level_mm"  # depth of the water table below the wellhead (埋深)
    VOLTAGE_1_MV = "voltage_1_mv"  # of each phase against neutral
    VOLTAGE_2_MV = "voltage_2_mv"
    VOLTAGE_3_MV = "voltage_3_mv"
    CURRENT_1_MA = "current_1_ma"
    CURRENT_2_MA = "current_2_ma"
    CURRENT_3_MA = "current_3_ma"


class Quality(StrEnum):
    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"


class Fault(StrEnum):
    """Why a reading is not good."""

    TIMEOUT = "timeout"  # no answer in time
    GARBLED = "garbled"  # bad CRC, wrong length, foreign frame
    REFUSED = "refused"  # the instrument answered with an exception
    DISCONNECTED = "disconnected"  # the adapter or tty is gone
    RESTING = "resting"  # silent for long; left alone until its next probe
    NOT_READ = "not_read"  # did not fit this scan's bus budget
    INVALID = "invalid"  # NaN, infinite or the instrument's own marker for "no value"
    OUT_OF_RANGE = "out_of_range"  # outside what the profile says is possible
    NO_SIGNAL = "no_signal"  # lost or poor signal, air, sand
    EMPTY_PIPE = "empty_pipe"
    DEVICE_FAULT = "device_fault"  # the instrument reports itself unwell
    IMPLAUSIBLE = "implausible"  # the ledger withholds a total


@dataclass(frozen=True, slots=True)
class Reading:
    """One quantity of one instrument in one scan; a bad wire is a bad Reading, never an exception.

    `value` is in the quantity's base unit; None when nothing could be read.
    """

    instrument: Role
    quantity: Quantity
    value: int | None
    quality: Quality
    fault: Fault | None = None

    def __post_init__(self) -> None:
        if self.quality is Quality.GOOD:
            assert self.value is not None, "a good reading has a value"
            assert self.fault is None, "a good reading has no fault"
        else:
            assert self.fault is not None, "a reading that is not good says why"


@dataclass(frozen=True, slots=True)
class Contacts:
    """The dry contacts of the pump house. None: not wired, or not readable now."""

    bypass_closed: bool | None = None  # the auxiliary contact of the sealed bypass
    door_open: bool | None = None
    mains_present: bool | None = None
    contactor_closed: bool | None = None  # the contactor's feedback contact
