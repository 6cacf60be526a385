"""`wellkeeper check` on an installed station: which looks it takes, and what it says of them."""

import string
from pathlib import Path

import pytest

from agent import words
from agent.cli import main
from agent.cli.check import BROKEN, sentence
from agent.cli.inspect import findings
from agent.settings import load
from drivers.host import HostClock
from drivers.inspection import Finding, Trouble
from drivers.inspection.finding import NOTES, WARNINGS

EXAMPLE = Path(__file__).parents[3] / "config" / "station.example.toml"


def test_it_knows_at_least_twenty_troubles() -> None:
    assert len(Trouble) >= 20
    assert not NOTES & WARNINGS


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_says_where_what_and_what_to_do(trouble: Trouble, language: str) -> None:
    said = sentence(Finding(trouble, "/some/file", "a.key", "GIVEN", "EXPECTED"), language)
    assert said.startswith("/some/file (a.key)")
    for table in ("check", "check_remedy"):
        template = words.catalogue()[f"{table}.{trouble}"][language]
        named = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        assert named <= {"given", "expected", "subject"}
        assert template.rstrip().endswith(("。", "."))


def test_an_empty_host_lacks_all_that_an_installation_makes(tmp_path: Path) -> None:
    found = {one.trouble for one in findings(load(EXAMPLE), EXAMPLE, HostClock("always"), tmp_path)}
    assert found >= {
        Trouble.UNIT_ABSENT,
        Trouble.USER_ABSENT,
        Trouble.ABSENT,
        Trouble.HOST_FILE_STALE,
        Trouble.UPLINK_NOT_ENABLED,
        Trouble.CREDENTIAL_ABSENT,
        Trouble.NO_DEVICE,
        Trouble.NO_RTC,
        Trouble.NO_HARDWARE_WATCHDOG,
    }


def test_the_command_ends_with_its_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["check", "--host", "--root", str(tmp_path), "--config", str(EXAMPLE)]
    assert main([*argv, "--language", "en"]) == BROKEN
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("The host: ")
    assert sum(line.startswith("  ✗") for line in lines) == int(lines[-1].split()[2])
    assert main([*argv, "--language", "zh"]) == BROKEN
    assert capsys.readouterr().out.splitlines()[-1].startswith("主机检查：")


def test_a_draft_elsewhere_is_no_station(capsys: pytest.CaptureFixture[str]) -> None:
    """Prepared on a desk: this computer is not judged."""
    assert main(["check", "--config", str(EXAMPLE), "--language", "en"]) == 0
    assert "The host:" not in capsys.readouterr().out


def test_what_ails_the_computer_is_told_in_the_words_of_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hot = {
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
        "sys/class/thermal/thermal_zone0/temp": "91000",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005",
    }
    for name, text in hot.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    argv = ["check", "--host", "--root", str(tmp_path), "--config", str(EXAMPLE)]
    assert main([*argv, "--language", "en"]) == BROKEN
    told = capsys.readouterr().out
    assert "✗ /sys/class/thermal: The processor is hot: See to the cabinet's air" in told
    assert "! get_throttled: The supply voltage was too low: Fit a stronger supply" in told
    assert main([*argv, "--language", "zh"]) == BROKEN
    assert "! get_throttled：供电电压偏低：更换电源" in capsys.readouterr().out
