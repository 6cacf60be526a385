"""A journal that fails and a flow meter that is silent: the bound counts what electricity says."""

from agent.core.model import ConditionKind, Fault
from tests.core.story import OF_FLOW_METER, Story, rate

K = ConditionKind


def test_water_that_is_only_reckoned_uses_up_what_may_be_pumped_without_a_journal() -> None:
    """5 % of 500 m3 are 25; what may be converted is 5 % of the whole plan, and much more."""
    story = Story().commission(10_000_000, before_l=9_500_000).after(2)
    assert story.order(rate()) is None
    story.start()
    story.unhurried().after(60)
    story.journal_failing = True
    story.after(20)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    before_l = story.total_l
    story.after(3600)
    assert story.reasons[0] is K.JOURNAL_FAILING
    assert 24_000 <= story.total_l - before_l <= 25_500
