"""Room rule: a platform's signed commands: for one time, for a while, and never by a wrong clock.

Chapters: single use, time, what a network may send without end, what is asked of the records.
"""

from dataclasses import replace

import pytest

from agent import rows
from agent.core.model import (
    Capability,
    Grant,
    Order,
    Origin,
    Rank,
    Record,
    Refusal,
    RefusalsCounted,
    Refused,
    ReportOrder,
    ResendOrder,
    Sample,
    SetClockOrder,
    StopOrder,
    TurnedAway,
    Verdict,
)
from agent.core.rebuild import rebuilt
from agent.core.spent import LIFETIME_MAX_MS, LOST, SKEW_MS, SPENT_MAX, of_epoch
from agent.core.state import State
from agent.core.tallies import TALLIES_MAX
from tests.core.signed import ADD, allocated_l, commissioned, restarted
from tests.core.story import DAY, HOUR, MINUTE, addition, reduction

# --- single use ------------------------------------------------------------------------------


def test_a_command_gives_its_water_once() -> None:
    story = commissioned()
    command = story.signed(ADD)
    assert story.hand_in(command) == ["accepted"]
    assert allocated_l(story) == 105_000
    for _ in range(3):
        assert story.hand_in(command) == [Refused.DUPLICATE]
        restarted(story)
    assert allocated_l(story) == 105_000


def test_a_copy_in_the_same_scan_is_a_copy() -> None:
    story = commissioned()
    command = story.signed(ADD)
    assert story.hand_in(command, command) == ["accepted", Refused.DUPLICATE]
    assert allocated_l(story) == 105_000


def test_the_sender_of_a_copy_hears_what_became_of_the_first() -> None:
    story = commissioned()
    good, bad = story.signed(ADD), story.signed(reduction(10**9))
    story.hand_in(good, bad)
    verdicts = story.look(good, bad).verdicts
    assert [one.refusal.expected for one in verdicts if one.refusal] == [
        "accepted",
        Refused.REDUCTION_TOO_LARGE,
    ]


def test_an_id_is_used_up_whatever_was_signed_under_it() -> None:
    story = commissioned()
    assert story.hand_in(story.signed(ADD, "same")) == ["accepted"]
    assert story.hand_in(story.signed(addition(7_000), "same")) == [Refused.DUPLICATE]


def test_two_platforms_may_use_the_same_id() -> None:
    story = commissioned()
    assert story.hand_in(story.signed(ADD, "1")) == ["accepted"]
    assert story.hand_in(story.signed(addition(5_000), "1", platform="a")) == ["accepted"]
    assert allocated_l(story) == 110_000


def test_what_was_refused_is_not_taken_when_it_would_fit() -> None:
    """A release that came too early must not lift the stop that somebody else gives later."""
    story = commissioned()
    command = story.signed(ADD)
    late = story.signed(StopOrder("no"), platform="nobody")
    assert story.hand_in(late) == [Refused.NOT_ALLOWED]
    story.site = replace(
        story.site, granted=(*story.site.granted, Grant("nobody", frozenset(Capability)))
    )
    assert story.hand_in(late, command) == [Refused.DUPLICATE, "accepted"]


def test_a_full_memory_refuses_and_forgets_nothing() -> None:
    story = commissioned()
    first = story.signed(ReportOrder())
    assert story.hand_in(first) == ["accepted"]
    for _ in range(SPENT_MAX - 1):
        assert story.hand_in(story.signed(ReportOrder())) == ["accepted"]
    assert story.hand_in(story.signed(ADD)) == [Refused.IDS_FULL]
    assert story.hand_in(first) == [Refused.DUPLICATE]
    assert story.hand_in(story.signed(addition(5_000), platform="a")) == ["accepted"]
    story.now_ms += DAY + MINUTE
    assert story.hand_in(story.signed(ADD)) == ["accepted"]
    assert len(story.state.spent.used) == 1
    assert story.hand_in(first) == [Refused.EXPIRED]


