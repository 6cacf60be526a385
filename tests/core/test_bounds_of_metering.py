"""Room rule: the last value on either side of a bound: interruptions, suspicion, totals.

As in test_bounds.py; what stands here is about water that is counted, or is not.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.accounting import pass_time, take_total
from agent.core.facts import Evidence, converting
from agent.core.interruptions import watch_metering
from agent.core.ledger import Ledger
from agent.core.model import (
    Action,
    Balance,
    ConditionKind,
    Contacts,
    Convert,
    Fault,
    InterruptionBegan,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    Moment,
    Rate,
    RateMethod,
)
from agent.core.pump import Pump, View
from agent.core.ratings import learn
from agent.core.state import Interruption, Learned, Seen, State
from agent.core.totalizer import (
    Accepted,
    Bound,
    Held,
    Judgement,
    Segment,
    Suspect,
    Totalizer,
    judge,
)
from tests.core.story import (
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    SITE,
    Story,
    readings,
    utc_ms,
)

K = ConditionKind
AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0, boot: str = "b1", *, trusted: bool = True) -> Moment:
    return Moment(AT + passed_ms, 5 * HOUR + passed_ms, boot, trusted)


# --- interruptions -----------------------------------------------------------------------------


def interrupted(converted_l: int, counted_l: int) -> State:
    """What was converted, and what the totalizer counted meanwhile after all."""
    rated = Rate(1, 1_000, RateMethod.TEST, 1, None, None, "r", "li", None)
    now = Interruption(
        moment(-HOUR),
        InterruptionCause.SILENT,
        True,  # the pump ran
        InterruptionPolicy.CONVERT,
        0,
        0,
        moment(-MINUTE),
        converted_l,
    )
    return State(
        ledger=Ledger(
            segment=Segment("f1", 0, 1, 10**9, 100_000),
            year=2026,
            converted_l=converted_l,
            rate=rated,
        ),
        totalizer=Totalizer(counted_l, moment()),
        interruption=now,
        scanned_at=moment(-1000),
    )


@pytest.mark.parametrize(
    ("converted_l", "counted_l", "standing_l"),
    [
        (100_000, 75_000, 0),  # within a quarter: an estimate may be off by as much
        (100_000, 74_999, 25_001),
        (1_000, 0, 0),  # within what two honest looks at a total differ by
        (1_001, 0, 1_001),
        (100_000, 120_000, 0),
        (100_000, 0, 100_000),
    ],
)
def test_metered_water_takes_back_an_estimate_that_it_explains(
    converted_l: int, counted_l: int, standing_l: int
) -> None:
    state, bodies = watch_metering(
        SITE, interrupted(converted_l, counted_l), moment(), running=True, may_enter=True
    )
    entry, ended = bodies
    assert isinstance(ended, InterruptionEnded)
    assert isinstance(entry, Convert)
    assert (ended.converted_l, ended.counted_l) == (converted_l, counted_l)
    assert ended.standing_l == standing_l == state.ledger.converted_l
    assert (entry.volume_l, entry.energy_wh, entry.ends) == (standing_l - converted_l, 0, True)
    assert (entry.from_utc_ms, entry.to_utc_ms) == (AT - MINUTE, AT)
    assert state.interruption is None


def test_an_interruption_in_which_nothing_was_converted_makes_no_entry() -> None:
    state, bodies = watch_metering(
        SITE, interrupted(0, 500), moment(), running=True, may_enter=True
    )
    assert [type(one) for one in bodies] == [InterruptionEnded]
    assert state.ledger.converted_l == 0
    waits, said = watch_metering(
        SITE, interrupted(5_000, 0), moment(), running=True, may_enter=False
    )
    assert (said, waits.interruption is None) == ((), False)


def test_what_was_reckoned_is_entered_every_ten_minutes_from_a_litre_on() -> None:
    """At 1 m3 per kWh. Since it was entered last, a minute had passed."""

    def entered(used_wh: int, passed_ms: int) -> list[int]:
        state = interrupted(0, 0)
        power = Segment("p1", 0, 1, 10**9, 55_000)
        state = replace(
            state, ledger=replace(state.ledger, power=power), energy=Totalizer(used_wh, moment())
        )
        _, bodies = watch_metering(SITE, state, moment(passed_ms), running=True, may_enter=True)
        return [one.volume_l for one in bodies if isinstance(one, Convert)]

    assert entered(1, 9 * MINUTE) == [1]
    assert entered(1, 9 * MINUTE - 1) == []
    assert entered(0, 9 * MINUTE) == []
    assert entered(2_002, HOUR) == [2_002]


def test_an_interruption_without_a_power_meter_knows_no_electricity() -> None:
    jumped = Totalizer(500, moment(), jumped=True)
    state = State(ledger=Ledger(segment=METER), totalizer=jumped, scanned_at=moment(-1000))
    after, _ = watch_metering(SITE, state, moment(1000), running=True, may_enter=True)
    assert after.interruption is not None
    assert (after.interruption.counted_l, after.interruption.used_wh) == (500, None)


def test_silence_interrupts_when_it_has_lasted_as_long_as_its_alarm() -> None:
    story = Story().commission(10**8).after(2)
    story.start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(60)
    assert story.of(InterruptionBegan) == []
    story.after(1)
    (began,) = story.of(InterruptionBegan)
    assert began.policy is InterruptionPolicy.CUT, "no coefficient is in force"


@pytest.mark.parametrize(
    ("step_l", "kind"), [(70_000, K.TOTAL_JUMPED), (-70_000, K.TOTAL_REVERSED)]
)
def test_a_total_that_stays_elsewhere_for_three_scans_interrupts(step_l: int, kind: K) -> None:
    story = Story().commission(10**8).after(2)
    story.total_ml += step_l * 1000
    story.after(2)
    assert story.conditions == {}
    story.after(1)
    assert story.conditions == {kind: Action.ALARM}
    assert [one.cause for one in story.of(InterruptionBegan)] == [
        InterruptionCause.JUMPED if step_l > 0 else InterruptionCause.REVERSED
    ]


def test_every_total_of_the_station_ages_with_its_time() -> None:
    known = Totalizer(500, moment(), 5)
    state = State(totalizer=known, reverse=known, energy=known, scanned_at=moment())
    for may_have_run, runnable_ms in ((True, 1005), (False, 5)):
        pump = Pump(could_run=False)
        after = pass_time(SITE, replace(state, pump=pump), moment(1000), may_have_run=may_have_run)
        assert after.totalizer == replace(known, runnable_ms=runnable_ms)
        assert after.reverse == after.energy == replace(known, runnable_ms=1005)
    dark = pass_time(SITE, state, moment(1000, "b2", trusted=False), may_have_run=False)
    assert dark.totalizer == dark.reverse == dark.energy == replace(known, runnable_ms=None)


@pytest.mark.parametrize(
    ("converted_l", "lasted_ms", "left"),
    [
        (49_999, HOUR, (1, 71 * HOUR)),
        (50_000, HOUR, None),  # a twentieth of what is allocated
        (0, 72 * HOUR - 1, (50_000, 1)),
        (0, 72 * HOUR, None),
    ],
)
def test_electricity_stands_in_until_the_last_litre_and_millisecond(
    converted_l: int, lasted_ms: int, left: tuple[int, int] | None
) -> None:
    now = moment(lasted_ms - HOUR)
    state = replace(interrupted(converted_l, 0), energy=Totalizer(0, now))
    found = Evidence(
        Seen(now, ()),
        (),
        View(None, None, None, None),
        Balance(2026, 10**6, 0),
        water_given=False,
        moment=now,
    )
    exempt = converting(SITE, state, found)
    assert (exempt and (exempt.volume_l, exempt.time_ms)) == left


@pytest.mark.parametrize(("found", "proposes"), [(3_300, False), (3_301, True), (2_700, False)])
def test_a_coefficient_that_is_a_tenth_off_is_left_in_peace(found: int, *, proposes: bool) -> None:
    rated = Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None)
    learned = Learned(found * 100, 100_000, 10 * HOUR)
    state, said = learn(State(ledger=Ledger(rate=rated), learned=learned), ())
    assert (bool(said), state.learned) == (proposes, Learned())
    waiting = State(learned=replace(learned, lasted_ms=10 * HOUR - 1))
    assert learn(waiting, ()) == (waiting, ())


def test_meters_that_have_not_settled_are_excused_for_that_time_and_their_own() -> None:
    story = Story().commission(10**9).after(2)
    story.contacts = Contacts(mains_present=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER, *OF_POWER_METER)
    story.after(1)
    (exempt,) = story.outcomes[-1].decision.exceptions
    assert (exempt.kind, exempt.time_ms) == (K.FLOW_METER_SILENT, 32 * MINUTE)
    assert exempt.volume_l == 53_333  # at the declared flow


# --- suspicion ---------------------------------------------------------------------------------

METER = Segment("f1", 0, 1, 1_000_000_000, 100_000)


def suspected(total: int, passed_ms: int = 1000, **changes: Any) -> Totalizer:
    before = Totalizer(
        500_000, moment(), runnable_ms=0, suspect=Suspect(600_000, 600_000, 1, moment())
    )
    judged = judge(
        replace(before, **changes),
        METER,
        total,
        moment(passed_ms),
        slack_ms=1000,
        confirm_scans=9,
        bound=Bound(),
    )
    assert isinstance(judged, Held)
    after = judged.totalizer.suspect
    assert judged.fresh is (after is not None and after.count == 1 and not changes)
    return judged.totalizer


@pytest.mark.parametrize(
    ("step", "count"),
    [(0, 2), (102, 2), (103, 1), (-1, 1)],  # 100 m3/h and a fifth, for a second and two scans; 2 l
)
def test_a_total_agrees_with_a_suspicion_when_it_goes_on_from_it(step: int, count: int) -> None:
    after = suspected(600_000 + step)
    assert after.suspect is not None
    assert after.suspect.count == count
    assert after.suspect.latest == 600_000 + step
    assert after.suspect.first == (600_000 if count == 2 else 600_000 + step)


def test_a_jump_keeps_the_lowest_total_that_belongs_to_it() -> None:
    after = suspected(590_000, jumped=True)
    assert after.suspect == Suspect(590_000, 590_000, 2, moment(1000))
    above = suspected(610_000, jumped=True)
    assert above.suspect == Suspect(600_000, 610_000, 2, moment(1000))
    below = suspected(400_000, jumped=True)
    assert below.suspect == Suspect(600_000, 600_000, 1, moment())


def test_evidence_that_allows_enough_is_enough() -> None:
    def judged(total: int) -> Judgement:
        waited = Totalizer(500_000, moment(), HOUR)
        return judge(
            waited, METER, total, moment(), slack_ms=1000, confirm_scans=3, bound=Bound(900)
        )

    allowed = judged(500_902)
    assert isinstance(allowed, Accepted)
    assert (allowed.rolled_over, allowed.confirmed, allowed.bounded) == (False, False, True)
    assert isinstance(judged(500_903), Held)


@pytest.mark.parametrize(("unread_ms", "used_wh"), [(60_000, 30), (60_001, None)])
def test_what_a_power_meter_used_is_known_of_a_total_while_it_was_read_of_late(
    unread_ms: int, used_wh: int | None
) -> None:
    power = Segment("p1", 100, 1, 10**9, 50_000)
    state = State(
        ledger=Ledger(segment=METER, power=power),
        totalizer=Totalizer(500_000, moment()),
        energy=Totalizer(130, moment(1000 - unread_ms)),
    )
    after, _, _ = take_total(SITE, state, readings(500_000), moment(1000), may_enter=True)
    assert after.energy_at_total_wh == used_wh
