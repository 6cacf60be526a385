"""Two wells on one electricity meter: what the neighbour draws is not held against this pump."""

from dataclasses import replace

import pytest

from agent.core.model import ConditionKind, Contacts, Fault, Quantity, Site
from tests.core.story import SITE, Story
from tests.core.wells import AMPERES, VOLTS, protected

K = ConditionKind
# Nothing at all counts as power here, so the meter always shows some: the neighbour's.
SHARED = replace(SITE, shared_power_meter=True, idle_power_w=-1)


@pytest.mark.parametrize(
    ("contactor", "site", "cut"),
    [
        (False, SHARED, False),
        (True, SHARED, True),
        (None, SHARED, True),  # nobody says that it stands
        (False, replace(SHARED, shared_power_meter=False), True),  # its own meter knows better
    ],
)
def test_a_pipe_that_drained_is_no_lost_signal_while_the_own_contactor_is_open(
    contactor: bool | None, site: Site, *, cut: bool
) -> None:
    story = Story(site=site, contacts=Contacts(contactor_closed=contactor)).commission()
    story.lay(Fault.EMPTY_PIPE, Quantity.FLOW_L_PER_H)
    story.unhurried().after(40 * 60)
    assert (K.FLOW_SIGNAL_LOST in story.reasons) is cut
    assert (story.state.interruption is not None) is cut


def test_a_heater_on_one_phase_is_no_lost_phase() -> None:
    story = protected(K.PHASE_LOSS, site=SHARED)
    story.beside |= dict(zip(AMPERES, (20_000, 0, 0), strict=True))
    assert story.after(60).conditions == {}
    story.beside[VOLTS[1]] = 20_000
    assert story.after(60).reasons[0] is K.PHASE_LOSS
