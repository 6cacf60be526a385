"""Room rule: time, and nothing else: one seed is one well through one year.

Scans come every second within two minutes of anything that happens, every minute while the pump
runs or metering is interrupted, and every ten minutes while nothing moves. `python -m
tests.sim SEED` repeats a year and says what it saw.
"""

import heapq
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.core.ledger import Ledger
from agent.core.model import Command, Order, Origin, Rank, Sample, Site, Verdict
from agent.core.state import last_total_l
from agent.journal import Journal, Reader
from tests.core.story import DAY, HOUR, MINUTE, SECOND, utc_ms
from tests.sim import build
from tests.sim.hostclock import HostClock
from tests.sim.house import House
from tests.sim.platforms import Uplink
from tests.sim.station import Inbox, Killed, Station
from tests.sim.watch import Watch

YEAR_MS = 365 * DAY
AROUND_MS = 2 * MINUTE
FINE_MS, RUNNING_MS, RESTING_MS = SECOND, MINUTE, 10 * MINUTE
UPLINKS_EVERY_MS = HOUR
# From so near to exhaustion on, every second counts.
NEAR_MS = 3 * MINUTE
# A file system in memory: what a year writes is not the card's speed.
MEMORY = Path("/dev/shm")

# An account stops a pump on any day; what is only to be waited for never stops one that runs.
SPENT = {"allocation_exhausted", "energy_exhausted", "not_allocated"}
HELD = {"short_cycle", "lease_lapsed", "clock_untrusted", "relay_silent", "uplink_stale"}

Act = Callable[["Year"], None]


