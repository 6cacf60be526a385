"""Room rule: a whole station with a console on a real pty, and a terminal program in front of it.

The terminal is pexpect, which knows nothing of us. `pull` takes the cable away and `plug` puts it
back: another pty under the same name, as an adapter comes back. Claims nothing.
"""

import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pexpect import fdpexpect

from agent.desk.client import Client, DeskGone
from drivers import children

ROOT = Path(__file__).parents[3]
WAIT_S = 60
PAUSE_S = 0.05
PIN = "834-kite"
CONSOLE = """
[[console]]
name = "front"
port = "console.tty"
baud = 115200
terminal = "{terminal}"
"""


class Ward:
    """A pump house, its station, and a technician at the cable."""

    def __init__(self, folder: Path, terminal: str, language: str) -> None:
        self.folder = folder
        self.config = folder / "station.toml"
        text = (ROOT / "config" / "demo.toml").read_text("utf-8")
        text = text[: text.index("[[platform]]")]
        text = re.sub(r"lease_s = \d+", "lease_s = 20", text)
        text = text.replace("[station]\n", f'[station]\nlanguage = "{language}"\n')
        self.config.write_text(text + CONSOLE.format(terminal=terminal), "utf-8")
        self.master = self.slave = -1
        self.line: Any = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        self._start(
            "simulate", "--tty", self.folder / "bus.tty", "--pin", self.folder / "pin.sock",
            "--panel", self.folder / "panel.sock", "--initial-total-l", 1000,
        )  # fmt: skip
        self.plug()
        self._start("run", "--config", self.config)
        self.until_up()

    def until_up(self) -> None:
        """Control answers at its desk."""
        for _ in range(int(WAIT_S / PAUSE_S)):
            try:
                with Client(self.folder / "run" / "desk" / "admin.sock") as client:
                    if client.call("status", {"revision": None}, WAIT_S)["state"] is not None:
                        return
            except DeskGone:
                pass
            select.select([], [], [], PAUSE_S)
        raise AssertionError(self.log())

    # --- the cable -------------------------------------------------------------------------------

    def plug(self) -> None:
        # The other end stays open here too: a line that nobody has opened yet reads as hung up.
        self.master, self.slave = os.openpty()
        link = self.folder / "console.tty"
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self.slave))
        self.line = fdpexpect.fdspawn(self.master, timeout=WAIT_S)

    def pull(self) -> None:
        os.close(self.master)
        os.close(self.slave)

    def types(self, text: str) -> None:
        self.line.send(f"{text}\r".encode())

    def sees(self, text: str) -> str:
        """Wait for it; what came before it."""
        self.line.expect_exact(text.encode())
        before: bytes = self.line.before
        return before.decode("utf-8", "replace")

    def founds(self, name: str = "li", pin: str = PIN) -> None:
        """The first supervisor is made, and sits there."""
        self.sees("account:")
        self.types(name)
        self.sees("PIN")
        self.types(pin)
        self.sees("once more")
        self.types(pin)
        self.sees("well# ")

    def signs_in(self, name: str = "li", pin: str = PIN, *, asked: bool = False) -> None:
        if not asked:
            self.types("")
            self.sees("Account:")
        self.types(name)
        self.sees("PIN:")
        self.types(pin)
        self.sees("well# ")

    def runs(self, *lines: str, shows: str) -> str:
        """A command with its answers; what it showed up to the next prompt."""
        for line in lines[:-1]:
            self.types(line)
            self.line.expect([rb"[:?] $", rb"[:?] "])
        self.types(lines[-1])
        before = self.sees(shows)
        return before + shows + self.sees("well# ")

    def until(self, shows: str) -> str:
        """Watch the status until it shows this; the lines from there on, as one text."""
        self.types("watch")
        self.sees(shows)
        shown = self.sees("m³\r\n")
        self.line.send(b"q")
        self.sees("well# ")
        return " ".join(f"{shows}{shown}".split())

    def entries(self) -> list[dict[str, Any]]:
        """Every allocation that was entered, whoever asked for it."""
        with Client(self.folder / "run" / "desk" / "admin.sock") as client:
            rows = client.call("records", {"after": 0}, WAIT_S)["records"]
        return [{"volume_l": body[2]} for *_, kind, body in rows if kind == "allocate"]

    # --- processes -------------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        """Of the station's process that runs this command."""
        ours = [b"-m", b"agent.cli", *(word.encode() for word in name.split())]
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if line[1 : 1 + len(ours)] == ours and os.fsencode(self.config) in line:
                    return int(entry.name)
        raise AssertionError(f"there is no {name}")

    def pss_kib(self, name: str) -> int:
        text = Path(f"/proc/{self.pid(name)}/smaps_rollup").read_text("ascii")
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        assert found is not None
        return int(found[1])

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def end(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder)

    def _start(self, *arguments: object) -> None:
        argv = [sys.executable, "-m", "agent.cli", *map(str, arguments)]
        with (self.folder / "log").open("ab") as log:
            process = children.start(argv, output=log, errors=subprocess.STDOUT)
        self._processes.append(process)


@contextmanager
def manned(terminal: str = "dumb", language: str = "en") -> Iterator[Ward]:
    ward = Ward(Path(tempfile.mkdtemp(prefix="wk")), terminal, language)
    try:
        ward.begin()
        yield ward
    finally:
        ward.end()
