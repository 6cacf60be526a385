"""Room rule: one station on a fresh Debian, what is done to it and what is seen. Tells no story.

Whoever tells one writes the transcript through it: a command and its words, a claim that was
asserted. The pump house beside it is simulated: its doors are a pty and sockets, where a real one
has /dev/ttyUSB0 and a GPIO chip.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from agent.demo.actor import Panel
from tests.deb.container import SPARE_TTY, Container, root_of

WITHIN_S: Final = 30
CONSOLE_PORT: Final = f"/dev/{SPARE_TTY}"
HOUSE: Final = "/run/pumphouse"
ID: Final = "well-14-0127"
# As tests/shell/settings reads it: the demo's house on an installed station.
STATION: Final = f"""[station]
id = "{ID}"
name = "14师 皮山农场 0127号机井"
language = "en"
[clock]
trusted_when = "always"
[relay]
driver = "simulated"
socket = "{HOUSE}/pin.sock"
[[bus]]
name = "meters"
port = "{HOUSE}/rs485"
[flow_meter]
bus = "meters"
unit = 1
profile = "tuf2000"
flow_max_m3_per_h = 150
[power_meter]
bus = "meters"
unit = 2
profile = "dtsu666"
power_max_kw = 55
[interlock]
short_cycle_s = 3
[[console]]
name = "front"
port = "{CONSOLE_PORT}"
terminal = "dumb"
[[platform]]
name = "a"
host = "127.0.0.1"
port = 1883
tls = false
batch_interval_s = 5
state_interval_s = 10
may = ["allocate", "stop", "resend", "report"]
key_files = ["keys/a.pub.pem"]
[[platform]]
name = "b"
host = "127.0.0.1"
port = 1884
tls = false
prefix = "wells-b"
batch_interval_s = 5
"""
FOR_THE_HOUSE: Final = "[Service]\nDeviceAllow=char-pts rw\nSupplementaryGroups=tty\n"
# A broker for each platform: Debian's own, and another process of it. What a receives is stored.
PLATFORMS: Final = (
    "systemctl enable --now --quiet mosquitto && "
    "systemd-run --quiet --unit=broker-b mosquitto -p 1884 && "
    "systemd-run --quiet --unit=platform-a "
    "/usr/lib/wellkeeper/bin/python -I /root/receiver.py 127.0.0.1 1883 /root/platform-a.db"
)
RECEIVER: Final = Path(__file__).parents[2] / "docs/examples/receiver.py"
# Its tty is dialout's and its sockets are everybody's, as udev would have it.
HOUSE_UNIT: Final = f"""[Unit]
Description=The simulated pump house
Before=wellkeeper-safe-state.service wellkeeper-relay.service
[Service]
EnvironmentFile=-/etc/pumphouse.env
UMask=0000
ExecStart=/usr/bin/wellkeeper simulate --tty {HOUSE}/rs485 --pin {HOUSE}/pin.sock \\
  --panel {HOUSE}/panel.sock --initial-total-l ${{TOTAL_L}} --initial-energy-wh ${{ENERGY_WH}}
