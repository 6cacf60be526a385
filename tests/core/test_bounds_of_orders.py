"""Room rule: the last value that an order may carry, and the first that it may not, as tables.

What is accepted in which situation is told by other tables; here a bound is met exactly.
"""

from dataclasses import replace

import pytest

from agent.core.calendar import SetClock
from agent.core.commands import Deed, judge_command
from agent.core.interlock import Standing
from agent.core.keyring import joined, kid_of
from agent.core.ledger import Grant, Ledger, Past
from agent.core.model import (
    AcknowledgeOrder,
    Action,
    AllocateOrder,
    AllocationKind,
    Command,
    Condition,
    ConditionKind,
    KeyOrder,
    Latched,
    LimitOrder,
    Moment,
    Order,
    Origin,
    Override,
    OverrideOrder,
    PlatformKey,
    Refusal,
    Refused,
    ReleaseOverrideOrder,
    RemoveMeterOrder,
    ResendOrder,
    Role,
    SetClockOrder,
    SetupOrder,
    SetupOutcome,
    SetupStep,
    StopOrder,
    Use,
    Verdict,
)
from agent.core.orders import Taken, take_commands
from agent.core.override import Lifting
from agent.core.present import Present, refuse_range
from agent.core.state import Seen, State
from agent.core.thresholds import Threshold, differing, overlaid
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import DAY, HOUR, MINUTE, SITE, Story, addition, plan, utc_ms

AT = utc_ms(2026, 6, 1)


def moment() -> Moment:
    return Moment(AT, HOUR, "b1", trusted=True)


def judged(
    order: Order, state: State | None = None, keys: tuple[PlatformKey, ...] = ()
) -> Deed | Refusal:
    now = moment()
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


A = AllocationKind
# 2025 was closed without a plan; 10 l were added to this year's; next year's is known.
PLANNED = State(
    ledger=Ledger(
        year=2026,
        grants=(Grant(2026, 100, 10), Grant(2027, 80)),
        past=(Past(2025, None, 60, 50),),
    )
)


@pytest.mark.parametrize(
    ("year", "kind", "volume_l", "refused"),
    [
        (2026, A.REDUCTION, 110, None),
        (2026, A.REDUCTION, 111, Refused.REDUCTION_TOO_LARGE),
        (2027, A.TRANSFER_OUT, 80, None),  # nothing was taken of it yet
        (2027, A.TRANSFER_OUT, 81, Refused.TRANSFER_TOO_LARGE),
        (2025, A.CORRECTION, 1, None),
        (2025, A.CORRECTION, -1, Refused.CORRECTION_RANGE),
        (2025, A.ADDITION, 1, Refused.YEAR_CLOSED),  # of a closed year only what was wrong
        (2024, A.CORRECTION, 1, Refused.YEAR_CLOSED),  # its account is not kept any more
        (2028, A.CORRECTION, 1, Refused.YEAR_TOO_FAR),
    ],
)
def test_what_may_be_taken_back_of_a_year_is_what_was_given_and_no_litre_more(
    year: int, kind: AllocationKind, volume_l: int, refused: Refused | None
) -> None:
    assert reason(judged(AllocateOrder(year, kind, volume_l, "no. 8"), PLANNED)) is refused


BEGINS, ENDS = utc_ms(2026, 1, 1), utc_ms(2027, 1, 1)


@pytest.mark.parametrize(
    ("from_utc_ms", "to_utc_ms", "refused"),
    [
        (BEGINS, ENDS, None),
        (BEGINS - 1, ENDS, Refused.LIMIT_WINDOW),
        (BEGINS, ENDS + 1, Refused.LIMIT_WINDOW),
        (BEGINS, AT, Refused.LIMIT_WINDOW),  # over
        (BEGINS, AT + 1, None),
        (AT + 1, AT + 1, Refused.LIMIT_WINDOW),
        (AT + 1, AT + 2, None),
    ],
)
def test_a_limit_lies_within_its_year_lasts_a_millisecond_and_is_not_over(
    from_utc_ms: int, to_utc_ms: int, refused: Refused | None
) -> None:
    order = LimitOrder(2026, "june", 1, from_utc_ms, to_utc_ms, "no. 7")
    assert reason(judged(order, PLANNED)) is refused


