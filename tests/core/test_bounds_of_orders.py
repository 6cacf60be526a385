"""Room rule: the last value that an order may carry, and the first that it may not, as tables.

What is accepted in which situation is told by other tables; here a bound is met exactly.
"""

from dataclasses import replace

import pytest

from agent.core.attendance import Attendance, failed
from agent.core.commands import Deed, judge_command
from agent.core.keyring import joined, kid_of
from agent.core.model import (
    Command,
    FirstSupervisorOrder,
    KeyOrder,
    Language,
    LimitOrder,
    Moment,
    Order,
    Origin,
    OverrideOrder,
    PlatformKey,
    Rank,
    Refusal,
    Refused,
    ResendOrder,
    SetupOrder,
    SetupOutcome,
    SetupStep,
    SignInOrder,
    Use,
)
from agent.core.people import Attended
from agent.core.present import Present, refuse_range
from agent.core.rights import refuse_rights
from agent.core.state import State
from agent.core.tallies import Tally, closed, noted
from agent.core.thresholds import Threshold, differing, overlaid
from tests.core.story import DAY, HOUR, MINUTE, SITE, Story, addition, plan, utc_ms

AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0) -> Moment:
    return Moment(AT + passed_ms, HOUR + passed_ms, "b1", trusted=True)


def judged(
    order: Order,
    state: State | None = None,
    keys: tuple[PlatformKey, ...] = (),
    passed_ms: int = 0,
) -> Deed | Refusal:
    now = moment(passed_ms)
    present = Present(state or State(), (), now, now, SITE, keys)
    return judge_command(Command("c1", Origin.ADMIN, "li", order), present)


def reason(deed: Deed | Refusal) -> Refused | None:
    return deed.reason if isinstance(deed, Refusal) else None


# --- what is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volume_l", "lasts_ms", "refused"),
    [
        (1, 1, None),
        (0, 1, Refused.VOLUME_RANGE),
        (1, 0, Refused.OVERRIDE_TIME),
        (SITE.limits.override_l, SITE.limits.override_ms, None),
        (SITE.limits.override_l + 1, 1, Refused.VOLUME_RANGE),
        (1, SITE.limits.override_ms + 1, Refused.OVERRIDE_TIME),
    ],
)
def test_an_override_is_of_a_litre_and_a_millisecond_at_least(
    volume_l: int, lasts_ms: int, refused: Refused | None
) -> None:
    order = OverrideOrder(Use.FIRE, volume_l, lasts_ms, "the barn")
    assert reason(judged(order)) is refused


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [
        (1, 1, None),
        (0, 1, Refused.RESEND_RANGE),
        (2, 1, Refused.RESEND_RANGE),
        (1, 9_007_199_254_740_991, None),  # the last whole number that JSON carries everywhere
        (1, 9_007_199_254_740_992, Refused.RESEND_RANGE),
    ],
)
def test_a_range_of_records_is_one_record_at_least(
    first: int, last: int, refused: Refused | None
) -> None:
    assert reason(judged(ResendOrder(first, last, "province"))) is refused


def test_rounds_may_touch_on_either_side_and_the_smallest_plan_is_a_litre() -> None:
    story = Story().commission(1)
    starts = [AT + 20 * DAY, AT + 10 * DAY, AT + 30 * DAY]
    for one in starts:
        order = LimitOrder(2026, f"from {one}", 1, one, one + 10 * DAY, "no. 7")
        assert story.order(order) is None
    assert [one.from_utc_ms for one in story.state.ledger.rounds] == sorted(starts)
    assert story.order(replace(order, name="x", to_utc_ms=AT + 41 * DAY)) is Refused.LIMIT_OVERLAPS
    assert story.order(addition(1)) is None
    assert story.order(plan(1, 2027)) is None


@pytest.mark.parametrize(("low", "said"), [(-1, "-1 .. 9"), (0, "0-9"), (1, "1-9")])
def test_a_range_is_said_so_that_no_sign_reads_as_a_dash(low: int, said: str) -> None:
    refusal = refuse_range(10, low, 9, Refused.VOLUME_RANGE)
    assert refusal == Refusal(Refused.VOLUME_RANGE, "10", said)
    assert refuse_range(9, low, 9, Refused.VOLUME_RANGE) is None
    assert refuse_range(low, low, 9, Refused.VOLUME_RANGE) is None


def test_a_key_that_cannot_be_read_is_shown_by_its_first_seventy_signs() -> None:
    refused = judged(KeyOrder("province", "z" * 90, "no. 7"))
    assert refused == Refusal(Refused.KEY_UNREADABLE, "z" * 70)
    public = "ab" * 32
    known = PlatformKey("province", str(kid_of(public)), public)
    assert reason(judged(KeyOrder("province", public, "no. 7"), keys=(known,))) is Refused.KEY_KNOWN


