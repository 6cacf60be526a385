"""Room rule: two usual years of one well, for people to look at: few faults, each of them once.

The seed's well pumps a season as long as a licence of 62,500 m³ asks for. `keep` leaves its journal
behind, sealed every day, as a station would have it on its card.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from agent import signing
from agent.core.model import (
    AllocateOrder,
    AllocationKind,
    CorrectOrder,
    Fault,
    FitMeterOrder,
    LayUpOrder,
    Order,
    Origin,
    OverrideOrder,
    Rank,
    RateMethod,
    RateOrder,
    ResumeOrder,
    Role,
    Use,
)
from agent.journal import Now, Retention, Signer, Upkeep
from tests.core.story import DAY, HOUR, MINUTE, SECOND, utc_ms
from tests.sim import faults, flowmeter, meters, outages, people
from tests.sim.house import OF_FLOW_METER
from tests.sim.year import Act, Year

SEED = 357
FIRST_YEAR = 2026
# Hours of pumping by month: winter water in March, then the season.
SEASON_H = {3: 24, 4: 84, 5: 118, 6: 142, 7: 150, 8: 104, 9: 46, 10: 12}
# Depth of the resting water by month, in millimetres.
LEVELS_MM = (41_200, 41_000, 41_100, 41_900, 42_800, 43_700, 44_600, 45_100, 44_300, 43_200,
             42_400, 41_900)  # fmt: skip
FALL_MM = 380  # from one year to the next
A = AllocationKind


@dataclass(slots=True)
class _Diary:
    """What is on the calendar of one simulated well."""

    year: Year
    begins_utc_ms: int

    def on(self, year: int, month: int, day: int, hour: int, act: Act) -> None:
        at_ms = utc_ms(year, month, day, hour) - self.begins_utc_ms
        if 0 < at_ms < self.year.lasts_ms - MINUTE:
            self.year.at(at_ms, act)

    def order(self, year: int, month: int, day: int, order: Order) -> None:
        def send(now: Year) -> None:
            now.order(order, Origin.CONSOLE, actor="王建国", rank=Rank.SUPERVISOR)

        self.on(year, month, day, 10, send)


def keep(path: Path, *, days: int, share_percent: int = 100) -> Year:
    """Live through it, and leave the journal at `path`. A smaller share pumps as much less."""
    year = Year(SEED, days * DAY)
    key_folder = Path(tempfile.mkdtemp(prefix="wk"))
    try:
        signer = _signer(key_folder)
        return year.run(lambda now: _fill(now, signer, share_percent), lambda now: _copy(now, path))
    finally:
        shutil.rmtree(key_folder)


def _fill(year: Year, signer: Signer, share_percent: int) -> None:
    diary = _Diary(year, year.clock.true_utc_ms - year.now_ms)
    year.after(2 * SECOND, _commission)
    for plan_year, more_percent in ((FIRST_YEAR, 100), (FIRST_YEAR + 1, 106)):
        _season(diary, plan_year, share_percent * more_percent // 100)
        _levels(diary, plan_year)
        _papers(diary, plan_year)
    _events(diary, FIRST_YEAR + 1)
    year.wish(DAY, lambda now: _seal(now, signer))


def _commission(year: Year) -> None:
    flow, power = year.house.flow, year.house.power
    form = "调试记录〔2026〕15号"
    for one in (
        FitMeterOrder(Role.FLOW_METER, flow.serial, flow.shown, form, 310_000),
        FitMeterOrder(Role.POWER_METER, power.serial, power.shown, form),
    ):
        year.order(one, Origin.CONSOLE, actor="李强", rank=Rank.TECHNICIAN)
    until_ms = utc_ms(FIRST_YEAR, 4, 1)
    document = "水资函〔2026〕3号"
    order = AllocateOrder(FIRST_YEAR, A.PROVISIONAL, 6_000_000, document, until_ms)
    year.order(order, Origin.CONSOLE, actor="王建国", rank=Rank.SUPERVISOR)


def _papers(diary: _Diary, year: int) -> None:
    plan = AllocateOrder(year, A.PLAN, 62_500_000, f"水资〔{year}〕7号")
    diary.order(year, 3, 18, plan)
    rate = RateOrder(2_960, RateMethod.TEST, utc_ms(year, 3, 20), f"率定〔{year}〕2号")
    diary.order(year, 3, 22, rate)


def _season(diary: _Diary, year: int, share_percent: int) -> None:
    """Runs of half a day and more, spread over each month; the owner starts and stops."""
    rng = diary.year.rng
    for month, hours in SEASON_H.items():
        left_ms = hours * HOUR * share_percent // 100
        day = rng.randint(2, 4)
        while left_ms > HOUR and day < 28:
            lasts_ms = min(left_ms, rng.randint(11 * 60, 19 * 60) * MINUTE)
            diary.on(year, month, day, 5, people.start)
            stops_ms = utc_ms(year, month, day, 5) - diary.begins_utc_ms + lasts_ms
            if stops_ms < diary.year.lasts_ms - MINUTE:
                diary.year.at(stops_ms, people.stop)
            left_ms -= lasts_ms
            day += 2


def _levels(diary: _Diary, year: int) -> None:
    def at(level_mm: int) -> Act:
        def set_level(now: Year) -> None:
            now.house.level_mm = level_mm

        return set_level

    for month, level_mm in enumerate(LEVELS_MM, 1):
        for day in (1, 11, 21):
            after_mm = LEVELS_MM[month % 12] - level_mm
            on_the_day_mm = level_mm + after_mm * (day - 1) // 30
            diary.on(year, month, day, 1, at(on_the_day_mm + FALL_MM * (year - FIRST_YEAR)))


def _events(diary: _Diary, year: int) -> None:
    """What an inspector asks about, once each."""
    diary.order(year, 1, 12, AllocateOrder(
        year, A.PROVISIONAL, 6_000_000, f"水资函〔{year}〕2号", utc_ms(year, 4, 1)
    ))  # fmt: skip
    diary.order(year, 6, 8, AllocateOrder(year, A.TRANSFER_IN, 2_000_000, f"水权〔{year}〕31号"))
    diary.order(year, 7, 30, AllocateOrder(year, A.ADDITION, 1_500_000, f"水资〔{year}〕55号"))
    diary.order(year, 6, 25, CorrectOrder(year, 36_000, "冲洗过滤器未计量", f"更正〔{year}〕1号"))
    diary.order(year, 8, 29, OverrideOrder(Use.LIVESTOCK, 300_000, 6 * HOUR, "牲畜饮水"))
    diary.on(year, 8, 29, 11, people.start)
    diary.on(year, 8, 29, 14, people.stop)
    diary.on(year, 5, 29, 9, lambda now: _during(now, flowmeter.flow_silent_for_hours))
    diary.on(year, 7, 5, 9, lambda now: _during(now, _break))
    diary.on(year, 6, 29, 8, lambda now: _during(now, faults.bypass))
    diary.on(year, 7, 20, 12, _away)
    diary.order(year - 1, 11, 12, LayUpOrder(f"封存〔{year - 1}〕9号"))
    diary.order(year, 3, 1, ResumeOrder(f"启用〔{year}〕1号"))


def _during(year: Year, fault: Callable[[Year], int]) -> None:
    """While the pump runs."""
    people.start(year)
    year.exclusive_until_ms = year.now_ms + 7 * HOUR
    year.after(7 * HOUR, people.stop)
    fault(year)


def _away(year: Year) -> None:
    outages.broker_away_for_days(year)


def _break(year: Year) -> int:
    """The flow meter dies under a running pump; four hours later another one hangs there."""
    year.house.flow.counting = False
    lasts_ms = faults.lay(year, 4 * HOUR, Fault.TIMEOUT, *OF_FLOW_METER)
    year.after(lasts_ms - 3 * MINUTE, people.stop)

    def change(now: Year) -> None:
        meters.exchange(now, Role.FLOW_METER)
        now.after(MINUTE + 10 * SECOND, declare)

    def declare(now: Year) -> None:
        new = now.house.flow
        certificate = "校准证书 L2027-0389"
        order = FitMeterOrder(Role.FLOW_METER, new.serial, new.shown, certificate)
        now.order(order, Origin.CONSOLE, actor="李强", rank=Rank.TECHNICIAN)

    year.after(lasts_ms - MINUTE, change)
    return lasts_ms


def _signer(folder: Path) -> Signer:
    def begin(message: bytes) -> Future[bytes]:
        signed: Future[bytes] = Future()
        signed.set_result(signing.sign(folder, message))
        return signed

    public = signing.public_half(folder)
    return Signer(lambda: public, begin)


def _seal(year: Year, signer: Signer) -> None:
    if year.station.alive:
        upkeep = Upkeep(year.station.journal, Retention(731, 3653, 1 << 40), signer)
        for _ in ("begun", "signed"):
            upkeep.step(Now(year.clock.true_utc_ms, trusted=True, passed=0))
    year.wish(year.now_ms + DAY, lambda now: _seal(now, signer))


def _copy(year: Year, path: Path) -> None:
    """As `cp` of a stopped station would have it: whole, and of one moment."""
    year.station._flush()
    with sqlite3.connect(year.station.path) as live, sqlite3.connect(path) as copy:
        live.backup(copy)
    live.close()
    copy.close()
