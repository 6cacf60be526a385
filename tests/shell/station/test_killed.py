"""kill -9 of each process while the pump runs: no record and no litre is lost.

The truth is the simulator's: it knows every litre, and how often the pump dropped out. Only the
death of whoever holds the relay's line may stop the pump.
"""

import pytest

from agent.demo.sight import Sight
from tests.shell.station.stand import Stand, assert_true


@pytest.mark.parametrize(
    ("victim", "drops"),
    [
        ("control", 0),
        ("uplink a", 0),
        ("uplink b", 0),
        ("broker b", 0),
        ("relay", 1),
        ("run", 1),
    ],
)
def test_a_killed_process_comes_back_and_the_verdict_holds(
    stand: Stand, victim: str, drops: int
) -> None:
    stand.commission()
    seen = stand.pump()
    dead = stand.kill(victim)

    def back(now: Sight) -> bool:
        reborn = stand.pid(victim) not in (None, dead)
        heard = all(now.connected(one.name) and one.through > seen.head for one in now.platforms)
        return reborn and heard and now.pump.permitted

    assert stand.until(back).pump.drops == drops
    if drops:
        stand.pump()
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == drops
