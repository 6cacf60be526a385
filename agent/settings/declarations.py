"""Room rule: which options a site has, and nothing that reads or judges them.

Each option is declared once, below: its type, its bounds and its default. The reader walks these
declarations, so an option that is not declared is an error, and so is one out of range; all of
them are reported at once (`SettingsError`). Units stand last in names. There is no default that a
site would regret: what only the site can know has none. `config/station.example.toml` is the
reference and is compared with these declarations by a test.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from agent.settings.options import (
    Between,
    Day,
    Host,
    Name,
    StationId,
    Text,
    Topic,
    UnitId,
)


@dataclass(frozen=True, slots=True)
class Station:
    """Which well this is, and where its files and sockets are."""

    id: StationId
    name: Text
    use: Literal["irrigation", "domestic", "livestock", "industry"] = "irrigation"
    zone: Text = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"
    state_dir: Path = Path("/var/lib/wellkeeper")
    run_dir: Path = Path("/run/wellkeeper")


@dataclass(frozen=True, slots=True)
class Licence:
    """The water-intake licence (取水许可证), as reports name it. Nothing of it decides anything."""

    number: Text | None = None
    expires: Day | None = None  # its last day
    holder: Text | None = None
    regiment: Text | None = None
    company: Text | None = None  # or village


@dataclass(frozen=True, slots=True)
class Clock:
    """When the host's calendar is believed."""

    # "synchronised": the kernel says NTP (or another source) disciplines the clock.
    # "always": the host is known to keep time without saying so. For demos and bench tests.
    trusted_when: Literal["synchronised", "always"] = "synchronised"


@dataclass(frozen=True, slots=True)
class Scan:
    """How often the meters are read and how often that is written down."""

    period_s: Annotated[int, Between(1, 10)] = 1
    record_interval_s: Annotated[int, Between(1, 3600)] = 60
    cut_latency_ms: Annotated[int, Between(0, 5000)] = 150
    # The bus budget of one scan; what did not fit continues in the next scan.
    bus_budget_ms: Annotated[int, Between(50, 9000)] = 700


