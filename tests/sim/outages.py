"""Room rule: mains, controllers, cards, brokers and clocks that fail, and New Year among them.

Each says how long it keeps others away, in ms: 0 where it meets whatever happens.
"""

from dataclasses import replace

from agent.core.model import AcknowledgeOrder, Latched
from tests.core.story import DAY, HOUR, MINUTE, SECOND, utc_ms
from tests.sim import build, people
from tests.sim.station import LINES
from tests.sim.year import Year

# --- mains ---------------------------------------------------------------------------------------


def _restore_mains(year: Year) -> None:
    year.house.mains = True
    if year.house.maintained and year.house.relay and year.house.switch_on:
        year.house.start()


def mains_away(year: Year) -> int:
    """The controller has a battery, the meters have none."""
    year.house.lose_mains()
    lasts_ms = year.rng.randint(1, 90) * MINUTE
    year.after(lasts_ms, _restore_mains)
    return lasts_ms + 5 * MINUTE


def _cut_mains(year: Year, lasts_ms: int, *, trusted: bool = True, off_ms: int = 0) -> int:
    """Everything is gone; then another boot."""
    year.house.lose_mains()
    year.house.open_relay("no mains")
    year.kill(lasts_ms)

    def boot(now: Year) -> None:
        _restore_mains(now)
        now.clock.boot(trusted=trusted, off_ms=off_ms)

    year.after(lasts_ms - SECOND, boot)
    return lasts_ms


def mains_cut(year: Year) -> int:
    return _cut_mains(year, year.rng.randint(1, 300) * MINUTE)


def mains_cut_for_days(year: Year) -> int:
    return _cut_mains(year, year.rng.randint(1, 6) * DAY)


def dark_while_pumping(year: Year) -> int:
    """The controller has no power and the sealed bypass is closed: water flows that nobody sees."""
    lasts_ms = year.rng.randint(10, 240) * MINUTE
    trusted = year.rng.random() < 0.5
    year.house.bypassed = True
    people.start(year)
    year.house.open_relay("no controller")
    year.kill(lasts_ms)
    year.after(lasts_ms - SECOND, lambda now: now.clock.boot(trusted=trusted))
    year.after(lasts_ms + 10 * MINUTE, people.stop)
    year.after(lasts_ms + 11 * MINUTE, lambda now: now.house.let_go())
    year.after(lasts_ms + HOUR, lambda now: now.clock.synchronise())
    year.after(lasts_ms + 20 * MINUTE, people.tend)
    return lasts_ms + 90 * MINUTE


# --- the station -------------------------------------------------------------------------------


def control_restarted(year: Year) -> int:
    """An upgrade: it ends in order and is back within its lease."""
    year.station.stop()
    if year.station.card_fails:
        year.watch.killed()  # and could not write down where it was
    year.down_until_ms = year.now_ms + year.rng.randint(2, 7) * SECOND
    return MINUTE


def settings_cut(year: Year) -> int:
    """The file lost its end, and with it a platform. It is mended, or somebody says it is meant."""
    year.declare(replace(year.site, declared=build.PARTS[:-1]))
    control_restarted(year)

    def mend(now: Year) -> None:
        now.declare(replace(now.site, declared=build.PARTS))
        now.after(MINUTE, _restart)

    lasts_ms = year.rng.randint(5, 600) * MINUTE
    if year.rng.random() < 0.5:
        meant = AcknowledgeOrder(Latched.SETTINGS_INCOMPLETE, "taken out of service")
        year.after(lasts_ms, lambda now: now.order(meant))
        lasts_ms += HOUR
    year.after(lasts_ms, mend)
    return MINUTE


def _restart(year: Year) -> None:
    if year.station.alive:
        control_restarted(year)


def control_killed(year: Year) -> int:
    """Between two lines of a turn; often of one that has something to commit."""
    year.station.dies_at = year.rng.choice(LINES)
    if year.rng.random() < 0.5:
        people.give(year, people.A.ADDITION, 1_000)
    return MINUTE


def control_gone(year: Year) -> int:
    lasts_ms = year.rng.randint(15, 900) * SECOND
    year.excused_until_ms = year.now_ms + lasts_ms + MINUTE
    year.kill(lasts_ms)
    return lasts_ms + MINUTE


def relay_silent(year: Year) -> int:
    """Its process hangs: it holds the line for its lease, then lets go."""
    lasts_ms = year.rng.randint(2, 90) * SECOND
    year.excused_until_ms = year.now_ms + lasts_ms + MINUTE
    year.house.relay_hangs = True

    def answer(now: Year) -> None:
        now.house.relay_hangs = False

    year.after(lasts_ms, answer)
    return lasts_ms + MINUTE


