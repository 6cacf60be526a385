"""Room rule: rounds of water within a year, as stories. One story, one claim."""

import pytest

from agent.core.model import BeginLimit, ConditionKind, Entry, LimitOrder, Record
from agent.core.rebuild import ledger_of
from tests.core.story import DAY, HOUR, MINUTE, Story, plan, utc_ms

K = ConditionKind


def round_of(story: Story, volume_l: int, begins_s: float, ends_s: float, name: str = "1") -> None:
    begins, ends = (story.moment.utc_ms + int(one * 1000) for one in (begins_s, ends_s))
    order = LimitOrder(2026, name, volume_l, begins, ends, "l 1")
    assert story.order(order) is None


def test_a_round_counts_from_its_beginning_and_cuts_at_its_end() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 10_000, 300, 7_200)
    story.start()
    story.after(200)
    assert story.of(BeginLimit) == []
    before = story.outcomes[-1].balance
    assert before is not None
    assert before.usable_l == before.remaining_l
    story.after(120)
    (begun,) = story.of(BeginLimit)
    assert begun.withdrawn_l == pytest.approx(300 * 25, abs=60)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert (balance.limit_name, balance.usable_l) == ("1", balance.limit_remaining_l)
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    over_l = story.withdrawn_l - begun.withdrawn_l - 10_000
    assert -200 <= over_l <= 100


def test_the_next_round_gives_water_again() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 5_000, 0, 3_600, "first")
    round_of(story, 8_000, 3_600, 7_200, "second")
    story.start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    story.at(3_610)
    assert story.permitted
    assert [one.name for one in story.of(BeginLimit)] == ["first", "second"]
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l == 8_000


def test_after_the_last_round_the_years_remainder_counts() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 5_000, 0, 1_800)
    story.start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    story.at(1_900)
    assert story.permitted


def test_a_round_that_is_raised_goes_on_where_it_was() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 5_000, 0, 7_200)
    story.start()
    story.after(1200)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    before = story.outcomes[-1].balance
    assert before is not None
    assert before.limit_remaining_l is not None
    round_of(story, 9_000, 0, 7_200)
    after = story.outcomes[-1].balance
    assert after is not None
    assert after.limit_remaining_l == before.limit_remaining_l + 4_000
    assert K.ALLOCATION_EXHAUSTED not in story.reasons


def test_what_was_withdrawn_in_a_round_before_it_was_entered_counts() -> None:
    story = Story().commission(1_000_000).after(2)
    now = story.moment.utc_ms
    order = LimitOrder(2026, "1", 10_000, now - DAY, now + DAY, "l 1", 9_000)
    assert story.order(order) is None
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l == 1_000


def test_a_round_that_began_while_nobody_looked_counts_its_share() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 90_000, 6 * 3_600, 30 * 3_600)
    story.power_off(12 * HOUR)
    story.total_ml += 120_000_000
    story.after(1)
    (begun,) = story.of(BeginLimit)
    assert begun.withdrawn_l == pytest.approx(60_000, abs=50)


def test_rounds_end_with_their_year() -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 23)).commission(1_000_000).after(2)
    assert story.order(plan(1_000_000, 2027)) is None
    round_of(story, 90_000, 0, 600)
    begins = utc_ms(2027, 1, 1)
    assert story.order(LimitOrder(2027, "jan", 5_000, begins, begins + DAY, "l 2")) is None
    story.at(3_610)
    assert [one.name for one in story.state.ledger.rounds] == ["jan"]
    assert [one.withdrawn_l for one in story.of(BeginLimit)] == [0, 0]


def test_a_round_of_a_year_that_nobody_saw_begin_counts_from_new_year() -> None:
    midnight = utc_ms(2027, 1, 1)
    story = Story(begins_utc_ms=midnight - 3 * HOUR).commission(10_000_000)
    assert story.order(plan(10_000_000, 2027)) is None
    assert story.order(LimitOrder(2027, "jan", 900_000, midnight, midnight + DAY, "l")) is None
    story.after(200)
    story.power_off(MINUTE, trusted=False)
    story.after(200).start()
    story.unhurried().after(5 * 3_600)
    story.trusted = True
    story.after(10)
    assert story.withdrawn_l > 100_000
    assert limit_l(story) == 900_000 - story.withdrawn_l


@pytest.mark.parametrize("told", ["nothing", "all of it"])
@pytest.mark.parametrize("begins_s", [-DAY // 1000, -60], ids=["as it was", "later"])
def test_a_round_that_is_raised_keeps_what_was_withdrawn_in_it(told: str, begins_s: int) -> None:
    story = Story().commission(1_000_000).after(2)
    now = story.moment.utc_ms
    assert story.order(LimitOrder(2026, "1", 20_000, now - DAY, now + DAY, "l 1", 9_000)) is None
    story.start()
    story.after(120)
    story.stop()
    story.after(10)
    taken_l = 20_000 - limit_l(story)
    assert taken_l == 9_000 + story.withdrawn_l
    before_l = 0 if told == "nothing" else taken_l
    raised = LimitOrder(2026, "1", 30_000, now + begins_s * 1000, now + DAY, "l 2", before_l)
    assert story.order(raised) is None
    assert limit_l(story) == 30_000 - taken_l
    story.start()
    story.after(10)
    assert limit_l(story) == 30_000 - 9_000 - story.withdrawn_l
    assert ledger_of(entries(story)) == story.state.ledger


def test_a_round_that_is_entered_twice_counts_on() -> None:
    """Whoever never heard the answer asks again."""
    story = Story().commission(1_000_000).after(2)
    now = story.moment.utc_ms
    order = LimitOrder(2026, "1", 20_000, now - DAY, now + DAY, "l 1", 9_000)
    assert story.order(order) is None
    story.start()
    story.after(120)
    story.stop()
    story.after(10)
    before_l = limit_l(story)
    assert story.order(order) is None
    assert limit_l(story) == before_l


def test_a_round_that_is_put_off_begins_to_count_when_it_does() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 20_000, 0, 7_200)
    story.start()
    story.after(120)
    round_of(story, 20_000, 600, 7_200)
    story.after(300)
    assert story.outcomes[-1].balance is not None
    assert story.outcomes[-1].balance.limit_name == ""
    story.stop()
    story.after(400)
    assert limit_l(story) == 20_000


def test_a_round_with_the_name_of_one_that_is_over_begins_with_nothing() -> None:
    story = Story().commission(1_000_000).after(2)
    round_of(story, 20_000, 0, 300)
    story.start()
    story.after(600)
    assert story.withdrawn_l > 10_000
    round_of(story, 20_000, -100, 7_200)
    assert limit_l(story) == 20_000


def test_a_round_that_is_entered_while_no_clock_is_believed_counts_at_once() -> None:
    """And what was told of it is not counted again when the time is known."""
    story = Story().commission(1_000_000).unhurried().after(20)
    begins = story.moment.utc_ms + HOUR
    story.power_off(MINUTE, trusted=False)
    story.after(200).start()
    story.after(2 * 3_600)
    before_l = story.withdrawn_l
    order = LimitOrder(2026, "1", 900_000, begins, begins + DAY, "l 1", 80_000)
    assert story.order(order) is None
    story.after(1_800)
    story.trusted = True
    story.after(10)
    assert limit_l(story) == pytest.approx(820_000 - (story.withdrawn_l - before_l), abs=300)


def limit_l(story: Story) -> int:
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.limit_remaining_l is not None
    return balance.limit_remaining_l


def entries(story: Story) -> list[Record]:
    found = (one for one in story.records if isinstance(one, Entry))
    return [Record(number, 0, True, one) for number, one in enumerate(found, 1)]
