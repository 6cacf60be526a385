"""The units as systemd reads them: clean, closed, and in a relation that stops no pump."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.settings import Relay

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(one.name for one in UNITS.glob("*.service"))
# 16 is 1.6 of 100 that may be exposed: DESIGN §2, and what peers.md found nobody else to reach.
EXPOSURE_MAX = 16
# Cold start to the first decision, DESIGN §13; a Raspberry Pi is some four times as slow.
START_S = 1 * 4
LEASE_S = Relay(driver="gpio").lease_s


def of(name: str, option: str) -> list[str]:
    """What a unit file says for an option, every time it says it."""
    text = (UNITS / name).read_text("utf-8")
    return re.findall(rf"^{option}=(.*)$", text, re.MULTILINE)


def seconds(name: str, option: str) -> float:
    (span,) = of(name, option)
    said = re.fullmatch(r"(\d+)(ms|s|min)", span)
    assert said, span
    return int(said[1]) * {"ms": 0.001, "s": 1, "min": 60}[said[2]]


def test_there_is_a_unit_for_each_process() -> None:
    assert SERVICES == [
        "wellkeeper-console@.service",
        "wellkeeper-control.service",
        "wellkeeper-modem.service",
        "wellkeeper-relay.service",
        "wellkeeper-safe-state.service",
        "wellkeeper-uplink@.service",
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_exposure_is_at_most_1_6(name: str, tmp_path: Path) -> None:
    shutil.copy(UNITS / name, tmp_path / name)
    argv = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}"]
    told = subprocess.run(
        [*argv, str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout[-200:] + told.stderr


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """Every key is known to the systemd of Debian 12, and every value is one."""
    for unit in UNITS.glob("wellkeeper*"):
        text = unit.read_text("utf-8")
        text = re.sub(r"/usr/(bin/wellkeeper|lib/wellkeeper/(safe-state|modem))", "/bin/true", text)
        (tmp_path / unit.name).write_text(text, "utf-8")
    files = sorted(str(one) for one in tmp_path.iterdir())
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_systemd_makes_our_users(tmp_path: Path) -> None:
    """One field that it does not take, and an installation ends there."""
    (tmp_path / "etc").mkdir()
    file = UNITS / "sysusers.d/wellkeeper.conf"
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(file)], check=True)
    made = {line.partition(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    named = {user for unit in SERVICES for user in of(unit, "User") if "%" not in user}
    assert made == named


def test_restart_of_control_is_shorter_than_the_lease_and_that_than_the_watchdog() -> None:
    """A hung stop, the pause and a slow start fit into the lease: no restart stops a pump."""
    control = "wellkeeper-control.service"
    restart_s = seconds(control, "TimeoutStopSec") + seconds(control, "RestartSec") + START_S
    assert restart_s < LEASE_S < seconds(control, "WatchdogSec")


def test_a_stuck_relay_is_over_before_a_lease_would_be() -> None:
    """The lease cannot end it; systemd does, within the time that the lease would have taken."""
    relay = "wellkeeper-relay.service"
    bound_s = seconds(relay, "WatchdogSec") + seconds(relay, "TimeoutAbortSec")
    assert bound_s < LEASE_S
    assert seconds(relay, "TimeoutAbortSec") == 2
    assert of(relay, "ExecStopPost") == ["/usr/lib/wellkeeper/safe-state"]


def test_control_and_relay_do_not_take_each_other_along() -> None:
    for name in ("wellkeeper-control.service", "wellkeeper-relay.service"):
        assert not of(name, "Requires") + of(name, "BindsTo")
        assert of(name, "PartOf") == ["wellkeeper.target"]


def test_control_waits_for_neither_network_nor_time() -> None:
    after = " ".join(of("wellkeeper-control.service", "After"))
    assert after.split() == ["wellkeeper-relay.service"]
    assert of("wellkeeper-control.service", "PrivateNetwork") == ["yes"]


@pytest.mark.parametrize("name", ["control", "uplink@", "console@"])
def test_whether_the_clock_may_be_trusted_can_be_read_and_nobody_sets_it(name: str) -> None:
    """`~@privileged` takes these two away, and ProtectClock=yes does. What is last counts."""
    service = f"wellkeeper-{name}.service"
    filters = of(service, "SystemCallFilter")
    read, refused = "adjtimex clock_adjtime", "~@privileged @resources @mount"
    assert filters.index(read) > filters.index(refused)
    assert of(service, "ProtectClock") == ["no"]
    assert of(service, "CapabilityBoundingSet") == [""]


def test_an_uplink_has_no_device_and_writes_nowhere() -> None:
    uplink = "wellkeeper-uplink@.service"
    assert of(uplink, "PrivateDevices") == ["yes"]
    assert not of(uplink, "DeviceAllow") + of(uplink, "ReadWritePaths")
    assert not of(uplink, "StateDirectory") + of(uplink, "RuntimeDirectory")
    assert of(uplink, "ProtectSystem") == ["strict"]


def test_a_console_has_a_port_and_its_door_and_nothing_else() -> None:
    console = "wellkeeper-console@.service"
    assert of(console, "User") == of(console, "Group") == ["wk-console-%i"]
    assert of(console, "PrivateNetwork") == ["yes"]
    assert of(console, "DevicePolicy") == ["closed"]
    assert all("gpio" not in device for device in of(console, "DeviceAllow"))
    assert "-/var/lib/wellkeeper" in of(console, "InaccessiblePaths")
    assert not of(console, "ReadWritePaths") + of(console, "StateDirectory")


@pytest.mark.parametrize("name", SERVICES)
def test_every_resource_is_bounded(name: str) -> None:
    assert of(name, "MemoryMax")
    assert of(name, "TasksMax")
    assert of(name, "LogRateLimitBurst")
    assert of(name, "LogRateLimitIntervalSec")


@pytest.mark.parametrize("name", SERVICES)
def test_no_unit_leaves_a_core_or_a_file_that_others_read(name: str) -> None:
    """A core holds passwords and keys; what is made is the maker's alone."""
    assert of(name, "LimitCORE") == ["0"]
    assert of(name, "UMask") == ["0077"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_unit_has_a_capability_or_gains_one(name: str) -> None:
    assert of(name, "CapabilityBoundingSet") == of(name, "AmbientCapabilities") == [""]
    assert of(name, "NoNewPrivileges") == ["yes"]
    assert of(name, "ProtectSystem") == ["strict"]


@pytest.mark.parametrize("name", ["control", "relay", "uplink@"])
def test_restarts_go_on_and_their_storms_are_bounded(name: str) -> None:
    """Six in a minute, then a rest of five minutes that a timer ends; for ever."""
    service = f"wellkeeper-{name}.service"
    assert of(service, "Restart") == ["always"]
    assert of(service, "StartLimitBurst") == ["6"]
    assert seconds(service, "StartLimitIntervalSec") == 60
    assert seconds(f"wellkeeper-{name}.timer", "OnUnitInactiveSec") == 300


def test_the_page_of_exposures_is_that_of_the_units() -> None:
    """Scores differ a little between versions of systemd. If not: python docs/exposure.py"""
    page = (UNITS.parent / "docs" / "exposure.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\S+)` \| (\d\.\d) \|", page, re.MULTILINE))
    assert sorted(told) == SERVICES
    for name, score in told.items():
        said = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(UNITS / name)],
            capture_output=True,
            text=True,
            check=False,
        )
        (now,) = re.findall(r"Overall exposure level for \S+: (\d\.\d)", said.stdout)
        assert float(now) == pytest.approx(float(score), abs=0.3)
