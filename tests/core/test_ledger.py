"""Room rule: what an entry does to the account when it is posted, and what may never be posted."""

import pytest

from agent.core.ledger import Ledger, balance, withdrawn_l
from agent.core.model import (
    Allocate,
    AllocationKind,
    Entry,
    FitMeter,
    Moment,
    OpenYear,
    RemoveMeter,
    Role,
    RolledOver,
)
from agent.core.posting import post
from agent.core.totalizer import Segment, Stood, Totalizer, allowed_forward, judge

NOW = Moment(1_780_000_000_000, 1_000, "boot-1", trusted=True)
SEGMENT = Segment("f1", 0, 1, 1_000_000, 100_000)


def meter(
    role: Role, total: int, closed_total: int | None = None, before_l: int | None = None
) -> FitMeter:
    return FitMeter(role, "f1", total, closed_total, 1, 1_000_000, 100_000, before_l, "form", "li")


def allocate(year: int, kind: AllocationKind, volume_l: int) -> Allocate:
    return Allocate(year, kind, volume_l, "doc", "li", None, NOW.utc_ms + 1)


def test_an_account_is_what_the_entries_make_it() -> None:
    ledger = Ledger()
    entry: Entry
    for entry in (
        allocate(2026, AllocationKind.PROVISIONAL, 40_000),
        meter(Role.FLOW_METER, 500, before_l=7_000),
        meter(Role.POWER_METER, 90),
        OpenYear(2026, None, 500, 7_000),
    ):
        ledger = post(ledger, entry)
    account = balance(ledger, 1_500, NOW)
    assert account is not None
    assert (account.year, account.allocated_l, account.withdrawn_l) == (2026, 40_000, 8_000)
    assert account.remaining_l == 32_000
    for entry in (
        allocate(2026, AllocationKind.PLAN, 90_000),
        allocate(2026, AllocationKind.ADDITION, 20_000),
        allocate(2026, AllocationKind.REDUCTION, 5_000),
        allocate(2027, AllocationKind.PLAN, 80_000),
        RolledOver(999_900, 100, 1_000_000),
        meter(Role.FLOW_METER, 10, closed_total=2_000),
    ):
        ledger = post(ledger, entry)
    account = balance(ledger, 110, NOW)
    assert account is not None
    assert account.allocated_l == 105_000
    assert account.withdrawn_l == 7_000 + (2_000 - 500 + 1_000_000) + 100
    assert [grant.year for grant in ledger.grants] == [2026, 2027]


def test_a_year_that_opens_closes_the_account_of_the_one_before() -> None:
    ledger = Ledger()
    for entry in (
        meter(Role.FLOW_METER, 999_000, before_l=7_000),
        OpenYear(2026, None, 999_000, 7_000),
        allocate(2026, AllocationKind.PLAN, 90_000),
        allocate(2027, AllocationKind.PLAN, 80_000),
        RolledOver(999_900, 100, 1_000_000),
        OpenYear(2027, 2026, 5_000, 0),
    ):
        ledger = post(ledger, entry)
    assert withdrawn_l(ledger, 5_600) == 600
    assert [grant.year for grant in ledger.grants] == [2027]


def test_nothing_is_allocated_is_not_zero_litres() -> None:
    ledger = post(Ledger(), OpenYear(2026, None, 0, 0))
    assert balance(Ledger(), None, NOW) is None
    assert balance(ledger, None, NOW) is None
    planned = post(ledger, allocate(2026, AllocationKind.PLAN, 1))
    used = balance(post(planned, allocate(2026, AllocationKind.REDUCTION, 1)), None, NOW)
    assert used is not None
    assert used.remaining_l == 0


def test_a_coarse_meter_may_step_back_by_two_of_its_steps() -> None:
    coarse = Segment("f1", 0, 10_000, 1_000_000_000, 100_000)
    totalizer = Totalizer(500_000, NOW)
    judged = judge(totalizer, coarse, 480_000, NOW, slack_ms=1000, confirm_scans=3)
    assert judged == Stood(totalizer)
    assert judge(totalizer, coarse, 479_999, NOW, slack_ms=1000, confirm_scans=3) != judged


def test_when_no_clock_can_tell_only_the_steps_of_the_display_are_allowed() -> None:
    assert allowed_forward(Totalizer(0, NOW, None), SEGMENT, 1000) == 2
    assert allowed_forward(Totalizer(0, NOW, 0), SEGMENT, 1000) == 35
    assert allowed_forward(Totalizer(0, NOW, 9_000), SEGMENT, 1000) == 335


def test_what_can_never_be_posted_is_our_own_fault() -> None:
    with pytest.raises(AssertionError, match="level probe"):
        post(Ledger(), meter(Role.LEVEL_PROBE, 0))
    with pytest.raises(AssertionError, match="level probe"):
        post(Ledger(), RemoveMeter(Role.LEVEL_PROBE, "l1", 0, "form", "li"))
    with pytest.raises(AssertionError, match="no meter is fitted"):
        post(Ledger(), RolledOver(1, 0, 1))
    with pytest.raises(AssertionError, match="on a fitted meter"):
        post(Ledger(), OpenYear(2027, 2026, 0, 0))
    with pytest.raises(AssertionError, match="has an expiry"):
        post(Ledger(), Allocate(2026, AllocationKind.PROVISIONAL, 1, "d", "li", None))
