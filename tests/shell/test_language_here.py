"""What a command that needs no station speaks: what is asked for, else the language of the host."""

from pathlib import Path

import pytest

from agent.cli import main, options
from tests.shell.station.stand import template

COMMANDS = {
    "keys new": ("keys", "new", "."),
    "command": ("command", "sign", "stop", "--key", "k", "--platform", "a", "--station", "*"),
    "report": ("report", "--merge", "nothing.json"),
    "provision": ("provision", "no.toml", "no.csv", "out"),
    "journal": ("journal", "stats", "no.db"),
    "keys show": ("keys", "show", "no.pem"),
}


def is_chinese(said: str) -> bool:
    return any("一" <= sign <= "鿿" for sign in said)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("station", "asked", "chinese"),
    [
        (None, (), True),
        (None, ("--language", "en"), False),
        ("en", (), False),
        ("zh", (), True),
        ("en", ("--language", "zh"), True),
    ],
)
def test_each_speaks_as_the_others_do(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    command: str,
    station: str | None,
    asked: tuple[str, ...],
    chinese: bool,
) -> None:
    """Some of them spoke Chinese on a station whose settings say English."""
    here = folder / "nowhere.toml"
    if station is not None:
        here = template(folder, {"station.language": station})
    monkeypatch.setattr(options, "DEFAULT_CONFIG", here)
    monkeypatch.chdir(folder)
    ours = ("--config", str(here)) if command in ("report", "journal", "keys show") else ()
    assert main([*COMMANDS[command], *ours, *asked]) != 0
    out, err = capsys.readouterr()
    assert is_chinese(out + err) == chinese, out + err
