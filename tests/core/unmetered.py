"""Room rule: a well whose water is not metered for a while. Claims nothing.

The pump lifts 90 m3 in an hour with 30 kW: 3 m3 per kWh, and that is the rate in force unless a
story says another. A flow meter that is only not read still counts; one that is `dead` does not.
"""

from agent.core.model import Fault
from tests.core.story import OF_FLOW_METER, Story, rate


def pumping(per_kwh: int = 3_000, *, allocated_l: int = 10_000_000) -> Story:
    """A well with a coefficient in force, whose pump has run for a minute."""
    story = Story().commission(allocated_l)
    if per_kwh:
        assert story.order(rate(per_kwh)) is None
    story.after(2).start()
    return story.after(60)


def silence(story: Story, seconds: float, *, dead: bool = False) -> int:
    """The flow meter is not read for so long; what the pump lifts meanwhile, in litres."""
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    before_ml = story.total_ml
    story.after(seconds)
    lifted_ml = story.total_ml - before_ml
    if dead:
        story.total_ml = before_ml
    story.heal()
    return lifted_ml // 1000