@dataclass(frozen=True, slots=True)
class RelayModule:
    """A relay module on a Modbus line of its own."""

    kind: Literal["wb-mr6c", "waveshare"]
    port: Path
    unit: UnitId
    channel: Annotated[int, Between(1, 32)]  # as printed on the module
    baud: Annotated[int, Between(1200, 115200)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 2
    # A module without a watchdog of its own: the device that opens the relay in its place.
    lease_held_by: Text | None = None


@dataclass(frozen=True, slots=True)
class Relay:
    """The output that permits the pump, and its lease."""

    driver: Literal["gpio", "modbus", "simulated"]
    lease_s: Annotated[int, Between(3, 120)] = 15
    line: Annotated[int, Between(0, 1023)] | None = None  # gpio: the line's number (BCM on a Pi)
    chip: Path | None = None  # gpio, on a board that is no Raspberry Pi: the line's gpiochip
    active_high: bool = True  # gpio: the level that energises the relay
    # What an energised relay does. Without supply it does the opposite.
    energise: Literal["to_run", "to_stop"] = "to_run"
    wiring: Literal["self_holding", "maintained"] = "self_holding"
    restart_hold_s: Annotated[int, Between(0, 3600)] = 180
    socket: Path | None = None  # simulated: the simulator's pin
    module: RelayModule | None = None  # modbus

    @property
    def energise_permits(self) -> bool:
        return self.energise == "to_run"


@dataclass(frozen=True, slots=True)
class Input:
    """A dry contact of the pump house on a line of this computer."""

    name: Literal["contactor", "door", "mains", "bypass"]
    line: Annotated[int, Between(0, 1023)]
    active_high: bool = False  # the level at which the contact counts as active
    pull: Literal["up", "down", "none"] = "up"
    chip: Path | None = None


@dataclass(frozen=True, slots=True)
class Bus:
    """One RS-485 line."""

    name: Name
    port: Path
    baud: Annotated[int, Between(1200, 115200)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class FlowMeter:
    """Which bus, which unit id, which profile; the same for the other instruments."""

    bus: Name
    unit: UnitId
    profile: Name
    # The most that can be real: pump nameplate plus reserve. A total that moves faster is suspect.
    flow_max_m3_per_h: Annotated[int, Between(1, 5000)]


@dataclass(frozen=True, slots=True)
class PowerMeter:
    """The electricity meter; `shared` with other consumers, its energy is not this well's."""

    bus: Name
    unit: UnitId
    profile: Name
    power_max_kw: Annotated[int, Between(1, 1000)]
    # It also measures other loads: no coefficient, no energy allocation, no ratio.
    shared: bool = False


@dataclass(frozen=True, slots=True)
class LevelProbe:
    """The probe in the well, hung at `depth_mm` below the wellhead."""

    bus: Name
    unit: UnitId
    profile: Name
    # Depth of the probe below the wellhead: level = this minus the water column above the probe.
    depth_mm: Annotated[int, Between(0, 1_000_000)]


@dataclass(frozen=True, slots=True)
class Interlock:
    """The delays and bounds of the conditions."""

    flow_meter_alarm_s: Annotated[int, Between(5, 3600)] = 60
    flow_meter_cut_min: Annotated[int, Between(1, 72 * 60)] = 30
    both_meters_cut_s: Annotated[int, Between(10, 3600)] = 300
    short_cycle_s: Annotated[int, Between(0, 3600)] = 180
    warn_percent: tuple[Annotated[int, Between(1, 99)], ...] = (80, 90, 95)
    # Above this power the pump counts as running.
    idle_power_w: Annotated[int, Between(10, 50_000)] = 500
    confirm_scans: Annotated[int, Between(2, 60)] = 3
    on_exhausted: Literal["cut", "warn"] = "cut"
    on_exhausted_document: Text | None = None
    warn_remaining_m3: Annotated[int, Between(0, 10_000_000)] = 0
    warn_pumping_h: Annotated[int, Between(0, 1000)] = 72
    # What protects the pump alarms; what is named here also cuts.
    cuts: tuple[
        Literal["water_without_energy", "dry_well", "phase_loss", "over_current", "under_voltage"],
        ...,
    ] = ()
    flow_trial_min: Annotated[int, Between(1, 60)] = 5
    dry_run_min: Annotated[int, Between(1, 60)] = 5
    dry_run_retry_min: Annotated[int, Between(5, 240)] = 30
    rated_l_per_kwh: Annotated[int, Between(0, 20_000)] = 0
    ratio_band_percent: Annotated[int, Between(5, 100)] = 25
    creep_l: Annotated[int, Between(10, 10_000)] = 100
    dry_level_mm: Annotated[int, Between(0, 1_000_000)] = 0
    nominal_v: Annotated[int, Between(100, 400)] = 220
    under_voltage_percent: Annotated[int, Between(0, 99)] = 85
    over_current_a: Annotated[int, Between(0, 1000)] = 0
    uplink_stale_h: Annotated[int, Between(1, 240)] = 6
    override_max_h: Annotated[int, Between(1, 240)] = 72
    override_max_m3: Annotated[int, Between(1, 100_000)] = 2000


@dataclass(frozen=True, slots=True)
class Conversion:
    """Water reckoned from electricity while it is not metered."""

    on_interruption: Literal["convert", "cut"] = "convert"
    at_most_h: Annotated[int, Between(1, 720)] = 72
    at_most_percent: Annotated[int, Between(1, 50)] = 5
    entered_every_min: Annotated[int, Between(1, 60)] = 10
    rating_test_min: Annotated[int, Between(10, 600)] = 60


@dataclass(frozen=True, slots=True)
class Journal:
    """What is kept for how long, and what the pump does while nothing can be written."""

    on_failure: Literal["run_on", "cut"] = "run_on"
    run_on_h: Annotated[int, Between(1, 72)] = 24
    run_on_percent: Annotated[int, Between(1, 20)] = 5
    # Given up after so long, once every platform has them; entries never (agent/journal/retention).
    samples_days: Annotated[int, Between(31, 36_525)] = 731
    events_days: Annotated[int, Between(366, 36_525)] = 3653
    # Beyond this the oldest samples go early, and a gap record says so.
    megabytes_max: Annotated[int, Between(32, 100_000)] = 2000


@dataclass(frozen=True, slots=True)
class Tls:
    """Verified whenever on; there is no option that weakens it."""

    ca_file: Path | None = None  # None: the host's own store
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform and the way to it."""

    name: Name
    host: Host
    port: Annotated[int, Between(1, 65535)]
    tls: Tls | None  # `tls = false` must be written out: nothing falls back to clear text
    protocol: Literal["mqtt5", "mqtt311"] = "mqtt5"
    prefix: Topic = "wells"
    user: Text | None = None
    password_file: Path | None = None
    keepalive_s: Annotated[int, Between(10, 1200)] = 60
    batch_interval_s: Annotated[int, Between(1, 3600)] = 300
    state_interval_s: Annotated[int, Between(1, 86400)] = 600
    # MQTT 3.1.1 acknowledges even what its access list discards: declared, or not at all.
    trust_puback: bool = False
    # The platform itself says how far it has stored our records; nothing else moves the cursor.
    receipts: bool = False
    # What its signed commands may order; by default it may ask, and change nothing.
    may: tuple[
        Literal[
            "allocate",
            "correct",
            "rate",
            "stop",
            "acknowledge",
            "override",
            "set_clock",
            "set_threshold",
            "resend",
            "report",
        ],
        ...,
    ] = ("resend", "report")
    # The public halves of the keys that it signs with: PEM, JWK or hex.
    key_files: tuple[Path, ...] = ()
    # No bound: the link's own pace is one, and the live state passes the backlog anyway.
    records_per_s: Annotated[int, Between(1, 100_000)] | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """A serial port at which technicians sign in."""

    name: Name
    port: Path
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    flow: Literal["none", "xon/xoff", "rts/cts"] = "none"
    # What the terminals here understand: asked of each ("auto"), or known.
    terminal: Literal["auto", "ansi", "dumb"] = "auto"


@dataclass(frozen=True, slots=True)
class Settings:
    """One station. `file` is where it was read from."""

    station: Station
    relay: Relay
    bus: tuple[Bus, ...]
    flow_meter: FlowMeter
    power_meter: PowerMeter
    level_probe: LevelProbe | None = None
    input: tuple[Input, ...] = ()
    platform: tuple[Platform, ...] = ()
    console: tuple[Console, ...] = ()
    licence: Licence = field(default_factory=Licence)
    clock: Clock = field(default_factory=Clock)
    scan: Scan = field(default_factory=Scan)
    interlock: Interlock = field(default_factory=Interlock)
    conversion: Conversion = field(default_factory=Conversion)
    journal: Journal = field(default_factory=Journal)
