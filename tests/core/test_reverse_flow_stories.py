"""Room rule: water that goes back through the meter, as stories. One story, one claim."""

from agent.core.model import Action, ConditionKind, Quantity, RolledOver
from agent.core.state import flow_reversed
from tests.core.story import SITE, Story
from tests.core.wells import pumping

K = ConditionKind


def reversed_for(story: Story, seconds: int, *, forward: bool = False) -> None:
    """Water goes back through the meter; the forward total stands unless `forward`."""
    for _ in range(seconds):
        story.beside[Quantity.REVERSE_TOTAL_L] += 25
        story._pass(1000)
        story.total_ml -= 0 if forward else 25_000
        story.look()


def with_reverse(story: Story) -> Story:
    story.beside = {Quantity.REVERSE_TOTAL_L: 7_000}
    return story.after(1)


def test_a_meter_that_was_turned_round_is_seen_by_its_reverse_total() -> None:
    story = with_reverse(pumping())
    reversed_for(story, 40)
    assert not flow_reversed(SITE, story.state)
    assert K.FLOW_REVERSED not in story.conditions
    reversed_for(story, 2)
    assert flow_reversed(SITE, story.state)
    assert story.conditions[K.FLOW_REVERSED] is Action.ALARM
    assert story.withdrawn_l == story.total_l - 500_000, "the legal quantity is the forward total"


def test_a_column_that_drains_at_each_stop_reverses_nothing() -> None:
    story = with_reverse(pumping())
    for _ in range(5):
        story.stop()
        story.after(10)
        story.beside[Quantity.REVERSE_TOTAL_L] += 30
        story.after(10).start()
        story.after(60)
    assert not flow_reversed(SITE, story.state)


def test_a_meter_that_was_turned_back_is_well_again_after_a_few_cubic_metres() -> None:
    story = with_reverse(pumping())
    reversed_for(story, 1_000)
    story.after(41)
    assert not flow_reversed(SITE, story.state)


def test_water_that_flows_forward_makes_good_what_ran_back_and_no_more() -> None:
    story = with_reverse(pumping())
    assert story.state.backflow_l == 0
    reversed_for(story, 10)
    assert story.state.backflow_l == 250
    story.after(20)
    assert story.state.backflow_l == 0


def test_what_ran_back_through_the_old_meter_is_nothing_of_the_new_one() -> None:
    story = with_reverse(pumping())
    reversed_for(story, 10)
    story.stop()
    story.after(10)
    story.beside[Quantity.REVERSE_TOTAL_L] += 300
    story.after(1)
    assert story.state.backflow_l > 0
    assert story.fit(serial="another") is None
    assert story.state.backflow_l == 0


def test_a_forward_total_that_rolls_over_went_nowhere_back() -> None:
    story = with_reverse(Story(total_ml=999_999_000_000).commission(10**7).after(2))
    story.start()
    while story.total_l < SITE.flow_modulus_l:
        story.after(1)
    story.total_ml -= SITE.flow_modulus_l * 1000
    story.after(10)
    assert story.of(RolledOver)
    assert story.state.backflow_l == 0


def test_a_meter_that_is_no_longer_asked_for_what_ran_back_accuses_nobody() -> None:
    """The settings name another register table; what was told of the old one stands no more."""
    story = with_reverse(pumping())
    reversed_for(story, 60)
    assert story.conditions[K.FLOW_REVERSED] is Action.ALARM
    told_l = story.beside.pop(Quantity.REVERSE_TOTAL_L)
    story.restarted = True
    story.after(1)
    assert K.FLOW_REVERSED not in story.conditions
    story.beside[Quantity.REVERSE_TOTAL_L] = told_l + 5_000
    story.after(1)
    assert not flow_reversed(SITE, story.state)


def test_a_wild_reverse_total_alarms_nobody() -> None:
    story = with_reverse(pumping())
    for wild in (9_000_000, 9_000_000, 9_000_000, 7_000, 7_000, 7_000):
        story.beside[Quantity.REVERSE_TOTAL_L] = wild
        story.after(1)
        assert not flow_reversed(SITE, story.state)
    story.after(30)
    assert not flow_reversed(SITE, story.state)
