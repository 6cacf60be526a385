"""The condition table in docs/ is the one in the code."""

from pathlib import Path

import pytest

from agent.cli import IO, main
from agent.cli.conditions import FILES, document
from agent.cli.house import house_of
from agent.core.model import ConditionKind, Latched
from agent.core.rules import RULES
from agent.settings import load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "station.example.toml"


@pytest.mark.parametrize("language", FILES)
def test_the_page_is_what_the_code_prints(language: str) -> None:
    """If not: wellkeeper conditions --config config/station.example.toml --write docs"""
    site = house_of(load(EXAMPLE), EXAMPLE).site
    page = document(site, language, EXAMPLE.relative_to(ROOT))
    assert page == (ROOT / "docs" / FILES[language]).read_text(encoding="utf-8")
    assert all(f"`{kind}`" in page for kind in ConditionKind)


def test_a_folder_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = ["--write", str(tmp_path / "none"), "--config", str(EXAMPLE), "--language", "en"]
    assert main(["conditions", *into]) == IO
    assert "After --write goes a folder that is there" in capsys.readouterr().err


def test_what_can_be_acknowledged_is_what_latches_until_it_is() -> None:
    latching = {
        rule.kind for rule in RULES if rule.ends in ("acknowledged", "proven", "third", "accepted")
    }
    assert latching == {ConditionKind(one) for one in Latched}
