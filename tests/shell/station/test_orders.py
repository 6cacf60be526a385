"""Every order of the administrator's commands, through the desk, into the journal.

What each order does is told in tests/core; here is that the command says what it means, in the
order's own units, and that the exit code and the words tell what became of it.
"""

import json
import os
import subprocess
import sys
from typing import Any

from agent.demo.story import POWER_METER_SERIAL
from tests.shell.station.stand import WAIT_S, Stand

REFUSED = 1
ENTRIES = (
    "stopped",
    "released",
    "override",
    "correct",
    "rate",
    "lay_up",
    "resume",
    "remove_meter",
)


def wellkeeper(stand: Stand, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "agent.cli", *words, "--config", str(stand.house.config)]
    return subprocess.run(argv, capture_output=True, check=False, text=True, timeout=WAIT_S)


def accept(stand: Stand, *words: str) -> str:
    ended = wellkeeper(stand, *words)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def refuse(stand: Stand, *words: str) -> str:
    ended = wellkeeper(stand, *words)
    assert ended.returncode == REFUSED, ended.stdout
    return ended.stdout


def entries(stand: Stand) -> dict[str, Any]:
    """The last entry of each kind, as `wellkeeper records` prints it."""
    found: dict[str, Any] = {}
    for line in accept(stand, "records").splitlines():
        record = json.loads(line)
        found |= {kind: body for kind, body in record.items() if kind in ENTRIES}
    return found


def test_every_command_gives_its_order_and_tells_its_verdict(stand: Stand) -> None:
    stand.commission()
    why = ("--reason", "work on the well", "--as", "li")
    paper = ("--document", "paper 7", "--as", "li")
    year = str(stand.year())

    accept(stand, "stop", *why)
    stand.until(lambda now: now.stands("stopped_on_site") and not now.pump.permitted)
    accept(stand, "release", *why)
    stand.until(lambda now: now.pump.permitted)
    assert "Nothing is stopped" in refuse(stand, "release", *why)

    accept(stand, "override", "fire", "--volume", "2m3", "--hours", "3", *why)
    stand.until(lambda now: now.stands("override"))
    accept(stand, "release-override", *why)
    stand.until(lambda now: not now.stands("override"))
    assert "No override" in refuse(stand, "release-override", *why)
    assert "dry_well" in refuse(stand, "acknowledge", "dry_well", *why)

    told = accept(stand, "correct", "--year", year, "--volume=12.5m3", *why, *paper[:2])
    assert "14.500 m³" in told, "the account as it is now: 2 m3 were withdrawn before"
    found = ("--method", "issued", "--measured", f"{year}-01-02", "--static-mm", "31000")
    accept(stand, "rate", "2.75m3", *found, *paper)

    accept(stand, "lay-up", *paper)
    stand.until(lambda now: now.stands("laid_up") and not now.pump.permitted)
    accept(stand, "resume", *paper)
    stand.until(lambda now: now.pump.permitted)
    refuse(stand, "remove-meter", "flow", "--serial", "another", *paper)
    accept(stand, "remove-meter", "power", "--serial", POWER_METER_SERIAL, *paper)
    stand.until(lambda now: now.stands("not_commissioned"))

    made = entries(stand)
    assert {kind for kind in ENTRIES if kind not in made} == set()
    li = f"li (uid {os.getuid()})"  # what was said, and what the socket knows
    assert (made["stopped"]["origin"], made["stopped"]["actor"]) == ("admin", li)
    assert made["released"]["stops"] == [
        {"origin": "admin", "actor": li, "reason": "work on the well"}
    ]
    assert (made["override"]["volume_l"], made["override"]["lasts_ms"]) == (2000, 10_800_000)
    assert (made["correct"]["volume_l"], made["correct"]["year"]) == (12_500, int(year))
    assert (made["rate"]["litres_per_kwh"], made["rate"]["static_mm"]) == (2750, 31_000)
    assert made["lay_up"]["document"] == made["resume"]["document"] == "paper 7"
    assert (made["remove_meter"]["role"], made["remove_meter"]["author"]) == ("power_meter", li)
