"""Room rule: what is written while water is not metered (计量中断), and what of it stands after.

While the flow meter is silent or its total is in doubt, water is reckoned from electricity where
a coefficient is in force (以电折水). When metering goes on, metered water wins: what the totalizer
counted meanwhile takes back as much of the estimate, and nothing is counted twice.
"""

from dataclasses import dataclass

from agent.core.ledger import counted_l, used_wh
from agent.core.model import (
    Body,
    Convert,
    InterruptionBegan,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    Moment,
    Rate,
    Site,
    elapsed_ms,
)
from agent.core.posting import post
from agent.core.replacing import replace
from agent.core.state import Interruption, State, away, last_total_l, last_total_wh, policy_of
from agent.core.totalizer import Totalizer, tolerance

# An estimate is off by as much without anything being wrong: 42 of 54 wells lay within a quarter.
ESTIMATE_OFF_PERCENT = 25


def watch_metering(
    site: Site, state: State, moment: Moment, *, running: bool, may_enter: bool
) -> tuple[State, tuple[Body, ...]]:
    """One scan of an interruption: it begins, goes on or ends. No entry is made but by `may_enter`.

    To be called after the totals of the scan were judged, and before a year opens on them.
    """
    metered = state.totalizer is not None and state.totalizer.at == moment
    state = replace(state, interruption=_as_it_is_now(site, state, moment))
    if metered:
        state = replace(state, lost_since=None)
    elif state.lost_since is None or away(site, state, moment):
        state = replace(state, lost_since=moment)
    if state.interruption is None:
        return (state, ()) if metered else _begin(site, state, moment, running=running)
    if not may_enter:
        return state, ()
    return (_end if metered else _go_on)(site, state, state.interruption, moment)


def _begin(
    site: Site, state: State, moment: Moment, *, running: bool
) -> tuple[State, tuple[Body, ...]]:
    """A total in doubt interrupts at once; silence only when it lasts."""
    totalizer = state.totalizer
    assert state.lost_since is not None, "it was set just now"
    if totalizer is None or state.ledger.laid_up is not None:
        return state, ()
    silent_ms = elapsed_ms(state.lost_since, moment)
    # An alarm that may come later than the cut must not be what keeps water from being reckoned.
    lasts_ms = min(site.flow_meter_alarm_ms, site.flow_meter_cut_ms)
    if not totalizer.in_doubt and (silent_ms is None or silent_ms < lasts_ms):
        return state, ()
    begun = Interruption(
        began=totalizer.at,
        cause=_cause(totalizer),
        running=running,
        policy=policy_of(site, state),
        counted_l=counted_l(state.ledger, totalizer.last),
        used_wh=state.energy_at_total_wh,
        entered_at=totalizer.at,
    )
    begun = _known(state, begun, moment)
    run = state.pump.run and replace(state.pump.run, metered=False)
    state = replace(state, interruption=begun, pump=replace(state.pump, run=run))
    return state, (
        InterruptionBegan(
            from_utc_ms=totalizer.at.utc_ms,
            cause=begun.cause,
            running=running,
            policy=begun.policy,
            total_l=totalizer.last,
            total_wh=last_total_wh(state),
        ),
    )


def _known(state: State, now: Interruption, moment: Moment) -> Interruption:
    """Electricity that nobody read while water was metered is none of the interruption's."""
    if now.used_wh is not None or state.energy is None or state.energy.at != moment:
        return now
    return replace(now, used_wh=used_wh(state.ledger, state.energy.last))


def _as_it_is_now(site: Site, state: State, moment: Moment) -> Interruption | None:
    """A coefficient that comes in force amid an interruption converts all that it has used.

    And settings that changed count from then on.
    """
    now = state.interruption
    return now and _known(state, replace(now, policy=policy_of(site, state)), moment)


def _cause(totalizer: Totalizer) -> InterruptionCause:
    if totalizer.reversed:
        return InterruptionCause.REVERSED
    return InterruptionCause.JUMPED if totalizer.jumped else InterruptionCause.SILENT


def _go_on(
    site: Site, state: State, now: Interruption, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    """Enter what was reckoned since the last time, every so often while electricity is used."""
    since_ms = elapsed_ms(now.entered_at, moment)
    if since_ms is not None and since_ms < site.convert_every_ms:
        return state, ()
    volume_l, energy_wh = _pending(state, now)
    if volume_l <= 0 or state.ledger.rate is None:
        return state, ()
    reckoned = _Reckoned(state.ledger.rate, volume_l, energy_wh)
    return _convert(state, now, reckoned, moment)


def _end(
    site: Site, state: State, now: Interruption, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    """Metering goes on. What no totalizer counted stands; the rest of the estimate is undone."""
    pending_l, energy_wh = _pending(state, now)
    reckoned_l = now.converted_l + pending_l
    counted = max(counted_l(state.ledger, last_total_l(state)) - now.counted_l, 0)
    missing_l = reckoned_l - counted
    explained = counted * 100 >= reckoned_l * (100 - ESTIMATE_OFF_PERCENT)
    standing_l = 0 if explained or missing_l <= tolerance(site.flow_resolution_l) else missing_l
    bodies: tuple[Body, ...] = ()
    change_l = standing_l - now.converted_l
    if (change_l or now.converted_l) and state.ledger.rate is not None:
        reckoned = _Reckoned(state.ledger.rate, change_l, energy_wh, ends=True)
        state, bodies = _convert(state, now, reckoned, moment)
    ended = InterruptionEnded(
        from_utc_ms=now.began.utc_ms,
        to_utc_ms=moment.utc_ms,
        cause=now.cause,
        running=now.running,
        policy=now.policy,
        converted_l=reckoned_l,
        counted_l=counted,
        standing_l=standing_l,
    )
    return replace(state, interruption=None), (*bodies, ended)


def _pending(state: State, now: Interruption) -> tuple[int, int]:
    """Litres and watt-hours that are not entered yet; nothing while nothing is converted."""
    rate = state.ledger.rate
    if now.policy is InterruptionPolicy.CUT:
        return 0, 0
    if rate is None or now.used_wh is None:
        return 0, 0
    energy_wh = used_wh(state.ledger, last_total_wh(state)) - now.used_wh
    return energy_wh * rate.litres_per_kwh // 1000, energy_wh


@dataclass(frozen=True, slots=True)
class _Reckoned:
    rate: Rate
    volume_l: int
    energy_wh: int
    ends: bool = False


def _convert(
    state: State, now: Interruption, reckoned: _Reckoned, moment: Moment
) -> tuple[State, tuple[Body, ...]]:
    entry = Convert(
        volume_l=reckoned.volume_l,
        energy_wh=reckoned.energy_wh,
        rate_version=reckoned.rate.version,
        litres_per_kwh=reckoned.rate.litres_per_kwh,
        from_utc_ms=now.entered_at.utc_ms,
        to_utc_ms=moment.utc_ms,
        total_l=last_total_l(state),
        total_wh=last_total_wh(state),
        ends=reckoned.ends,
    )
    now = replace(
        now,
        entered_at=moment,
        converted_l=now.converted_l + reckoned.volume_l,
        used_wh=None if now.used_wh is None else now.used_wh + reckoned.energy_wh,
    )
    return replace(state, ledger=post(state.ledger, entry), interruption=now), (entry,)
