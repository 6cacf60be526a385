"""What `wellkeeper uplink` makes of its settings, and `wellkeeper resend` of its words."""

from pathlib import Path
from typing import Any

import pytest

from agent import threads
from agent.cli import USAGE, main
from agent.cli.uplink import _mqtt
from agent.settings import Settings, load
from tests.shell.uplink.conftest import House

STATION = Path(__file__).parents[1] / "settings" / "station.toml"


def settings(tmp_path: Path, old: str = "", new: str = "") -> Settings:
    text = STATION.read_text("utf-8")
    assert old in text
    file = tmp_path / "station.toml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    return load(file)


def test_user_and_password_may_be_credentials_of_the_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd's LoadCredential= puts them where only this unit's user can read them."""
    for name, words in (("user", "well-9\n"), ("password", "s3cret\n")):
        (tmp_path / name).write_text(words)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    found = settings(tmp_path)
    broker = _mqtt(found, found.platform[0]).broker
    assert (broker.user, broker.password) == ("well-9", "s3cret")


def test_what_the_settings_say_comes_before_a_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("of the unit")
    (tmp_path / "file").write_text("of the settings\n")
    (tmp_path / "file").chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    new = f'user = "well-1"\npassword_file = "{tmp_path}/file"'
    found = settings(tmp_path, 'user = "well-1"', new)
    broker = _mqtt(found, found.platform[1]).broker
    assert (broker.user, broker.password) == ("well-1", "of the settings")


def test_without_either_nobody_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    found = settings(tmp_path)
    broker = _mqtt(found, found.platform[0]).broker
    assert (broker.user, broker.password) == (None, None)


def test_a_platform_that_sends_receipts_may_use_311(tmp_path: Path) -> None:
    new = 'port = 8883\nprotocol = "mqtt311"\nreceipts = true\n'
    found = settings(tmp_path, "port = 8883\n", new)
    config = _mqtt(found, found.platform[0])
    assert config.receipts
    assert not config.trust_puback


def test_a_range_is_ordered_at_the_shell(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = house._folder / "run"
    (run_dir / "desk").mkdir(parents=True)
    (run_dir / "desk" / "admin.sock").symlink_to(house._folder / "admin.sock")
    settings(tmp_path, 'run_dir = "/run/wk"', f'run_dir = "{run_dir}"')
    house.samples(10)
    words = ["resend", "a", "--from", "2", "--to", "4", "--config", str(tmp_path / "station.toml")]
    words += ["--language", "en"]
    obeyed = threads.begin("obey", house.obey)
    assert main(words) == 0
    obeyed.result()
    assert "3" in capsys.readouterr().out
    order: Any = house.desk._clients.next_resend("a")
    assert (order.first, order.last) == (2, 4)
    assert main([*words[:5], "99", *words[6:]]) == USAGE
    assert "the newest is 10" in capsys.readouterr().err
