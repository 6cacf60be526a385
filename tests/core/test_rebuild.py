"""Room rule: the account is the fold of its entries, at any point, whatever else is lost.

What a checkpoint held beside the account may be lost as well: then the meters' own memory brings
the water back, and no permission and no litre is invented. Latches and wells that are killed at any
scan have files of their own.
"""

from dataclasses import replace

import pytest

from agent import rows
from agent.core.ledger import Ledger
from agent.core.model import (
    AllocateEnergyOrder,
    AllocationKind,
    Convert,
    CorrectOrder,
    Entry,
    Fault,
    LayUpOrder,
    LimitOrder,
    Origin,
    Rebuilt,
    Record,
    ReleaseOrder,
    RemoveMeterOrder,
    ResumeOrder,
    Role,
    RolledOver,
    Sample,
    StopOrder,
    Withheld,
)
from agent.core.rebuild import ledger_of, rebuilt, reconciled
from agent.core.scan import scan
from agent.core.spent import LOST
from agent.core.state import State, unmetered_l
from tests.core.remains import entries_of, record
from tests.core.story import HOUR, OF_FLOW_METER, Story, plan, provisional, rate, utc_ms
from tests.core.wells import december, years


def eventful() -> Story:
    """Every kind of entry, in one well's year."""
    story = Story(begins_utc_ms=utc_ms(2026, 12, 31, 20), coast_ms=0).at(1)
    assert story.order(provisional(500_000, utc_ms(2027, 3, 1))) is None
    assert story.fit(before_l=2_000) is None
    assert story.fit(Role.POWER_METER) is None
    june = LimitOrder(2026, "x", 400_000, utc_ms(2026, 12, 1), utc_ms(2027, 1, 1), "l 1")
    energy = AllocateEnergyOrder(2026, AllocationKind.PLAN, 900_000, "e 1")
    for order in (plan(10_000_000), plan(9_000_000, 2027), energy, rate(), june):
        assert story.order(order) is None
    story.after(2).start()
    story.after(300)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(16 * 60)
    story.heal()
    story.after(60).stop()
    story.after(10)
    assert story.order(CorrectOrder(2026, 700, "tank", "c 1")) is None
    assert story.order(RemoveMeterOrder(Role.FLOW_METER, "serial-flow_meter", "r 1")) is None
    story.total_ml = 999_999_000_000
    assert story.fit(serial="new") is None
    story.after(200).start()
    for _ in range(100):
        story._pass(1000)
        story.total_ml %= 1_000_000_000_000
        story.look()
    story.stop()
    story.after(10)
    assert story.order(StopOrder("work"), origin=Origin.CONSOLE) is None
    assert story.order(StopOrder("drought"), origin=Origin.PLATFORM, actor="a") is None
    assert story.order(ReleaseOrder("rain"), origin=Origin.PLATFORM, actor="a") is None
    assert story.order(LayUpOrder("winter")) is None
    story.power_off(5 * HOUR)
    story.after(200)
    assert story.order(ResumeOrder("spring")) is None
    assert story.order(ReleaseOrder("done"), origin=Origin.CONSOLE) is None
    story.after(1).start()
    return story.after(60)


def test_every_kind_of_entry_makes_the_ledger_again_at_any_point() -> None:
    story = eventful()
    records: list[Record] = []
    for outcome in story.outcomes:
        records += [
            Record(len(records) + n, outcome.moment.utc_ms, outcome.moment.trusted, body)
            for n, body in enumerate(outcome.bodies, 1)
            if isinstance(body, Entry)
        ]
        assert ledger_of(records) == outcome.state.ledger
        assert rebuilt(records).stops == outcome.state.stops
    kinds = {rows.kind_of(type(one.body)) for one in records}
    assert kinds == rows.ENTRIES - {"override", "threshold_set"}


def test_the_power_meters_rollover_is_an_entry_as_well() -> None:
    story = Story(energy_mwh=999_999_000_000_000, coast_ms=0)
    story.site = replace(story.site, energy_modulus_wh=1_000_000_000_000)
    story.energy_mwh = 999_999_999_900_000
    story.commission(10**8)
    energy = AllocateEnergyOrder(2026, AllocationKind.PLAN, 900_000, "e 1")
    assert story.order(energy) is None
    story.after(2).start()
    for _ in range(60):
        story._pass(1000)
        story.energy_mwh %= 1_000_000_000_000_000
        story.look()
    (rolled,) = story.of(RolledOver)
    assert rolled.role is Role.POWER_METER
    balance = story.outcomes[-1].balance
    assert balance is not None
    assert balance.energy_used_wh == 100 + story.energy_wh
    state = rebuilt(entries_of(story))
    assert state.energy is not None
    assert state.energy.last == rolled.total_l


def test_a_state_that_was_lost_is_back_after_one_look_at_the_meters() -> None:
    story = eventful()
    state = rebuilt(entries_of(story))
    assert not state.permitted
    assert state.standing.conditions == ()
    assert state.totalizer is not None
    assert state.energy is not None
    live = story.withdrawn_l
    story.state = state
    story.after(1)
    assert story.withdrawn_l in (live, live + 25, live + 24, live + 26)
    assert story.state.ledger == ledger_of(entries_of(story))


