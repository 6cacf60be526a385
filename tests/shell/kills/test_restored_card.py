"""A journal that is older than what was sent: the station counts anew while its pump runs on."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from agent.desk.client import Client
from agent.journal import Reader
from agent.settings import desk_socket, journal_file, load
from tests.shell.station.stand import Stand, standing

PLENTY_L = 2_000_000
WAIT_S = 20.0


def test_the_numbers_begin_again_and_the_pump_runs_on(tmp_path: Path) -> None:
    with standing(tmp_path, {}) as stand:
        stand.commission(PLENTY_L)
        before = stand.pump().state
        assert before is not None
        settings = load(stand.house.config)
        with Client(desk_socket(settings, "a")) as client:
            claim = {"epoch": before["epoch"], "number": 100_000, "hash": "ab" * 32}
            client.call("ahead", claim, WAIT_S)
        after = stand.until(
            lambda now: (
                now.state is not None
                and now.state["epoch"] != before["epoch"]
                and now.pump.permitted
                and all(
                    one["cursor"] > 5 and one["connected"] for one in now.state["uplinks"].values()
                )
            )
        )
        assert after.state is not None
        assert after.pump.drops == 0
        assert after.pump.running
        assert after.state["balance"]["allocated_l"] == before["balance"]["allocated_l"]
        assert after.state["balance"]["withdrawn_l"] >= before["balance"]["withdrawn_l"]
        assert after.state["public_key"] == before["public_key"] != ""
        file = journal_file(settings)
        reader = Reader(file)
        first = reader.page(0, 1).rows[0]
        assert first.kind == "epoch_began"
        assert json.loads(first.body)[0] == before["epoch"]
        # What a platform was sent under numbers that it held already, it took for repetitions.
        assert json.loads(first.body)[6] == 0 < before["uplinks"]["a"]["cursor"]
        assert [aside.name for aside in reader.archives()] == [f"journal-{before['epoch']}.db"]
        reader.close()


def test_a_backup_that_is_put_back_counts_anew_without_a_platform(tmp_path: Path) -> None:
    with standing(tmp_path, {}) as stand:
        stand.commission(PLENTY_L)
        stand.pump()
        _put_back(stand)
        # The epoch has only begun: that bounds what a platform may claim, not what is so.
        _put_back(stand)


def _put_back(stand: Stand) -> None:
    before = stand.until(lambda now: now.state is not None and now.pump.permitted).state
    assert before is not None
    file = journal_file(load(stand.house.config))
    copy = file.with_name("backup.db")
    with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    # Under the running control's feet: it has its own file open, and the next one has this.
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    copy.replace(file)
    stand.kill("control")
    after = stand.until(
        lambda now: (
            now.state is not None
            and now.state["epoch"] != before["epoch"]
            and now.pump.permitted
            and all(one["connected"] for one in now.state["uplinks"].values())
        )
    )
    assert after.state is not None
    assert after.pump.drops == 0
    assert after.pump.running
    assert after.state["balance"]["allocated_l"] == before["balance"]["allocated_l"]
    with closing(Reader(file)) as reader:
        first = reader.page(0, 1).rows[0]
        assert first.kind == "epoch_began"
        assert json.loads(first.body)[4] == ""
