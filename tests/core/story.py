"""Room rule: a simulated present for the pure core. Decides nothing, expects nothing.

A story has a pump house in miniature: a pump with a self-holding starter (`start` is its owner's
button, permission alone starts nothing), a flow meter and a power meter that never lie unless a
fault is laid on them, and a relay with a lease. `at(seconds)` scans once a period until the
story's clock shows so many seconds; what happened stands in `records`.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import TypeVar

from agent.core.ledger import withdrawn_l
from agent.core.model import (
    Action,
    AllocateOrder,
    AllocationKind,
    Body,
    Capability,
    Command,
    ConditionKind,
    Contacts,
    Fault,
    FitMeterOrder,
    Grant,
    Limits,
    Moment,
    Order,
    Origin,
    PlatformKey,
    Quality,
    Quantity,
    Rank,
    RateMethod,
    RateOrder,
    Reading,
    Refused,
    Role,
    Site,
    Started,
    TurnedAway,
)
from agent.core.scan import Outcome, scan
from agent.core.state import Seen, State, last_total_l

T = TypeVar("T")

SHANGHAI = timezone(timedelta(hours=8))
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


def utc_ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """The instant of a local date and time at the site."""
    return int(datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).timestamp()) * 1000


# Every platform that the stories name may do what a platform can be granted.
PLATFORMS = (
    "a",
    "platform a",
    "platform b",
    "province",
    "li",
    "wang",
    *(f"p{n}" for n in range(9)),
)

SITE = Site(
    period_ms=1000,
    cut_latency_ms=150,
    lease_ms=10_000,
    record_interval_ms=60_000,
    flow_max_l_per_h=100_000,
    flow_resolution_l=1,
    flow_modulus_l=1_000_000_000,
    power_max_w=55_000,
    energy_resolution_wh=10,
    energy_modulus_wh=1_000_000_000,
    idle_power_w=500,
    confirm_scans=3,
    warn_percent=(80, 90, 95),
    flow_meter_alarm_ms=60_000,
    flow_meter_cut_ms=30 * MINUTE,
    both_meters_cut_ms=300_000,
    short_cycle_ms=180_000,
    run_on=True,
    run_on_ms=24 * HOUR,
    run_on_percent=5,
    year_starts=tuple((year, utc_ms(year, 1, 1)) for year in range(2024, 2039)),
    limits=Limits(warn_pumping_ms=0),
    granted=tuple(Grant(one, frozenset(Capability)) for one in PLATFORMS),
)

_NUMBERS = count(1)
FLOW_L_PER_H = 90_000
POWER_W = 30_000
ROLES = {
    Quantity.FORWARD_TOTAL_L: Role.FLOW_METER,
    Quantity.FLOW_L_PER_H: Role.FLOW_METER,
    Quantity.ENERGY_WH: Role.POWER_METER,
    Quantity.POWER_W: Role.POWER_METER,
    Quantity.REVERSE_TOTAL_L: Role.FLOW_METER,
    Quantity.NET_TOTAL_L: Role.FLOW_METER,
    Quantity.LEVEL_MM: Role.LEVEL_PROBE,
    Quantity.VOLTAGE_1_MV: Role.POWER_METER,
    Quantity.VOLTAGE_2_MV: Role.POWER_METER,
    Quantity.VOLTAGE_3_MV: Role.POWER_METER,
    Quantity.CURRENT_1_MA: Role.POWER_METER,
    Quantity.CURRENT_2_MA: Role.POWER_METER,
    Quantity.CURRENT_3_MA: Role.POWER_METER,
}
OF_FLOW_METER = (Quantity.FORWARD_TOTAL_L, Quantity.FLOW_L_PER_H)
OF_POWER_METER = (Quantity.ENERGY_WH, Quantity.POWER_W)


def reading(quantity: Quantity, value: int | None, fault: Fault | None = None) -> Reading:
    """A good reading, or a bad one that says why."""
    if fault is not None:
        return Reading(ROLES[quantity], quantity, None, Quality.BAD, fault)
    return Reading(ROLES[quantity], quantity, value, Quality.GOOD)


def readings(
    total_l: int, flow_l_per_h: int = 0, energy_wh: int = 0, power_w: int = 0
) -> tuple[Reading, ...]:
    """What two healthy meters show."""
    return (
        reading(Quantity.FORWARD_TOTAL_L, total_l),
        reading(Quantity.FLOW_L_PER_H, flow_l_per_h),
        reading(Quantity.ENERGY_WH, energy_wh),
        reading(Quantity.POWER_W, power_w),
    )


def plan(volume_l: int, year: int = 2026) -> AllocateOrder:
    return AllocateOrder(year, AllocationKind.PLAN, volume_l, "plan no. 7")


def addition(volume_l: int, year: int = 2026) -> AllocateOrder:
    """Each by a document of its own."""
    return AllocateOrder(year, AllocationKind.ADDITION, volume_l, f"notice {next(_NUMBERS)}")


def reduction(volume_l: int, year: int = 2026) -> AllocateOrder:
    return AllocateOrder(year, AllocationKind.REDUCTION, volume_l, f"notice {next(_NUMBERS)}")


def rate(litres_per_kwh: int = 3_000) -> RateOrder:
    """30 kW lift 90 m3 in an hour: 3 m3 per kWh."""
    return RateOrder(litres_per_kwh, RateMethod.TEST, utc_ms(2026, 5, 1), "rating no. 5")


def provisional(volume_l: int, until_utc_ms: int, year: int = 2026) -> AllocateOrder:
    return AllocateOrder(year, AllocationKind.PROVISIONAL, volume_l, "letter no. 3", until_utc_ms)


@dataclass(slots=True)
class Story:
    """One well, from its first scan on. Change its parts between two calls of `at`."""

    site: Site = SITE
    state: State = field(default_factory=State)
    begins_utc_ms: int = field(default_factory=lambda: utc_ms(2026, 6, 1, 8))
    calendar_off_ms: int = 0  # how wrong the host's calendar is
    trusted: bool = True
    boot: str = "boot-1"
    booted_ms: int = 0
    now_ms: int = 0  # since the story began
    total_ml: int = 500_000_000
    energy_mwh: int = 70_000_000
    flow_l_per_h: int = FLOW_L_PER_H
    coast_ms: int = 4000
    power_w: int = POWER_W
    dry: bool = False  # the pump draws power and moves nothing
    other_flow_l_per_h: int = 0  # water that moves without the pump
    welded: bool = False  # the contactor does not open with the relay
    contacts: Contacts = Contacts()
    uplink_stale: bool = False
    turned_away: tuple[TurnedAway, ...] = ()  # at each scan from now on
    keys: tuple[PlatformKey, ...] = ()
    held: tuple[Command, ...] = ()  # stops at the desk that cannot be written down yet
    running: bool = False
    coasting_ms: int = 0
    relay: bool | None = False
    relay_restarted: bool = False
    restarted: bool = False  # control, since the last scan
    lease_until_ms: int = 0
    faults: dict[Quantity, Fault] = field(default_factory=dict)
    beside: dict[Quantity, int] = field(default_factory=dict)  # what is read beside the usual four
    journal_failing: bool = False
    journal_written: bool = True
    records: list[Body] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    ids: int = 0

    # --- what people do ------------------------------------------------------------------------

    def start(self) -> None:
        """The owner presses the button: the contactor holds itself while the relay is closed."""
        self.running = bool(self.relay)

    def stop(self) -> None:
        if self.running:
            self.running, self.coasting_ms = False, self.coast_ms

    def order(
        self,
        order: Order,
        command_id: str = "",
        *,
        origin: Origin = Origin.ADMIN,
        actor: str = "li",
    ) -> Refused | None:
        """Give an order, scan once, and return why it was refused."""
        self.ids += 1
        rank = Rank.SUPERVISOR if origin is Origin.CONSOLE else None
        command = Command(command_id or f"c{self.ids}", origin, actor, order, rank=rank)
        self._pass(self.site.period_ms)
        (verdict,) = self.look(command).verdicts
        return verdict.refusal.reason if verdict.refusal else None

    def signed(
        self,
        order: Order,
        command_id: str = "",
        *,
        platform: str = "province",
        lives_ms: int = DAY,
        issued_ms: int = 0,
    ) -> Command:
        """A platform's own command, signed so long from now."""
        self.ids += 1
        issued_utc_ms = self.begins_utc_ms + self.now_ms + issued_ms
        return Command(
            command_id or f"jti-{self.ids}",
            Origin.PLATFORM,
            platform,
            order,
            issued_utc_ms + lives_ms,
            issued_utc_ms=issued_utc_ms,
        )

    def hand_in(self, *commands: Command) -> list[str]:
        """Scan once with these, and say what became of each: "accepted", or why not."""
        self._pass(self.site.period_ms)
        verdicts = self.look(*commands).verdicts
        return [one.refusal.reason if one.refusal else "accepted" for one in verdicts]

    def ask(
        self, order: Order, origin: Origin, rank: Rank | None = Rank.TECHNICIAN
    ) -> Refused | None:
        """As `order`, by somebody else than the administrator."""
        self.ids += 1
        self._pass(self.site.period_ms)
        command = Command(f"c{self.ids}", origin, "wang", order, rank=rank)
        (verdict,) = self.look(command).verdicts
        return verdict.refusal.reason if verdict.refusal else None

    def fit(
        self, role: Role = Role.FLOW_METER, *, serial: str = "", before_l: int | None = None
    ) -> Refused | None:
        displayed = {Role.FLOW_METER: self.total_l, Role.POWER_METER: self.energy_mwh // 1000}
        order = FitMeterOrder(
            role, serial or f"serial-{role}", displayed.get(role, 0), "form no. 1", before_l
        )
        return self.order(order)

    def commission(self, allocated_l: int = 1_000_000, before_l: int = 0) -> "Story":
        """Fit both meters and give a plan."""
        self.at(1)
        assert self.fit(before_l=before_l) is None
        assert self.fit(Role.POWER_METER) is None
        assert self.order(plan(allocated_l, self.year)) is None
        return self

    # --- what happens to the house -------------------------------------------------------------

    def lay(self, fault: Fault, *quantities: Quantity) -> None:
        self.faults |= dict.fromkeys(quantities, fault)

    def heal(self) -> None:
        self.faults.clear()

    def power_off(self, off_ms: int, *, trusted: bool = True) -> None:
        """Mains and controller are gone for a while; then a new boot, whose relay is cut."""
        self.stop()
        self.coasting_ms, self.relay = 0, False
        self.now_ms += off_ms
        self.boot, self.booted_ms = f"{self.boot}+", self.now_ms
        self.trusted = trusted

    def away(self, away_ms: int) -> None:
        """Control does not scan for a while; the relay keeps its lease and no longer."""
        until_ms = self.now_ms + away_ms
        while self.now_ms < until_ms:
            self._pass(min(self.site.period_ms, until_ms - self.now_ms))
            if self.now_ms > self.lease_until_ms:
                self._open_relay()

    # --- time ----------------------------------------------------------------------------------

    def at(self, seconds: float) -> "Story":
        """Scan once a period until the story's clock shows `seconds`."""
        until_ms = int(seconds * 1000)
        while self.now_ms < until_ms:
            self._pass(self.site.period_ms)
            self.look()
        return self

    def after(self, seconds: float) -> "Story":
        return self.at(self.now_ms / 1000 + seconds)

    def unhurried(self) -> "Story":
        """Scan every ten seconds from now on: for what takes hours, not seconds."""
        self.site = replace(self.site, period_ms=10_000)
        return self

    def look(self, *commands: Command) -> Outcome:
        """One scan, now."""
        outcome = scan(self.site, self.state, self.seen(*commands))
        self.state = outcome.state
        self.records += outcome.bodies
        self.outcomes.append(outcome)
        if outcome.decision.permit and self.relay is not None:
            self.relay = True
            self.lease_until_ms = self.now_ms + outcome.decision.lease_ms
        if not outcome.decision.permit:
            self._open_relay()
        return outcome

    def seen(self, *commands: Command) -> Seen:
        restarted, self.restarted = self.restarted, False
        started = Started("1", self.boot, relay_permitted=self.relay is True)
        return Seen(
            moment=self.moment,
            readings=self.readings(),
            commands=commands,
            relay_permitted=self.relay,
            journal_failing=self.journal_failing,
            journal_written=self.journal_written,
            contacts=self.contacts,
            uplink_stale=self.uplink_stale,
            turned_away=self.turned_away,
            keys=self.keys,
            held=self.held,
            relay_restarted=self.relay_restarted,
            started=started if restarted else None,
        )

    def readings(self) -> tuple[Reading, ...]:
        flow = self._flow_l_per_h()
        power_w = self.power_w if self.running else 0
        usual = readings(self.total_l, flow, self.energy_wh, power_w)
        good = (*usual, *(reading(quantity, value) for quantity, value in self.beside.items()))
        return tuple(
            reading(one.quantity, None, self.faults[one.quantity])
            if one.quantity in self.faults
            else one
            for one in good
        )

    @property
    def moment(self) -> Moment:
        return Moment(
            utc_ms=self.begins_utc_ms + self.now_ms + self.calendar_off_ms,
            monotonic_ms=self.now_ms - self.booted_ms,
            boot=self.boot,
            trusted=self.trusted,
        )

    def _pass(self, time_ms: int) -> None:
        self.now_ms += time_ms
        self.total_ml += self._flow_l_per_h() * time_ms // 3600
        self.energy_mwh += self.power_w * time_ms // 3600 if self.running else 0
        self.coasting_ms = max(0, self.coasting_ms - time_ms)

    def _flow_l_per_h(self) -> int:
        if self.running:
            return 0 if self.dry else self.flow_l_per_h
        coasting = self.flow_l_per_h * self.coasting_ms // self.coast_ms if self.coast_ms else 0
        return coasting + self.other_flow_l_per_h

    def _open_relay(self) -> None:
        """The starter drops out with the relay, and does not come back with it."""
        self.relay = None if self.relay is None else False
        if not self.welded:
            self.stop()

    # --- what can be asked of it ---------------------------------------------------------------

    @property
    def total_l(self) -> int:
        return self.total_ml // 1000

    @property
    def energy_wh(self) -> int:
        return self.energy_mwh // 1000

    @property
    def year(self) -> int:
        at = datetime.fromtimestamp(self.moment.utc_ms / 1000, SHANGHAI)
        return at.year

    @property
    def permitted(self) -> bool:
        return self.outcomes[-1].decision.permit

    @property
    def reasons(self) -> list[ConditionKind]:
        return list(self.outcomes[-1].decision.reasons)

    @property
    def conditions(self) -> dict[ConditionKind, Action]:
        return {one.kind: one.action for one in self.state.standing.conditions}

    @property
    def withdrawn_l(self) -> int:
        return withdrawn_l(self.state.ledger, last_total_l(self.state))

    def of(self, kind: type[T]) -> list[T]:
        """The records of one kind, oldest first."""
        return [one for one in self.records if isinstance(one, kind)]
