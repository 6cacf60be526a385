"""Room rule: what the meters say the pump is doing. Decides nothing about water or permission.

Learned here: how much the pump delivers, how much still passes after a cut (coast-down), and where
one run begins and ends. A pump is running when it draws power or moves water; a meter that is
not good is not asked.
"""

from dataclasses import dataclass

from agent.core.model import (
    ConditionKind,
    Moment,
    Quality,
    Quantity,
    Reading,
    Session,
    Site,
    StartCause,
    StopCause,
    elapsed_ms,
)
from agent.core.replacing import replace

# Flow below this share of the maximum is creep or drain-back, not a running pump.
LOW_FLOW_SHARE = 100
# A run has ended when this many scans in a row saw neither power nor flow: contactor bounce and
# a flow meter's damping do not end it.
IDLE_SCANS = 3
# Until a coast-down has been seen, this much time at full flow is kept back.
COAST_ASSUMED_MS = 2000
# A learned coast-down beyond this is not coasting: something else moves water.
COAST_MAX_MS = 30_000
# The learned flow follows a falling one slowly: ramps and throttling must not shrink the margin.
FLOW_FALL_SHARE = 16


@dataclass(frozen=True, slots=True)
class Run:
    """A pump run that has not ended. `cut`: our relay opened during it, for `reasons`.

    What was counted and used when it began is of the open year, whatever the meters showed.
    `stopped`: it is over since then, by `why`, and waits for a total to be settled by.
    """

    started: Moment
    start_total_l: int
    start_energy_wh: int | None
    cut: bool = False
    start_counted_l: int = 0
    start_used_wh: int | None = None
    start_cause: StartCause = StartCause.OWNER
    reasons: tuple[ConditionKind, ...] = ()
    metered: bool = True
    stopped: Moment | None = None
    why: StopCause = StopCause.OWNER


@dataclass(frozen=True, slots=True)
class Counts:
    """The totals of both meters at one instant, and what the open year had counted and used.

    The power meter's are None when it did not say.
    """

    total_l: int
    counted_l: int
    energy_wh: int | None = None
    used_wh: int | None = None


