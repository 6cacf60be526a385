"""Room rule: what a start knows of the past, from its checkpoint or from the entries alone.

As in test_bounds.py.
"""

from dataclasses import replace

import pytest

from agent.core.calendar import SetClock
from agent.core.entered import Entered, refuse_again
from agent.core.entered import after as after_document
from agent.core.interlock import Standing
from agent.core.model import (
    Action,
    Allocate,
    AllocateEnergy,
    AllocationKind,
    Condition,
    ConditionKind,
    Convert,
    Correct,
    Entry,
    FitMeter,
    InterruptionCause,
    InterruptionPolicy,
    LayUp,
    Moment,
    OpenYear,
    Rate,
    RateMethod,
    Record,
    Refusal,
    Refused,
    Resume,
    Role,
    Use,
)
from agent.core.override import Lifting
from agent.core.rebuild import rebuilt, reconciled
from agent.core.spent import Spent, Used, of_epoch
from agent.core.state import Dated, Interruption, State
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import HOUR, MINUTE, SECOND, utc_ms

K = ConditionKind
AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


def test_of_everything_a_checkpoint_knows_of_the_present_nothing_is_lost() -> None:
    """The account was altered, so the entries are believed; the rest of it stands."""
    known = State(
        permitted=True,
        cut_at=moment(1),
        cut_by_lapse=True,
        lifting=Lifting(Use.FIRE, 5, 6, 7),
        clock=SetClock(8, 9, "b1"),
        declared=("bus 1",),
        scanned_at=moment(2),
        watermark=moment(3),
        seen_ids=("a",),
        spent=Spent((Used("a", "b", 5),), 4, 3, "e"),
        ended_utc_ms=9,
        standing=Standing(conditions=(Condition(K.DRY_WELL, moment(), Action.CUT, latched=True),)),
    )
    state = reconciled(known, ())
    for name in [
        "permitted",
        "cut_at",
        "cut_by_lapse",
        "lifting",
        "clock",
        "declared",
        "scanned_at",
        "watermark",
        "seen_ids",
        "spent",
        "ended_utc_ms",
        "standing",
    ]:
        assert getattr(state, name) == getattr(known, name), name


def test_estimates_that_entries_tell_add_up_to_what_waits() -> None:
    def told(number: int, body: Entry) -> Record:
        return Record(number, AT + number * MINUTE, True, body)  # it was trusted

    def estimate(litres: int) -> Convert:
        return Convert(litres, 30, 1, 3_000, AT, AT + MINUTE, None, None)

    state = rebuilt([told(1, estimate(90)), told(2, estimate(60))])
    assert state.interruption is not None
    assert state.interruption.converted_l == 150 == state.ledger.converted_l
    assert state.interruption.entered_at.utc_ms == AT + 2 * MINUTE
    assert state.interruption.began.utc_ms == AT + MINUTE
    assert (
        rebuilt([told(1, estimate(90)), told(2, replace(estimate(0), ends=True))]).interruption
        is None
    )


def test_a_total_that_an_estimate_carries_was_accepted_when_its_stretch_began() -> None:
    fit = FitMeter(Role.FLOW_METER, "f1", 500, None, 1, 10**9, 100_000, 0, "d", "li")
    told = Convert(90, 30, 1, 3_000, AT + 7_000, AT + 9_000, 700, None)
    records = [
        Record(1, AT, True, fit),  # it was trusted
        Record(2, AT + 9_000, True, told),
    ]
    totalizer = rebuilt(records).totalizer
    assert totalizer is not None
    assert (totalizer.last, totalizer.runnable_ms) == (700, 2_000)


def test_a_total_that_another_entry_carries_is_as_old_as_the_entry() -> None:
    fit = FitMeter(Role.FLOW_METER, "f1", 500, None, 1, 10**9, 100_000, 0, "d", "li")
    rated = Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", 700)
    entries: tuple[Entry, ...] = (fit, rated)
    told = [Record(n, AT + n, True, one) for n, one in enumerate(entries, 1)]
    totalizer = rebuilt(told).totalizer
    assert totalizer is not None
    assert (totalizer.last, totalizer.runnable_ms) == (700, 0)


def test_a_memory_of_used_commands_belongs_to_one_journal() -> None:
    spent = Spent((Used("a", "b", 5),), 4, 3, "")
    assert of_epoch(spent, "e") == replace(spent, epoch="e")
    assert of_epoch(replace(spent, epoch="e"), "e") == replace(spent, epoch="e")
    assert of_epoch(replace(spent, epoch="e"), "f") == Spent((), 4, None, "f")


FITTED: tuple[Entry, ...] = (
    FitMeter(Role.FLOW_METER, "f1", 500, None, 1, 10**9, 100_000, 0, "d", "li"),
    FitMeter(Role.POWER_METER, "p1", 60, None, 10, 10**9, 55_000, None, "d", "li"),
)


def after(*entries: Entry, trusted: bool = True) -> State:
    """Both meters are fitted, and each entry is a second after the one before it."""
    told = enumerate((*FITTED, *entries), -1)
    return rebuilt(Record(n + 2, AT + n * SECOND, trusted, one) for n, one in told)