def _fail_card(year: Year, lasts_ms: int) -> int:
    year.station.card_fails = True

    def heal(now: Year) -> None:
        now.station.card_fails = False

    year.after(lasts_ms, heal)
    return lasts_ms


def card_fails(year: Year) -> int:
    return _fail_card(year, year.rng.randint(5, 1200) * SECOND)


def card_fails_for_long(year: Year) -> int:
    return _fail_card(year, year.rng.randint(20, 30) * HOUR)


def _fall(year: Year, lasts_ms: int) -> int:
    one = year.rng.choice(year.uplinks)
    one.fall()

    def rise(now: Year) -> None:
        one.up = True

    year.after(lasts_ms, rise)
    return 0


def broker_away(year: Year) -> int:
    return _fall(year, year.rng.randint(1, 12) * HOUR)


def broker_away_for_days(year: Year) -> int:
    return _fall(year, year.rng.randint(1, 20) * DAY)


def uplink_killed(year: Year) -> int:
    one = year.rng.choice(year.uplinks)
    one.die(dict(year.station.journal.cursors()).get(one.name, 0))
    return 0


def record_rejected(year: Year) -> int:
    one = year.rng.choice(year.uplinks)
    one.poison.add(year.station.journal.head.number + year.rng.randint(1, 30))
    return 0


# --- the clock ---------------------------------------------------------------------------------


def boot_in_1970(year: Year) -> int:
    """No battery, no network: the calendar begins again, and NTP comes hours later."""
    lasts_ms = _cut_mains(
        year, year.rng.randint(1, 60) * MINUTE, trusted=False, off_ms=-year.clock.true_utc_ms
    )
    year.after(lasts_ms + year.rng.randint(1, 40) * HOUR, lambda now: now.clock.synchronise())
    return lasts_ms + HOUR


def year_2036(year: Year) -> int:
    """A zero in an NTP reply; the host believes it."""
    year.clock.off_ms = utc_ms(2036, 2, 7, 14) - year.clock.true_utc_ms
    year.after(year.rng.randint(1, 600) * MINUTE, lambda now: now.clock.synchronise())
    return 0


def steps_back(year: Year) -> int:
    year.clock.off_ms = -year.rng.choice((HOUR, 3 * DAY, 400 * DAY))
    year.after(year.rng.randint(1, 600) * MINUTE, lambda now: now.clock.synchronise())
    return 0


def drifts(year: Year) -> int:
    """A quartz without discipline, until NTP takes it back."""

    def drift(now: Year) -> None:
        now.clock.off_ms += 40 * SECOND

    hours = year.rng.randint(2, 12)
    for one in range(hours):
        year.after(one * HOUR, drift)
    year.after(hours * HOUR, lambda now: now.clock.synchronise())
    return 0


def time_unknown(year: Year) -> int:
    year.clock.trusted = False
    year.after(year.rng.randint(1, 48) * HOUR, lambda now: now.clock.synchronise())
    return 0


NIGHTS = {
    "at rest": 1,
    "pumping": 1,
    "off": 1,
    "with time unknown": 1,
    "with time unknown, pumping": 1,
    "off, after pumping in a boot without time": 14,  # then a technician is asked
}


def new_year(year: Year) -> None:
    """Every seed crosses New Year in one of these ways."""
    starts = [start for _, start in year.site.year_starts if start > year.clock.true_utc_ms]
    at_ms = starts[0] - year.clock.begins_utc_ms
    (way,) = year.rng.choices(tuple(NIGHTS), tuple(NIGHTS.values()))

    def boot_again(now: Year) -> None:
        _cut_mains(now, HOUR, trusted=False)

    def night(now: Year) -> None:
        now.injected[f"New Year {way}"] += 1
        now.exclusive_until_ms = max(now.exclusive_until_ms, now.now_ms + 9 * HOUR)
        if way.endswith("pumping"):
            people.start(now)
            now.after(5 * HOUR, people.stop)
        if way.startswith("with time unknown"):
            now.clock.trusted = False
        if way == "off":
            _cut_mains(now, 6 * HOUR, trusted=now.rng.random() < 0.5)
        if way.startswith("off, after"):
            _cut_mains(now, 10 * MINUTE, trusted=False)
            now.after(20 * MINUTE, people.start)
            now.after(80 * MINUTE, people.stop)
            now.after(100 * MINUTE, boot_again)
        now.after(7 * HOUR, lambda later: later.clock.synchronise())

    if at_ms < year.lasts_ms:
        year.at(at_ms - 2 * HOUR, night)
        year.at(at_ms + 12 * HOUR, people.tend)
