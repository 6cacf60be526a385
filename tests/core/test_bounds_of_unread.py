"""Room rule: what had flowed when no total was read, but electricity was, at its bounds."""

from dataclasses import replace

import pytest

from agent.core.dating import Found, counted_at, date
from agent.core.ledger import Ledger, Round
from agent.core.model import BeginLimit, Moment, OpenYear, Quantity
from agent.core.rebuild import reconciled
from agent.core.state import Dated, State
from agent.core.totalizer import Segment, Totalizer
from agent.core.years import begin_round, open_years
from tests.core.story import DAY, SITE, reading, utc_ms

NEW_YEAR = utc_ms(2027, 1, 1)
SHOWN = (reading(Quantity.FORWARD_TOTAL_L, 5),)


def at(passed_ms: int) -> Moment:
    return Moment(NEW_YEAR + passed_ms, 20 * DAY + passed_ms, "b1", trusted=True)


# Ten days before New Year 400 l; a look a millisecond before it; 400 l more ten days after it.
DATED = Dated(400, 2_000, at(-10 * DAY), 20)
LOOKED = Dated(400, 2_750, at(-1))
SEGMENT = Segment("f1", 0, 1, 10**9, 100_000)
NOW = at(10 * DAY)


def unread(used_wh: int = 3_000, *, dated: Dated | None = DATED) -> State:
    return State(
        ledger=Ledger(segment=SEGMENT, year=2026, power=SEGMENT, converted_l=60),
        totalizer=Totalizer(800, NOW),
        energy=Totalizer(used_wh, NOW),
        dated=dated,
        unread=LOOKED,
    )


