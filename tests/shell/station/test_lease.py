"""The lease: a control that is gone, stands still or hangs permits for no longer than it said.

That the relay is open is asked of the pump house while control still is as it was left; nothing
here measures a time. A lapse is then written down, and the pump has its rest before it may run.
"""

import os
import select
import signal
import subprocess

import pytest

from agent.core.model import Body, ConditionChanged, ConditionKind, RelayMoved
from tests.shell.station.stand import WAIT_S, Stand, assert_true, process_state

SHORT_CYCLE_S = 3
# Long enough that a busy machine's late scan is no lapse, short enough to be waited for.
SHORT = {"relay.lease_s": 8, "interlock.short_cycle_s": SHORT_CYCLE_S}
FAULTY = "tests.shell.station.faulty_control"


@pytest.mark.parametrize("stand", [SHORT], indirect=True)
def test_a_control_that_is_dead_longer_than_its_lease_permits_nothing(stand: Stand) -> None:
    stand.commission()
    stand.pump()
    station = stand.stop("run")  # nobody starts it again
    control = stand.kill("control")
    stand.until_truth(lambda truth: not truth["permitted"])
    assert process_state(control) == "Z", "the relay opened only when control was back"
    stand.go_on(station)
    assert_recovers_after_a_lapse(stand)


@pytest.mark.parametrize("stand", [SHORT], indirect=True)
def test_a_control_that_stands_still_longer_than_its_lease_permits_nothing(stand: Stand) -> None:
    stand.commission()
    stand.pump()
    control = stand.stop("control")
    stand.until_truth(lambda truth: not truth["permitted"])
    assert process_state(control) == "T", "the relay opened only when control went on"
    stand.go_on(control)
    assert_recovers_after_a_lapse(stand)


@pytest.mark.parametrize("stand", [SHORT], indirect=True)
def test_a_scan_that_hangs_longer_than_its_lease_permits_nothing(stand: Stand) -> None:
    """It hangs with a relay that permitted and good meters in hand, and goes on from there."""
    stand.commission()
    stand.pump()
    station = stand.stop("run")
    stand.kill("control")
    control = stand.start(FAULTY)
    stand.until(lambda now: now.connected("a") and now.connected("b"))
    control.send_signal(signal.SIGUSR1)
    assert_says(control, b"hanging")
    stand.until_truth(lambda truth: not truth["permitted"])
    control.send_signal(signal.SIGUSR1)
    assert_recovers_after_a_lapse(stand)
    control.terminate()
    assert control.wait(WAIT_S) == 0
    stand.go_on(station)


def test_a_fault_of_ours_in_the_scan_ends_control_and_stops_no_pump(stand: Stand) -> None:
    """Its journal and its desk have threads of their own; the process waits for none of them."""
    stand.commission()
    stand.pump()
    station = stand.stop("run")
    stand.kill("control")
    control = stand.start(FAULTY)
    stand.until(lambda now: now.connected("a") and now.connected("b"))
    control.send_signal(signal.SIGUSR2)
    assert control.wait(WAIT_S) == 1
    assert_says(control, b"RuntimeError: a fault of ours in the scan")
    stand.go_on(station)
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == 0


def assert_recovers_after_a_lapse(stand: Stand) -> None:
    """By itself: the lapse is written down, then the pump's rest, then the permission."""
    stand.until(lambda now: now.pump.permitted)
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == 1
    edges = [one for one in stand.judged if isinstance(one.body, RelayMoved)]
    lapse, permit = edges[-2:]
    assert [_edge(one.body) for one in (lapse, permit)] == [(False, True), (True, False)]
    assert permit.at_utc_ms - lapse.at_utc_ms >= 1000 * SHORT_CYCLE_S
    rest = [
        one.body.raised
        for one in stand.judged
        if isinstance(one.body, ConditionChanged)
        and one.body.kind is ConditionKind.SHORT_CYCLE
        and lapse.at_utc_ms <= one.at_utc_ms <= permit.at_utc_ms
    ]
    assert rest == [True, False]


def _edge(body: Body) -> tuple[bool, bool]:
    assert isinstance(body, RelayMoved)
    return body.permitted, body.lapsed


def assert_says(process: subprocess.Popen[bytes], words: bytes) -> None:
    """Wait until it has."""
    assert process.stdout is not None
    said = b""
    while words not in said:
        assert select.select([process.stdout], [], [], WAIT_S)[0], f"not within the bound: {said!r}"
        more = os.read(process.stdout.fileno(), 65_536)
        assert more, f"it ended and never said so: {said!r}"
        said += more
