"""Room rule: a whole station on a test stand: what its tests do to it and wait for. Claims nothing.

The house, its people and the judge are the demo's own; only the stories are others. Every wait is
for an event that can be seen from outside, and is bounded.
"""

import io
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from agent.core.model import Record
from agent.demo import story
from agent.demo.actor import Actor, Panel
from agent.demo.command import kept, verdict_of
from agent.demo.house import House
from agent.demo.picture import Screen
from agent.demo.sight import Sight
from agent.demo.verdict import Claim, Verdict
from agent.desk.client import Client
from drivers import children
from drivers.host import HostClock, StopRequest

ROOT = Path(__file__).parents[3]
WAIT_S = 60
TWO_SCANS_MS = 2500
PAUSE_S = 0.05  # between two questions to the panel, which cannot be waited on
# Far more than any of these stories pumps, so that nothing runs out by the way.
PLENTY_L = 50_000
COMMISSIONING = ("up", "fit_flow_meter", "fit_power_meter")
SETTINGS = {
    "scan.record_interval_s": 1,
    "platform.batch_interval_s": 1,
    # Generous: a machine that is busy with other tests must not look like a dead control.
    "relay.lease_s": 20,
}


def template(folder: Path, changes: Mapping[str, Any]) -> Path:
    """The demo's settings with some options written anew, as `section.option`."""
    text = (ROOT / "config" / "demo.toml").read_text("utf-8")
    for key, value in {**SETTINGS, **changes}.items():
        section, option = key.split(".")
        text = re.sub(rf"^{option} = .*\n", "", text, flags=re.MULTILINE)
        if f"[{section}]" not in text:
            text += f"\n[{section}]\n"
        line = f"{option} = {json.dumps(value)}\n"
        text = re.sub(rf"^(\[+{section}\]+\n)", rf"\g<1>{line}", text, flags=re.MULTILINE)
    path = folder / "template.toml"
    path.write_text(text, "utf-8")
    return path


@contextmanager
def standing(folder: Path, changes: Mapping[str, Any]) -> Iterator["Stand"]:
    """A station that comes up, and goes with everything that was started."""
    house = House("en", template(folder, changes))
    with StopRequest() as stop, ExitStack() as closing:
        closing.callback(house.close)
        house.open()
        screen = Screen(io.StringIO(), live=False)
        actor = Actor(house, HostClock("always"), screen, stop, "en")
        closing.callback(actor.close)
        stand = Stand(house, actor, closing)
        closing.callback(stand.release)
        yield stand


