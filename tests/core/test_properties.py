"""Room rule: what is true of every scan of every well, however the world behaves.

Each property looks at every scan of a walk that Hypothesis draws (walks.py), or at every pump.
"""

import json
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from agent import rows
from agent.core import ledger, posting
from agent.core.facts import METERING
from agent.core.model import (
    ConditionKind,
    Convert,
    Correct,
    Entry,
    Fault,
    Moment,
    OpenYear,
    Quality,
    Quantity,
    Refused,
    RelayMoved,
    Verdict,
    elapsed_ms,
)
from agent.core.scan import Outcome, scan
from agent.core.state import State, last_total_l
from tests.core.story import HOUR, OF_POWER_METER, SITE, Story, addition
from tests.core.walks import WALKS, Step, walk

K = ConditionKind
LESS = settings(max_examples=40, deadline=None)
# The entries that may lower what a year has withdrawn.
SETTLING = (OpenYear, Correct, Convert)


def entries(outcome: Outcome) -> list[Entry]:
    return [one for one in outcome.bodies if isinstance(one, get_args(Entry))]


def withdrawn_l(state: State) -> int:
    return ledger.withdrawn_l(state.ledger, last_total_l(state))


# --- the permit --------------------------------------------------------------------------------


@LESS
@given(WALKS)
def test_a_permit_has_all_it_needs_or_names_the_bounded_exception(steps: list[Step]) -> None:
    """Commissioned, nobody's stop, allocated with water for its lease, and a fresh total."""
    for scanned in walk(steps):
        outcome, decision = scanned.outcome, scanned.outcome.decision
        assert decision.permit is not bool(decision.reasons), "a cut always has its reason"
        if not decision.permit:
            assert decision.lease_ms == 0
            continue
        state = outcome.state
        assert state.ledger.segment is not None
        assert state.ledger.power_serial is not None
        assert not state.stops
        exempt = {one.kind: one for one in decision.exceptions}
        assert all(min(one.volume_l, one.time_ms) > 0 for one in exempt.values())
        flow_l_per_h = state.pump.flow_l_per_h or SITE.flow_max_l_per_h
        assert 0 < decision.lease_ms <= SITE.lease_ms
        water_l = exempt[K.OVERRIDE].volume_l if K.OVERRIDE in exempt else 0
        if outcome.balance is not None:
            assert outcome.balance.year == state.ledger.year
            water_l = max(water_l, outcome.balance.remaining_l)
        assert decision.lease_ms * flow_l_per_h <= water_l * HOUR
        total = next(one for one in outcome.readings if one.quantity is Quantity.FORWARD_TOTAL_L)
        assert total.quality is Quality.GOOD or set(METERING) & set(exempt)
        assert (K.JOURNAL_FAILING in exempt) is scanned.seen.journal_failing


@LESS
@given(WALKS)
def test_the_edges_of_the_relay_are_recorded_and_a_permit_waits_for_the_disk(
    steps: list[Step],
) -> None:
    permitted = False
    for scanned in walk(steps):
        outcome = scanned.outcome
        for edge in (one for one in outcome.bodies if isinstance(one, RelayMoved)):
            assert edge.permitted is not permitted
            permitted = edge.permitted
            assert outcome.durable or not permitted
        assert permitted is outcome.decision.permit is outcome.state.permitted


@LESS
@given(WALKS)
def test_a_pump_that_was_cut_rests(steps: list[Step]) -> None:
    cut_at: Moment | None = None
    for scanned in walk(steps):
        now = scanned.outcome.moment
        for edge in (one for one in scanned.outcome.bodies if isinstance(one, RelayMoved)):
            rested_ms = None if cut_at is None else elapsed_ms(cut_at, now)
            if edge.permitted:
                assert rested_ms is None or rested_ms >= SITE.short_cycle_ms
            else:
                cut_at = now


