"""kill -9 of any process of a real station, in any order, while it pumps: nothing is lost.

The truth is the simulator's; the platforms are real Mosquittos; the judge is the demo's.
"""

import random
from collections.abc import Callable
from pathlib import Path

from agent.demo.sight import Sight
from tests.shell.station.stand import Stand, assert_true, standing

VICTIMS = ("control", "uplink a", "relay", "uplink b", "control")
KILLS = 3  # the first three; make soak draws more
PLENTY_L = 2_000_000


def killed(stand: Stand, victim: str) -> None:
    """Until it is there again, and everyone hears of new records."""
    seen = stand.until(lambda now: now.state is not None)
    dead = stand.kill(victim)

    def back(now: Sight) -> bool:
        reborn = stand.pid(victim) not in (None, dead)
        heard = all(now.connected(one.name) and one.through > seen.head for one in now.platforms)
        return reborn and heard and now.pump.permitted

    stand.until(back)


def test_any_process_may_die_at_any_time(
    tmp_path: Path, soak: int, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(5)
    with standing(tmp_path, {}) as stand:
        stand.commission(PLENTY_L)
        stand.pump()
        drops = 0
        for n in range(KILLS * soak):
            victim = VICTIMS[n] if n < len(VICTIMS) else chance.choice(VICTIMS)
            killed(stand, victim)
            if victim == "relay":
                # Whoever holds the line dies: the pump drops, and only its owner starts it again.
                drops += 1
                stand.pump()
        head = stand.until(lambda now: now.state is not None).head
        verdict = stand.verdict()
        assert_true(verdict)
        assert verdict.pump_drops == drops
    row = {"what": "station's processes killed", "trials": KILLS * soak, "promised": head}
    record_property("soak: kills and power cuts", {**row, "lost": 0, "unreadable": 0})
