"""Room rule: what must hold after every scan of every seed, and what was seen. Moves nothing.

The ledger is held against the house's truth whenever metering has settled. Without an interruption
they agree to the meter's resolution. An interruption may leave what its estimate cannot know: the
water that no totalizer counted, against electricity times the coefficient.
"""

from collections import Counter
from dataclasses import dataclass, field

from agent import rows
from agent.core.ledger import withdrawn_l
from agent.core.model import (
    Allocate,
    Balance,
    ConditionChanged,
    ConditionKind,
    Correct,
    Entry,
    Fault,
    FitMeter,
    InterruptionEnded,
    InterruptionPolicy,
    Quantity,
    Reading,
    RelayMoved,
    Role,
    Site,
    Verdict,
)
from agent.core.scan import Outcome
from agent.core.state import Seen, State, last_total_l
from agent.core.totalizer import tolerance
from tests.core.story import HOUR
from tests.sim.acceptance import row_of
from tests.sim.house import House

K = ConditionKind
METERING = {K.FLOW_METER_SILENT, K.FLOW_SIGNAL_LOST, K.TOTAL_JUMPED, K.TOTAL_REVERSED}
SIGNAL = {Fault.NO_SIGNAL, Fault.EMPTY_PIPE}
# 42 of 54 wells lay within a quarter of their coefficient: what an estimate may be off by.
ESTIMATE_OFF_PERCENT = 25
FRESH_SCANS = 5


@dataclass(slots=True)
class Mark:
    """The truth when a total was last accepted in good order."""

    visible_ml: int = 0
    unmetered_ml: int = 0
    energy: int = 0


