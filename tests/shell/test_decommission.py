"""Decommissioning: the record is handed over whole, and nothing of the station is left."""

import hashlib
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, Self

import pytest

from agent import deadman, durable, signing
from agent.cli import CONFIGURATION, DATA, IO, USAGE, decommission, main
from agent.cli.asking import REFUSED
from agent.core.model import Allocate, AllocationKind, OpenYear
from agent.journal import Journal, Stamped, Transaction
from agent.lease import Lease
from agent.settings import Settings, load, relay_socket
from drivers.host import HostClock

ROOT = Path(__file__).parents[2]
ID = "demo-well"
SECRET = "CANARY-7f3a"
WAIT_S = 20
YEAR_MS = 1_767_196_800_000  # 1 January 2026 in China


@pytest.fixture
def config(folder: Path) -> Path:
    """A station with two years of records, a key, credentials, and a password file."""
    text = (ROOT / "config/demo.toml").read_text("utf-8")
    config = folder / "etc" / "station.toml"
    (folder / "etc" / "credentials" / "a").mkdir(parents=True)
    (folder / "etc" / "credentials" / "a" / "password").write_text(SECRET)
    secret = folder / "etc" / "password"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    text = text.replace('name = "a"\n', 'name = "a"\nuser = "u"\npassword_file = "password"\n', 1)
    config.write_text(text, "utf-8")
    state = load(config).station.state_dir
    state.mkdir()
    signing.public_half(state)
    journal = Journal.open(state / "journal.db")
    plan = Allocate(2026, AllocationKind.PLAN, 9, "7号", "li", None)
    bodies = (OpenYear(2026, None, 1_000_000, 0), plan)
    records = [Stamped(YEAR_MS, trusted=True, body=one) for one in bodies]
    journal.append(Transaction(records, cursors={"a": 1, "b": 2}))
    journal.close()
    return config


def station(config: Path) -> Settings:
    return load(config)


def run(config: Path, *more: str) -> int:
    return main(["decommission", "--config", str(config), "--language", "en", *more])