ExecStartPost=/bin/sh -c 'until [ -S {HOUSE}/panel.sock ]; do sleep 0.05; done; \\
  chmod 0777 {HOUSE} {HOUSE}/*.sock; chgrp dialout {HOUSE}/rs485; chmod 0660 {HOUSE}/rs485'
[Install]
WantedBy=multi-user.target
"""


class Trial:
    """One suite's container with a station in it, and the transcript."""

    def __init__(self, suite: str, debs: Path, kept: Path, folder: Path) -> None:
        self.suite = suite
        self.lines: list[str] = []
        self._kept = kept
        self.box = Container(suite, root_of(suite, kept), folder)
        for deb in sorted(debs.glob("*.deb")):
            (self.box.root / "root" / deb.name).write_bytes(deb.read_bytes())
        self._panel: Panel | None = None

    # --- telling -----------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        self.tell(f"\n## {text}\n")

    def tell(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)

    def sees(self, holds: bool, what: str) -> None:
        assert holds, f"{self.suite}: not so: {what}"
        self.tell(f"- ✓ {what}")

    def do(self, command: str, *, expect: int = 0, tail: int = 30) -> str:
        """Run and show it."""
        code, text = self.box.sh(command, check=False)
        shown = text.splitlines()[-tail:]
        self.tell("```\n# " + command + "\n" + "\n".join(shown) + "\n```")
        assert code == expect, f"{self.suite}: {command} gave {code}, expected {expect}\n{text}"
        return text

    def quiet(self, command: str) -> str:
        return self.box.sh(command)[1]

    # --- looking -----------------------------------------------------------------------------

    def truth(self, button: str = "truth", **how: Any) -> dict[str, Any]:
        if self._panel is None:
            self._panel = Panel(self.box.path(f"{HOUSE}/panel.sock"))
        return self._panel.ask(button, **how)

    def state(self) -> dict[str, Any]:
        code, text = self.box.sh("wellkeeper status --json", check=False)
        # A control that has just come up has no picture yet.
        found: dict[str, Any] | None = json.loads(text) if code == 0 else None
        return found or {}

    def known(self) -> dict[str, Any]:
        """The state, once there is one: a new epoch begins with none."""
        found: dict[str, Any] = {}

        def looked() -> bool:
            found.update(self.state())
            return bool(found)

        self.until("control answers", looked)
        return found

    def waiting(self, platform: str) -> int | None:
        """How many records it has not got; None while nobody says so."""
        uplinks = self.state().get("uplinks", {})
        found: int | None = uplinks.get(platform, {}).get("waiting")
        return found

    def until(self, what: str, holds: Callable[[], object], within_s: float = WITHIN_S) -> float:
        """How long it took."""
        begun = time.perf_counter()
        while not holds():
            assert time.perf_counter() - begun < within_s, f"{self.suite}: not in time: {what}"
            time.sleep(0.1)
        return time.perf_counter() - begun

    def pid(self, unit: str) -> int:
        return int(self.quiet(f"systemctl show -P MainPID {unit}"))

    def starting_s(self, unit: str) -> float:
        """From exec to READY: for control, to its first completed scan."""
        asked = "-p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic"
        text = self.quiet(f"systemctl show {unit} {asked}")
        at = {k: int(v) for k, _, v in (one.partition("=") for one in text.splitlines())}
        return (at["ActiveEnterTimestampMonotonic"] - at["ExecMainStartTimestampMonotonic"]) / 1e6

    # --- the pump house ----------------------------------------------------------------------

    def house(self, total_l: int = 0, energy_wh: int = 0) -> None:
        """The simulated pump house, outside the station's units, and its doors.

        Its meters begin with what they showed before the power went.
        """
        self.meters(total_l, energy_wh)
        self.box.path("/etc/systemd/system/pumphouse.service").write_text(HOUSE_UNIT, "utf-8")
        self.quiet("systemctl daemon-reload && systemctl enable --quiet --now pumphouse")

    def meters(self, total_l: int, energy_wh: int) -> None:
        """What they show when the house begins the next time."""
        text = f"TOTAL_L={total_l}\nENERGY_WH={energy_wh}\n"
        self.box.path("/etc/pumphouse.env").write_text(text, "utf-8")

    def platforms(self) -> None:
        """Both brokers and one receiver, until the next boot."""
        self.box.path("/root/receiver.py").write_bytes(RECEIVER.read_bytes())
        self.quiet(PLATFORMS)

    def power_cut(self) -> float:
        """The meters keep their totals, nothing else is told; the seconds to boot again."""
        self.until("the water rests", lambda: not self.truth()["flow_l_per_h"])
        shown = self.truth()
        self.meters(round(shown["forward_total_l"]), round(shown["energy_wh"]))
        self.quiet("sync")  # this file is the meters', not the station's
        self.close_house()
        self.box.power_cut()
        return self.box.start()

    def run_pump(self) -> None:
        """The owner presses start, and the station has seen it run."""
        self.until("it permits", lambda: self.truth()["permitted"])
        self.truth("start")
        self.until("the pump runs", lambda: self.truth()["running"])
        self.until(
            "a session has begun", lambda: (self.state().get("session") or {}).get("volume_l")
        )

    def close_house(self) -> None:
        if self._panel is not None:
            self._panel.close()
            self._panel = None