def test_an_estimate_that_waits_for_the_totalizer_waits_on() -> None:
    """Control loses its checkpoint amid an interruption; metered water wins all the same."""
    story = Story(coast_ms=0).commission(10**9)
    assert story.order(rate()) is None
    story.after(2).start()
    story.after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(22 * 60)
    assert len(story.of(Convert)) == 2
    story.state = rebuilt(entries_of(story))
    interruption = story.state.interruption
    assert interruption is not None
    assert interruption.converted_l == story.state.ledger.converted_l
    story.heal()
    story.after(1)
    assert story.state.ledger.converted_l == 0
    assert story.withdrawn_l == story.total_l - 500_000
    assert rebuilt(entries_of(story)).interruption is None


def test_an_estimate_of_hours_vouches_for_the_water_that_it_stood_for() -> None:
    story = lifting().after(60)
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(2 * HOUR / 1000)
    story.state = rebuilt(entries_of(story))
    story.heal()
    story.after(10)
    assert story.of(Withheld) == []
    assert story.withdrawn_l == story.total_l - 500_000


def test_electricity_that_is_told_alone_vouches_for_no_water_before_it() -> None:
    """An energy allocation tells no water total; what flowed since one was told is plausible."""
    story = lifting().after(3 * HOUR / 1000)
    assert story.order(AllocateEnergyOrder(2026, AllocationKind.PLAN, 10**7, "e 1")) is None
    story.after(600).stop()
    story.after(60)
    story.state = rebuilt(entries_of(story))
    story.power_off(HOUR)
    story.after(60)
    assert story.conditions == {}
    assert story.withdrawn_l == story.total_l - 500_000


def test_a_year_that_opened_late_tells_totals_of_its_beginning() -> None:
    """Water and electricity of its first hours, before anybody looked, are no jump."""
    story = december(HOUR).unhurried().after(600)
    story.welded = True
    story.away(4 * HOUR)
    story.after(10)
    assert years(story) == [2026, 2027]
    assert story.withdrawn_l > 250_000
    story.state = rebuilt(entries_of(story))
    story.after(60)
    assert story.state.totalizer is not None
    assert story.state.energy is not None
    assert story.state.totalizer.last == story.total_l
    assert story.state.energy.last == story.energy_wh


def test_an_account_without_entries_is_a_new_one() -> None:
    assert rebuilt(()) == State(spent=LOST)
    assert ledger_of(()) == Ledger()


def test_what_is_no_entry_makes_no_account() -> None:
    sample = record(1, Sample(None, None, None, None, None, False, None, None), at_utc_ms=5)
    with pytest.raises(AssertionError, match="made of entries"):
        ledger_of([sample])
    with pytest.raises(AssertionError, match="made of entries"):
        rebuilt([sample])


def test_a_checkpoint_that_contradicts_its_entries_gives_way_to_them() -> None:
    """Its account was altered; what it knows of the present is kept."""
    story = eventful()
    entries = entries_of(story)
    richer = replace(story.state, ledger=replace(story.state.ledger, corrected_l=-(10**8)))
    state = reconciled(richer, entries)
    assert state.ledger == ledger_of(entries) == story.state.ledger
    assert state.totalizer == story.state.totalizer
    assert state.seen_ids == story.state.seen_ids
    assert state.watermark == story.state.watermark
    assert state.standing == story.state.standing


def lifting() -> Story:
    """A pump with a coefficient, seen every ten seconds."""
    story = Story(coast_ms=0).commission(10**9)
    assert story.order(rate()) is None
    story.after(2).start()
    return story.unhurried()


def test_a_checkpoint_that_contradicts_its_entries_keeps_both_meters_totals() -> None:
    """Hours after the last entry: neither total has jumped, and no electricity is older."""
    story = lifting().after(2 * HOUR / 1000)
    story.state = replace(story.state, ledger=replace(story.state.ledger, closed_wh=70_000))
    spoilt = story.after(10).state
    story.state = reconciled(spoilt, entries_of(story))
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.after(10)
    assert unmetered_l(story.site, story.state, story.moment) == pytest.approx(250, abs=5)
    assert story.state.energy is not None
    assert story.state.energy.last == story.energy_wh
    known = replace(spoilt, energy_at_total_wh=None)
    assert reconciled(known, entries_of(story)).energy_at_total_wh is None


def test_totals_that_the_entries_alone_tell_are_as_old_as_they_are() -> None:
    story = lifting().after(2 * HOUR / 1000)
    segment, power = story.state.ledger.segment, story.state.ledger.power
    assert segment is not None
    assert power is not None
    other = replace(
        story.state.ledger, segment=replace(segment, start=1), power=replace(power, start=1)
    )
    story.state = reconciled(replace(story.state, ledger=other), entries_of(story))
    story.after(60)
    assert story.conditions == {}
    assert story.state.energy is not None
    assert story.state.energy.last == story.energy_wh
    assert story.withdrawn_l == story.total_l - 500_000


def test_a_checkpoint_of_another_series_gives_up_its_total_as_well() -> None:
    story = eventful()
    entries = entries_of(story)
    state = reconciled(replace(State(), permitted=True), entries)
    assert state.totalizer == rebuilt(entries).totalizer
    assert state.watermark == rebuilt(entries).watermark
    assert state.permitted


def test_a_rebuild_is_recorded_with_the_first_scan() -> None:
    story = eventful()
    said = Rebuilt(7, "no JSON")
    story.now_ms += 1000
    outcome = scan(story.site, story.state, replace(story.seen(), rebuilt=said))
    assert said in outcome.bodies
