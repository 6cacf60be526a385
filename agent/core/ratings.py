"""Room rule: how many litres a kilowatt-hour lifts (以电折水系数). Nothing comes in force silently.

A coefficient is measured by a rating test, or learned from the well's own runs; both only
propose. A `RateOrder` puts one in force, as a new version.
"""

from agent.core.ledger import counted_l, used_wh
from agent.core.model import (
    BeginRatingOrder,
    Body,
    EndRatingOrder,
    Moment,
    Quantity,
    Rate,
    RateMethod,
    RateOrder,
    RateProposed,
    RatingAborted,
    RatingBegan,
    RatingBroken,
    Refusal,
    Refused,
    Session,
    Site,
    StartCause,
    StopCause,
    elapsed_ms,
)
from agent.core.present import Present, read_total, refuse_document, refuse_range
from agent.core.pump import IDLE_SCANS
from agent.core.replacing import replace
from agent.core.state import Learned, Rating, State

# 0.05 and 20 m3 per kWh: wells of this kind lie between 0.9 and 8, records between 1 and 12.
LITRES_PER_KWH_MIN = 50
LITRES_PER_KWH_MAX = 20_000
LEVEL_MAX_MM = 1_000_000
# So much pumping is one look at a well: it levels out hours, not seasons.
LEARNED_AFTER_MS = 10 * 3_600_000
# A coefficient in force that is nearer than this to what was learned is left in peace.
LEARNED_APART_PERCENT = 10


def judge_rate(order: RateOrder, author: str, present: Present) -> Rate | Refusal:
    refusal = (
        _refuse_shared(present)
        or refuse_document(order.document)
        or refuse_range(
            order.litres_per_kwh, LITRES_PER_KWH_MIN, LITRES_PER_KWH_MAX, Refused.RATE_RANGE
        )
        or _refuse_levels(order.static_mm, order.dynamic_mm)
        or _refuse_measured(order, present)
    )
    rate = present.ledger.rate
    return refusal or Rate(
        version=1 if rate is None else rate.version + 1,
        litres_per_kwh=order.litres_per_kwh,
        method=order.method,
        measured_utc_ms=order.measured_utc_ms,
        static_mm=order.static_mm,
        dynamic_mm=order.dynamic_mm,
        document=order.document,
        author=author,
        total_l=present.last_total_l,
    )


def _refuse_shared(present: Present) -> Refusal | None:
    return Refusal(Refused.POWER_METER_SHARED) if present.site.shared_power_meter else None


def _refuse_measured(order: RateOrder, present: Present) -> Refusal | None:
    latest_ms = present.latest_ms
    if order.measured_utc_ms > 0 and (latest_ms is None or order.measured_utc_ms <= latest_ms):
        return None
    expected = "" if latest_ms is None else str(latest_ms)
    return Refusal(Refused.MEASURED_RANGE, str(order.measured_utc_ms), expected)


def _refuse_levels(static_mm: int | None, dynamic_mm: int | None) -> Refusal | None:
    """A pump draws its well down: the dynamic level lies below the static one."""
    static = 0 if static_mm is None else static_mm
    refusal = refuse_range(static, 0, LEVEL_MAX_MM, Refused.LEVEL_RANGE)
    if refusal or dynamic_mm is None:
        return refusal
    return refuse_range(dynamic_mm, static, LEVEL_MAX_MM, Refused.LEVEL_RANGE)


# --- the test ----------------------------------------------------------------------------------


def judge_begin(order: BeginRatingOrder, author: str, present: Present) -> RatingBegan | Refusal:
    state = present.state
    refusal = _refuse_shared(present) or _refuse_levels(order.static_mm, None)
    if refusal:
        return refusal
    if state.rating is not None:
        return Refusal(Refused.RATING_RUNNING)
    metered = all(
        read_total(present, one) is not None
        for one in (Quantity.FORWARD_TOTAL_L, Quantity.ENERGY_WH)
    )
    if state.totalizer is None or state.energy is None or not (state.pump.running and metered):
        return Refusal(Refused.PUMP_NOT_RUNNING)
    return RatingBegan(state.totalizer.last, state.energy.last, order.static_mm, author)


