"""A disk that takes no writes, under a real control: the kernel refuses every write of it (EFBIG).

The limit is set on the living process from outside, and lifted again: nothing in control knows.
What could not be written meanwhile is written afterwards, and no litre is lost.
"""

from collections.abc import Sequence

import pytest

from agent.core.model import (
    Action,
    Body,
    ConditionChanged,
    ConditionKind,
    Record,
    RelayMoved,
    Sample,
    Stopped,
)
from agent.demo.sight import Sight
from tests.shell.station.stand import WAIT_S, Stand, assert_true

DIED = "control ended with code 74"
FAILING = ConditionKind.JOURNAL_FAILING
STOPPED = ConditionKind.STOPPED_ON_SITE
STOP = {"reason": "somebody is in the shaft"}
WORTH_MS = 2_000
# More than the shared memory beside the journal needs, less than the log a killed control left.
OPENS_BYTES = 36 * 1024
# Less than that memory needs, more than the station's own words, which stand in a file here.
SHUT_BYTES = 16 * 1024


def fails(now: Sight) -> bool:
    return now.stands(FAILING)


@pytest.mark.parametrize("stand", [{"journal.on_failure": "cut"}], indirect=True)
def test_with_policy_cut_the_relay_opens_at_once(stand: Stand) -> None:
    stand.commission()
    stand.pump()
    stand.limit_files("control", 0)
    failing = stand.until(lambda now: fails(now) and not now.pump.permitted)
    assert failing.state is not None
    assert "the journal goes on by itself" in failing.state["journal"]["failing"]
    stand.limit_files("control", None)
    stand.until(lambda now: not fails(now) and now.pump.permitted)
    assert_recovered(stand)
    assert changes(stand.judged) == [(True, Action.CUT), (False, Action.CUT)]
    raised = next(one for one in stand.judged if failure(one.body))
    cut = next(one for one in stand.judged if is_cut(one.body, FAILING))
    assert cut.at_utc_ms == raised.at_utc_ms, "not in the scan that heard of it"


@pytest.mark.parametrize("stand", [{"journal.run_on_percent": 5}], indirect=True)
def test_with_policy_run_on_the_pump_runs_to_the_bound_and_no_further(stand: Stand) -> None:
    """5 % of what remained, counted by the totalizer alone."""
    stand.commission(4_500)
    stand.pump()
    stand.limit_files("control", 0)
    stand.until(lambda now: fails(now) and now.pump.running)
    stand.until(lambda now: fails(now) and not now.pump.permitted)
    stand.limit_files("control", None)
    stand.until(lambda now: not fails(now) and now.pump.permitted)
    assert_recovered(stand)
    taken_percent = run_on_percents(stand.judged)
    assert len(taken_percent) > 2, "it ran on for some scans"
    assert taken_percent[-1] >= 5 > taken_percent[-2]


def test_a_stop_that_cannot_be_written_holds_at_once_and_holds_for_good(stand: Stand) -> None:
    """Whoever gave it may have gone long before the disk is back: his hand is in the water."""
    stand.commission()
    stand.pump()
    stand.limit_files("control", 0)
    seen = stand.until(lambda now: fails(now) and now.pump.running)
    until_utc_ms = (seen.at_utc_ms or 0) + WORTH_MS
    with stand.hand_in("StopOrder", STOP, until_utc_ms) as asker:
        told = asker.answer(1, "command", WAIT_S)
    assert (told["written"], told["verdict"]["refusal"]) == (False, None)
    held = stand.until(lambda now: (now.at_utc_ms or 0) > until_utc_ms + WORTH_MS)
    assert fails(held)
    assert held.stands(STOPPED)
    assert not held.pump.permitted
    stand.limit_files("control", None)
    healed = stand.until(lambda now: not fails(now))
    assert healed.stands(STOPPED)
    assert not healed.pump.permitted
    with stand.hand_in("ReleaseOrder", {"reason": "nobody is"}):
        stand.until(lambda now: now.pump.permitted)
    assert_recovered(stand)
    assert sum(isinstance(one.body, Stopped) for one in stand.judged) == 1


