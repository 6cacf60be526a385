"""`wellkeeper apply`: a host, here in a folder, is made to fit the settings."""

import re
import subprocess
from pathlib import Path

import pytest

from agent.cli import USAGE, main
from agent.cli.host_files import escaped, host_files
from agent.settings import load

EXAMPLE = Path(__file__).parents[3] / "config" / "station.example.toml"
TARGET = Path("etc/systemd/system/wellkeeper.target.wants")


def station(folder: Path, *changes: tuple[str, str]) -> Path:
    text = EXAMPLE.read_text("utf-8")
    for old, new in changes:
        assert re.search(old, text, re.MULTILINE), old
        text = re.sub(old, new, text, flags=re.MULTILINE)
    file = folder / "station.toml"
    file.write_text(text, "utf-8")
    return file


def apply(root: Path, file: Path) -> int:
    return main(["apply", "--root", str(root), "--language", "en", "--config", str(file)])


def text_of(root: Path, path: str) -> str:
    return (root / path).read_text("utf-8")


@pytest.mark.parametrize(
    ("active_high", "energise", "level"),
    [
        ("true", "to_run", 0),
        ("false", "to_run", 1),
        ("true", "to_stop", 1),
        ("false", "to_stop", 0),
    ],
)
def test_safe_level_is_the_one_that_cuts(
    tmp_path: Path, active_high: str, energise: str, level: int
) -> None:
    file = station(
        tmp_path,
        ("^active_high = true  ", f"active_high = {active_high} "),
        ('^energise = "to_run"', f'energise = "{energise}"'),
    )
    files = {str(path): text for path, text in host_files(load(file), {}).items()}
    said = files["/etc/wellkeeper/host/safe-state.env"]
    assert said.splitlines()[1:] == [
        "SAFE_DRIVER=gpio",
        "SAFE_CHIP=",
        "SAFE_LINE=17",
        f"SAFE_LEVEL={level}",
    ]


def test_each_platform_gets_a_user_and_starts_with_the_station(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    assert apply(root, station(tmp_path)) == 0
    passwd, group = text_of(root, "etc/passwd"), text_of(root, "etc/group")
    for name in ("wk-division", "wk-bureau"):
        assert f"\n{name}:x:" in f"\n{passwd}"
        assert re.search(rf"^{name}:x:\d+:wellkeeper$", group, re.MULTILINE), group
    links = sorted(one.name for one in (root / TARGET).iterdir())
    assert links == ["wellkeeper-uplink@bureau.service", "wellkeeper-uplink@division.service"]
    assert "systemctl restart wellkeeper-control" in capsys.readouterr().out


def test_repeated_it_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    file = station(tmp_path)
    assert apply(root, file) == 0
    capsys.readouterr()
    assert apply(root, file) == 0
    assert "nothing was changed" in capsys.readouterr().out


def test_a_platform_that_went_starts_no_longer(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    assert apply(root, station(tmp_path)) == 0
    assert apply(root, station(tmp_path, (r'(?s)\[\[platform\]\]\nname = "bureau".*', ""))) == 0
    assert [one.name for one in (root / TARGET).iterdir()] == ["wellkeeper-uplink@division.service"]


def test_credentials_are_handed_to_their_own_unit_only(tmp_path: Path) -> None:
    root = tmp_path / "root"
    folder = root / "etc/wellkeeper/credentials/division"
    folder.mkdir(parents=True)
    (folder / "password").write_text("secret", "utf-8")
    assert apply(root, station(tmp_path)) == 0
    units = root / "etc/systemd/system"
    said = text_of(units, "wellkeeper-uplink@division.service.d/credentials.conf")
    assert "LoadCredential=password:/etc/wellkeeper/credentials/division/password\n" in said
    assert "secret" not in said
    assert not (units / "wellkeeper-uplink@bureau.service.d").exists()
    (folder / "password").unlink()
    assert apply(root, station(tmp_path)) == 0
    assert not (units / "wellkeeper-uplink@division.service.d/credentials.conf").exists()


@pytest.mark.parametrize("lease_s", [15, 29, 30, 120])
def test_watchdog_of_control_stays_longer_than_the_lease(tmp_path: Path, lease_s: int) -> None:
    file = station(tmp_path, ("^lease_s = 15", f"lease_s = {lease_s}"))
    files = host_files(load(file), {})
    drop_in = next((text for path, text in files.items() if path.name == "lease.conf"), "")
    said = re.search(r"WatchdogSec=(\d+)s", drop_in)
    assert (int(said[1]) if said else 30) > lease_s


def test_a_name_too_long_for_a_user_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    long = "b" * 30
    assert apply(root, station(tmp_path, ('"bureau"', f'"{long}"'))) == USAGE
    assert long in capsys.readouterr().err
    assert list(root.iterdir()) == []


CONSOLE = "usb-FTDI_FT232R_B1-if00-port0"


def test_a_console_starts_when_its_port_appears_and_ends_with_it() -> None:
    files = {str(path): text for path, text in host_files(load(EXAMPLE), {}).items()}
    (rule,) = [
        line
        for line in files["/etc/udev/rules.d/62-wellkeeper-console.rules"].splitlines()
        if not line.startswith("#")
    ]
    assert f'SYMLINK=="serial/by-id/{CONSOLE}"' in rule
    assert 'ENV{SYSTEMD_WANTS}+="wellkeeper-console@front.service"' in rule
    bound = files["/etc/systemd/system/wellkeeper-console@front.service.d/port.conf"]
    assert r"BindsTo=dev-serial-by\x2did-usb\x2dFTDI_FT232R_B1\x2dif00\x2dport0.device" in bound
    users = files["/etc/sysusers.d/wellkeeper-platforms.conf"]
    assert "u wk-console-front " in users
    assert "m wellkeeper wk-console-front" in users


@pytest.mark.parametrize("path", ["/dev/ttyAMA0", f"/dev/serial/by-id/{CONSOLE}", "/dev/.a b/井"])
def test_a_path_is_escaped_as_systemd_does(path: str) -> None:
    told = subprocess.run(
        ["systemd-escape", "--path", path], capture_output=True, text=True, check=True
    )
    assert escaped(Path(path)) == told.stdout.strip()


def test_a_console_that_is_no_longer_declared_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    assert apply(root, station(tmp_path)) == 0
    rules = root / "etc/udev/rules.d/62-wellkeeper-console.rules"
    drop_in = root / "etc/systemd/system/wellkeeper-console@front.service.d/port.conf"
    assert rules.is_file()
    assert drop_in.is_file()
    without = (r"^\[\[console\]\](?:.*\n)*?(?=^# One \[\[platform)", "")
    assert apply(root, station(tmp_path, without)) == 0
    assert not rules.exists()
    assert not drop_in.exists()


def test_a_root_that_is_none_is_refused_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "typo"
    assert apply(root, station(tmp_path)) == 64
    assert "has no folder etc" in capsys.readouterr().err
    assert not root.exists()
