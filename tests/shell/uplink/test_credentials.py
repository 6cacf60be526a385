"""A platform's account comes from a file: one that cannot be read is one sentence."""

from pathlib import Path

import pytest

from agent.cli import CONFIGURATION, main
from tests.shell.station.stand import template

GBK = "口令".encode("gbk")


@pytest.mark.parametrize("name", ["user", "password"])
def test_what_systemd_hands_over_is_text_or_told_to_be_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Saved by an editor that is not ours, it ended the uplink in a traceback at each start."""
    config = template(folder, {})
    (folder / name).write_bytes(GBK)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert main(["uplink", "a", "--config", str(config), "--language", "en"]) == CONFIGURATION
    assert capsys.readouterr().err.startswith(f"{folder / name} cannot be read ('utf-8' codec")


def test_a_password_file_of_the_settings_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "password"
    file.touch(0o600)
    file.write_bytes(GBK)
    config = template(folder, {"platform.user": "w", "platform.password_file": str(file)})
    assert main(["uplink", "b", "--config", str(config), "--language", "en"]) == CONFIGURATION
    assert f"{file} cannot be read" in capsys.readouterr().err
