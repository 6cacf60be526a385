"""Room rule: water against electricity, and both against the relay. Decides nothing.

This is what dual control is for: a well that shows water and no electricity, or electricity and no
water, or either while it is cut, has a meter that lies, a bypass, a welded contactor or a dry pump.
A meter that is not good accuses nobody (None). Start-up, coast-down and drain-back are no evidence:
the table's delays outlast them.
"""

from dataclasses import dataclass

from agent.core.model import (
    ConditionKind,
    Contacts,
    Fault,
    Measured,
    Quality,
    Quantity,
    Reading,
    Site,
)
from agent.core.pump import LOW_FLOW_SHARE, View, flowing, powered
from agent.core.replacing import replace
from agent.core.terms import Facts
from agent.core.totalizer import RESOLUTIONS

# A lost signal and an empty pipe are one thing while the pump stands: the column drained back.
SIGNAL_FAULTS = frozenset({Fault.EMPTY_PIPE, Fault.NO_SIGNAL})
# So long must water be seen to flow, in good order, to prove a meter that had lost its signal.
PROVEN_MS = 10_000
# The learned pump power follows the measured one slowly.
POWER_FOLLOWS = 64
# Until a pump was seen to deliver, more than this share of the largest power is a pump.
POWER_ASSUMED_PERCENT = 10
# The ratio is judged over the last three of these, as soon as one is full.
BUCKET_MS = 600_000
BUCKETS = 3
# An energy of fewer steps than this is too coarse for a ratio.
ENERGY_STEPS_MIN = 50
# Creep is what passes in an hour, from so long after the pump came to rest.
CREEP_SETTLES_MS = 600_000
CREEP_WINDOW_MS = 3_600_000
# Some meters show a new total once in so long: what passes at once is judged as if it took as long.
CREEP_SHOWN_MS = 60_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """Water and electricity of a running pump, over so much time."""

    water_l: int = 0
    energy_wh: int = 0
    lasted_ms: int = 0


