"""The whole job, really: real processes, a real tty, real brokers; tormented, and still true.

Each test is one demo of about a minute, nearly all of it spent waiting for water.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.demo.actor import Panel
from agent.words import say

# A demo that takes longer is stuck: its own steps are bounded by less.
WITHIN_S = 300
LOOK_S = 0.05
RUNNING_LOOKS_MAX = 1_200
JSON_KEYS = {
    "allocated_l",
    "withdrawn_l",
    "withdrawn_at_cut_l",
    "overshoot_l",
    "chain_ok",
    "records",
    "platforms",
}


class Demo:
    """`wellkeeper demo --json` as a process, and its private folder."""

    def __init__(self, temporary: Path, *options: str) -> None:
        self._temporary = temporary
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "demo", "--json", "--language", "en", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        self._told = b""
        self.lines: list[str] = []

    @property
    def folder(self) -> Path:
        (folder,) = self._temporary.iterdir()
        return folder

    def until_told(self, step: str) -> None:
        """Return when the story is at this step."""
        sentence = say(f"demo.{step}", "en")
        while not any(line.endswith(sentence) for line in self.lines):
            self._read()

    def verdict(self) -> dict[str, Any]:
        """The last line of the output. What the story says meanwhile is read too."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        streams = [self._process.stdout, self._process.stderr]
        while self._process.stdout not in select.select(streams, [], [], WITHIN_S)[0]:
            self._read()
        line = self._process.stdout.readline()
        assert line, f"no verdict: {self.lines}"
        verdict: dict[str, Any] = json.loads(line)
        return verdict

    def end(self, how: signal.Signals | None = None) -> int:
        if how is not None:
            self._process.send_signal(how)
        # Its words are read to the end: a full pipe would hold it up.
        self._process.communicate(timeout=WITHIN_S)
        return self._process.returncode

    def pid(self, *words: str) -> int:
        """The newest process of this demo whose command line has these words."""
        folder = os.fsencode(self.folder)
        found = [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _is(entry, folder, [word.encode() for word in words])
        ]
        assert found, f"no process of this demo is {words}"
        return max(found)

    def until_running(self) -> None:
        """Return when the pump runs: a pump at rest has nothing to drop."""
        panel = Panel(self.folder / "panel.sock")
        for _ in range(RUNNING_LOOKS_MAX):
            if panel.ask("truth")["running"]:
                break
            select.select([], [], [], LOOK_S)
        else:
            raise AssertionError("the pump does not run")
        panel.close()

    def kill(self, *words: str) -> None:
        os.kill(self.pid(*words), signal.SIGKILL)

    def _read(self) -> None:
        assert self._process.stderr is not None
        readable, _, _ = select.select([self._process.stderr], [], [], WITHIN_S)
        assert readable, f"nothing told for {WITHIN_S} s: {self.lines}"
        more = os.read(self._process.stderr.fileno(), 65_536)
        assert more, f"the demo ended: {self.lines}"
        *lines, self._told = (self._told + more).split(b"\n")
        self.lines += [line.decode() for line in lines]

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def _is(entry: Path, folder: bytes, words: list[bytes]) -> bool:
    try:
        line = (entry / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    # Not the shell that guards a start: it has all the words too, and is gone in a moment.
    ours = any(part.startswith(folder) for part in line) and line[0] not in (b"sh", b"setpriv")
    return ours and all(word in line for word in words)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short path: Unix sockets have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="wk"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def demo(temporary: Path, request: pytest.FixtureRequest) -> Iterator[Demo]:
    demo = Demo(temporary, *getattr(request, "param", ()))
    yield demo
    demo.close()


def assert_true(verdict: Mapping[str, Any]) -> None:
    assert verdict["holds"], [line for line in verdict["lines"] if not line["holds"]]
    assert [one["name"] for one in verdict["platforms"]] == ["a", "b"]
    for platform in verdict["platforms"]:
        assert platform["received"] == verdict["records"] > 20
        assert (platform["missing"], platform["out_of_order"]) == (0, 0)


@pytest.mark.parametrize("demo", [["--keep-running"]], indirect=True)
def test_the_whole_job_is_done_and_everything_goes_when_asked(demo: Demo, temporary: Path) -> None:
    verdict = demo.verdict()
    assert_true(verdict)
    assert verdict.keys() >= JSON_KEYS
    assert verdict["pump_drops"] == 1
    control = os.pidfd_open(demo.pid("control"))
    assert demo.end(signal.SIGTERM) == 0
    assert select.select([control], [], [], 0)[0], "control outlived the demo"
    os.close(control)
    assert list(temporary.iterdir()) == []


def test_killed_uplinks_brokers_and_control_lose_no_record_and_stop_no_pump(demo: Demo) -> None:
    """Each is killed at the moment when it matters most; control twice, within its lease."""
    demo.until_told("b_leaves")
    demo.kill("uplink", "a")
    demo.until_told("warned_90")
    demo.kill("control")
    demo.until_told("addition")
    demo.kill("control")
    demo.until_told("start_again")
    demo.kill("-c", str(demo.folder / "broker-a" / "mosquitto.conf"))
    demo.until_told("b_catches_up")
    demo.kill("uplink", "b")
    verdict = demo.verdict()
    assert_true(verdict)
    assert verdict["pump_drops"] == 1, "only the exhausted allocation stopped the pump"
    assert demo.end() == 0


def test_the_relay_process_and_the_whole_station_may_be_killed(demo: Demo) -> None:
    """The line's holder dies, the pump drops; its owner starts it again, and no litre is lost."""
    demo.until_told("warned_80")
    demo.until_running()
    demo.kill("relay")
    demo.until_told("warned_90")
    demo.until_running()
    demo.kill("run")
    verdict = demo.verdict()
    assert_true(verdict)
    assert verdict["pump_drops"] == 3
    assert demo.end() == 0


def test_a_control_that_stands_still_loses_its_lease_and_no_litre(demo: Demo) -> None:
    """SIGSTOP: the process is there, holds its sockets and answers nobody."""
    demo.until_told("warned_90")
    panel = Panel(demo.folder / "panel.sock")
    control = demo.pid("control")
    os.kill(control, signal.SIGSTOP)
    while panel.ask("truth")["permitted"]:  # bounded: the lease is a few seconds
        select.select([], [], [], 0.05)
    assert not panel.ask("truth")["running"], "the relay is open, and the pump runs on"
    os.kill(control, signal.SIGCONT)
    panel.close()
    verdict = demo.verdict()
    assert_true(verdict)
    assert verdict["pump_drops"] == 2
    assert demo.end() == 0


def test_an_interrupted_demo_leaves_nothing_behind(demo: Demo, temporary: Path) -> None:
    demo.until_told("uncommissioned")
    control = os.pidfd_open(demo.pid("control"))
    assert demo.end(signal.SIGINT) == 130
    assert select.select([control], [], [], 0)[0], "control outlived the demo"
    os.close(control)
    assert list(temporary.iterdir()) == []
