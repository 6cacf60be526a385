"""Room rule: what one entry changes of an account, and that it changes nothing else, as a table.

The account in which every entry is posted has another number in each of its fields.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.ledger import Grant, Ledger, Past, Round, balance, counted_l, used_wh, withdrawn_l
from agent.core.model import (
    Allocate,
    AllocateEnergy,
    AllocationKind,
    Balance,
    BeginLimit,
    Convert,
    Correct,
    Entry,
    FitMeter,
    LayUp,
    Limit,
    Moment,
    OpenYear,
    Rate,
    RateMethod,
    RemoveMeter,
    Resume,
    Role,
    RolledOver,
)
from agent.core.posting import post
from agent.core.totalizer import Segment

A, R = AllocationKind, Role
FLOW = Segment("f1", 1_000, 1, 10_000, 500, wrapped=70)
POWER = Segment("p1", 2_000, 10, 20_000, 55, wrapped=30)
JUNE = Round(2026, "june", 400, 100, 200, before_l=3, begun_l=29)
MAY = Round(2027, "may", 500, 900, 950)
RATED = Rate(1, 3_000, RateMethod.TEST, 5, None, None, "r 1", "li", None)
FULL = Ledger(
    segment=FLOW,
    power_serial="p1",
    year=2026,
    before_l=11,
    closed_l=13,
    grants=(Grant(2026, 900, 5), Grant(2027, 800)),
    taken_over=True,
    converted_l=17,
    corrected_l=19,
    power=POWER,
    closed_wh=23,
    energy_grants=(Grant(2026, 600, 2), Grant(2027, 700)),
    rounds=(JUNE, MAY),
    rate=RATED,
    laid_up=LayUp(1_200, 2_100, "winter", "li"),
    past=(Past(2024, None, 60, 50), Past(2025, 90, 80, 70)),
)
AT = Moment(150, 7, "b1", trusted=True)


def give(kind: AllocationKind, year: int = 2026) -> Allocate:
    return Allocate(year, kind, 40, "d", "li", 1_500, 9_999)


def power(kind: AllocationKind, year: int = 2026) -> AllocateEnergy:
    return AllocateEnergy(year, kind, 40, "d", "li", 2_500, 9_999)


def fit(role: Role, closed_total: int | None, before_l: int | None = None) -> FitMeter:
    return FitMeter(role, "new", 4_000, closed_total, 2, 30_000, 60, before_l, "d", "li")


def rests(total_l: int = 1_200, total_wh: int = 2_100) -> dict[str, LayUp]:
    return {"laid_up": LayUp(total_l, total_wh, "winter", "li")}


def limit(name: str, year: int = 2026, begins_ms: int = 101, before_l: int = 4) -> Limit:
    return Limit(year, name, 450, begins_ms, 201, "d", "li", 1_500, before_l)


NEW = Segment("new", 4_000, 2, 30_000, 60)
G27, E27 = Grant(2027, 800), Grant(2027, 700)
# Counted by 1 500: 13 + 500 + 70. Used by 2 500: 23 + 500 + 30.
TABLE: list[tuple[Entry, dict[str, Any]]] = [
    (give(A.PLAN), {"grants": (Grant(2026, 40), G27)}),
    (give(A.PROVISIONAL), {"grants": (Grant(2026, 900, 0, 40, 9_999), G27)}),
    (give(A.ADDITION), {"grants": (Grant(2026, 900, 45), G27)}),
    (give(A.TRANSFER_IN), {"grants": (Grant(2026, 900, 45), G27)}),
    (give(A.CORRECTION), {"grants": (Grant(2026, 900, 45), G27)}),
    (give(A.REDUCTION), {"grants": (Grant(2026, 900, -35), G27)}),
    (give(A.TRANSFER_OUT), {"grants": (Grant(2026, 900, -35), G27)}),
    (give(A.ADDITION, 2027), {"grants": (Grant(2026, 900, 5), Grant(2027, 800, 40))}),
    (
        give(A.CORRECTION, 2025),
        {"past": (Past(2024, None, 60, 50), Past(2025, 130, 80, 70))},
    ),
    (give(A.CORRECTION, 2024), {"past": (Past(2024, 40, 60, 50), Past(2025, 90, 80, 70))}),
    (power(A.ADDITION), {"energy_grants": (Grant(2026, 600, 42), E27)}),
    (power(A.PLAN, 2027), {"energy_grants": (Grant(2026, 600, 2), Grant(2027, 40))}),
    (limit("x"), {"rounds": (JUNE, Round(2026, "x", 450, 101, 201, 4, 630), MAY)}),
    (limit("june"), {"rounds": (Round(2026, "june", 450, 101, 201, 4, 630), MAY)}),
    (
        limit("june", 2026, 100, 0),
        {"rounds": (Round(2026, "june", 450, 100, 201, 0, 29), MAY)},
    ),
    (
        limit("june", 2026, 101, 0),
        {"rounds": (Round(2026, "june", 450, 101, 201, 0), MAY)},
    ),
    (limit("may", 2027), {"rounds": (JUNE, Round(2027, "may", 450, 101, 201, 4))}),
    (
        BeginLimit(2027, "may", 33, 1_500),
        {"rounds": (JUNE, Round(2027, "may", 500, 900, 950, 0, 33))},
    ),
    (
        fit(R.FLOW_METER, 1_500),
        {"segment": NEW, "closed_l": 583, **rests(3_700)},
    ),
    (
        fit(R.FLOW_METER, 1_500, 6),
        {"segment": NEW, "closed_l": 583, "before_l": 17, **rests(3_700)},
    ),
    (
        fit(R.POWER_METER, 2_500),
        {"power": NEW, "power_serial": "new", "closed_wh": 553, **rests(total_wh=3_600)},
    ),
    (fit(R.POWER_METER, None), {"power": NEW, "power_serial": "new", **rests(total_wh=6_100)}),
    (
        RemoveMeter(R.FLOW_METER, "f1", 1_500, "d", "li"),
        {"segment": None, "closed_l": 583, **rests(-300)},
    ),
    (
        RemoveMeter(R.POWER_METER, "p1", 2_500, "d", "li"),
        {"power": None, "power_serial": None, "closed_wh": 553, **rests(total_wh=-400)},
    ),
    (
        RolledOver(9_999, 3, 10_000),
        {"segment": Segment("f1", 1_000, 1, 10_000, 500, wrapped=10_070), **rests(-8_800)},
    ),
    (
        RolledOver(19_999, 3, 20_000, R.POWER_METER),
        {
            "power": Segment("p1", 2_000, 10, 20_000, 55, wrapped=20_030),
            **rests(total_wh=-17_900),
        },
    ),
    (Correct(2026, 7, "r", "d", "li", 1_500), {"corrected_l": 26}),
    (
        Correct(2026, 7, "r", "d", "li", 1_500, 1_500, 5_000),
        {
            "corrected_l": 26,
            "closed_l": 583,
            "segment": Segment("f1", 5_000, 1, 10_000, 500),
            **rests(4_700),
        },
    ),
    (
        Correct(2025, -7, "r", "d", "li", 1_500),
        {"past": (Past(2024, None, 60, 50), Past(2025, 90, 73, 70))},
    ),
    (Convert(8, 3, 1, 3_000, 1, 2, 1_500, 2_500), {"converted_l": 25}),
    (
        Rate(2, 2_900, RateMethod.TEST, 6, 1, 2, "r 2", "li", 1_500),
        {"rate": Rate(2, 2_900, RateMethod.TEST, 6, 1, 2, "r 2", "li", 1_500)},
    ),
    (LayUp(1_500, None, "d", "li"), {"laid_up": LayUp(1_500, None, "d", "li")}),
    (Resume(1_500, 2_500, 300, 400, "d", "li"), {"laid_up": None}),
    (
        OpenYear(2027, 2026, 1_500, 0, energy_total_wh=2_500),
        {
            "segment": Segment("f1", 1_500, 1, 10_000, 500),
            "year": 2027,
            "before_l": 0,
            "closed_l": 0,
            "grants": (G27,),
            "converted_l": 0,
            "corrected_l": 0,
            "power": Segment("p1", 2_500, 10, 20_000, 55),
            "closed_wh": 0,
            "energy_grants": (E27,),
            "rounds": (MAY,),
            # 11 + 583 + 17 + 19, and 553
            "past": (*FULL.past, Past(2026, 905, 630, 553)),
        },
    ),
    (
        OpenYear(2027, 2026, 1_500, 0, energy_total_wh=2_500, converted_l=5),
        {
            "segment": Segment("f1", 1_500, 1, 10_000, 500),
            "year": 2027,
            "before_l": 0,
            "closed_l": 0,
            "grants": (G27,),
            "converted_l": 5,
            "corrected_l": 0,
            "power": Segment("p1", 2_500, 10, 20_000, 55),
            "closed_wh": 0,
            "energy_grants": (E27,),
            "rounds": (MAY,),
            "past": (*FULL.past, Past(2026, 905, 625, 553)),
        },
    ),
    (
        OpenYear(2027, 2026, 1_500, 0),  # what the power meter that is fitted counts is this year's
        {
            "segment": Segment("f1", 1_500, 1, 10_000, 500),
            "year": 2027,
            "before_l": 0,
            "closed_l": 0,
            "grants": (G27,),
            "converted_l": 0,
            "corrected_l": 0,
            "closed_wh": 0,
            "energy_grants": (E27,),
            "rounds": (MAY,),
            "past": (*FULL.past, Past(2026, 905, 630, 23)),
        },
    ),
]


@pytest.mark.parametrize(
    ("entry", "changes"),
    TABLE,
    ids=[f"{n}-{type(one).__name__}" for n, (one, _) in enumerate(TABLE)],
)
def test_an_entry_changes_this_of_the_account_and_nothing_else(
    entry: Entry, changes: dict[str, Any]
) -> None:
    posted = post(FULL, entry)
    fields = Ledger.__dataclass_fields__
    assert {one: getattr(posted, one) for one in fields} == {
        one: changes.get(one, getattr(FULL, one)) for one in fields
    }


def test_the_first_year_of_a_station_closes_none_and_keeps_what_was_before() -> None:
    young = Ledger(segment=FLOW, grants=(Grant(2025, 1), Grant(2026, 2)), closed_l=13)
    posted = post(young, OpenYear(2026, None, 1_000, 6))
    assert (posted.year, posted.before_l, posted.past) == (2026, 6, ())
    assert (posted.segment, posted.closed_l, posted.grants) == (FLOW, 13, (Grant(2026, 2),))


def test_five_closed_years_are_kept_and_a_year_closes_on_what_it_was_granted() -> None:
    ledger = Ledger(segment=FLOW, year=2026, grants=(Grant(2026, None, 5, 40, 9),))
    for year in range(2027, 2033):
        ledger = post(ledger, OpenYear(year, year - 1, 1_000, 0))
    assert [one.year for one in ledger.past] == [2027, 2028, 2029, 2030, 2031]
    first = post(
        Ledger(segment=FLOW, year=2026, grants=(Grant(2026, None, 5, 40, 9),)),
        OpenYear(2027, 2026, 1_000, 0),
    )
    assert first.past == (Past(2026, 45, 70, 0),)


def test_the_account_says_what_is_left_of_the_year_of_the_round_and_of_electricity() -> None:
    assert (counted_l(FULL, 1_500), used_wh(FULL, 2_500)) == (583, 553)
    assert withdrawn_l(FULL, 1_500) == 630
    account = balance(FULL, 1_500, AT, 2_500)
    # Of June's 400: 3 were taken before it was entered here, 601 since it began to count.
    assert account == Balance(2026, 905, 630, "june", 400 - 3 - 601, 602, 553)
    assert (account.remaining_l, account.usable_l, account.energy_remaining_wh) == (275, -204, 49)


@pytest.mark.parametrize(("utc_ms", "name"), [(99, ""), (100, "june"), (199, "june"), (200, "")])
def test_a_round_runs_from_its_first_millisecond_to_the_one_before_its_end(
    utc_ms: int, name: str
) -> None:
    account = balance(FULL, 1_500, Moment(utc_ms, 7, "b1", trusted=True), 2_500)
    assert account is not None
    assert account.limit_name == name
    assert account.usable_l == (-204 if name else 275)
    doubtful = balance(FULL, 1_500, Moment(utc_ms, 7, "b1", trusted=False), 2_500)
    assert doubtful is not None
    assert (doubtful.limit_name, doubtful.limit_remaining_l) == ("", None)


def test_a_power_meter_that_comes_while_a_well_rests_had_no_total_then() -> None:
    rests = LayUp(1_200, None, "winter", "li")
    unpowered = replace(FULL, power=None, power_serial=None, laid_up=rests)
    assert post(unpowered, fit(Role.POWER_METER, None)).laid_up == rests
