"""Ports, lines, clocks and the hardware watchdog, in a host that is a folder with real devices."""

import grp
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from drivers.host import BUILT_UTC_MS
from drivers.inspection import Finding, Trouble, devices


def troubles(found: Iterable[Finding]) -> list[Trouble]:
    return [one.trouble for one in found]


@pytest.fixture
def tty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real terminal of this user, in the group that our units are said to be in."""
    ours, theirs = os.openpty()
    path = Path(os.ttyname(theirs))
    path.chmod(0o660)
    group = grp.getgrgid(path.stat().st_gid).gr_name
    monkeypatch.setattr(devices, "SERIAL_GROUP", group)
    monkeypatch.setattr(devices, "GPIO_GROUP", group)
    yield path
    os.close(theirs)
    os.close(ours)


def device(root: Path, name: str, real: Path) -> None:
    path = root / "dev" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(real)


def test_a_port_that_is_well(tmp_path: Path, tty: Path) -> None:
    device(tmp_path, "ttyUSB0", tty)
    by_id = tmp_path / "dev/serial/by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-x").symlink_to("../../ttyUSB0")
    assert not troubles(devices.port(tmp_path, Path("/dev/serial/by-id/usb-x"), "bus[0].port"))


def test_a_port_under_its_number_is_a_warning(tmp_path: Path, tty: Path) -> None:
    device(tmp_path, "ttyUSB0", tty)
    found = troubles(devices.port(tmp_path, Path("/dev/ttyUSB0"), "bus[0].port"))
    assert found == [Trouble.PORT_UNSTABLE]


def test_a_port_that_we_may_not_open(
    tmp_path: Path, tty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device(tmp_path, "ttyAMA0", tty)
    port = Path("/dev/ttyAMA0")
    tty.chmod(0o640)
    assert troubles(devices.port(tmp_path, port, "bus[0].port")) == [Trouble.GROUP_CANNOT]
    tty.chmod(0o660)
    assert not troubles(devices.port(tmp_path, port, "bus[0].port"))
    monkeypatch.setattr(devices, "SERIAL_GROUP", "no-such-group")
    assert troubles(devices.port(tmp_path, port, "bus[0].port")) == [Trouble.GROUP_CANNOT]


def test_a_port_that_is_not_there_or_is_a_file(tmp_path: Path, tty: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/file").touch()
    assert troubles(devices.port(tmp_path, Path("/dev/none"), "k")) == [Trouble.NO_DEVICE]
    assert troubles(devices.port(tmp_path, Path("/dev/file"), "k")) == [Trouble.NOT_A_DEVICE]


def test_a_slow_adapter_and_the_kernels_console(tmp_path: Path, tty: Path) -> None:
    device(tmp_path, "ttyS7", tty)
    timer = tmp_path / "sys/bus/usb-serial/devices" / tty.name / "latency_timer"
    timer.parent.mkdir(parents=True)
    timer.write_text("16\n", "ascii")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text("quiet console=tty1 console=ttyS7,115200\n", "utf-8")
    found = troubles(devices.port(tmp_path, Path("/dev/ttyS7"), "k"))
    assert found == [Trouble.PORT_SLOW, Trouble.PORT_IS_CONSOLE]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [("Y", Trouble.GPIO_KEPT), ("N", Trouble.GPIO_RELEASED), (None, Trouble.GPIO_RELEASED)],
)
def test_what_this_kernel_does_with_a_released_line(
    tmp_path: Path, tty: Path, kept: str | None, expected: Trouble
) -> None:
    device(tmp_path, "gpiochip0", tty)
    if kept is not None:
        parameter = tmp_path / "sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs"
        parameter.parent.mkdir(parents=True)
        parameter.write_text(f"{kept}\n", "ascii")
    found = troubles(devices.gpio(tmp_path, None, "relay.line"))
    assert expected in found
    assert Trouble.GROUP_CANNOT not in found
    tty.chmod(0o600)
    assert Trouble.GROUP_CANNOT in troubles(devices.gpio(tmp_path, None, "relay.line"))


def test_no_chip_at_all_or_not_the_declared_one(tmp_path: Path, tty: Path) -> None:
    (tmp_path / "dev").mkdir()
    assert Trouble.NO_DEVICE in troubles(devices.gpio(tmp_path, None, "relay.line"))
    device(tmp_path, "gpiochip0", tty)
    assert Trouble.NO_DEVICE in troubles(
        devices.gpio(tmp_path, Path("/dev/gpiochip9"), "relay.chip")
    )


def test_a_host_without_the_library_and_without_a_tool(
    tmp_path: Path, tty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = troubles(devices.gpio(tmp_path, None, "relay.line"))
    assert found == [Trouble.NO_DEVICE, Trouble.NO_GPIO_LIBRARY, Trouble.NO_SAFE_STATE_TOOL]


@pytest.mark.parametrize(
    ("utc_ms", "synchronised", "rtc", "expected"),
    [
        (BUILT_UTC_MS, True, True, []),
        (0, True, True, [Trouble.CLOCK_OLD]),
        (BUILT_UTC_MS, False, True, [Trouble.CLOCK_UNSYNCHRONISED]),
        (BUILT_UTC_MS, True, False, [Trouble.NO_RTC]),
    ],
)
def test_clock(
    tmp_path: Path, utc_ms: int, *, synchronised: bool, rtc: bool, expected: list[Trouble]
) -> None:
    if rtc:
        (tmp_path / "sys/class/rtc/rtc0").mkdir(parents=True)
    assert troubles(devices.clock(tmp_path, utc_ms, synchronised=synchronised)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, [Trouble.WATCHDOG_IDLE]),
        (
            {"etc/systemd/system.conf": "[Manager]\n#RuntimeWatchdogSec=14\n"},
            [Trouble.WATCHDOG_IDLE],
        ),
        (
            {"etc/systemd/system.conf": "[Manager]\nRuntimeWatchdogSec=off\n"},
            [Trouble.WATCHDOG_IDLE],
        ),
        ({"etc/systemd/system.conf": "[Manager]\nRuntimeWatchdogSec=14\n"}, []),
        ({"usr/lib/systemd/system.conf.d/w.conf": "[Manager]\nRuntimeWatchdogSec=14s\n"}, []),
        (
            {"etc/systemd/system.conf.d/w.conf": "RuntimeWatchdogSec=1min\n"},
            [Trouble.WATCHDOG_LONG],
        ),
        (
            {
                "etc/systemd/system.conf": "RuntimeWatchdogSec=14s\n",
                "etc/systemd/system.conf.d/z.conf": "RuntimeWatchdogSec=30s\n",
            },
            [Trouble.WATCHDOG_LONG],
        ),
    ],
)
def test_hardware_watchdog(tmp_path: Path, files: dict[str, str], expected: list[Trouble]) -> None:
    assert troubles(devices.hardware_watchdog(tmp_path)) == [Trouble.NO_HARDWARE_WATCHDOG]
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/watchdog0").touch()
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert troubles(devices.hardware_watchdog(tmp_path)) == expected