@pytest.mark.parametrize(
    ("entry", "total_l", "total_wh", "at_total_wh"),
    [
        (Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", 700), 700, 63, None),
        (Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", 650), 650, 63, 3),
        (AllocateEnergy(2026, AllocationKind.PLAN, 40, "d", "li", 90, None), 650, 90, 3),
        (LayUp(700, 90, "winter", "li"), 700, 90, 30),
        (LayUp(700, None, "winter", "li"), 700, 63, None),
        (Correct(2026, 7, "tank", "d", "li", 700), 700, 63, None),
        (Correct(2026, 7, "tank", "d", "li", 700, 700, 20), 20, 63, None),  # a ruling: from there
        (Convert(30, 10, 1, 3_000, 0, 0, 650, 80), 650, 80, 10),  # its own began before it
        (Convert(-3, 10, 1, 3_000, 0, 0, 700, 80, ends=True), 700, 80, 20),
        (OpenYear(2027, None, 700, 0, energy_total_wh=90), 700, 90, 30),
    ],
)
def test_the_last_total_that_an_entry_carried_is_what_is_known(
    entry: Entry, total_l: int, total_wh: int, at_total_wh: int | None
) -> None:
    state = after(Resume(650, 63, 0, 0, "spring", "li"), entry)
    assert state.totalizer is not None
    assert state.energy is not None
    assert (state.totalizer.last, state.energy.last) == (total_l, total_wh)
    assert state.energy_at_total_wh == at_total_wh


@pytest.mark.parametrize("trusted", [True, False])
def test_time_that_passed_between_entries_is_known_to_both_meters_if_a_clock_was(
    *, trusted: bool
) -> None:
    rests = Resume(500, 60, 0, 0, "d", "li")
    state = after(rests, trusted=trusted)
    assert state.totalizer is not None
    assert state.energy is not None
    aged = (state.totalizer.runnable_ms, state.energy.runnable_ms)
    assert aged == ((2_000, 1_000) if trusted else (None, None))
    assert state.scanned_at == Moment(AT + SECOND, 0, "record 3", trusted)
    assert state.watermark == (state.scanned_at if trusted else None)


@pytest.mark.parametrize(("lasted_ms", "runnable_ms"), [(-1, 0), (0, 0), (1, 1)])
def test_an_estimate_of_no_time_was_accepted_with_its_entry(
    lasted_ms: int, runnable_ms: int
) -> None:
    state = after(Convert(90, 30, 1, 3_000, AT, AT + lasted_ms, 700, 90))
    assert state.totalizer is not None
    assert state.totalizer.runnable_ms == runnable_ms
    now = Moment(AT + SECOND, 0, "record 3", trusted=True)
    assert state.interruption == Interruption(
        began=now,
        cause=InterruptionCause.SILENT,
        running=True,
        policy=InterruptionPolicy.CONVERT,
        counted_l=200,
        used_wh=30,
        entered_at=now,
        converted_l=90,
    )


def test_a_total_of_another_series_than_the_entries_tell_is_not_believed() -> None:
    now = Moment(AT, 5, "b1", trusted=True)
    told = [Record(n, AT, True, one) for n, one in enumerate(FITTED, 1)]
    same = replace(rebuilt(told), totalizer=Totalizer(640, now))
    other = replace(same, ledger=replace(same.ledger, segment=Segment("f0", 5, 1, 10**9, 9)))
    for state, last in ((same, 640), (other, 500), (replace(same, totalizer=None), 500)):
        totalizer = reconciled(state, tuple(told)).totalizer
        assert totalizer is not None
        assert totalizer.last == last


def test_electricity_of_another_meter_than_the_entries_tell_is_not_believed() -> None:
    told = tuple(Record(n, AT, True, one) for n, one in enumerate(FITTED, 1))
    same = replace(rebuilt(told), energy=Totalizer(85, moment()))
    other = replace(same, ledger=replace(same.ledger, power=Segment("p0", 5, 1, 10**9, 9)))
    for state, last in ((same, 85), (other, 60)):
        energy = reconciled(state, told).energy
        assert energy is not None
        assert energy.last == last


def test_what_was_counted_at_an_instant_moves_with_the_account_of_the_meters_before() -> None:
    """By the entries those counted 60 l and 30 Wh this year, and the checkpoint said 40 and 25."""
    fitted = (
        *FITTED,
        FitMeter(Role.FLOW_METER, "f2", 7, 560, 1, 10**9, 100_000, None, "d", "li"),
        FitMeter(Role.POWER_METER, "p2", 9, 90, 10, 10**9, 55_000, None, "d", "li"),
    )
    told = tuple(Record(n, AT, True, one) for n, one in enumerate(fitted, 1))
    known = rebuilt(told)
    state = replace(
        known,
        ledger=replace(known.ledger, closed_l=40, closed_wh=25, converted_l=3),
        dated=Dated(100, 50, moment(), 13),
        booted=Dated(90, None, moment(), None),
    )
    after = reconciled(state, told)
    assert (after.ledger.closed_l, after.ledger.closed_wh, after.ledger.converted_l) == (60, 30, 0)
    assert after.dated == Dated(120, 55, moment(), 10)
    assert after.booted == Dated(110, None, moment(), None)


def test_sixty_four_documents_are_known_again_and_the_oldest_makes_room() -> None:
    def addition(number: int) -> Allocate:
        return Allocate(2026, AllocationKind.ADDITION, 40, f"no. {number}", "li", None, None)

    known: tuple[Entered, ...] = ()
    for number in range(65):
        known = after_document(known, addition(number))
    assert len(known) == 64
    assert refuse_again(known, addition(0)) is None
    assert refuse_again(known, addition(1)) == Refusal(Refused.ENTERED_ALREADY, "no. 1")
