"""Room rule: the demo's processes and where they stand. Tells no story and judges nothing.

One private folder holds everything: settings, sockets, the tty's name, the journal, the brokers'
stores, the logs. What dies by accident is started again, as systemd and the platforms' own people
would: the demo may be tormented and must still end with a true verdict.
"""

import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from drivers import children
from drivers.simulator.broker import Broker, free_port

# `wellkeeper run` and each broker may be killed so often in one demo.
REBIRTHS_MAX = 5
READY_S = 30
STOP_S = 30
LAST_WORDS = 12
READ_BYTES_MAX = 4096
# Below the kernel's limit for a Unix socket's path, with room for run/desk/admin.sock.
FOLDER_BYTES_MAX = 80

# What the flow meter and the power meter showed before the story begins.
INITIAL_TOTAL_L = 86_412_337
INITIAL_ENERGY_WH = 17_204_000

PLATFORMS = ("a", "b")


class HouseFailed(Exception):
    """A part of the demo's world does not come up or does not stay; `what` it was."""

    def __init__(self, what: str, words: str) -> None:
        super().__init__(f"{what}: {words}")
        self.what = what


class House:
    """The simulated pump house, the brokers and the station, as processes."""

    def __init__(self, language: str, template: Path | None = None) -> None:
        """`template` stands for the demo's own settings file; the ports are put into it."""
        self.folder = _private_folder()
        self.brokers = {
            name: Broker(self.folder / f"broker-{name}", free_port()) for name in PLATFORMS
        }
        self.config = self.folder / "station.toml"
        self.tty = self.folder / "bus.tty"
        self.panel = self.folder / "panel.sock"
        self.desk = self.folder / "run" / "desk" / "admin.sock"
        self.journal = self.folder / "state" / "journal.db"
        self._language = language
        self._template = template or _settings_file()
        self._away: set[str] = set()
        self._rebirths = dict.fromkeys(("station", *PLATFORMS), 0)
        self._well: subprocess.Popen[bytes] | None = None
        self._station: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Return when all of it was started and the pump house answers. HouseFailed, BrokerFailed.

        The station comes up by itself from here on.
        """
        self.open_world()
        self._station = self._start_station()

    def open_world(self) -> None:
        """All of it but the station, whose settings are there."""
        text = settings(self._template, self.brokers, self._language)
        self.config.write_text(text, encoding="utf-8")
        for broker in self.brokers.values():
            broker.start()
        self._well = self._start_well()

    def attend(self) -> None:
        """Start again what has died. HouseFailed when that is no use."""
        if self._well is None or self._well.poll() is not None:
            # With it went the water that was pumped: there is no truth left to compare with.
            raise HouseFailed("wellkeeper simulate", self._words_of("simulate"))
        if self._station is None or self._station.poll() is not None:
            self._count("station", "wellkeeper run")
            self._station = self._start_station()
        for name, broker in self.brokers.items():
            if broker.pid is None and name not in self._away:
                self._count(name, f"broker {name}")
                broker.start()

    def take_away(self, name: str) -> None:
        self._away.add(name)
        self.brokers[name].kill()

    def bring_back(self, name: str) -> None:
        if self.brokers[name].pid is None:
            self.brokers[name].start()
        self._away.discard(name)

    def last_words(self) -> Sequence[str]:
        """The end of what the station said."""
        return self._words_of("station").splitlines()

    def close(self, *, keep: bool = False) -> None:
        """Stop everything, the station first; remove the folder unless it is to be kept."""
        for process in (self._station, self._well):
            _end(process)
        for broker in self.brokers.values():
            broker.stop()
        if not keep:
            shutil.rmtree(self.folder)

    def _start_well(self) -> subprocess.Popen[bytes]:
        """The pump house says `ready` when its tty, pin and panel are there."""
        options = {
            "--tty": self.tty,
            "--pin": self.folder / "pin.sock",
            "--panel": self.panel,
            "--initial-total-l": INITIAL_TOTAL_L,
            "--initial-energy-wh": INITIAL_ENERGY_WH,
        }
        argv = _ours("simulate", *(part for option in options.items() for part in option))
        with self._log("simulate").open("ab") as log:
            process = children.start(argv, output=subprocess.PIPE, errors=log)
        assert process.stdout is not None
        said = b""
        while select.select([process.stdout], [], [], READY_S)[0]:
            more = os.read(process.stdout.fileno(), READ_BYTES_MAX)
            said += more
            if said.endswith(b"ready\n"):
                return process
            if not more:
                break
        _end(process)
        raise HouseFailed("wellkeeper simulate", self._words_of("simulate"))

    def _start_station(self) -> subprocess.Popen[bytes]:
        with self._log("station").open("ab") as log:
            arguments = ("run", "--config", self.config, "--language", self._language)
            return children.start(_ours(*arguments), output=log, errors=subprocess.STDOUT)

    def _count(self, name: str, what: str) -> None:
        self._rebirths[name] += 1
        if self._rebirths[name] > REBIRTHS_MAX:
            raise HouseFailed(what, self._words_of("station"))

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _words_of(self, name: str) -> str:
        log = self._log(name)
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        return "\n".join(lines[-LAST_WORDS:])


def settings(template: Path, brokers: dict[str, Broker], language: str) -> str:
    """The template, with the ports of these brokers."""
    text = template.read_text(encoding="utf-8")
    for name, broker in brokers.items():
        text, changed = re.subn(
            rf'(name = "{name}"\nhost = "127.0.0.1"\nport = )\d+', rf"\g<1>{broker.port}", text
        )
        assert changed == 1, f"{template} has no platform {name}"
    text, changed = re.subn(r"(\[station\]\n)", rf'\1language = "{language}"\n', text)
    assert changed == 1, f"{template} has no station"
    return text


def _settings_file() -> Path:
    """In the repository it stands with the other settings; in a wheel beside this module."""
    here = Path(__file__).parent
    places = (here / "station.toml", here.parents[1] / "config" / "demo.toml")
    return next(place for place in places if place.exists())


def _private_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wk"))
    if len(os.fsencode(folder)) > FOLDER_BYTES_MAX:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="wk", dir="/tmp"))
    return folder


def _ours(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "agent.cli", *map(str, arguments)]


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
