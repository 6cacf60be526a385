"""Room rule: when electricity must vouch for water, as a table. One row proves one rule.

A meter was fitted at 500 000 L while the pump ran. Then a `gap` passes in which no total is read,
and the meters are read again in scans one second apart: `used` watt-hours were used, or the power
meter is not read (`-`). A rate of 3 m3 per kWh is in force unless it says `none`; with its margin
of 150 % a kilowatt-hour vouches for 4 500 L, and the display's steps for 2 L more.
"""

from dataclasses import replace

import pytest

from agent.core.model import Bridged, Confirmed, Fault, Quality, Quantity, Withheld
from tests.core.story import DAY, HOUR, MINUTE, SECOND, Story, rate
from tests.core.table import rows

TABLE = """
name                                       rate   gap     used    totals      outcome                       withdrawn

an hour, no electricity                    3000   60min   0       502000      accepted                      2000
longer, and the electricity for it         3000   61min   1000    504502      accepted bridged              4502
longer, and not enough electricity         3000   61min   1000    504503      suspect                       0
not enough, and it stays                   3000   61min   1000    504503*3    jumped                        0
longer, no electricity, no water           3000   61min   0       500002      accepted                      2
longer, no electricity, and water          3000   61min   0       500003      suspect                       0
more electricity than time allows          3000   61min   90000   622099      suspect                       0
no rate, and water                         none   61min   0       502000      accepted unbounded            2000
no rate, more than time allows             none   61min   0       900000      suspect                       0
the power meter is not read, once          3000   61min   -       502000      suspect                       0
the power meter is not read, for three     3000   61min   -       502000*3    accepted confirmed! unbounded 2000
it is not read, and no water               3000   61min   -       500002      accepted                      2
it is not read, more than time allows      3000   61min   -       900000*3    jumped                        0
a winter without power, an exchange        3000   off90d  0       700000*3    jumped                        0
a winter, and nothing moved                3000   off90d  0       500000      accepted                      0
no clock, electricity not confirmed yet    3000   off?90d 50000   725002*2    suspect                       0
no clock, and the electricity for it       3000   off?90d 50000   725002*3    accepted confirmed bridged    225002
no clock, and not enough electricity       3000   off?90d 50000   725003*3    jumped                        0
no clock, no rate, for three               none   off?90d 50000   725003*3    accepted confirmed! unbounded 225003
no clock, and the electricity to wrap      3000   off?90d 300000  wrap400*3   accepted confirmed rolled     500400
no clock, and not enough to wrap           3000   off?90d 10      wrap400*3   reversed                      0
"""  # noqa: E501  # a row is a line


def duration_ms(text: str) -> int:
    unit = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}[text.lstrip("0123456789")]
    return unit * int(text.rstrip("smindh"))


