"""Root's orders about accounts: worth half a minute like his others, and told when unsettled."""

import io
from pathlib import Path

import pytest

from agent.cli import UNAVAILABLE, asking, main
from agent.core.model import AccountOrder, ChangePinOrder, Command
from agent.desk.client import Client
from agent.desk.server import Desk
from agent.journal import Journal
from agent.settings import desk_socket, load
from drivers.host import HostClock
from tests.shell.desk.test_consoles import OTHER, PIN, WAIT_S, Control, control, first, seat
from tests.shell.station.stand import template

__all__ = ["control"]


def test_a_new_pin_that_waited_too_long_for_the_card_is_no_longer_given(control: Control) -> None:
    """Whoever gave it up may have given another one since, or thought better of it."""
    with seat(control) as ask, Client(control.folder / "desk" / "admin.sock") as root:
        first(ask)
        control.commits = False
        until_utc_ms = control.story.moment.utc_ms + 30_000
        fields = {"account": "li", "pin": OTHER, "actor": "root"}
        asked = root.post("change_pin", {**fields, "id": "p7", "not_after_utc_ms": until_utc_ms})
        root.call("hello", {}, WAIT_S)  # it is in its place
        control.story.now_ms += 40_000
        control.commits = True
        refusal = root.answer(asked, "change_pin", WAIT_S)["refusal"]
        assert refusal["reason"] == "expired"
        assert ask("sign_in", account="li", pin=PIN)["refusal"] is None
    assert [one.id for one in control.taken if isinstance(one.order, ChangePinOrder)] == ["p7"]


def test_an_account_whose_verdict_never_came_is_told_as_unsettled(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "COMMAND_WITHIN_S", 0.5)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PIN}\n"))
    config = template(folder, {"station.state_dir": str(folder), "station.run_dir": str(folder)})
    file, doors = folder / "journal.db", {"admin": desk_socket(load(config), "admin")}
    journal = Journal.open(file)
    desk = Desk(doors, file, station="w", version="1", cursors={})
    try:
        line = ["account", "add", "ma", "viewer", "--config", str(config), "--language", "en"]
        assert main(line) == UNAVAILABLE
        (waits,) = desk.take(8)
    finally:
        desk.close()
        journal.close()
    assert isinstance(waits, Command)
    assert isinstance(waits.order, AccountOrder)
    assert f"No answer came to order {waits.id} " in capsys.readouterr().err
    now_ms = HostClock("always").now().utc_ms
    assert waits.not_after_utc_ms is not None
    assert now_ms - 60_000 < waits.not_after_utc_ms < now_ms + 1_000