@pytest.mark.parametrize(
    ("displayed", "refused"),
    [
        (499_000, None),
        (498_999, Refused.TOTAL_RANGE),
        (501_035, None),  # 100 m3/h and a fifth for a scan, two steps, and a cubic metre
        (501_036, Refused.TOTAL_RANGE),
    ],
)
def test_a_meter_that_nobody_can_read_leaves_within_a_cubic_metre_of_where_it_can_be(
    displayed: int, refused: Refused | None
) -> None:
    fitted = Ledger(year=2026, segment=Segment("f1", 0, 1, 10**9, 100_000))
    state = State(ledger=fitted, totalizer=Totalizer(500_000, moment()))
    order = RemoveMeterOrder(Role.FLOW_METER, "f1", "no. 7", displayed)
    assert reason(judged(order, state)) is refused


@pytest.mark.parametrize(
    ("words", "refused"),
    [(0, Refused.REASON_MISSING), (1, None), (100, None), (101, Refused.REASON_MISSING)],
)
def test_a_reason_is_of_a_letter_and_of_a_hundred_at_most(
    words: int, refused: Refused | None
) -> None:
    assert reason(judged(StopOrder("x" * words))) is refused


def test_who_acknowledges_what_does_not_stand_is_told_what_does() -> None:
    order = AcknowledgeOrder(Latched.DRY_WELL, "seen to")
    assert judged(order) == Refusal(Refused.NOT_LATCHED, "dry_well", "-")
    lost = Condition(ConditionKind.PHASE_LOSS, moment(), Action.CUT, latched=True)
    state = State(standing=Standing(conditions=(lost,)))
    assert judged(order, state) == Refusal(Refused.NOT_LATCHED, "dry_well", "phase_loss")


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


@pytest.mark.parametrize("revoked", [False, True])
def test_the_key_of_a_platform_that_was_renamed_is_its_own_by_the_settings(revoked: bool) -> None:
    """Added by an order under its old name, it signed for nobody under the new one, for ever."""
    declared = [PlatformKey("province", "k1", "01")]
    kept = [PlatformKey("division", "k1", "01", revoked=revoked)]
    assert joined(declared, kept) == (PlatformKey("province", "k1", "01", revoked=revoked),)


def test_a_threshold_that_only_a_later_version_knows_moves_nothing() -> None:
    unknown = Threshold("colour", 5, "no. 7", "li")
    creep = Threshold("creep_l", 55, "no. 7", "li")
    assert overlaid(SITE, (unknown,)) == SITE
    assert overlaid(SITE, (unknown, creep)).limits == replace(SITE.limits, creep_l=55)
    assert differing(SITE, (unknown, creep)) == ((creep, SITE.limits.creep_l),)


# --- what is remembered ------------------------------------------------------------------------


def taken(order: Order, state: State, now: Moment) -> Taken:
    seen = Seen(now, (), commands=(Command(type(order).__name__, Origin.ADMIN, "li", order),))
    return take_commands(SITE, state, seen, now)


def test_a_clock_that_is_set_by_hand_is_what_monotonic_time_explains_from_now_on() -> None:
    """Whoever said so answers for it, so it is believed though the host's is not."""
    doubtful = replace(moment(), trusted=False)
    after = taken(SetClockOrder(AT + DAY, "by the village clock"), State(), doubtful).state
    assert after.watermark == replace(moment(), utc_ms=AT + DAY)
    assert after.clock == SetClock(AT + DAY, moment().monotonic_ms, "b1")


def test_an_override_is_an_entry_and_its_early_end_is_none() -> None:
    ordered = taken(OverrideOrder(Use.FIRE, 500, MINUTE, "the barn"), State(), moment())
    assert [type(one) for one in ordered.bodies] == [Override, Verdict]
    assert ordered.state.lifting == Lifting(Use.FIRE, 500, MINUTE, 0)
    ended = taken(ReleaseOverrideOrder("it is out"), ordered.state, moment())
    assert [type(one) for one in ended.bodies] == [Verdict]
    assert ended.state.lifting is None