def test_a_stop_that_was_obeyed_is_written_down_though_the_memory_filled_meanwhile() -> None:
    """It waited behind the orders that filled it; who obeyed it cannot refuse it any more."""
    story = commissioned()
    for _ in range(SPENT_MAX):
        assert story.hand_in(story.signed(ReportOrder())) == ["accepted"]
    obeyed = replace(story.signed(StopOrder("leak")), held=True)
    assert story.hand_in(obeyed) == ["accepted"]
    assert story.hand_in(obeyed) == [Refused.DUPLICATE]
    assert story.hand_in(story.signed(ADD)) == [Refused.IDS_FULL]
    assert [one.actor for one in story.state.stops] == [obeyed.actor]


def test_the_state_of_a_full_memory_stays_small() -> None:
    story = commissioned()
    before = len(rows.dumps(rows.to_row(story.state)))
    for n in range(SPENT_MAX):
        story.hand_in(story.signed(ReportOrder(), f"{n:064}"))
    assert len(rows.dumps(rows.to_row(story.state))) - before < 110 * SPENT_MAX


# --- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lives_ms", "issued_ms", "said"),
    [
        (DAY, 0, "accepted"),
        (LIFETIME_MAX_MS, 0, "accepted"),
        (LIFETIME_MAX_MS + 1, 0, Refused.LIFETIME),
        (0, 0, Refused.LIFETIME),
        (-1, 0, Refused.LIFETIME),
        (HOUR, -HOUR, Refused.EXPIRED),
        (HOUR, -DAY, Refused.EXPIRED),
        (HOUR, -HOUR + MINUTE, "accepted"),
        (DAY, SKEW_MS, "accepted"),
        (DAY, SKEW_MS + MINUTE, Refused.NOT_YET),
        (DAY, 365 * DAY, Refused.NOT_YET),
    ],
)
def test_a_command_has_its_time(lives_ms: int, issued_ms: int, said: str) -> None:
    story = commissioned()
    command = story.signed(ADD, lives_ms=lives_ms, issued_ms=issued_ms)
    assert story.hand_in(command) == [said]
    assert allocated_l(story) == (105_000 if said == "accepted" else 100_000)


def test_a_calendar_that_steps_back_revives_no_command() -> None:
    story = commissioned()
    used, fresh = story.signed(ADD, lives_ms=HOUR), story.signed(ADD, lives_ms=HOUR)
    assert story.hand_in(used) == ["accepted"]
    story.now_ms += 2 * HOUR
    assert story.hand_in(fresh) == [Refused.EXPIRED]
    story.calendar_off_ms = -3 * HOUR
    assert story.hand_in(used, fresh) == [Refused.EXPIRED, Refused.EXPIRED]


def test_a_calendar_that_a_supervisor_lowers_revives_no_command_that_was_used() -> None:
    story = commissioned()
    used = story.signed(ADD, lives_ms=HOUR)
    assert story.hand_in(used) == ["accepted"]
    story.now_ms += 2 * HOUR
    story.after(1)
    assert story.state.spent.used == ()
    story.trusted = False
    lowered = SetClockOrder(story.begins_utc_ms, "the battery was exchanged")
    assert story.ask(lowered, Origin.CONSOLE, Rank.SUPERVISOR) is None
    assert story.hand_in(used) == [Refused.EXPIRED]
    assert allocated_l(story) == 105_000


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (ADD, Refused.CLOCK_UNTRUSTED),
        (ReportOrder(), Refused.CLOCK_UNTRUSTED),
        (StopOrder("a burst pipe"), "accepted"),
    ],
)
def test_a_clock_that_is_not_believed_obeys_a_stop_alone(order: Order, said: str) -> None:
    story = commissioned()
    story.trusted = False
    assert story.hand_in(story.signed(order)) == [said]


def test_a_clock_that_is_not_believed_may_be_told_the_time() -> None:
    story = commissioned()
    story.power_off(DAY, trusted=False)
    story.after(1)
    now_ms = story.begins_utc_ms + story.now_ms
    assert story.hand_in(story.signed(SetClockOrder(now_ms, "time of the centre"))) == ["accepted"]
    assert story.hand_in(story.signed(ADD)) == ["accepted"]