@LESS
@given(WALKS)
def test_a_scan_that_may_enter_nothing_needs_no_disk(steps: list[Step]) -> None:
    """Control throws away a scan it could not commit, and does it again without its commands."""
    for scanned in walk(steps):
        again = scan(SITE, scanned.before, replace(scanned.seen, commands=(), journal_failing=True))
        assert not again.durable
        assert entries(again) == []
        assert again.state.ledger == scanned.before.ledger
        assert not again.decision.permit or scanned.before.permitted


# --- the account -------------------------------------------------------------------------------


@LESS
@given(WALKS)
def test_remaining_never_grows_without_an_entry(steps: list[Step]) -> None:
    for earlier, later in pairwise(walk(steps)):
        now, was = later.outcome.balance, earlier.outcome.balance
        if now is not None and not entries(later.outcome):
            assert was is not None
            assert now.remaining_l <= was.remaining_l


@LESS
@given(WALKS)
def test_a_stop_and_a_latch_fall_by_an_order_only(steps: list[Step]) -> None:
    for scanned in walk(steps):
        before, after = scanned.before, scanned.outcome.state
        ordered = any(isinstance(one, Verdict) for one in scanned.outcome.bodies)
        assert len(after.stops) >= len(before.stops) or ordered
        latched = {one.kind for one in before.standing.conditions if one.latched}
        stands = {one.kind for one in after.standing.conditions if one.latched}
        # An entry that gives ends an exhaustion, like a new year; a round ends by its date as well.
        given = {K.ALLOCATION_EXHAUSTED}
        if entries(scanned.outcome):
            given.add(K.ENERGY_EXHAUSTED)
        assert latched <= stands | given | {K.FLOW_SIGNAL_LOST} or ordered


@LESS
@given(WALKS)
def test_an_override_is_bounded_in_time_and_water(steps: list[Step]) -> None:
    for scanned in walk(steps):
        lifting = scanned.outcome.state.lifting
        if lifting is not None:
            assert 0 < lifting.left_l <= 2_000
            assert 0 < lifting.left_ms <= HOUR


@LESS
@given(WALKS)
def test_an_exhausted_well_is_released_by_an_entry_only(steps: list[Step]) -> None:
    for scanned in walk(steps):
        was = {one.kind for one in scanned.before.standing.conditions}
        now = {one.kind for one in scanned.outcome.state.standing.conditions}
        if K.ALLOCATION_EXHAUSTED in was - now:
            assert entries(scanned.outcome)


@LESS
@given(WALKS)
def test_no_total_moves_the_withdrawal_backward(steps: list[Step]) -> None:
    for scanned in walk(steps):
        if not any(isinstance(one, SETTLING) for one in entries(scanned.outcome)):
            assert withdrawn_l(scanned.outcome.state) >= withdrawn_l(scanned.before)


@LESS
@given(WALKS)
def test_one_wild_total_moves_the_account_no_further_than_water_can_flow(
    steps: list[Step],
) -> None:
    for scanned in walk(steps):
        before, state = scanned.before, scanned.outcome.state
        passed_ms = before.scanned_at and elapsed_ms(before.scanned_at, scanned.outcome.moment)
        if entries(scanned.outcome) or not isinstance(passed_ms, int):
            continue
        totalizer = before.totalizer
        if totalizer is None or totalizer.runnable_ms is None:
            continue
        most_ms = totalizer.runnable_ms + passed_ms + SITE.period_ms
        most_l = SITE.flow_max_l_per_h * most_ms * 120 // (100 * HOUR) + 2
        assert withdrawn_l(state) - withdrawn_l(before) <= most_l


@LESS
@given(WALKS)
def test_the_entries_that_were_written_make_the_ledger_again(steps: list[Step]) -> None:
    scans = walk(steps)
    written = [entry for scanned in scans for entry in entries(scanned.outcome)]
    stored = [rows.decode_body(*rows.encode_body(entry)) for entry in written]
    assert stored == written
    assert reduce(posting.post, written, ledger.Ledger()) == scans[-1].outcome.state.ledger


# --- the scan ----------------------------------------------------------------------------------


