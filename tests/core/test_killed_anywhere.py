"""Room rule: a walk through a year's events is killed wherever it may be, and goes on.

It goes on from what was committed: no litre is lost, and none is invented.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.model import (
    Convert,
    Correct,
    CorrectOrder,
    Fault,
    LayUpOrder,
    Order,
    ReleaseOrder,
    RemoveMeterOrder,
    ResumeOrder,
    Role,
    StopOrder,
)
from agent.core.rebuild import ledger_of, rebuilt
from agent.core.state import State, last_total_l
from tests.core.remains import entries_of
from tests.core.story import (
    HOUR,
    MINUTE,
    OF_FLOW_METER,
    OF_POWER_METER,
    Story,
    addition,
    plan,
    rate,
    utc_ms,
)

ORDERS: tuple[Order, ...] = (
    addition(5_000),
    CorrectOrder(2026, 300, "tank", "c 1"),
    rate(2_900),
    LayUpOrder("winter"),
    ResumeOrder("spring"),
    StopOrder("work"),
    ReleaseOrder("done"),
    RemoveMeterOrder(Role.POWER_METER, "serial-power_meter", "r 1"),
)
ACTS = st.sampled_from(
    ["run", "rest", "dark", "blind", "heal", "order", "boot", "boot?", "kill", "midnight"]
)


def committed(story: Story, amount: int) -> State:
    """A state that was committed: entries are, all else may be lost with the power."""
    last = max(place for place, one in enumerate(story.outcomes) if one.durable)
    later = [one.state for one in story.outcomes[last + 1 :] if one.bodies]
    return [story.outcomes[last].state, *later][amount % (len(later) + 1)]


@settings(max_examples=25, deadline=None)
@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 40)), min_size=3, max_size=14))
def test_killed_anywhere_the_account_is_its_entries_and_no_litre_is_lost(
    acts: list[tuple[str, int]],
) -> None:
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 22), coast_ms=0).commission(10**8)
    assert story.order(plan(10**8, 2027)) is None
    for act, amount in acts:
        _act(story, act, amount)
        if act == "kill":
            story.state = committed(story, amount)
        assert ledger_of(entries_of(story)) == story.state.ledger
        assert rebuilt(entries_of(story)).stops == story.state.stops
    story.heal()
    story.after(5)
    state, entries = story.state, [one.body for one in entries_of(story)]
    assert ledger_of(entries_of(story)) == state.ledger
    assert state.totalizer is not None
    if state.totalizer.suspect is not None:
        return
    assert last_total_l(state) == story.total_l
    beside_l = sum(one.volume_l for one in entries if isinstance(one, Correct | Convert))
    withdrawn_l = story.withdrawn_l + sum(one.withdrawn_l for one in state.ledger.past)
    assert withdrawn_l - beside_l == story.total_l - 500_000


def _act(story: Story, act: str, amount: int) -> None:
    match act:
        case "run":
            story.start()
            story.after(amount)
        case "rest" | "kill":
            story.stop()
            story.after(amount)
        case "dark":
            story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
            story.after(3 * amount)
        case "blind":
            story.lay(Fault.GARBLED, *OF_POWER_METER)
            story.after(amount)
        case "heal":
            story.heal()
            story.after(2)
        case "order":
            story.order(ORDERS[amount % len(ORDERS)])
        case "boot":
            story.power_off(amount * MINUTE)
            story.after(2)
        case "boot?":
            story.power_off(amount * MINUTE, trusted=False)
            story.after(4)
            story.trusted = True
            story.after(2)
        case "midnight":
            story.now_ms += HOUR
            story.after(2)
        case _:
            raise AssertionError(act)
