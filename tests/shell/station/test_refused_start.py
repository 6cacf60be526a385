"""A station that must not start: it says everything that is wrong, and touches nothing."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.desk.client import Client, DeskGone
from agent.journal import Journal
from drivers import children
from tests.shell.station.stand import WAIT_S, template

COMMANDS = ("control", "relay", "uplink a", "run")
CONFIGURATION = 78
DATA = 65
NEWER = 99
PAUSE_S = 0.05


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_settings_are_all_told_at_once_and_nothing_is_started(
    folder: Path, command: str
) -> None:
    """Unknown, missing, mistyped, out of range, and at odds with each other."""
    config = template(folder, {"relay.lease_s": 4, "scan.period_s": 2})
    text = config.read_text("utf-8")
    text = text.replace('id = "demo-well"\n', "").replace("baud = 9600", 'baud = "9600"')
    text = text.replace("unit = 2", "unit = 248").replace("driver =", "drover =")
    config.write_text(text, "utf-8")
    ended = run(command, config)
    assert ended.returncode == CONFIGURATION
    assert ended.stdout == ""
    head, *problems = ended.stderr.splitlines()
    assert f"{config} has 6 mistake(s), nothing was started:" in head
    told = [line.split(": ", 1)[0].split()[-1] for line in problems]
    assert sorted(told) == [
        "bus[0].baud",
        "power_meter.unit",
        "relay.driver",
        "relay.drover",
        "relay.lease_s",
        "station.id",
    ]
    assert list(folder.iterdir()) == [config]


@pytest.mark.parametrize("command", COMMANDS)
def test_settings_that_are_not_there_are_told_with_what_to_do(folder: Path, command: str) -> None:
    ended = run(command, folder / "nowhere.toml")
    assert ended.returncode == CONFIGURATION
    assert "The file cannot be read (No such file or directory). Check the path" in ended.stderr
    assert list(folder.iterdir()) == []


def test_a_journal_of_a_newer_version_is_left_alone_until_a_version_comes_that_can(
    folder: Path,
) -> None:
    config = template(folder, {})
    journal = folder / "state" / "journal.db"
    journal.parent.mkdir()
    Journal.open(journal).close()
    released = set_version(journal, NEWER)
    before = journal.read_bytes()
    ended = run("control", config)
    assert ended.returncode == DATA
    assert len(ended.stderr.splitlines()) == 1
    assert f"has format {NEWER}, this wellkeeper reads up to {released}: install" in ended.stderr
    assert journal.read_bytes() == before
    assert not (folder / "run" / "desk").exists()
    set_version(journal, released)
    control = children.start(argv("control", config))
    try:
        assert station_at(folder / "run" / "desk" / "admin.sock", control) == "demo-well"
    finally:
        control.terminate()
        assert control.wait(WAIT_S) == 0


def argv(command: str, config: Path) -> list[str]:
    ours = [sys.executable, "-m", "agent.cli", *command.split()]
    return [*ours, "--config", str(config), "--language", "en"]


def run(command: str, config: Path) -> subprocess.CompletedProcess[str]:
    """One that is not refused would go on for ever: the bound ends it."""
    return subprocess.run(
        argv(command, config), capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def set_version(journal: Path, version: int) -> int:
    """Return the one before."""
    database = sqlite3.connect(journal)
    (before,) = database.execute("PRAGMA user_version").fetchone()
    database.execute(f"PRAGMA user_version = {version}")
    database.close()
    return int(before)


def station_at(door: Path, control: subprocess.Popen[bytes]) -> str:
    """What the desk calls itself, once somebody is there."""
    while True:
        try:
            with Client(door) as desk:
                station: str = desk.call("hello", {}, WAIT_S)["station"]
                return station
        except DeskGone:
            # The pause ends at once when control dies: nobody will come then.
            try:
                code = control.wait(PAUSE_S)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"control ended with {code}") from None
