"""Room rule: a meter that comes off, goes on or is ruled upon loses nothing, as stories."""

import pytest

from agent.core.model import Correct, Fault, RemoveMeter
from tests.core.situations import R, correct, in_doubt, planned, powered, pumping, remove
from tests.core.story import DAY, OF_FLOW_METER


def test_an_exchanged_power_meter_loses_no_watt_hour() -> None:
    story = powered()
    story.after(2).start()
    story.after(120).stop()
    story.after(10)
    used = story.energy_wh - 70_000
    assert story.order(remove("p1", story.energy_wh, R.POWER_METER)) is None
    assert story.state.energy is None
    story.energy_mwh = 1_000_000
    assert story.fit(R.POWER_METER, serial="p2") is None
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == used
    story.energy_mwh += 5_000
    story.after(1)
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == used + 5


def test_a_meter_is_removed_at_what_it_shows_and_no_litre_is_lost() -> None:
    """It died in the well's last second; its display still counts."""
    story = pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(5).stop()
    story.coasting_ms = 0
    assert story.order(remove("f1", story.total_l)) is None
    assert story.of(RemoveMeter)[0].total == story.total_l
    assert story.withdrawn_l == story.total_l - 500_000 + 30_000
    assert not story.permitted


@pytest.mark.parametrize(
    ("wire_l", "displayed_l", "removed_at_l"),
    [
        (500_020, None, 500_020),
        (500_035, None, 500_035),  # as far as it can have come
        (500_036, None, 500_000),
        (499_999, None, 500_000),
        (500_000, 500_400, 500_000),
        (500_020, 500_000, 500_020),
        (500_020, 501_020, 500_020),  # a thousand litres apart is rounding
        (500_020, 501_021, 501_021),
        (None, 500_400, 500_400),
        (None, 499_500, 500_000),
        (None, None, 500_000),
    ],
)
def test_a_meter_is_removed_at_the_wires_word_where_display_and_wire_agree(
    wire_l: int | None, displayed_l: int | None, removed_at_l: int
) -> None:
    story = planned()
    if wire_l is None:
        story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    else:
        story.total_ml = wire_l * 1000
    assert story.order(remove("f1", displayed_l)) is None
    assert story.of(RemoveMeter)[0].total == removed_at_l


def test_after_a_dark_boot_only_the_display_knows_where_a_meter_came_to() -> None:
    story = planned()
    story.power_off(90 * DAY, trusted=False)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    assert story.order(remove("f1", 900_000)) is None
    assert story.withdrawn_l == 430_000


def test_a_ruling_begins_a_new_stretch_and_adds_what_neither_counted() -> None:
    story = in_doubt()
    assert story.order(correct(700)) is None
    (entry,) = story.of(Correct)
    assert (entry.closed_total_l, entry.restart_total_l) == (500_000, 400_000)
    assert story.withdrawn_l == 30_700
    story.after(1)
    story.total_ml += 20_000
    story.after(1)
    assert story.withdrawn_l == 30_720


def test_the_power_meter_can_be_fitted_again_when_its_total_is_in_doubt() -> None:
    story = powered()
    story.energy_mwh = 3_000_000
    story.after(3)
    energy = story.state.energy
    assert energy is not None
    assert energy.reversed
    assert story.fit(R.POWER_METER, serial="p1") is None
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == 0
