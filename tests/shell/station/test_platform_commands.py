"""A platform's script on a whole station: real broker, real control, real signatures."""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.core.keyring import kid_of
from agent.core.model import Allocate, RelayMoved, Verdict
from agent.demo.sight import Sight
from agent.desk.client import Client
from agent.signing import public_of
from drivers.mqtt import Broker
from drivers.mqtt.sender import Sender
from tests.shell.station.stand import ROOT, Stand, assert_true

EXAMPLE = ROOT / "docs" / "examples" / "command.py"
MAY = ["allocate", "stop", "resend", "report", "set_threshold"]
SETTINGS = {"platform.may": MAY, "interlock.short_cycle_s": 0}
PLAN_L, GIVEN_M3 = 2400, 30  # 2000 L of it were withdrawn before the agent took over
TWO_SCANS_MS = 2500
WITHIN_S = 60
STEP_S = 0.1
STEPS_MAX = 600


class Sending:
    """A platform with a key that the station knows."""

    def __init__(self, stand: Stand, folder: Path) -> None:
        self._stand = stand
        self.key = folder / "a.pem"
        assert main(["keys", "new", str(folder / "a"), "--language", "en"]) == 0
        self.kid = str(kid_of(public_of(self.key)))
        self.told = ["--config", str(stand.house.config), "--language", "en"]
        added = ["keys", "add", "a", str(folder / "a.pub.pem"), "--document", "form 3"]
        assert main([*added, *self.told]) == 0

    @property
    def port(self) -> int:
        return self._stand.house.brokers["a"].port

    def sign(self, capsys: pytest.CaptureFixture[str], *order: str) -> str:
        capsys.readouterr()
        whose = ["--key", str(self.key), "--platform", "a", "--station", "demo-well"]
        assert main(["command", "sign", *order, *whose]) == 0
        return capsys.readouterr().out.strip()

    def sender(self, token: str) -> Sender:
        broker = Broker("127.0.0.1", self.port, "platform-a")
        topic = "wells/demo-well"
        return Sender(broker, f"{topic}/commands", token.encode(), f"{topic}/results")

    def result_of(self, token: str) -> dict[str, Any]:
        with closing(self.sender(token)) as sender:
            return answer(sender)


def answer(sender: Sender) -> dict[str, Any]:
    """What comes back, within the bound."""
    for _ in range(STEPS_MAX):
        sender.step(STEP_S)
        assert sender.error == ""
        for payload in sender.take():
            found: dict[str, Any] = json.loads(payload)
            return found
    raise AssertionError("no result within the bound")


def addition(document: str) -> tuple[str, ...]:
    return ("allocate", "year=YEAR", "kind=addition", "volume_l=1000", f"document={document}")


@pytest.mark.parametrize(
    "stand", [{"platform.may": MAY, "interlock.short_cycle_s": 0}], indirect=True
)
def test_a_script_gives_water_and_the_exhausted_pump_is_permitted_again(
    stand: Stand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    year = str(stand._actor.year())
    stand.commission(PLAN_L)
    sending = Sending(stand, tmp_path)
    stand.pump()
    stand.until(lambda now: now.stands("allocation_exhausted") and not now.pump.permitted)
    argv = [EXAMPLE, "127.0.0.1", str(sending.port), "demo-well", "a", sending.key, sending.kid]
    said = subprocess.run(
        [sys.executable, *map(str, argv), str(GIVEN_M3)],
        capture_output=True, text=True, timeout=WITHIN_S, check=True,
    )  # fmt: skip
    result = json.loads(said.stdout)
    given_l = PLAN_L + GIVEN_M3 * 1000
    assert (result["accepted"], result["balance"]["allocated_l"]) == (True, given_l)
    stand.until(lambda now: now.pump.permitted and now.allocated_l == given_l)

    # The same message again, to the other platform's uplink as well, and after a restart.
    orders = [one.replace("YEAR", year) for one in addition("notice 13")]
    token = sending.sign(capsys, *orders)
    assert sending.result_of(token)["accepted"]
    given_l += 1000
    stand.kill("control")
    stand.until(lambda now: now.state is not None and now.allocated_l == given_l)
    again = sending.result_of(token)
    assert (again["accepted"], again["refusal"]["reason"]) == (False, "duplicate")
    assert again["refusal"]["expected"] == "accepted"

    # Killed at any moment between the message and its acknowledgement: once, and answered.
    for victim in ("uplink a", "control"):
        token = sending.sign(capsys, *[one.replace("13", victim) for one in orders])
        with closing(sending.sender(token)) as sender:
            while not sender.sent:
                sender.step(STEP_S)
            stand.kill(victim)
            result = answer(sender)
        assert result["accepted"] or result["refusal"]["expected"] == "accepted"
        given_l += 1000
        stand.until(partial(_has_been_given, given_l))

    assert_true(stand.verdict())
    assert _permitted_after_ms(stand) <= TWO_SCANS_MS
    assert sum(isinstance(one.body, Allocate) for one in stand.judged) == 5
    assert _keys(stand) == {"a": [sending.kid]}
    revoke = ("revoke", "a", sending.kid, "--reason", "stolen")
    assert main(["keys", *revoke, "--config", str(stand.house.config)]) == 0
    assert _keys(stand) == {}, "as soon as it took effect"


def _keys(stand: Stand) -> Mapping[str, Any]:
    with Client(stand.house.desk) as client:
        asked = {"revision": 0, "wait_ms": 0}
        keys: Mapping[str, Any] = client.call("status", asked, 10.0)["state"]["keys"]
        return keys


def _has_been_given(volume_l: int, now: Sight) -> bool:
    return now.allocated_l == volume_l


def _permitted_after_ms(stand: Stand) -> int:
    """From the verdict on the script's command to the relay."""
    given = next(
        one for one in stand.judged if isinstance(one.body, Verdict) and one.body.actor == "a"
    )
    moved = next(
        one
        for one in stand.judged
        if one.number > given.number and isinstance(one.body, RelayMoved) and one.body.permitted
    )
    return moved.at_utc_ms - given.at_utc_ms
