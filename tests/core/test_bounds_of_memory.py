"""Room rule: what a start knows of the past, from its checkpoint or from the entries alone.

As in test_bounds.py.
"""

from dataclasses import replace

from agent.core.interlock import Standing
from agent.core.model import (
    Action,
    Condition,
    ConditionKind,
    Convert,
    Entry,
    FitMeter,
    Moment,
    Rate,
    RateMethod,
    Record,
    Role,
    Use,
)
from agent.core.override import Lifting
from agent.core.rebuild import rebuilt, reconciled
from agent.core.spent import Spent, Used, of_epoch
from agent.core.state import State
from tests.core.story import HOUR, MINUTE, utc_ms

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