@dataclass(frozen=True, slots=True)
class Checks:
    """What the cross-checks remember. `ratio_off` and `creeping` are judged now and then."""

    total_l: int | None = None
    energy_wh: int | None = None
    pump_power_w: int | None = None  # learned
    proven_ms: int | None = None  # None: the last scan did not see it
    full: tuple[Bucket, ...] = ()
    filling: Bucket = Bucket()
    ratio_off: bool | None = None
    resting_ms: int = 0
    crept_l: int = 0
    crept_ms: int = 0
    creeping: bool | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one scan has for the checks. `running_ms`: how long the motor has drawn power."""

    view: View
    total_l: int | None  # accepted in this scan
    energy_wh: int | None
    readings: tuple[Reading, ...]  # as the ledger judged them
    contacts: Contacts
    site: Site
    step_ms: int
    running_ms: int
    permitted: bool
    judged: bool  # the mains are there, and the meters had time to come back
    rated_l_per_kwh: int = 0  # of the coefficient in force; 0: none

    @property
    def started(self) -> bool:
        """Whether the pump runs, and is past its start."""
        running = powered(self.view, self.site) is True
        return running and self.running_ms >= self.site.limits.starting_ms


def without_signal(
    readings: tuple[Reading, ...], view: View, contacts: Contacts, site: Site
) -> tuple[Reading, ...]:
    """`readings`, where a flow meter that sees nothing does not count either.

    Its total can be read and stands still, so it is as bad as its flow: water that passes now is
    not metered. While the pump stands, the column has drained back and the total is right.
    """
    flow = next((one for one in readings if one.quantity is Quantity.FLOW_L_PER_H), None)
    if flow is None or flow.fault not in SIGNAL_FAULTS or _driven(view, contacts, site) is False:
        return readings
    return tuple(
        replace(one, quality=Quality.BAD, fault=flow.fault)
        if one.quantity is Quantity.FORWARD_TOTAL_L and one.quality is Quality.GOOD
        else one
        for one in readings
    )


def _driven(view: View, contacts: Contacts, site: Site) -> bool | None:
    """Whether this pump draws power: of a meter that others share, its own contactor knows more."""
    if site.shared_power_meter and contacts.contactor_closed is False:
        return False
    return powered(view, site)


# --- what is remembered ------------------------------------------------------------------------


def watch_checks(checks: Checks, sight: Sight) -> Checks:
    """The checks after one more scan."""
    moved_l, used_wh = _moved(checks, sight)
    checks = _learn_power(checks, sight)
    checks = _follow_ratio(checks, sight, moved_l, used_wh)
    checks = _follow_creep(checks, sight, moved_l)
    return replace(
        checks,
        total_l=sight.total_l,
        energy_wh=sight.energy_wh,
        proven_ms=_proven_ms(checks, sight),
    )


def _proven_ms(checks: Checks, sight: Sight) -> int | None:
    """How long scans have seen water flow in good order; one scan alone has seen no time."""
    if _flow_fault(sight.readings) is not None or flowing(sight.view, sight.site) is not True:
        return None
    return 0 if checks.proven_ms is None else checks.proven_ms + sight.step_ms


def _moved(checks: Checks, sight: Sight) -> tuple[int | None, int | None]:
    """Litres and watt-hours since the last scan; None where one of the two scans has no total."""
    return _step(checks.total_l, sight.total_l), _step(checks.energy_wh, sight.energy_wh)


def _step(before: int | None, now: int | None) -> int | None:
    return None if before is None or now is None else now - before


def _learn_power(checks: Checks, sight: Sight) -> Checks:
    power_w = sight.view.power_w
    delivers = sight.permitted and sight.started and flowing(sight.view, sight.site)
    if not delivers or power_w is None:
        return checks
    learned_w = power_w if checks.pump_power_w is None else checks.pump_power_w
    return replace(checks, pump_power_w=learned_w + (power_w - learned_w) // POWER_FOLLOWS)


def _follow_ratio(checks: Checks, sight: Sight, moved_l: int | None, used_wh: int | None) -> Checks:
    """Fill a bucket while the pump runs; judge when one is full and enough are."""
    checks = replace(checks, ratio_off=None)
    if not sight.started or moved_l is None or used_wh is None or min(moved_l, used_wh) < 0:
        return checks
    filling = Bucket(
        checks.filling.water_l + moved_l,
        checks.filling.energy_wh + used_wh,
        checks.filling.lasted_ms + sight.step_ms,
    )
    if filling.lasted_ms < BUCKET_MS:
        return replace(checks, filling=filling)
    full = (*checks.full, filling)[-BUCKETS:]
    return replace(checks, full=full, filling=Bucket(), ratio_off=_ratio_off(full, sight))


def _ratio_off(full: tuple[Bucket, ...], sight: Sight) -> bool | None:
    water_l, energy_wh = sum(one.water_l for one in full), sum(one.energy_wh for one in full)
    rated = sight.rated_l_per_kwh or sight.site.limits.rated_l_per_kwh
    if rated == 0:
        return False
    if len(full) < BUCKETS or energy_wh < ENERGY_STEPS_MIN * sight.site.energy_resolution_wh:
        return None
    off = abs(water_l * 1000 - rated * energy_wh)
    return off * 100 > rated * energy_wh * sight.site.limits.ratio_band_percent


def _follow_creep(checks: Checks, sight: Sight, moved_l: int | None) -> Checks:
    """Count what moves while nothing runs; judge by the hour, or as soon as it is much."""
    checks = replace(checks, creeping=None)
    still = powered(sight.view, sight.site) is False and flowing(sight.view, sight.site) is False
    if not still or _ran_between(sight, moved_l):
        return replace(checks, resting_ms=0, crept_l=0, crept_ms=0)
    resting_ms = checks.resting_ms + sight.step_ms
    if resting_ms < CREEP_SETTLES_MS or moved_l is None or sight.step_ms == 0:
        return replace(checks, resting_ms=resting_ms)
    crept_l, crept_ms = checks.crept_l + max(0, moved_l), checks.crept_ms + sight.step_ms
    creeping = crept_l >= max(sight.site.limits.creep_l, 2 * sight.site.flow_resolution_l)
    if creeping or crept_ms >= CREEP_WINDOW_MS:
        crept_l = crept_ms = 0
        checks = replace(checks, creeping=creeping)
    return replace(checks, resting_ms=resting_ms, crept_l=crept_l, crept_ms=crept_ms)


def _ran_between(sight: Sight, moved_l: int | None) -> bool:
    """Whether more passed at once than creeps: a pump was jogged between two scans."""
    low_l_per_h = sight.site.flow_max_l_per_h // LOW_FLOW_SHARE
    shown_ms = max(sight.step_ms, CREEP_SHOWN_MS)
    most_l = low_l_per_h * shown_ms // 3_600_000 + RESOLUTIONS * sight.site.flow_resolution_l
    return moved_l is not None and moved_l > most_l


# --- what it says ------------------------------------------------------------------------------


def compare(facts: Facts, checks: Checks, sight: Sight) -> Facts:
    """`facts`, with what one meter says against the other, and both against the relay."""
    view, site, contacts = sight.view, sight.site, sight.contacts
    excused = sight.permitted or contacts.bypass_closed is True
    return replace(
        facts,
        flow_signal_lost=_signal_lost(checks, sight) if sight.judged else None,
        both_meters_lost=_both_lost(sight) if sight.judged else None,
        power_meter_lost=None in (view.power_w, sight.energy_wh) if sight.judged else None,
        pumping_backward=_backward(sight, needs_power=True),
        reverse_flow=_backward(sight, needs_power=False),
        power_while_cut=False if excused else _power_while_cut(sight),
        flow_while_cut=False if excused else flowing(view, site),
        energy_without_water=_dry(checks, sight) if sight.judged else None,
        water_without_energy=_unpowered(sight) if sight.judged else None,
        bypassed=contacts.bypass_closed,
        door_open=contacts.door_open,
        creeping=checks.creeping,
        ratio_off=False if site.shared_power_meter else checks.ratio_off,
    )


def _flow_fault(readings: tuple[Reading, ...]) -> Fault | None:
    """What is wrong with the flow meter now; a lost signal is the least that can be."""
    found: Fault | None = None
    for quantity in (Quantity.FORWARD_TOTAL_L, Quantity.FLOW_L_PER_H):
        shown = next((one for one in readings if one.quantity is quantity), None)
        fault = Fault.NOT_READ if shown is None else shown.fault
        if fault is not None and (found is None or found in SIGNAL_FAULTS):
            found = fault
    return found


def flow_meter_lost(readings: tuple[Reading, ...]) -> bool:
    """Whether there is no total to count by, or no flow to trust it by, whatever the pump does."""
    fault = _flow_fault(readings)
    return fault is not None and fault not in SIGNAL_FAULTS


def _signal_lost(checks: Checks, sight: Sight) -> bool | None:
    """True while the pump runs without it, False once it is proven, else not to be told."""
    if _flow_fault(sight.readings) in SIGNAL_FAULTS:
        return True if _driven(sight.view, sight.contacts, sight.site) else None
    proven_ms = checks.proven_ms
    return False if proven_ms is not None and proven_ms >= PROVEN_MS else None


def _both_lost(sight: Sight) -> bool:
    return _flow_fault(sight.readings) is not None and sight.view.power_w is None


def _backward(sight: Sight, *, needs_power: bool) -> bool | None:
    flow_l_per_h = sight.view.flow_l_per_h
    if flow_l_per_h is None:
        return None
    backward = flow_l_per_h < -(sight.site.flow_max_l_per_h // LOW_FLOW_SHARE)
    return powered(sight.view, sight.site) if backward and needs_power else backward


def _power_while_cut(sight: Sight) -> bool | None:
    if sight.contacts.contactor_closed is True:
        return True
    return False if sight.site.shared_power_meter else powered(sight.view, sight.site)


def _dry(checks: Checks, sight: Sight) -> bool | None:
    """The pump draws what a pump draws, and the flow meter says in good order: nothing."""
    site, power_w, flow_l_per_h = sight.site, sight.view.power_w, sight.view.flow_l_per_h
    if site.shared_power_meter:
        return False
    if power_w is None or flow_l_per_h is None:
        return None
    assumed_w = max(site.idle_power_w, site.power_max_w * POWER_ASSUMED_PERCENT // 100)
    least_w = assumed_w
    if checks.pump_power_w is not None:
        least_w = checks.pump_power_w * site.limits.dry_run_power_percent // 100
    still = abs(flow_l_per_h) <= site.flow_max_l_per_h // LOW_FLOW_SHARE
    return power_w > max(least_w, site.idle_power_w) and still


def _unpowered(sight: Sight) -> bool | None:
    flows, draws = flowing(sight.view, sight.site), powered(sight.view, sight.site)
    if flows is False or draws is True:
        return False  # whatever the other meter would say
    return None if None in (flows, draws) else True


# --- evidence ----------------------------------------------------------------------------------

# These say what the meters showed when they were raised and when they fell.
EVIDENT = frozenset(
    {
        ConditionKind.RUNNING_WHILE_CUT,
        ConditionKind.ENERGY_WITHOUT_WATER,
        ConditionKind.WATER_WITHOUT_ENERGY,
        ConditionKind.RATIO_OUT_OF_BAND,
        ConditionKind.IDLE_CREEP,
        ConditionKind.FLOW_REVERSED,
        ConditionKind.FLOW_SIGNAL_LOST,
        ConditionKind.DRY_WELL,
        ConditionKind.LEVEL_PROBE_SILENT,
        ConditionKind.PHASE_LOSS,
        ConditionKind.OVER_CURRENT,
        ConditionKind.UNDER_VOLTAGE,
    }
)


def evidence(
    kind: ConditionKind, readings: tuple[Reading, ...], checks: Checks
) -> tuple[Measured, ...]:
    """The raw values that a condition rests on, whatever their quality; none for a plain one."""
    if kind not in EVIDENT:
        return ()
    raw = [Measured(one.quantity, one.value) for one in readings if one.value is not None]
    if kind is ConditionKind.RATIO_OUT_OF_BAND:
        raw.append(Measured("window_water_l", sum(one.water_l for one in checks.full)))
        raw.append(Measured("window_energy_wh", sum(one.energy_wh for one in checks.full)))
    return tuple(raw)