def test_a_stop_that_cannot_be_written_outlives_control(stand: Stand) -> None:
    """The next control can write, and finds the stop in the host's memory."""
    stand.commission()
    stand.pump()
    stand.limit_files("control", OPENS_BYTES)
    stand.until(fails)
    with stand.hand_in("StopOrder", STOP) as asker:
        assert asker.answer(1, "command", WAIT_S)["written"] is False
    stand.kill("control")
    seen = stand.until(lambda now: now.state is not None and not fails(now))
    assert seen.stands(STOPPED)
    assert not seen.pump.permitted
    with stand.hand_in("ReleaseOrder", {"reason": "nobody is"}):
        stand.until(lambda now: now.pump.permitted)
    assert_recovered(stand)
    assert sum(isinstance(one.body, Stopped) for one in stand.judged) == 1


@pytest.mark.parametrize("stand", [{"relay.lease_s": 8}], indirect=True)
def test_a_start_that_cannot_open_the_journal_says_so_and_stays_cut(stand: Stand) -> None:
    """It is tried again and again, in one line each time, until it can."""
    stand.commission()
    stand.pump()
    stand.limit_files("run", SHUT_BYTES)
    stand.kill("control")
    truth = stand.until_truth(lambda truth: not truth["permitted"])
    assert len(stand.said(DIED)) > 2, "none of these starts renewed the lease"
    stand.limit_files("run", None)
    stand.until(lambda now: now.state is not None and now.pump.permitted)
    words = stand.said("control | ")
    assert len(words) == len(stand.said(DIED))
    assert len(set(words)) == 1
    assert "check the card and its file system" in words[0]
    assert stand.panel.ask("truth")["starts"] == truth["starts"]
    assert_recovered(stand)


def test_a_start_that_cannot_write_stays_cut_though_the_policy_is_to_run_on(stand: Stand) -> None:
    """That policy is for a journal that failed while control ran."""
    stand.commission()
    stand.pump()
    stand.limit_files("run", OPENS_BYTES)
    stand.kill("control")
    stand.until(lambda now: "cut" in actions(now) and not now.pump.permitted)
    stand.limit_files("run", None)
    stand.limit_files("control", None)
    stand.until(lambda now: now.state is not None and not fails(now) and now.pump.permitted)
    assert_recovered(stand)


def assert_recovered(stand: Stand) -> None:
    """The pump dropped out once, because the relay opened, and nothing is lost."""
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == 1


def failure(body: Body) -> bool:
    return isinstance(body, ConditionChanged) and body.kind is FAILING


def is_cut(body: Body, reason: ConditionKind) -> bool:
    return isinstance(body, RelayMoved) and not body.permitted and reason in body.reasons


def changes(records: Sequence[Record]) -> list[tuple[bool, Action]]:
    return [
        (one.body.raised, one.body.action)
        for one in records
        if isinstance(one.body, ConditionChanged) and failure(one.body)
    ]


def actions(now: Sight) -> list[str]:
    return [one["action"] for one in now.conditions if one["kind"] == FAILING]


def run_on_percents(records: Sequence[Record]) -> list[float]:
    """How much of what remained was taken, scan by scan, from the failure to the cut."""
    begins = next(one for one in records if failure(one.body))
    ends = next(one for one in records if is_cut(one.body, FAILING))
    first_l, *rest_l = [
        (one.body.allocated_l or 0) - (one.body.withdrawn_l or 0)
        for one in records
        if begins.at_utc_ms <= one.at_utc_ms <= ends.at_utc_ms and isinstance(one.body, Sample)
    ]
    return [100 * (first_l - remaining_l) / first_l for remaining_l in rest_l]