@dataclass(slots=True)
class Watch:
    """One seed's checks and figures."""

    house: House
    segments: int = 0
    excess_l: int = 0  # what entries of people added to the withdrawal beyond what flowed
    low_slack_l: int = 0
    high_slack_l: int = 0
    mark: Mark = field(default_factory=Mark)
    ended: InterruptionEnded | None = None
    ruled: bool = False
    interrupted: bool = False
    settling: bool = False  # a person's next correction makes the account agree
    worst_l: int = 0
    worst_estimate_l: int = 0
    worst_overshoot_l: int = 0
    deviation_l: int = 0
    exhausted_at: tuple[int, int] | None = None  # remaining at the cut, entries so far
    fresh: int = 0
    entries: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    before: Balance | None = None

    # --- every scan ------------------------------------------------------------------------------

    def check(self, site: Site, seen: Seen, before: State, outcome: Outcome) -> None:
        posted = [one for one in outcome.bodies if isinstance(one, Entry)]
        self._note(seen, before, outcome)
        self._check_permit(site, outcome)
        self._check_remaining(outcome, posted)
        self._check_deviation(site, outcome)
        self._check_overshoot(site, outcome, posted)

    def _check_permit(self, site: Site, outcome: Outcome) -> None:
        decision, state, balance = outcome.decision, outcome.state, outcome.balance
        if not decision.permit:
            assert decision.lease_ms == 0
            return
        excepted = {one.kind for one in decision.exceptions}
        lifted = K.OVERRIDE in excepted  # it carries what else is spent
        for one in decision.exceptions:
            spent = min(one.volume_l, one.time_ms) <= 0
            assert not spent or (lifted and one.kind is not K.OVERRIDE), decision
        assert state.ledger.segment is not None
        assert state.ledger.power is not None
        assert 0 < decision.lease_ms <= site.lease_ms
        if K.OVERRIDE not in excepted:
            assert balance is not None, "a permit without an allocation"
        if K.OVERRIDE not in excepted and balance and site.limits.on_exhausted_cut:
            assert balance.usable_l > 0, "a permit without water"
            energy_wh = balance.energy_remaining_wh
            assert energy_wh is None or energy_wh > 0, "a permit without electricity"
        fresh = state.totalizer is not None and state.totalizer.at == outcome.moment
        bounded = excepted & (METERING | {K.OVERRIDE})
        # Nothing is held against a meter while its mains come back, nor against an empty pipe.
        excused = not state.supply.judged or _signal_only(outcome.readings)
        assert fresh or bounded or excused, "a permit without a fresh meter or a named exception"

    def _check_remaining(self, outcome: Outcome, posted: list[Entry]) -> None:
        was, now = self.before, outcome.balance
        self.before = now
        if posted or was is None or now is None or was.year != now.year:
            return
        assert now.remaining_l <= was.remaining_l, "remaining grew without an entry"
        assert now.allocated_l == was.allocated_l, "the allocation changed without an entry"

    # --- the truth -------------------------------------------------------------------------------

    def committed(self, entry: Entry) -> None:
        """An entry is durable, whatever becomes of the control that made it."""
        self.entries += 1
        self.seen[f"entry {rows.kind_of(type(entry))}"] += 1
        match entry:
            case FitMeter(role=Role.FLOW_METER):
                self.segments += 1
                self.excess_l += entry.withdrawn_before_l or 0
                self._begin_stretch()
                self.ruled = self.ruled or entry.closed_total is not None
            case Correct():
                self.excess_l += entry.volume_l
                self.ruled = self.ruled or entry.restart_total_l is not None
                if entry.restart_total_l is not None:
                    self.segments += 1
                    self._begin_stretch()
                if self.settling and entry.reason == "by the diary":
                    self.settle(entry.volume_l)
            case Allocate():
                self.seen[f"allocate {entry.kind}"] += 1
            case _:
                return

    def _begin_stretch(self) -> None:
        """What drained back before its peak was read is in no stretch, and never comes again."""
        self.low_slack_l += self.house.drained_l
        self.house.flow.begin_stretch()

    def killed(self) -> None:
        """What was only in memory is gone; the meters remember the water."""
        self.before, self.fresh, self.exhausted_at = None, 0, None

    def _check_deviation(self, site: Site, outcome: Outcome) -> None:
        state = outcome.state
        for one in outcome.bodies:
            if isinstance(one, InterruptionEnded):
                self.ended, self.interrupted = one, True
        totalizer = state.totalizer
        if totalizer is None or totalizer.at != outcome.moment or totalizer.in_doubt:
            return
        flow = self.house.flow
        if state.interruption is not None or not flow.counting or flow.stuck is not None:
            return
        self._grant_slack(site, state)
        self.mark = Mark(self.house.visible_ml, self.house.unmetered_ml, self.house.power.counter)
        told = withdrawn_l(state.ledger, last_total_l(state))
        told += sum(one.withdrawn_l for one in state.ledger.past)
        truth_ml = self.house.visible_ml + self.house.unmetered_ml
        self.deviation_l = told - self.excess_l - truth_ml // 1000
        steps_l = self.resolution_l(site)
        # What drained back before anybody read its peak is in no account, and comes again first.
        unread_l = self.house.unread_l(totalizer.last)
        low_l, high_l = -steps_l - self.low_slack_l - unread_l, steps_l + self.high_slack_l
        assert low_l <= self.deviation_l <= high_l, (
            f"the ledger is off by {self.deviation_l} L, allowed {low_l} to {high_l}"
        )
        if not self.interrupted:
            off_l = max(self.deviation_l, -(self.deviation_l + unread_l + self.low_slack_l))
            self.worst_l = max(self.worst_l, off_l)

    def resolution_l(self, site: Site) -> int:
        """One step at each end of each stretch, and the litre that rounding hides."""
        return site.flow_resolution_l * (self.segments + 1) + 1

    def _grant_slack(self, site: Site, state: State) -> None:
        """What happened since the last settled total that no totalizer can say."""
        unmetered_l = -(-(self.house.unmetered_ml - self.mark.unmetered_ml) // 1000)
        visible_l = (self.house.visible_ml - self.mark.visible_ml) // 1000
        ended, self.ended = self.ended, None
        ruled, self.ruled = self.ruled, False
        # What somebody ruled to be the meter's fault and no water is nobody's account.
        lost_l = unmetered_l + (visible_l if ruled else 0)
        if ended is None:
            self.low_slack_l += lost_l
            return
        volume_l = visible_l + unmetered_l
        if lost_l == 0 and ended.standing_l == 0:
            return  # metered water won: nothing may be off
        rate = state.ledger.rate
        estimate_l = 0
        if rate is not None and ended.policy is InterruptionPolicy.CONVERT:
            energy_wh = (self.house.power.counter - self.mark.energy) // 1000
            estimate_l = max(energy_wh * rate.litres_per_kwh // 1000, ended.converted_l)
        off_l = max(volume_l, estimate_l) * ESTIMATE_OFF_PERCENT // 100
        off_l += tolerance(site.flow_resolution_l)
        if estimate_l:
            self.low_slack_l += off_l
            self.high_slack_l += off_l
            self.worst_estimate_l = max(self.worst_estimate_l, abs(volume_l - estimate_l))
        else:
            self.low_slack_l += lost_l

    def settle(self, volume_l: int) -> None:
        """He knew the truth, so his entry is none of the excess: the account agrees from here."""
        self.excess_l -= volume_l
        self.settling = False
        self.low_slack_l = self.high_slack_l = 0

    # --- the cut ---------------------------------------------------------------------------------

    def _check_overshoot(self, site: Site, outcome: Outcome, posted: list[Entry]) -> None:
        """After a plain cut at exhaustion the pump comes to rest within a cubic metre, once."""
        balance, state = outcome.balance, outcome.state
        totalizer = state.totalizer
        fresh = totalizer is not None and totalizer.at == outcome.moment
        self.fresh = self.fresh + 1 if fresh else 0
        for edge in (one for one in outcome.bodies if isinstance(one, RelayMoved)):
            plain = edge.reasons == (K.ALLOCATION_EXHAUSTED,) and not posted
            metered = self.fresh >= FRESH_SCANS and self.before is not None
            if plain and metered and not edge.permitted and balance is not None:
                assert balance.usable_l <= _cut_l(site), "cut with water left"
                self.exhausted_at = (balance.usable_l, self.entries)
            elif edge.permitted:
                self.exhausted_at = None
        if self.house.bypassed:
            self.exhausted_at = None  # no cut ends what is taken past the relay
        if self.exhausted_at is None or balance is None or not self.house.at_rest or not fresh:
            return
        at_cut_l, entries = self.exhausted_at
        if entries == self.entries and at_cut_l > -tolerance(site.flow_resolution_l):
            over_l = -balance.usable_l
            self.worst_overshoot_l = max(self.worst_overshoot_l, over_l)
            assert over_l <= max(1000, site.flow_resolution_l), f"overshoot of {over_l} L"
            self.seen["cut at exhaustion, at rest"] += 1
        self.exhausted_at = None

    # --- what was seen ---------------------------------------------------------------------------

    def _note(self, seen: Seen, before: State, outcome: Outcome) -> None:
        for one in outcome.bodies:
            if isinstance(one, ConditionChanged):
                self.seen[f"{one.kind} {'raised' if one.raised else 'cleared'}"] += 1
            if isinstance(one, Verdict):
                self.seen["refused" if one.refusal else "carried out"] += 1
        if before.totalizer is not None and outcome.state.totalizer is not None:
            self.seen[f"row: {row_of(seen.readings, before.totalizer, outcome)}"] += 1


def _cut_l(site: Site) -> int:
    """What may remain at a cut: as much as may be too little after it, and until it."""
    until_cut_l = site.flow_max_l_per_h * (site.period_ms + site.cut_latency_ms) // HOUR
    return tolerance(site.flow_resolution_l) + until_cut_l


def _signal_only(readings: tuple[Reading, ...]) -> bool:
    """All that is wrong with the flow meter is its signal; the table judges it by the pump."""
    faults = {
        one.fault
        for one in readings
        if one.quantity in (Quantity.FORWARD_TOTAL_L, Quantity.FLOW_L_PER_H) and one.fault
    }
    return bool(faults) and faults <= SIGNAL