@pytest.mark.parametrize(
    ("points", "facts", "refused"),
    [
        (2800, 32, None),
        (2804, 32, Refused.SETUP_FACTS),
        (2800, 33, Refused.SETUP_FACTS),
        (2799, 32, Refused.SETUP_FACTS),  # a point is four numbers
    ],
)
def test_a_step_of_the_commissioning_has_seen_so_much_and_no_more(
    points: int, facts: int, refused: Refused | None
) -> None:
    order = SetupOrder(
        next(iter(SetupStep)),
        SetupOutcome.DONE,
        "",
        tuple(f"f{n}=1" for n in range(facts)),
        curve=(0,) * points,
    )
    assert reason(judged(order)) is refused


def test_the_stations_own_word_on_a_key_stands_above_the_settings() -> None:
    declared = [PlatformKey("a", "k1", "01"), PlatformKey("a", "k2", "02")]
    kept = [PlatformKey("a", "k2", "02", revoked=True), PlatformKey("a", "k3", "03")]
    assert joined(declared, kept) == (declared[0], *kept)
    assert joined(declared, ()) == tuple(declared)


def test_a_threshold_that_only_a_later_version_knows_moves_nothing() -> None:
    unknown = Threshold("colour", 5, "no. 7", "li")
    creep = Threshold("creep_l", 55, "no. 7", "li")
    assert overlaid(SITE, (unknown,)) == SITE
    assert overlaid(SITE, (unknown, creep)).limits == replace(SITE.limits, creep_l=55)
    assert differing(SITE, (unknown, creep)) == ((creep, SITE.limits.creep_l),)


# --- who asks ----------------------------------------------------------------------------------


def failing(times: int) -> State:
    people = Attendance()
    for _ in range(times):
        people = failed(people, ("port:x",), moment())
    return State(people=people)


@pytest.mark.parametrize(
    ("passed_ms", "said"), [(0, "30"), (998, "30"), (1_000, "29"), (29_000, "1"), (29_999, "1")]
)
def test_the_wait_at_a_port_is_said_in_whole_seconds_and_never_too_short(
    passed_ms: int, said: str
) -> None:
    told = judged(SignInOrder("li", "x", "no"), failing(5), passed_ms=passed_ms)
    assert told == Refusal(Refused.SIGN_IN_DELAYED, said)


@pytest.mark.parametrize(("before", "wait_s"), [(3, "0"), (4, "30"), (5, "60"), (9, "900")])
def test_a_failure_says_how_long_the_next_attempt_waits(before: int, wait_s: str) -> None:
    told = judged(SignInOrder("li", "x", "no"), failing(before), passed_ms=HOUR)
    assert isinstance(told, Attended)
    assert told.refusal == Refusal(Refused.SIGN_IN_WRONG, wait_s)
    assert told.people.failures[-1].count == before + 1


def test_the_first_supervisor_of_a_station_is_one() -> None:
    told = judged(FirstSupervisorOrder("wang", Language.ZH, "p1"))
    assert isinstance(told, Attended)
    assert [one.rank for one in told.people.accounts] == [Rank.SUPERVISOR]


# --- a minute of refusals ----------------------------------------------------------------------


def test_a_minute_of_refusals_is_over_with_its_last_millisecond() -> None:
    tallies, first = noted((), "a", Refused.EXPIRED, 1, moment())
    assert first
    tallies, first = noted(tallies, "a", Refused.EXPIRED, 4, moment())
    assert not first
    assert tallies == (Tally("a", Refused.EXPIRED, moment(), 4),)
    assert closed(tallies, moment(MINUTE - 1)) == (tallies, ())
    left, (said,) = closed(tallies, moment(MINUTE))
    assert (left, said.count, said.from_utc_ms, said.to_utc_ms) == ((), 4, AT, AT + MINUTE)


@pytest.mark.parametrize(("ahead_ms", "said"), [(300_000, "accepted"), (300_001, Refused.NOT_YET)])
def test_a_platforms_clock_may_be_ahead_by_five_minutes(ahead_ms: int, said: str) -> None:
    story = Story().commission(100_000)
    command = story.signed(addition(5_000), issued_ms=ahead_ms + story.site.period_ms)
    assert story.hand_in(command) == [said]


def test_a_platform_is_told_which_right_it_lacks() -> None:
    command = Command("c1", Origin.PLATFORM, "nobody", addition(5))
    assert refuse_rights(command, SITE) == Refusal(Refused.NOT_ALLOWED, "nobody", "allocate")