@dataclass(slots=True)
class Year:
    """A seed, and all that follows from it."""

    seed: int
    lasts_ms: int = YEAR_MS
    density: int = 1  # so many times as much happens as in a usual year
    rng: random.Random = field(init=False)
    site: Site = field(init=False)
    house: House = field(init=False)
    clock: HostClock = field(init=False)
    inbox: Inbox = field(default_factory=Inbox)
    station: Station = field(init=False)
    uplinks: list[Uplink] = field(init=False)
    watch: Watch = field(init=False)
    scans: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    exclusive_until_ms: int = 0
    last_event_ms: int = 0
    down_until_ms: int = 0
    excused_until_ms: int = 0  # a lapse until here is what was laid on, no defect of ours
    refused: Counter[str] = field(default_factory=Counter)
    _agenda: list[tuple[int, int, Act]] = field(default_factory=list)
    _wishes: list[tuple[int, int, Act]] = field(default_factory=list)
    _ids: int = 0
    _sites: dict[int, Site] = field(init=False)
    _folder: Path = field(init=False)
    _uplinks_due_ms: int = 0
    _replayed: tuple[Ledger, Ledger] = (Ledger(), Ledger())

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        site, self.house = build.well(self.rng)
        # Half of them begin before New Year, so that a short run meets it as well.
        month = 1 if self.seed % 2 else 12
        begins = utc_ms(2026 + self.seed % 3, month, self.rng.randint(17, 26), 8)
        self.clock = HostClock(begins)
        self.watch = Watch(self.house)
        self.declare(site)

    # --- the loop --------------------------------------------------------------------------------

    def run(self, begin: Act, end: Act) -> "Year":
        """`begin` fills the agenda, `end` goes on from there. What fails says how to repeat it."""
        parent = MEMORY if MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="wkyear", dir=parent))
        try:
            self._run(begin, end)
        except AssertionError as broken:
            at = f"day {self.now_ms / DAY:.2f}, scan {self.scans}"
            span = f"--days {self.lasts_ms // DAY} --density {self.density}"
            again = f".venv/bin/python -m tests.sim {self.seed} {span}"
            raise AssertionError(
                f"seed {self.seed}, {at}: {broken}\nrepeat it: {again}"
            ) from broken
        finally:
            if self.station.alive:
                self.station.die()
            shutil.rmtree(self._folder)
        return self

    def _run(self, begin: Act, end: Act) -> None:
        path = self._folder / "journal.db"
        told = self.watch.committed
        self.station = Station(path, self.house, self.clock, self.inbox, self.rng, told)
        self.station.start()
        reader = Reader(path)
        self.uplinks = [Uplink(name, self.rng, reader) for name in ("province", "division")]
        begin(self)
        while self.now_ms < self.lasts_ms:
            self.step()
        end(self)
        self._end()

    def step(self) -> None:
        step_ms = self._next_step_ms()
        left_ms = self._agenda[0][0] - self.now_ms if self._agenda else DAY
        if left_ms > AROUND_MS:  # a long step ends where the seconds before an event begin
            left_ms -= AROUND_MS
        if not self.station.alive:
            left_ms = min(left_ms, self.down_until_ms - self.now_ms)
        self._pass(max(1, min(step_ms, left_ms)))
        while self._agenda and self._agenda[0][0] <= self.now_ms:
            _, _, act = heapq.heappop(self._agenda)
            self.last_event_ms = self.now_ms
            act(self)
        while not self.quiet and self._wishes and self._wishes[0][0] <= self.now_ms:
            heapq.heappop(self._wishes)[2](self)
        if not self.station.alive and self.now_ms >= self.down_until_ms:
            self.station.start()
        if self.station.alive:
            self._scan(self._sites[step_ms])
        if self.now_ms >= self._uplinks_due_ms:
            self._forward()

    def _pass(self, time_ms: int) -> None:
        self.house.pass_time(time_ms, renewed=self.station.alive and time_ms > SECOND)
        self.clock.now_ms = self.house.now_ms

    def _scan(self, site: Site) -> None:
        self.scans += 1
        try:
            seen, before, outcome = self.station.turn(site)
        except Killed:
            self.kill(self.rng.randint(2, 7) * SECOND)
            return
        if any(not isinstance(one, Sample) for one in outcome.bodies):
            self.last_event_ms = self.now_ms
        self.watch.check(self.site, seen, before, outcome)
        self._check_replay(outcome.state.ledger)
        self._check_stops()
        for one in outcome.bodies:
            if isinstance(one, Verdict) and one.refusal is not None:
                self.refused[f"{one.order} {one.refusal.reason}"] += 1

    def _next_step_ms(self) -> int:
        since_ms = self.now_ms - self.last_event_ms
        until_ms = self._agenda[0][0] - self.now_ms if self._agenda else DAY
        if not (self.station.alive or self.house.relay):
            return RUNNING_MS  # nobody scans, and no lease lapses
        if min(since_ms, until_ms) <= AROUND_MS or not self.station.alive or self._is_near():
            return FINE_MS
        state = self.station.state
        in_doubt = state.totalizer is not None and state.totalizer.suspect is not None
        moving = not self.house.at_rest or state.interruption is not None or in_doubt
        return RUNNING_MS if moving else RESTING_MS

    def _is_near(self) -> bool:
        """Soon something runs out, of a pump that runs and may."""
        was = self.watch.before
        if was is None or not (self.house.running and self.house.relay):
            return False
        needs_l = self.site.flow_max_l_per_h * NEAR_MS // HOUR
        left_wh = was.energy_remaining_wh
        near = 0 < was.usable_l < needs_l
        near_energy = left_wh is not None and 0 < left_wh < self.house.power_w * NEAR_MS // HOUR
        lifting = self.station.state.lifting
        return near or near_energy or (lifting is not None and lifting.left_l < needs_l)

    def _check_replay(self, live: Ledger) -> None:
        """What was committed, entry by entry, makes the ledger that is live."""
        folded = self.station.folded
        same = self._replayed[0] is folded and self._replayed[1] is live
        if same or self.station.failing:
            return
        assert folded == live, "its entries do not make the live ledger"
        self._replayed = (folded, live)

    def _check_stops(self) -> None:
        """Our software opens the relay under a running pump for a reason, or not at all."""
        for _, why in self.house.stops:
            self.watch.seen[f"pump stopped: {why}"] += 1
            if why in ("lapsed", "no lease"):
                assert self.now_ms <= self.excused_until_ms, f"the lease {why} by itself"
                continue
            reasons = set(why.split(", ")) - SPENT
            assert not reasons & HELD, f"a pump that ran was stopped: {why}"
            troubled = self.now_ms < self.exclusive_until_ms or self.station.card_fails
            assert not reasons or troubled, f"all was well, and the pump was stopped: {why}"
        self.house.stops.clear()

    def _forward(self) -> None:
        self._uplinks_due_ms = self.now_ms + UPLINKS_EVERY_MS
        for one in self.uplinks:
            one.step(self.now_ms)
            self.station.cursors[one.name] = one.cursor_told
            self.station.parked += one.parked
            one.parked.clear()
        self.station.uplink_stale = any(not one.up for one in self.uplinks)

    def _end(self) -> None:
        """Every fault heals; then both platforms have every record, in order."""
        if not self.station.alive:
            self.station.start()
        self.station.card_fails = False
        self.station.stop()
        journal = Journal.open(self.station.path)
        held = journal.after(0, journal.head.number)
        journal.close()
        self.station.start()
        for one in self.uplinks:
            one.up = True
            while one.outbox.cursor < held[-1].number:
                one.step(self.now_ms)
            assert one.stored.numbers >= held[-1].number, f"{one.name} has not every record"
            for row, body in zip(held, one.stored.bodies, strict=False):
                assert body in (("refused", b""), (row.kind, row.body)), f"record {row.number}"

    # --- what deeds use --------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        return self.house.now_ms

    def at(self, at_ms: int, act: Act) -> None:
        self._ids += 1
        heapq.heappush(self._agenda, (max(at_ms, self.now_ms + 1), self._ids, act))

    def wish(self, at_ms: int, act: Act) -> None:
        """As `at`, but nothing happens yet: what it leads to comes on the agenda."""
        self._ids += 1
        heapq.heappush(self._wishes, (at_ms, self._ids, act))

    def after(self, time_ms: int, act: Act) -> None:
        self.at(self.now_ms + time_ms, act)

    def declare(self, site: Site) -> None:
        """What the settings say from now on."""
        self.site = site
        # The margin at exhaustion is that of a station that scans every second, whatever we do.
        self._sites = {
            step_ms: replace(
                site, period_ms=step_ms, cut_latency_ms=site.cut_latency_ms + SECOND - step_ms
            )
            for step_ms in (FINE_MS, RUNNING_MS, RESTING_MS)
        }

    def kill(self, down_ms: int) -> None:
        """Control is gone, at once and without a word."""
        self.station.die()
        self.watch.killed()
        self.down_until_ms = self.now_ms + down_ms

    def order(
        self,
        order: Order,
        origin: Origin = Origin.ADMIN,
        *,
        actor: str = "li",
        rank: Rank | None = None,
        not_after_utc_ms: int | None = None,
    ) -> None:
        self._ids += 1
        command = Command(f"c{self._ids}", origin, actor, order, not_after_utc_ms, rank)
        self.inbox.waiting.append(command)

    @property
    def quiet(self) -> bool:
        """The year is over: what began goes on to its end, and nothing new begins."""
        return self.now_ms >= self.lasts_ms

    @property
    def last_total_l(self) -> int | None:
        return last_total_l(self.station.state)

    @property
    def outcome_year(self) -> int | None:
        return self.station.state.ledger.year
