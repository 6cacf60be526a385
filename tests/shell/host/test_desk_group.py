"""A desk socket is its client's own: which group may connect to it."""

import grp
import os
import stat
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.desk import door


def test_a_socket_is_given_to_its_clients_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """The group here is one that the tests' user is in; on a station it is wk-NAME."""
    gid = os.getgroups()[-1] if os.getgroups() else os.getgid()
    monkeypatch.setattr(door, "GROUP", grp.getgrgid(gid).gr_name)
    with TemporaryDirectory(prefix="wk") as folder, ExitStack() as undo:
        path = Path(folder) / "a.sock"
        door.opened("a", path, undo)
        found = path.stat()
        assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (gid, 0o660)


def test_without_such_a_group_it_stays_our_own() -> None:
    """Nobody but our own user and group comes in then: it fails closed."""
    with TemporaryDirectory(prefix="wk") as folder, ExitStack() as undo:
        path = Path(folder) / "no-such-platform.sock"
        door.opened("no-such-platform", path, undo)
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())
        assert stat.S_IMODE(found.st_mode) == 0o660