def fitted_at(last_l: int, per_kwh: str) -> Story:
    story = Story(coast_ms=0, flow_l_per_h=0, total_ml=last_l * 1000).commission(10**10 // 2)
    if per_kwh != "none":
        assert story.order(rate(int(per_kwh))) is None
    story.after(1).start()
    return story.after(1)


def said(story: Story) -> str:
    totalizer, (total, *_) = story.state.totalizer, story.outcomes[-1].readings
    assert totalizer is not None
    if totalizer.in_doubt:
        return "jumped" if totalizer.jumped else "reversed"
    if total.quality is not Quality.GOOD:
        return total.quality.value
    rolled = ["rolled"] if story.state.ledger.segment and story.state.ledger.segment.wrapped else []
    confirmed = [
        "confirmed" if one.bounded else "confirmed!"
        for one in story.of(Confirmed)
        if one.quantity is Quantity.FORWARD_TOTAL_L
    ]
    bridged = ["bridged" if one.bounded else "unbounded" for one in story.of(Bridged)]
    return " ".join(["accepted", *confirmed, *(rolled or bridged)])


@pytest.mark.parametrize("cells", [pytest.param(cells[1:], id=cells[0]) for cells in rows(TABLE)])
def test_electricity_vouches_for_water_that_nobody_read(cells: list[str]) -> None:
    per_kwh, gap, used, totals, outcome, withdrawn = cells
    total, _, times = totals.partition("*")
    wraps = total.startswith("wrap")
    story = fitted_at(999_500_000 if wraps else 500_000, per_kwh)
    story.records.clear()
    story.running = False
    if gap.startswith("off"):
        story.power_off(duration_ms(gap.lstrip("of?")), trusted="?" not in gap)
    else:
        story.now_ms += duration_ms(gap)
    if used == "-":
        story.lay(Fault.TIMEOUT, Quantity.ENERGY_WH)
    else:
        story.energy_mwh += int(used) * 1000
    story.total_ml = int(total.removeprefix("wrap")) * 1000
    for place in range(int(times or 1)):
        story.now_ms += SECOND if place else 0
        story.look()
    assert (said(story), story.withdrawn_l) == (outcome, int(withdrawn))


def test_a_total_waits_for_the_power_meter_that_can_vouch_for_it() -> None:
    """Both come back from a long silence, the flow meter a scan earlier."""
    story = fitted_at(500_000, "3000")
    story.running = False
    story.now_ms += 2 * HOUR
    story.total_ml += 6_000_000
    story.energy_mwh += 2_000_000
    story.lay(Fault.TIMEOUT, Quantity.ENERGY_WH)
    story.look()
    assert story.withdrawn_l == 0
    story.heal()
    story.after(1)
    assert story.withdrawn_l == 6000
    (bridged,) = story.of(Bridged)
    assert (bridged.energy_wh, bridged.bounded) == (2000, True)


@pytest.mark.parametrize(("moved_l", "said_so"), [(199, False), (200, False), (201, True)])
def test_two_steps_of_a_coarse_display_are_no_water_that_nobody_read(
    moved_l: int, *, said_so: bool
) -> None:
    story = Story(coast_ms=0)
    story.site = replace(story.site, flow_resolution_l=100)
    story.commission().after(1)
    story.now_ms += 2 * HOUR
    story.total_ml += moved_l * 1000
    story.look()
    assert story.withdrawn_l == moved_l
    assert bool(story.of(Bridged)) is said_so


@pytest.mark.parametrize(("gap_ms", "said_so"), [(HOUR, False), (HOUR + 1, True)])
def test_an_hour_needs_no_bridge_and_more_than_an_hour_does(gap_ms: int, *, said_so: bool) -> None:
    story = Story(coast_ms=0).commission().after(1)
    story.now_ms += gap_ms
    story.total_ml += 5_000_000
    story.look()
    assert story.withdrawn_l == 5_000
    assert bool(story.of(Bridged)) is said_so


def test_a_meter_that_babbles_is_withheld_once() -> None:
    """Each scan another total that cannot be: the card is not filled with them."""
    story = Story().commission().after(1)
    honest_ml = story.total_ml
    for wild in range(20):
        story.total_ml = honest_ml + (wild % 5 + 1) * 7_000_000_000
        story.after(1)
    assert len(story.of(Withheld)) == 1
    story.total_ml = honest_ml
    story.after(5)
    story.total_ml += 7_000_000_000
    story.after(1)
    assert len(story.of(Withheld)) == 2, "a new suspicion is said again"


def test_a_shared_power_meter_vouches_for_nothing() -> None:
    story = fitted_at(500_000, "none")
    assert story.order(rate()) is None
    story.site = replace(story.site, shared_power_meter=True)
    story.now_ms += 2 * HOUR
    story.total_ml += 6_000_000
    story.look()
    assert story.withdrawn_l == 6000


def test_a_rollover_is_confirmed_though_the_total_is_read_every_third_scan_only() -> None:
    story = Story(total_ml=999_999_000_000, coast_ms=0).commission(10**9).after(2)
    story.start()
    for _ in range(40):
        story.lay(Fault.NOT_READ, Quantity.FORWARD_TOTAL_L)
        story.after(2)
        story.heal()
        story.total_ml %= 1_000_000_000_000
        story.after(1)
    assert story.conditions == {}
    assert story.withdrawn_l == story.total_l + 1000


def test_the_power_meters_total_passes_the_same_table() -> None:
    """A torn word moves no energy account; a rollover does not tear it."""
    story = Story(energy_mwh=999_999_990_000).commission().after(2)
    story.start()
    story.after(30)
    before_wh = story.state.energy
    story.energy_mwh = 500_000
    story.look()
    assert story.state.energy is not None
    assert before_wh is not None
    assert story.state.energy.last == before_wh.last
    assert [one.quality for one in story.outcomes[-1].readings][2] is Quality.SUSPECT
