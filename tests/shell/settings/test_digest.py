"""Whether a station's settings were changed is told by its records."""

import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from agent import control
from agent.book import Book
from agent.control.loop import Stop
from agent.core.model import Started
from agent.desk.server import Desk
from agent.journal import Journal
from agent.lease import Lease
from agent.settings import SettingsError, digest
from agent.status import Identity
from drivers.host import HostClock
from tests.core.story import SITE
from tests.shell.kills.doomed import SaysOpen, StillMeters


def started(folder: Path, settings: Path) -> Started:
    """Control is told to end before it begins: it scans once."""
    file = folder / "journal.db"
    told, teller = os.pipe()
    os.close(teller)
    with (
        closing(Journal.open(file)) as journal,
        closing(
            Desk({"admin": folder / "a.sock"}, file, station="w", version="1", cursors={})
        ) as desk,
        os.fdopen(told, "rb", buffering=0) as stop,
    ):
        organs = control.Organs(
            clock=HostClock("always"),
            meters=StillMeters(),
            relay=Lease(folder / "relay.sock"),
            watchdog=SaysOpen(),
            journal=journal,
            desk=desk,
            book=Book(journal.book()),
        )
        identity = Identity("w", "", "1", "", settings_sha256=digest(settings))
        control.run(organs, SITE, identity, control.beginning_of(journal), cast("Stop", stop))
        newest = journal.newest("started")
    assert newest is not None
    return cast("Started", newest[2])


def test_a_start_writes_down_which_settings_it_read(folder: Path) -> None:
    settings = folder / "station.toml"
    found = []
    for text in ('[station]\nid = "一号井"\n', '[station]\nid = "一号井"\n', "[station]\n"):
        settings.write_text(text, "utf-8")
        found.append(started(folder, settings).settings_sha256)
    assert found[0] == found[1] != found[2]
    told = subprocess.run(["sha256sum", settings], capture_output=True, text=True, check=True)
    assert told.stdout.split()[0] == found[2]


def test_settings_that_went_meanwhile_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        digest(tmp_path / "station.toml")