def judge_end(order: EndRatingOrder, present: Present) -> RateProposed | Refusal:
    """The test's own water and electricity, and nothing of what came before or after."""
    state, rating = present.state, present.state.rating
    if rating is None or _is_void(state, rating, present.moment):
        return Refusal(Refused.RATING_MISSING)
    lasted_ms = elapsed_ms(rating.began, present.moment)
    assert lasted_ms is not None, "a test does not outlive a boot"
    if lasted_ms < present.site.rating_test_ms:
        asked_min = present.site.rating_test_ms // 60_000
        return Refusal(Refused.RATING_SHORT, str(lasted_ms // 60_000), str(asked_min))
    dynamic_mm = order.dynamic_mm
    if dynamic_mm is None:
        dynamic_mm = read_total(present, Quantity.LEVEL_MM)
    if refusal := _refuse_levels(rating.static_mm, dynamic_mm):
        return refusal
    assert state.totalizer is not None, "a test without a meter is broken off"
    assert state.energy is not None, "a test without a meter is broken off"
    volume_l = counted_l(state.ledger, state.totalizer.last) - rating.counted_l
    energy_wh = used_wh(state.ledger, state.energy.last) - rating.used_wh
    found = _litres_per_kwh(volume_l, energy_wh)
    if refusal := refuse_range(found, LITRES_PER_KWH_MIN, LITRES_PER_KWH_MAX, Refused.RATE_RANGE):
        return refusal
    return RateProposed(
        litres_per_kwh=found,
        method=RateMethod.TEST,
        volume_l=volume_l,
        energy_wh=energy_wh,
        lasted_ms=lasted_ms,
        static_mm=rating.static_mm,
        dynamic_mm=dynamic_mm,
        in_force=_in_force(state),
    )


def watch_test(site: Site, state: State, moment: Moment) -> tuple[State, tuple[RatingAborted, ...]]:
    """A test is continuous: when the pump stops or a meter falls silent, it comes to nothing."""
    if state.rating is None:
        return state, ()
    broken = _broken(site, state, moment)
    if broken is None:
        return state, ()
    aborted = RatingAborted(broken, elapsed_ms(state.rating.began, moment))
    return replace(state, rating=None), (aborted,)


def _broken(site: Site, state: State, moment: Moment) -> RatingBroken | None:
    assert state.rating is not None, "a test is under way"
    if _is_void(state, state.rating, moment):
        return RatingBroken.NOT_METERED
    if not state.pump.running and state.pump.idle_scans >= IDLE_SCANS:
        return RatingBroken.PUMP_STOPPED
    for one in (state.totalizer, state.energy):
        silent_ms = None if one is None else elapsed_ms(one.at, moment)
        if silent_ms is None or silent_ms > site.flow_meter_alarm_ms:
            return RatingBroken.NOT_METERED
    return None


def _is_void(state: State, rating: Rating, moment: Moment) -> bool:
    """A boot, a year that opened or a meter that was removed ends a test, also amid a scan."""
    removed = state.totalizer is None or state.energy is None
    return removed or rating.began.boot != moment.boot or rating.year != state.ledger.year


# --- what the well's own runs say --------------------------------------------------------------


def learn(state: State, ended: tuple[Session, ...]) -> tuple[State, tuple[Body, ...]]:
    """Add up whole runs that were metered throughout; after enough of them, say what they say."""
    learned = state.learned
    for run in ended:
        if not _is_whole(run):
            continue
        assert run.volume_l is not None, "a whole run has its volume"
        assert run.energy_wh is not None, "a whole run has its energy"
        learned = Learned(
            learned.volume_l + run.volume_l,
            learned.energy_wh + run.energy_wh,
            learned.lasted_ms + run.stopped_utc_ms - run.started_utc_ms,
        )
    if learned.lasted_ms < LEARNED_AFTER_MS:
        return replace(state, learned=learned), ()
    found, in_force = _litres_per_kwh(learned.volume_l, learned.energy_wh), _in_force(state)
    state = replace(state, learned=Learned())
    if not LITRES_PER_KWH_MIN <= found <= LITRES_PER_KWH_MAX:
        return state, ()
    if in_force is not None and abs(found - in_force) * 100 <= in_force * LEARNED_APART_PERCENT:
        return state, ()
    proposed = RateProposed(
        litres_per_kwh=found,
        method=RateMethod.LEARNED,
        volume_l=learned.volume_l,
        energy_wh=learned.energy_wh,
        lasted_ms=learned.lasted_ms,
        in_force=in_force,
    )
    return state, (proposed,)


def _is_whole(run: Session) -> bool:
    """Seen from its start to its end, and metered in between."""
    seen = run.start_cause is not StartCause.UNSEEN and run.cause is not StopCause.UNSEEN
    return seen and run.metered and bool(run.energy_wh) and bool(run.volume_l)


def _litres_per_kwh(volume_l: int, energy_wh: int) -> int:
    return volume_l * 1000 // energy_wh if energy_wh else 0


def _in_force(state: State) -> int | None:
    return None if state.ledger.rate is None else state.ledger.rate.litres_per_kwh
