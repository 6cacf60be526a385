"""How a host is, from a host that is a folder; and what is None where it does not say."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.core.model import HostHealth
from drivers.health import HostLooks, board, storage
from drivers.health.modem import modem

# As a Raspberry Pi 4 says it.
PI = {
    "proc/uptime": "123456.78 400000.00\n",
    "proc/loadavg": "0.10 0.20 0.42 1/120 4711\n",
    "proc/stat": "cpu  1 2 3\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\nintr 5\n",
    "proc/meminfo": "MemTotal:        948304 kB\nMemFree: 1 kB\nMemAvailable:    650000 kB\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    "sys/class/rtc/rtc0/name": "rtc-ds1307 1-0068\n",
}
UPS = {
    "sys/class/power_supply/ac/type": "Mains\n",
    "sys/class/power_supply/ac/online": "0\n",
    "sys/class/power_supply/ups/type": "Battery\n",
    "sys/class/power_supply/ups/status": "Discharging\n",
    "sys/class/power_supply/ups/capacity": "64\n",
    "sys/class/power_supply/mouse/type": "Battery\n",
    "sys/class/power_supply/mouse/scope": "Device\n",
    "sys/class/power_supply/mouse/capacity": "3\n",
}
# As `mmcli -m any -K` and `mmcli -i any -K` print it.
MODEM = """\
modem.3gpp.operator-name                      : CHN-UNICOM
modem.3gpp.registration-state                 : home
modem.generic.access-technologies.length      : 1
modem.generic.access-technologies.value[1]    : lte
modem.generic.signal-quality.value            : 67
modem.generic.signal-quality.recent           : yes
sim.properties.iccid                          : 89860117851012345678
sim.properties.operator-name                  : --
"""


def build(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def test_a_raspberry_pi(tmp_path: Path) -> None:
    told = HostLooks(tmp_path, tmp_path / "modem.txt", build(tmp_path, PI)).host()
    assert told.up_s == 123_456
    assert told.load_percent == 10
    assert told.memory_bytes == 948_304 * 1024
    assert told.memory_available_bytes == 650_000 * 1024
    assert told.cpu_millicelsius == 48_312
    assert told.throttled is True
    assert told.under_voltage is True
    assert told.rtc == "rtc-ds1307 1-0068"
    assert told.on_mains is None
    assert told.disk_free_bytes is not None
    assert told.disk_bytes is not None
    assert 0 < told.disk_free_bytes <= told.disk_bytes


def test_a_host_that_says_nothing_has_no_values(tmp_path: Path) -> None:
    """All but the clock's, which the kernel tells by itself."""
    told = HostLooks(tmp_path / "nowhere", tmp_path / "modem.txt", tmp_path)
    host = told.host()
    assert host == HostHealth(
        clock_synchronised=host.clock_synchronised, clock_error_ms=host.clock_error_ms
    )
    assert told.modem() is None


@pytest.mark.parametrize("text", ["", "\n", "x", "\0\xff", "1 2 3", "-", "9" * 30_000, "9" * 30])
def test_files_that_say_nonsense_harm_nothing(tmp_path: Path, text: str) -> None:
    names = [*PI, *UPS, "run/wellkeeper-modem/modem.txt", "modem.txt"]
    build(tmp_path, dict.fromkeys(names, text))
    looks = HostLooks(tmp_path, tmp_path / "modem.txt", tmp_path)
    looks.host()
    looks.modem()


@pytest.mark.parametrize(
    ("word", "slowed", "low"),
    [("0", False, False), ("1", False, True), ("10000", False, True), ("4", True, False)],
)
def test_what_the_firmware_saw_of_the_supply(
    tmp_path: Path, word: str, *, slowed: bool, low: bool
) -> None:
    build(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": word})
    assert board.throttled(tmp_path) is slowed
    assert board.under_voltage(tmp_path) is low


def test_a_kernel_without_that_file_has_the_monitor(tmp_path: Path) -> None:
    monitor = "sys/class/hwmon/hwmon1"
    build(tmp_path, {f"{monitor}/name": "rpi_volt\n", f"{monitor}/in0_lcrit_alarm": "1\n"})
    assert board.under_voltage(tmp_path) is True
    assert board.throttled(tmp_path) is None


def test_the_hottest_zone_of_the_processor_counts(tmp_path: Path) -> None:
    zones = {"acpitz": 90_000, "cpu0-thermal": 51_000, "cpu1-thermal": 53_000}
    for number, (kind, millicelsius) in enumerate(zones.items()):
        zone = f"sys/class/thermal/thermal_zone{number}"
        build(tmp_path, {f"{zone}/type": kind, f"{zone}/temp": str(millicelsius)})
    assert board.cpu_millicelsius(tmp_path) == 53_000


def test_a_battery_that_carries_the_host(tmp_path: Path) -> None:
    build(tmp_path, UPS)
    assert board.on_mains(tmp_path) is False
    assert board.battery_percent(tmp_path) == 64
    (tmp_path / "sys/class/power_supply/ac/online").write_text("1\n")
    assert board.on_mains(tmp_path) is True


def card_at(root: Path, files: dict[str, str]) -> storage.Card:
    """The disk of a partition on which `root` is said to stand."""
    number = root.stat().st_dev
    disk = root / "sys/devices/mmc0/block/mmcblk0"
    (disk / "mmcblk0p2").mkdir(parents=True)
    build(disk / "device", files)
    link = root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(disk / "mmcblk0p2")
    return storage.card(root, root)


def test_an_emmc_tells_its_age(tmp_path: Path) -> None:
    told = {"type": "MMC", "name": "DG4016", "date": "05/2022"}
    worn = {"life_time": "0x02 0x09", "pre_eol_info": "0x02"}
    assert card_at(tmp_path, told | worn) == storage.Card("MMC DG4016 05/2022", 90, 2)


def test_an_sd_card_tells_its_name_alone(tmp_path: Path) -> None:
    told = {"type": "SD", "name": "SC16G", "date": "03/2021"}
    assert card_at(tmp_path, told) == storage.Card("SD SC16G 03/2021", None, None)


def test_a_modem_as_modemmanager_prints_it(tmp_path: Path) -> None:
    build(tmp_path, {"measured": MODEM, "declared": "sim.expires : 2027-03-31\n# a remark\n"})
    told = modem(tmp_path / "measured", tmp_path / "declared")
    assert told is not None
    assert (told.iccid, told.operator) == ("89860117851012345678", "CHN-UNICOM")
    assert (told.registration, told.access, told.signal_percent) == ("home", "lte", 67)
    assert told.seen_utc_ms == (tmp_path / "measured").stat().st_mtime_ns // 1_000_000
    ends = datetime(2027, 4, 1, tzinfo=UTC)
    assert told.sim_expires_utc_ms == int(ends.timestamp()) * 1000


def test_a_contract_until_the_last_day_of_the_calendar_has_no_end(tmp_path: Path) -> None:
    """The instant after it can be told in no record: it ended both uplinks, at each start."""
    build(tmp_path, {"declared": "sim.expires : 9999-12-31\n"})
    told = modem(tmp_path / "measured", tmp_path / "declared")
    assert told is not None
    assert told.sim_expires_utc_ms is None


def test_a_contract_without_a_measured_modem_still_ends(tmp_path: Path) -> None:
    build(tmp_path, {"declared": "sim.expires : 2027-03-31\n"})
    told = modem(tmp_path / "measured", tmp_path / "declared")
    assert told is not None
    assert told.seen_utc_ms is None
    assert told.sim_expires_utc_ms is not None