def files(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_the_record_is_handed_over_and_nothing_is_left(
    config: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, out = station(config), folder / "stick" / "well"
    public = (settings.station.state_dir / "station.pub").read_text()
    assert run(config, "--handover", str(out), "--confirm", settings.station.id) == 0
    handed = files(out)
    (records,) = (name for name in handed if name.startswith("records-"))
    assert handed == {records, "report-2026.html", "station.pub", "station.toml", "SHA256SUMS"}
    assert (out / "station.pub").read_text() == public
    for line in (out / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    check = [sys.executable, str(ROOT / "docs/examples/verify_export.py"), str(out / records)]
    assert b"records 1 to 2 hold" in subprocess.run(check, check=True, capture_output=True).stdout
    assert files(folder) == {f"stick/well/{name}" for name in handed}
    assert not any(SECRET.encode() in (out / name).read_bytes() for name in handed)
    said = capsys.readouterr().out
    assert "destroy the card" in said
    assert "Platform a has not got the last 1 records" in said
    assert "Platform b" not in said
    assert SECRET not in said


def test_what_a_rollback_set_aside_is_not_wiped_unseen(
    config: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aside = station(config).station.state_dir / "journal.set-aside-20261123T101453Z.db"
    aside.write_bytes(b"of a newer format")
    before = files(folder)
    asked = ("--handover", str(folder / "stick"), "--confirm", station(config).station.id)
    assert run(config, *asked) == REFUSED
    assert aside.name in capsys.readouterr().err
    assert files(folder) == before
    aside.unlink()
    assert run(config, *asked) == 0


def test_without_the_stations_id_nothing_happens(
    config: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: (folder / name).read_bytes() for name in files(folder)}
    for typed in ("", "\n", "yes\n", "DEMO\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert run(config, "--without-export") == USAGE
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_the_id_may_be_typed(config: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{station(config).station.id}\n"))
    assert run(config, "--without-export") == 0
    assert files(folder) == set()


def test_whether_the_record_goes_unseen_must_be_said(config: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(config, "--confirm", station(config).station.id)
    assert ended.value.code == USAGE


@contextmanager
def relay(path: Path, *, permits: bool) -> Iterator[None]:
    """The relay process's own loop on a pin in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    level = [False]
    pin = SimpleNamespace(
        drive=lambda *, permitted: level.__setitem__(0, permitted),
        permitted=lambda: level[0],
        close=lambda: None,
    )
    ready = Event()
    watchdog: Any = SimpleNamespace(ready=ready.set, pet=lambda: None)
    read, write = os.pipe()
    stop: Any = SimpleNamespace(fileno=lambda: read)
    serving = Thread(
        target=deadman.serve, args=(lambda: pin, path, HostClock("always"), stop, watchdog)
    )
    serving.start()
    try:
        assert ready.wait(WAIT_S)
        lease = Lease(path)
        if permits:
            lease.permit(60_000)
        lease.close()
        yield
    finally:
        os.write(write, b"x")
        serving.join()
        os.close(read)
        os.close(write)


@pytest.mark.parametrize(("permits", "word"), [(True, "permitted"), (False, "runs")])
def test_while_anything_runs_nothing_happens(
    config: Path, folder: Path, capsys: pytest.CaptureFixture[str], *, permits: bool, word: str
) -> None:
    before = files(folder)
    with relay(relay_socket(station(config)), permits=permits):
        assert run(config, "--without-export", "--confirm", station(config).station.id) == REFUSED
    assert word in capsys.readouterr().err
    assert files(folder) == before


@pytest.mark.parametrize("permitted", [True, False])
def test_while_control_answers_nothing_happens(
    config: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *, permitted: bool
) -> None:
    class Desk:
        def call(self, *_: object) -> dict[str, Any]:
            return {"state": {"permitted": permitted}}

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(decommission, "administrator", lambda _: Desk())
    before = files(folder)
    assert run(config, "--without-export", "--confirm", station(config).station.id) == REFUSED
    assert files(folder) == before


def test_a_journal_that_control_holds_is_not_wiped(config: Path, folder: Path) -> None:
    """A control that was stopped answers nobody, and still has its file."""
    settings = station(config)
    journal = Journal.open(settings.station.state_dir / "journal.db")
    before = files(folder)
    assert run(config, "--without-export", "--confirm", settings.station.id) == IO
    assert files(folder) >= before
    journal.close()


def test_a_record_that_does_not_hold_is_not_wiped(config: Path, folder: Path) -> None:
    file = station(config).station.state_dir / "journal.db"
    content = bytearray(file.read_bytes())
    at = content.index("7号".encode())
    content[at] ^= 1
    file.write_bytes(content)
    out = folder / "out"
    assert run(config, "--handover", str(out), "--confirm", station(config).station.id) == DATA
    assert file.read_bytes() == content


def test_a_folder_that_would_be_wiped_or_is_there_is_refused(config: Path, folder: Path) -> None:
    settings = station(config)
    (folder / "full").mkdir()
    for out in (
        settings.station.state_dir / "out",
        config.parent / "credentials" / "x",
        folder / "full",
    ):
        assert run(config, "--handover", str(out), "--confirm", settings.station.id) == REFUSED
    assert (settings.station.state_dir / "journal.db").exists()


def test_a_journal_of_a_newer_version_is_handed_over_by_that_and_wiped_by_any(
    config: Path, folder: Path
) -> None:
    """It could not be wiped at all: how much waits in it could not be read, as of a damaged one."""
    file = station(config).station.state_dir / "journal.db"
    with closing(sqlite3.connect(file)) as outside:
        outside.execute("PRAGMA user_version = 99")
    confirmed = ("--confirm", station(config).station.id)
    assert run(config, "--handover", str(folder / "out"), *confirmed) == DATA
    assert file.exists()
    assert run(config, "--without-export", *confirmed) == 0
    assert files(folder) <= {"out"}


def test_once_done_there_is_no_station(config: Path) -> None:
    assert run(config, "--without-export", "--confirm", station(config).station.id) == 0
    assert run(config, "--without-export", "--confirm", ID) == CONFIGURATION


def test_what_is_destroyed_is_overwritten(tmp_path: Path) -> None:
    """A second name keeps the blocks: nothing of what they held is in them."""
    file, kept = tmp_path / "a", tmp_path / "b"
    file.write_bytes(SECRET.encode() * 200_000)
    os.link(file, kept)
    size = len(SECRET) * 200_000
    assert durable.destroy(file) == size
    assert not file.exists()
    assert kept.read_bytes() == bytes(size)


def test_a_link_is_removed_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text(SECRET)
    (tmp_path / "link").symlink_to("theirs")
    durable.destroy(tmp_path / "link")
    assert files(tmp_path) == {"theirs"}
    assert (tmp_path / "theirs").read_text() == SECRET


def test_a_stick_without_modes_takes_the_record_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT refuses to take a file's x bits away."""

    def refuse(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.fchmod", refuse)
    durable.write(tmp_path / "record", "everybody's", 0o644)
    assert (tmp_path / "record").read_text() == "everybody's"
    with pytest.raises(PermissionError):
        durable.write(tmp_path / "key", SECRET, 0o600)
    assert not (tmp_path / "key").exists()
