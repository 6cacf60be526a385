"""Room rule: what becomes of whoever comes while the desk closes."""

import gc
import socket
from contextlib import closing
from pathlib import Path

from agent.desk.server import Desk
from agent.journal import Journal
from tests.shell.desk.conftest import WAIT_S


def test_who_knocks_while_it_closes_is_hung_up_on_and_no_fault(folder: Path) -> None:
    """A question asked at a SIGTERM left a warning of Python in the system's journal."""
    door = folder / "admin.sock"
    knocking: list[socket.socket] = []
    with closing(Journal.open(folder / "journal.db")):
        desk = Desk({"admin": door}, folder / "journal.db", station="w", version="1", cursors={})

        def knock_and_close() -> None:
            for _ in range(4):
                knocking.append(socket.socket(socket.AF_UNIX))
                knocking[-1].connect(str(door))
            desk._closing.set()

        desk._call(knock_and_close)
        desk._thread.result(WAIT_S)
        assert desk._fault is None
        gc.collect()  # a coroutine that nobody awaited says so here
        desk._undo.close()
    for one in knocking:
        one.settimeout(WAIT_S)
        assert one.recv(1) == b""
        one.close()
