"""Room rule: ports, GPIO chips, the clock and the hardware watchdog, as /dev, /proc and /sys say.

What a line does when its owner dies differs from kernel to kernel, and decides what the pull
resistor is for; so it is told, and nothing rests on it.
"""

import grp
import importlib.util
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from drivers.adapter import LATENCY_MAX_MS
from drivers.host import BUILT_UTC_MS
from drivers.inspection.files import within
from drivers.inspection.finding import Finding, Trouble

# The counter of a Raspberry Pi's watchdog ends near 16 s.
HARDWARE_WATCHDOG_MAX_S: Final = 14
# The groups of our units, which the udev rules give the devices to.
SERIAL_GROUP = "dialout"
GPIO_GROUP = "gpio"
SAFE_STATE_TOOLS: Final = ("pinctrl", "gpioset")

_NUMBERED: Final = re.compile(r"tty(USB|ACM)\d+")
_SPANS: Final = {"ms": 0.001, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}


def port(root: Path, path: Path, key: str) -> Iterator[Finding]:
    """A serial port: there, ours to open, under a name that stays, and nobody's console."""
    here = within(root, path)
    if not here.exists():
        yield Finding(Trouble.NO_DEVICE, path, key)
        return
    device = here.resolve()
    mode = device.stat().st_mode
    if not stat.S_ISCHR(mode):
        yield Finding(Trouble.NOT_A_DEVICE, path, key)
        return
    yield from group_may(device, path, key, SERIAL_GROUP)
    if _NUMBERED.fullmatch(path.name) and path.parent == Path("/dev"):
        yield Finding(Trouble.PORT_UNSTABLE, path, key, expected="/dev/serial/by-id/…")
    timer = within(root, Path("/sys/bus/usb-serial/devices")) / device.name / "latency_timer"
    if timer.is_file() and (delay := timer.read_text("ascii").strip()) != str(LATENCY_MAX_MS):
        yield Finding(Trouble.PORT_SLOW, path, key, f"{delay} ms", f"{LATENCY_MAX_MS} ms")
    command_line = within(root, Path("/proc/cmdline"))
    words = command_line.read_text("utf-8").split() if command_line.is_file() else []
    for word in words:
        name = word.removeprefix("console=").partition(",")[0]
        named = within(root, Path("/dev")) / name
        if word.startswith("console=") and named.resolve() == device:
            yield Finding(Trouble.PORT_IS_CONSOLE, path, key, word)


def console(root: Path, path: Path, key: str) -> Iterator[Finding]:
    """A technician's cable is plugged in when he comes: its absence is no trouble."""
    if within(root, path).exists():
        yield from port(root, path, key)


def group_may(device: Path, path: Path, key: str, group: str) -> Iterator[Finding]:
    """A device that the group of our units may read and write."""
    found = device.stat()
    try:
        owner = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        owner = str(found.st_gid)
    if owner != group or found.st_mode & 0o060 != 0o060:
        given = f"{owner} {stat.S_IMODE(found.st_mode):04o}"
        yield Finding(Trouble.GROUP_CANNOT, path, key, given, f"{group} 0660")


def gpio(root: Path, chip: Path | None, key: str) -> Iterator[Finding]:
    """The line's chip, our library for it, and what a release does to it."""
    chips = sorted(within(root, Path("/dev")).glob("gpiochip*"))
    if chip is not None:
        chips = [one for one in [within(root, chip)] if one.exists()]
    if not chips:
        yield Finding(Trouble.NO_DEVICE, chip or "/dev/gpiochip*", key)
    for found in chips[:1]:
        yield from group_may(found, Path("/dev") / found.name, key, GPIO_GROUP)
    if importlib.util.find_spec("lgpio") is None:
        yield Finding(Trouble.NO_GPIO_LIBRARY, "lgpio", key)
    if not any(shutil.which(tool) for tool in SAFE_STATE_TOOLS):
        yield Finding(Trouble.NO_SAFE_STATE_TOOL, "/usr/lib/wellkeeper/safe-state", key)
    module = within(root, Path("/sys/module"))
    kept = [
        one.read_text("ascii").strip() in {"Y", "1"}
        for one in sorted(module.glob("pinctrl_*/parameters/persist_gpio_outputs"))
    ]
    if chips:
        yield Finding(
            Trouble.GPIO_KEPT if any(kept) else Trouble.GPIO_RELEASED,
            chip or "/dev/" + chips[0].name,
            key,
        )


def clock(root: Path, utc_ms: int, *, synchronised: bool) -> Iterator[Finding]:
    if utc_ms < BUILT_UTC_MS:
        yield Finding(Trouble.CLOCK_OLD, "/dev/rtc0", "clock.trusted_when")
    elif not synchronised:
        yield Finding(Trouble.CLOCK_UNSYNCHRONISED, "adjtimex", "clock.trusted_when")
    if not within(root, Path("/sys/class/rtc/rtc0")).exists():
        yield Finding(Trouble.NO_RTC, "/dev/rtc0", "clock.trusted_when")


def hardware_watchdog(root: Path) -> Iterator[Finding]:
    """systemd pets it, and a kernel that stands still is reset: RuntimeWatchdogSec=14s."""
    if not within(root, Path("/dev/watchdog0")).exists():
        yield Finding(Trouble.NO_HARDWARE_WATCHDOG, "/dev/watchdog0")
        return
    file, seconds = _runtime_watchdog_s(root)
    if not seconds:
        yield Finding(Trouble.WATCHDOG_IDLE, file, "RuntimeWatchdogSec")
    elif seconds > HARDWARE_WATCHDOG_MAX_S:
        limit = f"{HARDWARE_WATCHDOG_MAX_S}s"
        yield Finding(Trouble.WATCHDOG_LONG, file, "RuntimeWatchdogSec", f"{seconds:g}s", limit)


def _runtime_watchdog_s(root: Path) -> tuple[Path, float]:
    """Where it is set, and to what; the last file that says it counts."""
    folders = [Path("/usr/lib/systemd"), Path("/etc/systemd")]
    files = [folder / "system.conf" for folder in folders]
    files += [
        Path("/") / one.relative_to(root)
        for folder in folders
        for one in sorted(within(root, folder / "system.conf.d").glob("*.conf"))
    ]
    place, seconds = Path("/etc/systemd/system.conf.d"), 0.0
    for file in files:
        here = within(root, file)
        text = here.read_text("utf-8") if here.is_file() else ""
        for said in re.findall(r"^\s*RuntimeWatchdogSec\s*=\s*(\S+)\s*$", text, re.MULTILINE):
            place, seconds = file, _seconds(said)
    return place, seconds


def _seconds(text: str) -> float:
    """systemd's span, of one unit: 14, 14s, 1min. 0 for off, and for what cannot be read."""
    span = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]*)", text)
    return float(span[1]) * _SPANS.get(span[2] or "s", 0) if span else 0.0
