"""What a site does to its station: each fault is told once, in its own words, and passes by itself.

The pump runs on meanwhile: no fault of a wire stops it at once, and none loses a litre.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import ConditionChanged, ConditionKind, Fault, Record, Role, Sample
from agent.demo.sight import Sight
from tests.mosquitto import Mosquitto
from tests.shell.station.stand import Stand, assert_true

SILENT = ConditionKind.FLOW_METER_SILENT


@dataclass(frozen=True)
class Ailment:
    """What the panel is asked for, and back; what the readings and the bus then say."""

    button: str
    how: dict[str, Any]
    cure: str
    fault: Fault
    trouble: str = ""


AILMENTS = {
    "the tty vanishes": Ailment(
        "pull", {}, "plug", Fault.DISCONNECTED, "is the adapter plugged in"
    ),
    "a silent slave": Ailment("fault", {"silent_units": [1]}, "heal", Fault.TIMEOUT),
    "exception replies": Ailment("fault", {"refusal": 1.0}, "heal", Fault.REFUSED),
}


@pytest.mark.parametrize("ailment", AILMENTS.values(), ids=AILMENTS)
@pytest.mark.parametrize("stand", [{"interlock.flow_meter_alarm_s": 5}], indirect=True)
def test_a_bus_that_ails_is_told_once_and_heals_by_itself(stand: Stand, ailment: Ailment) -> None:
    stand.commission()
    stand.pump()
    stand.panel.ask(ailment.button, **ailment.how)
    ill = stand.until(lambda now: now.stands(SILENT))
    assert ailment.trouble in trouble(ill)
    stand.panel.ask(ailment.cure)
    stand.until(lambda now: not now.stands(SILENT) and trouble(now) == "")
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == 0
    changes = [
        one.body.raised
        for one in stand.judged
        if isinstance(one.body, ConditionChanged) and one.body.kind is SILENT
    ]
    assert changes == [True, False]
    assert ailment.fault in faults_told(stand.judged)


def test_noise_spoils_readings_and_never_the_account(stand: Stand) -> None:
    """A quarter of the frames have wrong characters, in both directions."""
    stand.commission()
    stand.pump()
    stand.panel.ask("fault", noise=0.25)
    stand.until(lambda now: Fault.GARBLED in flow_meter_faults(now))
    stand.until(lambda now: set(flow_meter_faults(now)) == {None})
    stand.panel.ask("heal")
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == 0


def test_a_broker_that_refuses_is_told_and_catches_up_when_it_admits(
    stand: Stand, tmp_path: Path
) -> None:
    """The other platform hears everything meanwhile."""
    stand.commission()
    stand.house.take_away("b")
    with Mosquitto(tmp_path, ("allow_anonymous false",), stand.house.brokers["b"].port):
        refused = stand.until(lambda now: "refused" in error(now, "b"))
        assert "authori" in error(refused, "b").lower()
        stand.allocate("addition", 1000)
        stand.until(lambda now: now.platform("a").through > refused.head)
    stand.house.bring_back("b")
    back = stand.until(lambda now: now.connected("b") and now.platform("b").through == now.head)
    assert error(back, "b") == ""
    assert_true(stand.verdict())


def trouble(now: Sight) -> str:
    """What the station says of its bus; empty when it has nothing to say."""
    assert now.state is not None
    words: str = now.state["buses"]["meters"]["trouble"]
    return words


def flow_meter_faults(now: Sight) -> list[Fault | None]:
    """Why each of its readings is not good; None for one that is."""
    readings = [] if now.state is None else now.state["readings"]
    return [one["fault"] for one in readings if one["instrument"] == Role.FLOW_METER]


def error(now: Sight, platform: str) -> str:
    """What the station says of this platform's link; empty when it has nothing to say."""
    words: str = "" if now.state is None else now.state["uplinks"][platform]["error"]
    return words


def faults_told(records: Sequence[Record]) -> set[Fault | None]:
    """Why the flow meter's readings were not good, as the records say it."""
    return {
        reading.fault
        for one in records
        if isinstance(one.body, Sample)
        for reading in one.body.faults
        if reading.instrument is Role.FLOW_METER
    }
