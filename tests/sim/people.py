"""Room rule: what people do at a well: the owner, the technician, the authority. No fault."""

from agent.core.ledger import grant_of
from agent.core.model import (
    AcknowledgeOrder,
    AllocateEnergyOrder,
    AllocateOrder,
    AllocationKind,
    BeginRatingOrder,
    ConditionKind,
    CorrectOrder,
    EndRatingOrder,
    Latched,
    LayUpOrder,
    LimitOrder,
    OpenYearOrder,
    Order,
    Origin,
    OverrideOrder,
    Rank,
    RateMethod,
    RateOrder,
    ReleaseOrder,
    ReleaseOverrideOrder,
    RemoveMeterOrder,
    ResumeOrder,
    Role,
    SetClockOrder,
    StopOrder,
    Use,
)
from agent.core.state import account
from tests.core.story import DAY, HOUR, MINUTE, SECOND
from tests.sim import meters
from tests.sim.year import Year

A = AllocationKind


def litres(year: Year, low_m3: int, high_m3: int) -> int:
    return year.rng.randint(low_m3, high_m3) * 1000


def plan_year(year: Year) -> int:
    starts = [one for one, start in year.site.year_starts if start <= year.clock.true_utc_ms]
    return starts[-1]


def give(year: Year, kind: AllocationKind, volume_l: int, *, for_year: int | None = None) -> None:
    order = AllocateOrder(for_year or plan_year(year), kind, volume_l, document(year))
    year.order(order)


def document(year: Year) -> str:
    """Each has its own number."""
    return f"doc {year.clock.true_utc_ms}"


# --- the beginning -----------------------------------------------------------------------------