class Stand:
    """A station, its pump house and its platforms."""

    def __init__(self, house: House, actor: Actor, closing: ExitStack) -> None:
        self.house = house
        self._actor = actor
        self._closing = closing
        self._held: set[int] = set()
        self.panel = Panel(house.panel)
        self.judged: Sequence[Record] = ()  # the journal as the last verdict found it
        closing.callback(self.panel.close)

    # --- waiting ---------------------------------------------------------------------------------

    def until(self, holds: Callable[[Sight], bool], within_s: int = WAIT_S) -> Sight:
        """What was seen when it held."""
        deadline_ms = self._actor.monotonic_ms() + 1000 * within_s
        while not holds(sight := self._actor.look()):
            assert self._actor.monotonic_ms() < deadline_ms, self._explained(sight)
        return sight

    def until_truth(self, holds: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """The same for what the pump house alone knows. Looks at nothing else of the station."""
        deadline_ms = self._actor.monotonic_ms() + 1000 * WAIT_S
        while not holds(truth := self.panel.ask("truth")):
            assert self._actor.monotonic_ms() < deadline_ms, self._explained(truth)
            select.select([], [], [], PAUSE_S)
        return truth

    def _explained(self, seen: object) -> str:
        return "\n".join((f"not within the bound: {seen}", *self.house.last_words()))

    # --- the story's usual steps -----------------------------------------------------------------

    def commission(self, plan_l: int = PLENTY_L) -> Sight:
        """Both meters are declared and the year has its plan; the relay permits."""
        story.tell([step for step in story.STORY if step.words in COMMISSIONING], self._actor)
        self.allocate("plan", plan_l)
        return self.until(lambda now: now.pump.permitted and now.allocated_l == plan_l)

    def allocate(self, kind: str, volume_l: int) -> None:
        fields = {
            "year": self._actor.year(),
            "kind": kind,
            "volume_l": volume_l,
            "document": f"{kind} {volume_l}",
        }
        assert self._actor.order("AllocateOrder", fields), "nobody at the desk"

    def hand_in(
        self, kind: str, fields: Mapping[str, Any], not_after_utc_ms: int | None = None
    ) -> Client:
        """An order whose verdict nobody waits for; the caller hangs up."""
        client = Client(self.house.desk)
        asked = {"actor": "demo", "order": kind, "fields": fields}
        client.post("command", asked | {"not_after_utc_ms": not_after_utc_ms})
        return client

    def pump(self) -> Sight:
        """The owner starts the pump; the station has seen it run, and both platforms hear of it."""
        self._actor.press("start")
        seen = self.until(
            lambda now: (
                now.pump.running and now.state is not None and now.state["session"] is not None
            )
        )
        return self.until(lambda now: all(one.through >= seen.head for one in now.platforms))

    def verdict(self) -> Verdict:
        """Let the water come to rest, let everyone have every record, and judge."""
        self._actor.press("stop")
        still = self.until(lambda now: now.pump.at_rest and now.state is not None)
        at_utc_ms = still.at_utc_ms or 0
        # Two more scans: the records of what was seen are in the journal then.
        settled = self.until(lambda now: (now.at_utc_ms or 0) >= at_utc_ms + TWO_SCANS_MS)
        self.until(lambda now: all(one.through >= settled.head for one in now.platforms))
        self.judged = kept(self.house, settled.head).records
        return verdict_of(self.house, self._actor, settled.head)

    # --- processes -------------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        """The process of this station that has this name: `control`, `uplink a`, `broker b`."""
        words = name.split()
        if words[0] == "broker":
            return self.house.brokers[words[1]].pid
        ours = [b"-m", b"agent.cli", *(word.encode() for word in words)]
        config = os.fsencode(self.house.config)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            line = _command_line(entry)
            if line[1 : 1 + len(ours)] == ours and config in line:
                return int(entry.name)
        return None

    def kill(self, name: str) -> int:
        """SIGKILL; return the id that it had when it is dead."""
        pid = self.pid(name)
        assert pid is not None, f"there is no {name}"
        died = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        assert select.select([died], [], [], WAIT_S)[0], f"{name} does not die"
        os.close(died)
        return pid

    def stop(self, name: str) -> int:
        """SIGSTOP; return when the kernel says that it stands."""
        pid = self.pid(name)
        assert pid is not None, f"there is no {name}"
        os.kill(pid, signal.SIGSTOP)
        self._held.add(pid)
        self.until_truth(lambda _: process_state(pid) == "T")
        return pid

    def go_on(self, pid: int) -> None:
        self._held.discard(pid)
        os.kill(pid, signal.SIGCONT)

    def release(self) -> None:
        """Nothing stays stopped: it could not be asked to end."""
        for pid in tuple(self._held):
            self.go_on(pid)

    def start(self, module: str) -> subprocess.Popen[bytes]:
        """A process of the test's own, with the station's settings."""
        argv = [sys.executable, "-m", module, str(self.house.config)]
        process = children.start(argv, output=subprocess.PIPE, errors=subprocess.STDOUT)
        self._closing.callback(_end, process)
        return process

    def limit_files(self, name: str, limit_bytes: int | None) -> None:
        """The process, and what it starts, may write no file beyond this; None: no limit."""
        pid = self.pid(name)
        assert pid is not None, f"there is no {name}"
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        limit = most if limit_bytes is None else limit_bytes
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, most))

    def said(self, begin: str) -> list[str]:
        """What the station's processes have said in lines that begin so."""
        log = (self.house.folder / "station.log").read_text("utf-8", "replace")
        return [line for line in log.splitlines() if line.startswith(begin)]


def process_state(pid: int) -> str:
    """The kernel's letter: R or S for a living process, T for a stopped one, Z for a dead one."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def assert_true(verdict: Verdict) -> None:
    """What must hold whatever was done to the station."""
    always = {Claim.CHAIN, Claim.DELIVERED, Claim.TRUTH}
    judged = [line for line in verdict.lines if line.claim in always]
    assert len(judged) == 4, "the chain, each platform and the water"
    assert all(line.holds for line in judged), judged


def _command_line(entry: Path) -> list[bytes]:
    try:
        return (entry / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
