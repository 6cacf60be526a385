"""Room rule: water that runs back through the flow meter, by its reverse total.

It shows a meter that was turned round, and never enters the account: the legal quantity is the
forward total.
"""

from agent.core.model import Moment, Quantity, Reading, Site
from agent.core.pump import good_value
from agent.core.replacing import replace
from agent.core.state import State
from agent.core.totalizer import Totalizer, judge, tolerance


def watched(
    site: Site, state: State, forward_l: int, readings: tuple[Reading, ...], moment: Moment
) -> State:
    """How far the reverse total ran ahead of the forward one.

    It is bounded, so that a flow meter that was turned round is well again after a few cubic
    metres, whatever it counted before.
    """
    if not any(one.quantity is Quantity.REVERSE_TOTAL_L for one in readings):
        return replace(state, reverse=None, backflow_l=0)  # its register table has none
    total = good_value(readings, Quantity.REVERSE_TOTAL_L)
    segment = state.ledger.segment
    if total is None or segment is None:
        return state
    if state.reverse is None:
        return replace(state, reverse=Totalizer(total, moment))
    judged = judge(
        state.reverse,
        replace(segment, rate_max_per_h=site.flow_max_l_per_h),
        total,
        moment,
        slack_ms=site.period_ms,
        confirm_scans=site.confirm_scans,
    )
    if judged.totalizer.in_doubt:
        return replace(state, reverse=Totalizer(total, moment))
    ahead_l = (judged.totalizer.last - state.reverse.last) - forward_l
    most_l = 2 * tolerance(segment.resolution)
    backflow_l = min(max(state.backflow_l + ahead_l, 0), most_l)
    return replace(state, reverse=judged.totalizer, backflow_l=backflow_l)
