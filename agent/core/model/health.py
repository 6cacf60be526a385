"""Room rule: what a station says of its own body: host, modem, buses, processes, traffic.

Like every record's body these are stored as positional rows: a field may be added at the end with
a default, and never be moved or removed. None, or an empty text, means that this host does not say.
"""

from dataclasses import dataclass
from enum import StrEnum

from agent.core.model.measure import Role


class AilmentKind(StrEnum):
    """What can ail a station that still works. Named so that its absence is health."""

    CPU_HOT = "cpu_hot"
    THROTTLED = "throttled"
    UNDER_VOLTAGE = "under_voltage"
    ON_BATTERY = "on_battery"
    BATTERY_LOW = "battery_low"
    CARD_WORN = "card_worn"
    DISK_LOW = "disk_low"
    INODES_LOW = "inodes_low"
    MEMORY_LOW = "memory_low"
    LOAD_HIGH = "load_high"
    CLOCK_UNSYNCHRONISED = "clock_unsynchronised"
    NO_RTC = "no_rtc"
    MODEM_SILENT = "modem_silent"
    MODEM_UNREGISTERED = "modem_unregistered"
    SIGNAL_WEAK = "signal_weak"
    SIM_EXPIRES = "sim_expires"
    BUS_POOR = "bus_poor"
    RESTARTING = "restarting"
    METRICS_UNWRITTEN = "metrics_unwritten"
    UNSEALED = "unsealed"


class Grade(StrEnum):
    """How much it presses. What is well has no grade."""

    WARN = "warn"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Ailment:
    """`about`: which instrument or process; empty when there is only one."""

    kind: AilmentKind
    grade: Grade
    about: str = ""


@dataclass(frozen=True, slots=True)
class HostHealth:
    """What the kernel says. `load_percent`: of 15 minutes, 100 is every core busy."""

    up_s: int | None = None
    load_percent: int | None = None
    memory_bytes: int | None = None
    memory_available_bytes: int | None = None
    cpu_millicelsius: int | None = None
    throttled: bool | None = None
    under_voltage: bool | None = None  # now, or since boot
    on_mains: bool | None = None
    battery_percent: int | None = None
    card: str = ""  # what it calls itself
    card_used_percent: int | None = None  # of the writes it was made for
    card_spare: int | None = None  # eMMC's own: 1 normal, 2 four fifths of the spare used, 3 urgent
    disk_bytes: int | None = None
    disk_free_bytes: int | None = None
    inodes_free: int | None = None
    clock_synchronised: bool | None = None
    clock_error_ms: int | None = None  # at the most, as the kernel reckons
    rtc: str = ""


@dataclass(frozen=True, slots=True)
class ModemHealth:
    """`seen_utc_ms`: when it was last asked."""

    seen_utc_ms: int | None = None
    iccid: str = ""
    operator: str = ""
    registration: str = ""
    access: str = ""
    signal_percent: int | None = None
    sim_expires_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class BusHealth:
    """How an instrument has answered since control started."""

    instrument: Role
    bus: str
    requests: int
    timeouts: int
    garbled: int
    exceptions: int


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """`starts` since the station has a journal. `identity` tells one process from the next."""

    name: str
    starts: int
    identity: int | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a platform's link has cost in `month`, headers included.

    `process_bytes`: how much of it the uplink process that runs has told.
    """

    platform: str
    month_bytes: int
    process_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """Once an hour, and soon after something began to ail or ceased to.

    It is its own memory: starts and traffic go on from the newest one. `month` is the calendar
    month in the site's zone, empty until a clock was trusted.
    """

    version: str
    boot: str
    running_s: int
    host: HostHealth
    month: str = ""
    instruments: tuple[BusHealth, ...] = ()
    processes: tuple[ProcessHealth, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    modem: ModemHealth | None = None
    ailments: tuple[Ailment, ...] = ()