@LESS
@given(WALKS)
def test_a_scan_is_a_function_and_its_state_survives_the_card(steps: list[Step]) -> None:
    """Killed between any two scans and started from what was committed, it goes on the same."""
    for scanned in walk(steps):
        text = rows.dumps(rows.to_row(scanned.before))
        stored = rows.from_row(State, json.loads(text))
        assert stored == scanned.before
        assert scan(SITE, stored, scanned.seen) == scanned.outcome
        assert rows.dumps(rows.to_row(scanned.before)) == text, "a scan changes nothing it is given"


@LESS
@given(WALKS, st.data())
def test_a_repeated_command_changes_nothing(steps: list[Step], data: st.DataObject) -> None:
    scans = walk(steps)
    commands = [one for scanned in scans for one in scanned.seen.commands]
    last = scans[-1].outcome
    seen = replace(scans[-1].seen, commands=(), journal_failing=False)
    if not commands:
        return
    repeated = data.draw(st.sampled_from(commands))
    without = scan(SITE, last.state, seen)
    again = scan(SITE, last.state, replace(seen, commands=(repeated,)))
    assert again.state == replace(without.state, sampled_at=again.state.sampled_at)
    assert entries(again) == entries(without)
    (verdict,) = (one for one in again.bodies if isinstance(one, Verdict))
    assert verdict.refusal is not None
    assert verdict.refusal.reason is Refused.DUPLICATE


# --- the cut -----------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(
    flow_l_per_h=st.integers(10_000, 100_000),
    coast_ms=st.integers(0, 6_000),
    allocated_l=st.integers(500, 1_500),
)
def test_every_cut_comes_in_time_whatever_the_pump(
    flow_l_per_h: int, coast_ms: int, allocated_l: int
) -> None:
    story = Story(flow_l_per_h=flow_l_per_h, coast_ms=coast_ms).commission(allocated_l).after(1)
    for given_l in (0, 1_000):
        story.order(addition(given_l))
        allocated_l += given_l
        story.after(SITE.short_cycle_ms / 1000).start()
        while story.permitted:
            story.after(1)
        story.after(20)
        over_l = story.withdrawn_l - allocated_l
        assert -300 <= over_l <= 100
    assert over_l <= 0, "the second cut knows the coast-down"


@settings(max_examples=15, deadline=None)
@given(
    flow_l_per_h=st.integers(20_000, 100_000),
    coast_ms=st.integers(0, 6_000),
    lost_ms=st.integers(0, 90_000),
    boots=st.booleans(),
)
def test_a_cut_that_was_not_committed_is_made_again(
    flow_l_per_h: int, coast_ms: int, lost_ms: int, *, boots: bool
) -> None:
    """Control dies between the relay and the disk; what it knew is up to a minute old."""
    story = Story(flow_l_per_h=flow_l_per_h, coast_ms=coast_ms).commission(3_000).after(1)
    story.start()
    committed = story.state
    while story.permitted:
        committed = story.state if story.outcomes[-1].bodies else committed
        story.after(1)
    assert story.reasons == [K.ALLOCATION_EXHAUSTED]
    story.state = committed
    story.away(lost_ms)
    if boots:
        story.power_off(HOUR)
    story.after(1)
    assert K.ALLOCATION_EXHAUSTED in story.reasons
    assert not story.running
    assert story.of(RelayMoved)[-1].lapsed, "the cut that was lost is written down as a lapse"


@settings(max_examples=15, deadline=None)
@given(dark=st.lists(st.integers(1, 40), max_size=6), stop_at=st.integers(0, 5))
def test_what_the_meter_counted_while_nobody_read_it_is_never_lost(
    dark: list[int], stop_at: int
) -> None:
    story = Story().commission().after(1)
    story.start()
    for place, seconds in enumerate(dark):
        story.lay(Fault.GARBLED, Quantity.FORWARD_TOTAL_L, *OF_POWER_METER)
        story.after(seconds)
        if place == stop_at:
            story.stop()
        story.heal()
        story.after(seconds % 3 + 1)
    assert story.after(3).withdrawn_l == story.total_l - 500_000