@dataclass(frozen=True, slots=True)
class Pump:
    """`could_run`: it was seen to run, or the power meter could not say that it did not."""

    running: bool = False
    could_run: bool = True
    idle_scans: int = 0
    flow_l_per_h: int | None = None  # learned; None: take the declared maximum
    coast_l: int | None = None  # learned; None: assume
    cut_total_l: int | None = None  # the total when the relay opened on a running pump
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One scan's good values; None where a meter was not good. Totals are the accepted ones.

    `counts` are None when this scan accepted no total of the flow meter; `before` are those of
    the last scan that did. `interrupted`: water is not metered, so they stand, and runs that begin
    or end meanwhile are told by the power meter alone.
    """

    counts: Counts | None
    before: Counts | None
    flow_l_per_h: int | None
    power_w: int | None
    interrupted: bool = False


def good_value(readings: tuple[Reading, ...], quantity: Quantity) -> int | None:
    """The value of a quantity if this scan read it well."""
    for one in readings:
        if one.quantity is quantity and one.quality is Quality.GOOD:
            return one.value
    return None


def powered(view: View, site: Site) -> bool | None:
    """Whether the motor draws power; None when the power meter cannot say."""
    return None if view.power_w is None else view.power_w > site.idle_power_w


def flowing(view: View, site: Site) -> bool | None:
    """Whether water moves; None when the flow meter cannot say."""
    if view.flow_l_per_h is None:
        return None
    return view.flow_l_per_h > site.flow_max_l_per_h // LOW_FLOW_SHARE


def may_run(view: View, site: Site) -> bool:
    """Whether the pump is seen to run, or the power meter cannot say that it does not."""
    return powered(view, site) is not False or flowing(view, site) is True


def running_flow_l_per_h(pump: Pump, view: View, site: Site) -> int:
    """The flow a running pump must be expected to deliver."""
    learned = site.flow_max_l_per_h if pump.flow_l_per_h is None else pump.flow_l_per_h
    return max(learned, view.flow_l_per_h or 0, 1)


def coast_down_l(pump: Pump, flow_l_per_h: int) -> int:
    """Litres that still pass after the relay opened."""
    if pump.coast_l is not None:
        return pump.coast_l
    return flow_l_per_h * COAST_ASSUMED_MS // 3_600_000


def watch_pump(
    pump: Pump,
    view: View,
    site: Site,
    moment: Moment,
    *,
    permitted: bool,
    unseen: bool,
    mains_failed: bool = False,
) -> tuple[Pump, Session | None]:
    """The pump after one more scan, and the run that ended with it.

    `permitted` is what the relay did since the last scan; `unseen`: the agent was away meanwhile.
    Meters that went with the mains see no pump stop, and without mains none runs.
    """
    seen = (powered(view, site), flowing(view, site))
    blind = seen == (None, None)
    running = pump.running and not mains_failed if blind else True in seen
    pump = replace(
        pump,
        running=running,
        could_run=may_run(view, site),
        idle_scans=0 if running else min(pump.idle_scans + 1, IDLE_SCANS),
        flow_l_per_h=_learned_flow(pump, view, site, permitted=permitted),
    )
    if unseen or (running and permitted):
        pump = replace(pump, cut_total_l=None)  # it was never seen to come to rest
    pump = _learn_coast(pump, view, site)
    if unseen and pump.run is not None and pump.run.stopped is None:
        pump = replace(pump, run=replace(pump.run, metered=False))
    if view.counts is None or view.before is None:
        return replace(pump, run=_awaiting(pump, moment, unseen=unseen)), None
    if pump.run is None:
        cause = _why_begun(permitted=permitted, unseen=unseen)
        run = _begun(view.before, moment, cause) if running else None
        if run is not None and view.interrupted:
            run = replace(run, metered=False)
        return replace(pump, run=run), None
    run = _awaiting(pump, moment, unseen=unseen)
    if run is None or run.stopped is None:
        return replace(pump, run=run), None
    return replace(pump, run=None), _session(run, view.counts, run.stopped, run.why)


def _awaiting(pump: Pump, moment: Moment, *, unseen: bool) -> Run | None:
    """The run, and when it was over: a total to settle it by may be months away, with its meter."""
    run = pump.run
    if run is None or pump.running:
        return run and replace(run, stopped=None)
    if run.stopped is not None or (pump.idle_scans < IDLE_SCANS and not unseen):
        return run
    why = StopCause.CUT if run.cut else StopCause.UNSEEN if unseen else StopCause.OWNER
    return replace(run, stopped=moment, why=why)


def note_cut(pump: Pump, total_l: int | None, reasons: tuple[ConditionKind, ...]) -> Pump:
    """The relay opens now: what passes from here on is coast-down, and the run was cut."""
    if not pump.running:
        return pump
    run = pump.run and replace(pump.run, cut=True, reasons=reasons)
    return replace(pump, run=run, cut_total_l=total_l)


def split(
    pump: Pump, closed: Counts, opened: Counts, began: Moment
) -> tuple[Pump, tuple[Session, ...]]:
    """A run over New Year becomes two: `closed` and `opened` are one instant in two years' counts.

    A run that began after that instant only takes the new year's counts.
    """
    run = pump.run
    if run is None:
        return pump, ()
    started_ms = _after_ms(run.started, began)
    if started_ms is not None and started_ms >= 0:
        used_wh = None
        if run.start_used_wh is not None and closed.used_wh is not None:
            used_wh = run.start_used_wh - closed.used_wh
        counted_l = run.start_counted_l - closed.counted_l
        run = replace(run, start_counted_l=counted_l, start_used_wh=used_wh)
        return replace(pump, run=run), ()
    stopped_ms = None if run.stopped is None else _after_ms(run.stopped, began)
    if run.stopped is not None and stopped_ms is not None and stopped_ms <= 0:
        return replace(pump, run=None), (_session(run, closed, run.stopped, run.why),)
    ended = _session(run, closed, began, StopCause.YEAR)
    return replace(pump, run=_begun(opened, began, StartCause.YEAR)), (ended,)


def _after_ms(one: Moment, began: Moment) -> int | None:
    """How long after the year began; a boot whose calendar came late has counted all the while."""
    if one.boot == began.boot:
        return one.monotonic_ms - began.monotonic_ms
    return one.utc_ms - began.utc_ms if one.trusted else None


def _why_begun(*, permitted: bool, unseen: bool) -> StartCause:
    if unseen:
        return StartCause.UNSEEN
    return StartCause.OWNER if permitted else StartCause.WHILE_CUT


def _begun(counts: Counts, moment: Moment, cause: StartCause) -> Run:
    """The water of the scan that first saw it run is its own: it begins with the totals before."""
    return Run(
        started=moment,
        start_total_l=counts.total_l,
        start_energy_wh=counts.energy_wh,
        start_counted_l=counts.counted_l,
        start_used_wh=counts.used_wh,
        start_cause=cause,
    )


def lasted_ms(run: Run, moment: Moment) -> int | None:
    """How long a run has lasted, whatever the calendar did meanwhile; None: no clock can tell."""
    passed_ms = elapsed_ms(run.started, moment)
    if passed_ms is None and run.started.trusted and moment.trusted:
        return 0  # the calendar was set back: it ends no earlier than it began
    return passed_ms


def _session(run: Run, counts: Counts, moment: Moment, cause: StopCause) -> Session:
    ran_ms = lasted_ms(run, moment)
    volume_l = counts.counted_l - run.start_counted_l
    energy_wh = None
    if counts.used_wh is not None and run.start_used_wh is not None:
        energy_wh = counts.used_wh - run.start_used_wh
    return Session(
        started_utc_ms=run.started.utc_ms if ran_ms is None else moment.utc_ms - ran_ms,
        stopped_utc_ms=moment.utc_ms,
        start_total_l=run.start_total_l,
        stop_total_l=counts.total_l,
        start_energy_wh=run.start_energy_wh,
        stop_energy_wh=counts.energy_wh,
        cause=cause,
        volume_l=volume_l,
        energy_wh=energy_wh,
        # Water that was not metered throughout is in no proportion to the electricity.
        litres_per_kwh=volume_l * 1000 // energy_wh if energy_wh and run.metered else None,
        start_cause=run.start_cause,
        reasons=run.reasons,
        metered=run.metered,
    )


def _learned_flow(pump: Pump, view: View, site: Site, *, permitted: bool) -> int | None:
    """Follow a rising flow at once and a falling one slowly, and only while the pump is driven."""
    if not (permitted and powered(view, site) and view.flow_l_per_h is not None):
        return pump.flow_l_per_h
    learned = site.flow_max_l_per_h if pump.flow_l_per_h is None else pump.flow_l_per_h
    return max(view.flow_l_per_h, learned - learned // FLOW_FALL_SHARE)


def _learn_coast(pump: Pump, view: View, site: Site) -> Pump:
    """When the water has come to rest after a cut, the difference of totals is the coast-down."""
    at_rest = powered(view, site) is False and flowing(view, site) is False
    if pump.cut_total_l is None or view.counts is None or view.interrupted or not at_rest:
        return pump
    if pump.idle_scans < IDLE_SCANS:
        return pump
    most_l = site.flow_max_l_per_h * COAST_MAX_MS // 3_600_000
    coasted_l = min(max(view.counts.total_l - pump.cut_total_l, 0), most_l)
    # One short coast-down (a cut during start-up) must not shrink the margin at once.
    learned_l = max(coasted_l, (pump.coast_l or 0) * 3 // 4)
    return replace(pump, coast_l=learned_l, cut_total_l=None)
