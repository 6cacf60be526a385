"""Where a secret may stand: never in the settings, which everybody may read."""

import re
from pathlib import Path

import pytest

from agent.settings import SettingsError, load
from agent.words import LANGUAGES, settings_text

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config/station.example.toml").read_text("utf-8")
SECRET = "canary-inline-88T1"


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("[[platform]]", f'password = "{SECRET}"'),
        ("[[platform]]", f'token = "{SECRET}"'),
        ("[station]", f'key = "{SECRET}"'),
        ("[[console]]", f'pin = "{SECRET}"'),
    ],
)
def test_a_secret_in_the_settings_is_refused_and_not_repeated(
    tmp_path: Path, section: str, line: str
) -> None:
    file = tmp_path / "station.toml"
    file.write_text(EXAMPLE.replace(f"{section}", f"{section}\n{line} #", 1), "utf-8")
    with pytest.raises(SettingsError) as refused:
        load(file)
    option = line.partition(" ")[0]
    assert any(one.key.endswith(option) for one in refused.value.problems)
    for language in LANGUAGES:
        assert SECRET not in settings_text(refused.value, language)
    assert SECRET not in str(refused.value)


def test_no_option_holds_a_secret_itself() -> None:
    """The settings are 0644: what is secret is the name of a file of its owner's."""
    options = set(re.findall(r"^#? ?([a-z_0-9]+) = ", EXAMPLE, re.MULTILINE))
    secret = {one for one in options if re.search(r"(^|_)(password|secret|token|key)s?(_|$)", one)}
    assert len(secret) >= 3
    assert all(one.endswith(("_file", "_files")) for one in secret)