def commission(year: Year) -> None:
    """Meters, a provisional allocation and, in spring, the plan. Visits go on all year."""

    def fit(now: Year) -> None:
        before_l = now.rng.choice((0, 2_000_000))
        meters.fit_meter(now, Role.FLOW_METER, before_l)
        meters.fit_meter(now, Role.POWER_METER)
        until_ms = now.clock.true_utc_ms + now.rng.randint(30, 60) * DAY
        now.order(
            AllocateOrder(plan_year(now), A.PROVISIONAL, litres(now, 1500, 4000), "doc", until_ms)
        )

    year.after(2 * SECOND, fit)
    year.after(year.rng.randint(20, 70) * DAY // year.density, issue)
    year.after(year.rng.randint(200, 300) * DAY, next_plan)
    year.after(DAY, visit)


def issue(year: Year) -> None:
    """The plan comes in spring, and with it a coefficient."""
    if grant_of(year.station.state.ledger.grants, plan_year(year)).plan is None:
        give(year, A.PLAN, litres(year, 6_000, 14_000))
        rate(year)


def next_plan(year: Year) -> None:
    give(year, A.PLAN, litres(year, 3_000, 9_000), for_year=plan_year(year) + 1)


def visit(year: Year) -> None:
    """Every few days somebody looks after what latched, and after water that ran out."""
    tend(year)
    year.after(year.rng.randint(4, 12) * DAY, visit)


def tend(year: Year) -> None:
    """Acknowledge, answer what is asked, rule on a total in doubt, ask for more water."""
    state = year.station.state
    for one in state.standing.conditions:
        if one.latched and one.kind.value in Latched.__members__.values():
            year.order(AcknowledgeOrder(Latched(one.kind.value), "seen to"))
    if state.year_asked is not None and year.last_total_l is not None:
        year.order(OpenYearOrder(state.year_asked, year.last_total_l, "diary"))
    if state.totalizer is not None and state.totalizer.in_doubt:
        meters.rule(year)
    if state.energy is not None and state.energy.in_doubt:
        meters.fit_meter(year, Role.POWER_METER)
    balance = account(state, year.clock.moment) if state.scanned_at else None
    standing = {one.kind for one in state.standing.conditions}
    if balance and ConditionKind.ALLOCATION_EXHAUSTED in standing and year.rng.random() < 0.6:
        planned = grant_of(state.ledger.grants, plan_year(year)).plan is not None
        more_l = max(0, -balance.remaining_l) + litres(year, 20, 1500)
        give(year, A.ADDITION, more_l) if planned else issue(year)
    energy_wh = None if balance is None else balance.energy_remaining_wh
    if energy_wh is not None and energy_wh <= 0:
        more_wh = -energy_wh + 900_000
        year.order(AllocateEnergyOrder(plan_year(year), A.ADDITION, more_wh, document(year)))


# --- the owner ---------------------------------------------------------------------------------


def start(year: Year) -> None:
    year.house.start()


def stop(year: Year) -> None:
    year.house.stop()


def pump_a_while(year: Year) -> int:
    start(year)
    lasts_ms = year.rng.randint(20, 720) * MINUTE
    year.after(lasts_ms, stop)
    return lasts_ms


# --- the authority -----------------------------------------------------------------------------


def add(year: Year) -> int:
    give(year, A.ADDITION, litres(year, 50, 2000))
    return 0


def reduce(year: Year) -> int:
    give(year, A.REDUCTION, litres(year, 50, 1500))
    return 0


def transfer(year: Year) -> int:
    give(year, year.rng.choice((A.TRANSFER_IN, A.TRANSFER_OUT)), litres(year, 50, 1500))
    return 0


def correct_allocation(year: Year) -> int:
    give(year, A.CORRECTION, year.rng.choice((-1, 1)) * litres(year, 10, 300))
    return 0


def correct_withdrawal(year: Year) -> int:
    year.order(CorrectOrder(plan_year(year), litres(year, 1, 50), "filter flushed", document(year)))
    return 0


def limit(year: Year) -> int:
    now_ms = year.clock.true_utc_ms
    name, from_ms = f"round {year.rng.randint(1, 6)}", now_ms + year.rng.randint(-5, 10) * DAY
    to_ms = from_ms + year.rng.randint(10, 25) * DAY
    volume_l = litres(year, 100, 3000)
    year.order(LimitOrder(plan_year(year), name, volume_l, from_ms, to_ms, "doc"))
    return 0


def energy_allocation(year: Year) -> int:
    kind = A.PLAN if year.rng.random() < 0.7 else A.ADDITION
    year.order(
        AllocateEnergyOrder(plan_year(year), kind, year.rng.randint(300, 2500) * 1000, "doc")
    )
    return 0


def rate(year: Year) -> int:
    """Within a tenth of the truth: a coefficient is somebody's measurement."""
    house = year.house
    true = house.full_flow_l_per_h * 1000 // house.power_w
    told = true * year.rng.randint(92, 108) // 100
    year.order(RateOrder(told, RateMethod.TEST, year.clock.true_utc_ms - 30 * DAY, "rating"))
    return 0


def rating_test(year: Year) -> int:
    year.order(BeginRatingOrder(40_000))
    year.after(65 * MINUTE, lambda now: now.order(EndRatingOrder(48_000)))
    if year.rng.random() < 0.3:
        year.after(20 * MINUTE, stop)
    return 70 * MINUTE


def override(year: Year) -> int:
    lasts_ms = year.rng.randint(1, 8) * HOUR
    year.order(OverrideOrder(Use.LIVESTOCK, litres(year, 5, 400), lasts_ms, "drought"))
    year.after(2 * MINUTE, start)
    year.after(lasts_ms + HOUR, stop)
    return lasts_ms + 2 * HOUR


def override_released(year: Year) -> int:
    year.order(OverrideOrder(Use.FIRE, litres(year, 50, 400), 5 * HOUR, "fire"))
    year.after(20 * MINUTE, lambda now: now.order(ReleaseOverrideOrder("it is out")))
    return HOUR


def stop_on_site(year: Year) -> int:
    year.order(StopOrder("somebody is in the well"), Origin.CONSOLE, rank=Rank.TECHNICIAN)
    released = ReleaseOrder("all out")
    year.after(10 * MINUTE, lambda now: now.order(released, Origin.PLATFORM, actor="province"))
    year.after(20 * MINUTE, lambda now: now.order(released, Origin.CONSOLE, rank=Rank.TECHNICIAN))
    return 30 * MINUTE


def stop_by_platform(year: Year) -> int:
    year.order(StopOrder("inspection"), Origin.PLATFORM, actor="province")
    released = ReleaseOrder("inspected")
    year.after(30 * MINUTE, lambda now: now.order(released, Origin.PLATFORM, actor="province"))
    return 45 * MINUTE


def lay_up(year: Year) -> int:
    stop(year)
    lasts_ms = year.rng.randint(3, 15) * DAY
    year.after(5 * MINUTE, lambda now: now.order(LayUpOrder("doc")))
    year.after(lasts_ms, lambda now: now.order(ResumeOrder("doc")))
    if year.rng.random() < 0.6:  # somebody takes water meanwhile, from beside the pump

        def leak(now: Year) -> None:
            now.house.other_l_per_h = 400 - now.house.other_l_per_h

        year.after(DAY, leak)
        year.after(DAY + 9 * HOUR, leak)
    return lasts_ms + HOUR


def set_clock(year: Year) -> int:
    """Refused while the host is synchronised, and taken when its time is unknown."""
    if year.rng.random() < 0.7:
        year.clock.trusted = False
    said = SetClockOrder(year.clock.true_utc_ms, "by my watch")
    year.after(5 * SECOND, lambda now: now.order(said, Origin.CONSOLE, rank=Rank.SUPERVISOR))
    year.after(3 * HOUR, lambda now: now.clock.synchronise())
    return 0


def bad_orders(year: Year) -> int:
    """What contradicts the ledger changes nothing and is recorded."""
    this = plan_year(year)
    orders: tuple[Order, ...] = (
        AllocateOrder(this - 9, A.PLAN, 1000, "doc"),
        AllocateOrder(this + 5, A.PLAN, 1000, "doc"),
        AllocateOrder(this, A.PLAN, -5, "doc"),
        AllocateOrder(this, A.TRANSFER_OUT, 9_000_000_000, "doc"),
        AllocateOrder(this, A.ADDITION, 1000, " "),
        RemoveMeterOrder(Role.FLOW_METER, "nobody's", "doc"),
        RemoveMeterOrder(Role.FLOW_METER, year.house.flow.serial, "doc", -5_000_000),
        RateOrder(49, RateMethod.ISSUED, 1, "doc"),
        RateOrder(20_001, RateMethod.ISSUED, 1, "doc"),
        CorrectOrder(this, -9_000_000_000, "slip", "doc"),
        CorrectOrder(this, 0, "nothing", "doc"),
        OverrideOrder(Use.FIRE, 10, 73 * HOUR, "too long"),
        OpenYearOrder(this, 1, "nobody asked"),
        ReleaseOverrideOrder("none runs"),
        EndRatingOrder(),
        ResumeOrder("doc"),
    )
    for one in year.rng.sample(orders, 4):
        year.order(one)
    year.order(StopOrder("too late"), not_after_utc_ms=year.clock.moment.utc_ms - DAY)
    return 0


def repeated(year: Year) -> int:
    """A platform sends again what it has an answer for already."""
    give(year, A.ADDITION, 7_000)
    sent = year.inbox.waiting[-1]
    year.after(10 * SECOND, lambda now: now.inbox.waiting.append(sent))
    return 0