def coarse(used_wh: int) -> State:
    """Three quarters of so much electricity had been used: 50 steps of its meter are enough."""
    state = unread(2_000 + used_wh)
    return replace(state, unread=replace(LOOKED, used_wh=2_000 + used_wh * 3 // 4))


def removed(closed_wh: int) -> State:
    """The power meter is away now, and had used so much."""
    state = unread()
    return replace(
        state, energy=None, ledger=replace(state.ledger, power=None, closed_wh=closed_wh)
    )


def opening(state: State) -> tuple[OpenYear, State]:
    after, (entry,) = open_years(SITE, state, NOW, SHOWN)
    assert isinstance(entry, OpenYear)
    return entry, after


def test_water_that_was_not_read_flowed_when_electricity_was_used() -> None:
    """Three quarters of it before New Year."""
    entry, after = opening(unread())
    assert (entry.total_l, entry.energy_total_wh, entry.converted_l) == (700, 2_750, 10)
    assert entry.apportioned
    assert after.unread is None


@pytest.mark.parametrize(
    ("state", "total_l", "converted_l"),
    [
        (coarse(500), 700, 10),
        (coarse(499), 600, 20),
        (coarse(0), 600, 20),
        (unread(dated=replace(DATED, used_wh=None)), 600, 20),
        (removed(closed_wh=2_000), 600, 20),
        (unread(dated=replace(DATED, converted_l=None)), 700, 0),
        (removed(closed_wh=3_000), 700, 10),  # what it had used is known
    ],
)
def test_what_electricity_tells_nothing_of_is_left_to_time(
    state: State, total_l: int, converted_l: int
) -> None:
    entry, _ = opening(state)
    assert (entry.total_l, entry.converted_l) == (total_l, converted_l)


def test_where_nothing_was_reckoned_no_litre_of_it_is_found() -> None:
    """All the electricity was used before New Year, when it was looked at last."""
    dated, looked = replace(DATED, converted_l=0), replace(LOOKED, used_wh=3_000, at=at(0))
    state = replace(unread(dated=dated), unread=looked)
    found = counted_at(SITE, state, Dated(800, 3_000, NOW, 0), NEW_YEAR)
    assert found == Found(800, 3_000, apportioned=True, converted_l=0)


def test_without_anything_dated_all_is_the_old_years() -> None:
    entry, _ = opening(replace(unread(), dated=None))
    assert entry.total_l == 800


@pytest.mark.parametrize(("late_ms", "begun_l"), [(0, 750), (1, 816)])
def test_a_round_that_began_before_the_look_has_its_share_by_time(
    late_ms: int, begun_l: int
) -> None:
    begins = NEW_YEAR - DAY
    looked = replace(LOOKED, at=at(-DAY + late_ms))
    rounds = (Round(2026, "december", 500, begins, NEW_YEAR),)
    state = replace(unread(), unread=looked, ledger=replace(unread().ledger, rounds=rounds))
    _, (entry,) = begin_round(SITE, state, at(-1), SHOWN)
    assert isinstance(entry, BeginLimit)
    assert entry.withdrawn_l == begun_l


def test_a_look_is_one_at_a_believed_instant_of_the_open_year_that_read_electricity() -> None:
    state = replace(unread(), unread=None, energy=Totalizer(2_750, at(-1)))
    looked = date(SITE, state, at(-1), ())
    assert looked == replace(state, unread=LOOKED)
    away = replace(removed(closed_wh=2_750), unread=None)
    assert date(SITE, away, at(-1), ()).unread == LOOKED, "nothing is used without a power meter"
    for nothing in (
        date(SITE, state, replace(at(-1), trusted=False), ()),
        date(SITE, replace(state, energy=Totalizer(2_750, at(0))), at(0), ()),
        date(SITE, state, at(-2), ()),
        date(SITE, replace(state, dated=None), at(-1), ()),
    ):
        assert nothing.unread is None


def test_a_look_is_settled_by_the_first_total_and_gone_when_one_is_dated() -> None:
    dark = replace(NOW, trusted=False)
    settled = date(SITE, unread(), dark, SHOWN)
    assert settled.unread == Dated(700, 2_750, LOOKED.at, 50)
    more = replace(settled, totalizer=Totalizer(9_000, NOW), energy=Totalizer(9_000, NOW))
    assert date(SITE, more, dark, SHOWN).unread == settled.unread
    assert date(SITE, unread(), at(-1), SHOWN).unread is None


# --- by another account --------------------------------------------------------------------------


def known() -> State:
    """As a checkpoint knew it, by an account that its entries, of which there are none, deny."""
    ledger = Ledger(closed_l=300, closed_wh=30, converted_l=3)
    return State(
        ledger=ledger,
        totalizer=Totalizer(800, NOW),
        energy=Totalizer(300, NOW),
        dated=Dated(400, 200, at(0), 20),
        booted=Dated(500, None, at(1), None),
        undated=True,
        unread=Dated(400, 250, at(2)),
        year_asked=2027,
    )


def test_what_is_known_of_instants_outlives_an_account_that_is_folded_anew() -> None:
    state = reconciled(known(), ())
    assert state.dated == Dated(100, 170, at(0), 17)
    assert state.booted == Dated(200, None, at(1), None)
    assert state.unread == Dated(100, 220, at(2))
    assert (state.undated, state.year_asked) == (True, 2027)
    assert reconciled(replace(known(), unread=None), ()).unread is None


def test_what_a_removed_power_meter_had_used_at_the_last_total_is_known_by_any_account() -> None:
    state = reconciled(replace(known(), energy=None, energy_at_total_wh=29), ())
    assert (state.energy, state.energy_at_total_wh) == (None, -1)


def test_what_is_known_of_another_year_or_series_is_not_known_of_this_one() -> None:
    for other in (replace(known().ledger, year=2026), replace(known().ledger, segment=SEGMENT)):
        state = reconciled(replace(known(), ledger=other), ())
        assert (state.dated, state.year_asked) == (None, None)
    powered = reconciled(replace(known(), ledger=replace(known().ledger, power=SEGMENT)), ())
    assert powered.dated == Dated(100, None, at(0), 17)
