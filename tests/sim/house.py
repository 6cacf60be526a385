"""Room rule: the pump house as it really is: water, electricity, contacts. Knows no rule of ours.

Here is the truth that the ledger is held against. `visible_ml` is what flowed forward while the
fitted meter counted, `unmetered_ml` what flowed while it did not. A column that drains back takes
litres from a meter's counter; the truth is its high-water mark.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from agent.core.model import Contacts, Fault, Quality, Quantity, Reading, Role
from tests.core.story import ROLES

Q = Quantity
READINGS_MAX = 4096
OF_FLOW_METER = (Q.FORWARD_TOTAL_L, Q.FLOW_L_PER_H, Q.REVERSE_TOTAL_L)
OF_POWER_METER = (
    Q.ENERGY_WH,
    Q.POWER_W,
    Q.VOLTAGE_1_MV,
    Q.VOLTAGE_2_MV,
    Q.VOLTAGE_3_MV,
    Q.CURRENT_1_MA,
    Q.CURRENT_2_MA,
    Q.CURRENT_3_MA,
)
PHASE_MV, PHASE_MA, INRUSH_MA = 228_000, 48_000, 300_000
INRUSH_MS = 3_000
DRAIN_ML_PER_MS = 100


@lru_cache(READINGS_MAX)
def _reading(quantity: Quantity, value: int | None, fault: Fault | None) -> Reading:
    """Most readings are those of the last scan."""
    quality = Quality.GOOD if fault is None else Quality.BAD
    return Reading(ROLES[quantity], quantity, value, quality, fault)


@dataclass(slots=True)
class Meter:
    """A totalizer in thousandths of its unit. It counts whether anybody reads it or not."""

    serial: str
    counter: int
    resolution: int
    modulus: int
    counting: bool = True
    high: int = 0
    stuck: int | None = None  # its register is not written; it counts on behind it

    def __post_init__(self) -> None:
        self.high = self.counter

    @property
    def shown(self) -> int:
        if self.stuck is not None:
            return self.stuck
        return self.shown_of(self.counter)

    def shown_of(self, counter: int) -> int:
        return counter // 1000 // self.resolution * self.resolution % self.modulus

    def pass_through(self, thousandths: int) -> int:
        """Count, and say by how much the high-water mark rose."""
        if not self.counting:
            return 0
        self.counter += thousandths
        rose = max(0, self.counter - self.high)
        self.high += rose
        return rose

    def begin_stretch(self) -> None:
        """It is counted from what it shows now, wherever it has stood."""
        self.high = self.counter

    def set_to(self, counter: int) -> None:
        """By a fault of its own: no water passed."""
        self.counter = self.high = counter


@dataclass(slots=True)
class House:
    """One well. `switch_on` is the selector of a maintained contact."""

    flow: Meter
    power: Meter
    full_flow_l_per_h: int
    power_w: int
    coast_ms: int
    drain_ml: int
    maintained: bool
    full_readings: bool  # of each phase, and of a level probe
    contacts_wired: bool
    counts_back: bool  # what runs back has a total of its own, and leaves the forward one alone
    now_ms: int = 0
    running: bool = False
    started_ms: int = 0
    coasting_ms: int = 0
    draining_ml: int = 0
    switch_on: bool = False
    mains: bool = True
    welded: bool = False
    bypassed: bool = False
    dry: bool = False
    share_percent: int = 100  # of its full flow: a worn pump
    other_l_per_h: int = 0
    relay: bool = False
    relay_hangs: bool = False  # the relay process holds its line and answers nobody
    lease_ms: int = 0
    lease_until_ms: int = 0
    visible_ml: int = 0
    unmetered_ml: int = 0
    stops: list[tuple[int, str]] = field(default_factory=list)
    faults: dict[Quantity, Fault] = field(default_factory=dict)
    shown: dict[Quantity, int] = field(default_factory=dict)
    door_open: bool = False
    level_mm: int = 40_000
    back_ml: int = 0

    # --- time ------------------------------------------------------------------------------------

    def pass_time(self, time_ms: int, *, renewed: bool) -> None:
        """`renewed`: control is up, and renews the lease within this time as it always does."""
        at_rest = not (self.running or self.coasting_ms)
        passed_ml = self._pumped_ml(time_ms)
        if self.running:
            self._count_energy(self.power_w * time_ms // 3600)
        self.now_ms += time_ms
        self._count_water(passed_ml)
        if at_rest:  # a column begins to fall once it stood: a scan sees it stand
            self._drain(time_ms)
        if renewed and self.relay and not self.relay_hangs:
            self.lease_until_ms = max(self.lease_until_ms, self.now_ms + self.lease_ms)
        elif self.relay and self.now_ms >= self.lease_until_ms:
            self.open_relay("lapsed")

    def _pumped_ml(self, time_ms: int) -> int:
        if self.running:
            return (self.flow_l_per_h + self.other_l_per_h) * time_ms // 3600
        coasted_ml = 0
        if self.coasting_ms:
            left_ms = max(0, self.coasting_ms - time_ms)
            full = self.full_flow_l_per_h * self.share_percent // 100
            coasted_ml = full * (self.coasting_ms**2 - left_ms**2) // (7200 * self.coast_ms)
            self.coasting_ms = left_ms
        return coasted_ml + self.other_l_per_h * time_ms // 3600

    def _count_water(self, passed_ml: int) -> None:
        if self.flow.counting:
            self.visible_ml += self.flow.pass_through(passed_ml)
        else:
            self.unmetered_ml += passed_ml

    def _count_energy(self, used_mwh: int) -> None:
        self.power.pass_through(used_mwh)

    def _drain(self, time_ms: int) -> None:
        back_ml = min(self.draining_ml, DRAIN_ML_PER_MS * time_ms, self.flow.counter)
        self.draining_ml -= back_ml
        if self.counts_back:
            self.back_ml += back_ml
        elif self.flow.counting:
            self.flow.counter -= back_ml

    # --- what people and the relay do ------------------------------------------------------------

    @property
    def flow_l_per_h(self) -> int:
        """Of the pump, now."""
        if self.running:
            return 0 if self.dry else self.full_flow_l_per_h * self.share_percent // 100
        full = self.full_flow_l_per_h * self.share_percent // 100
        return full * self.coasting_ms // self.coast_ms if self.coast_ms else 0

    @property
    def at_rest(self) -> bool:
        return not (self.running or self.coasting_ms or self.draining_ml or self.other_l_per_h)

    @property
    def drained_l(self) -> int:
        """How far the counter stands below its high-water mark."""
        return (self.flow.high - self.flow.counter) // 1000

    def unread_l(self, last_l: int) -> int:
        """Of what drained back, what nobody read: it comes again, and counts when it does."""
        return min(
            self.drained_l, (self.flow.shown_of(self.flow.high) - last_l) % self.flow.modulus
        )

    def start(self) -> None:
        """The owner's button, or his selector."""
        self.switch_on = True
        if self.mains and (self.relay or self.bypassed or self.welded):
            self._run()

    def _run(self) -> None:
        if not self.running:
            self.running, self.started_ms = True, self.now_ms
            self.coasting_ms = 0

    def stop(self) -> None:
        self.switch_on = False
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        if self.running:
            self.running = False
            self.coasting_ms, self.draining_ml = (0 if self.dry else self.coast_ms), self.drain_ml

    def permit(self, lease_ms: int) -> None:
        self.relay = True
        self.renew(lease_ms)
        if self.maintained and self.switch_on and self.mains:
            self._run()

    def renew(self, lease_ms: int) -> None:
        if self.relay:
            self.lease_ms, self.lease_until_ms = lease_ms, self.now_ms + lease_ms

    def open_relay(self, why: str) -> None:
        if self.relay and self.running and not (self.welded or self.bypassed):
            self.stops.append((self.now_ms, why))
        self.relay = False
        if not (self.welded or self.bypassed):
            self._come_to_rest()

    def let_go(self) -> None:
        """A contactor that was welded, or a bypass, opens: the relay is what holds it again."""
        self.welded = self.bypassed = False
        if not self.relay:
            self._come_to_rest()

    def lose_mains(self) -> None:
        self.mains = False
        self._come_to_rest()

    # --- what can be read ------------------------------------------------------------------------

    def position(self) -> bool | None:
        return None if self.relay_hangs else self.relay

    @property
    def contacts(self) -> Contacts:
        if not self.contacts_wired:
            return Contacts()
        return Contacts(self.bypassed, self.door_open, self.mains, self.running)

    def readings(self) -> tuple[Reading, ...]:
        return tuple(self._read(one, value) for one, value in self._true_values().items())

    def _true_values(self) -> dict[Quantity, int]:
        moving = self.flow_l_per_h + self.other_l_per_h
        values = {
            Q.FORWARD_TOTAL_L: self.flow.shown,
            Q.FLOW_L_PER_H: moving,
            Q.ENERGY_WH: self.power.shown,
            Q.POWER_W: self.power_w if self.running and self.power.counting else 0,
        }
        if self.counts_back:
            values[Q.REVERSE_TOTAL_L] = self.back_ml // 1000
        if not self.full_readings:
            return {one: self.shown.get(one, value) for one, value in values.items()}
        amps = PHASE_MA if self.running else 0
        if self.running and self.now_ms - self.started_ms < INRUSH_MS:
            amps = INRUSH_MA
        values[Q.LEVEL_MM] = self.level_mm + (8_000 if self.running else 0)
        values |= dict.fromkeys((Q.VOLTAGE_1_MV, Q.VOLTAGE_2_MV, Q.VOLTAGE_3_MV), PHASE_MV)
        values |= dict.fromkeys((Q.CURRENT_1_MA, Q.CURRENT_2_MA, Q.CURRENT_3_MA), amps)
        return values | self.shown

    def _read(self, quantity: Quantity, value: int) -> Reading:
        fault = self.faults.get(quantity)
        if fault is None and not self.mains:
            fault = Fault.TIMEOUT
        return _reading(quantity, None if fault else value, fault)

    def lay(self, fault: Fault, *quantities: Quantity) -> None:
        self.faults |= dict.fromkeys(quantities, fault)

    def heal(self, *quantities: Quantity) -> None:
        for one in quantities:
            self.faults.pop(one, None)
            self.shown.pop(one, None)

    def meter(self, role: Role) -> Meter:
        return self.flow if role is Role.FLOW_METER else self.power