def test_a_memory_that_was_lost_takes_nothing_that_may_have_been_used() -> None:
    story = commissioned()
    used = story.signed(ADD)
    assert story.hand_in(used) == ["accepted"]
    entries = [
        Record(n, outcome.moment.utc_ms, outcome.moment.trusted, body)
        for outcome in story.outcomes
        for n, body in enumerate(outcome.bodies, 1)
        if rows.kind_of(type(body)) in rows.ENTRIES
    ]
    story.state = rebuilt(entries)
    assert allocated_l(story) == 105_000
    story.trusted = False
    assert story.hand_in(used) == [Refused.CLOCK_UNTRUSTED]
    story.trusted = True
    story.state = rebuilt(entries)
    story.after(5)
    assert story.hand_in(used) == [Refused.ISSUED_BEFORE]
    assert allocated_l(story) == 105_000
    assert story.hand_in(story.signed(addition(5_000))) == ["accepted"]


def test_an_epoch_that_began_again_has_lost_its_memory() -> None:
    kept = of_epoch(State().spent, "e1")
    assert kept.begun_utc_ms == 0
    assert of_epoch(kept, "e1") == kept
    assert of_epoch(kept, "e2") == replace(LOST, epoch="e2")


# --- what a network may send without end -------------------------------------------------------


def test_a_flood_is_two_records_a_minute() -> None:
    story = commissioned()
    before = len(story.of(Verdict))
    away = Refusal(Refused.UNSIGNED, "signature")
    story.turned_away = (TurnedAway("province", "", away, 10),)
    story.after(180)
    assert len(story.of(Verdict)) - before == 3
    counted = story.of(RefusalsCounted)
    assert [one.reason for one in counted] == [Refused.UNSIGNED] * 2
    assert sum(one.count for one in counted) + 2 == 2 * 600
    assert all(60_000 <= one.to_utc_ms - one.from_utc_ms <= 61_000 for one in counted)


def test_replays_are_counted_as_well_and_each_sender_is_answered() -> None:
    story = commissioned()
    command = story.signed(ADD)
    story.hand_in(command)
    before = len(story.records)
    for _ in range(20):
        assert story.hand_in(command) == [Refused.DUPLICATE]
    assert [type(one) for one in story.records[before:]] == [Verdict, Sample]


def test_a_refusal_that_stays_alone_is_not_counted() -> None:
    story = commissioned()
    story.hand_in(story.signed(reduction(10**9)))
    story.after(120)
    assert story.of(RefusalsCounted) == []
    assert story.state.tallies == ()


def test_tallies_are_bounded_and_lose_no_refusal() -> None:
    story = commissioned()
    before = len(story.of(Verdict))
    away = Refusal(Refused.UNSIGNED)
    story.turned_away = tuple(TurnedAway(f"n{n}", "", away) for n in range(TALLIES_MAX + 10))
    story.after(1)
    story.turned_away = ()
    story.after(61)
    assert len(story.of(Verdict)) - before == TALLIES_MAX + 1
    assert [(one.actor, one.count) for one in story.of(RefusalsCounted)] == [("", 9)]


# --- what is asked of the records --------------------------------------------------------------


def test_a_report_is_a_sample_now() -> None:
    story = commissioned()
    story.after(5)
    before, reports = len(story.of(Sample)), story.state.reports
    assert story.hand_in(story.signed(ReportOrder())) == ["accepted"]
    assert (len(story.of(Sample)) - before, story.state.reports - reports) == (1, 1)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (ResendOrder(1, 5), "accepted"),
        (ResendOrder(1, 5, "province"), "accepted"),
        (ResendOrder(1, 5, "a"), Refused.NOT_ALLOWED),
        (ResendOrder(0, 5), Refused.RESEND_RANGE),
        (ResendOrder(5, 4), Refused.RESEND_RANGE),
    ],
)
def test_a_platform_asks_for_records_for_itself(order: ResendOrder, said: str) -> None:
    assert (story := commissioned()).hand_in(story.signed(order)) == [said]


def test_root_names_the_platform() -> None:
    story = commissioned()
    assert story.order(ResendOrder(1, 5, "a")) is None
    assert story.order(ResendOrder(1, 5)) is Refused.PLATFORM_UNKNOWN
