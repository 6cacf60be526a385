"""Room rule: the card or disk that a folder stands on: its room, its name and its age.

An eMMC tells how much of its life is used (JEDEC JESD84-B51: DEVICE_LIFE_TIME_EST in tenths, and
PRE_EOL_INFO). An SD card tells its name and month of make, and nothing of its age; a disk behind
USB or NVMe would have to be asked by ioctl, which our units may not.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.health.files import as_number, text

_TENTH_PERCENT: Final = 10


@dataclass(frozen=True, slots=True)
class Room:
    """What is left on a file system; no inodes where they are made as needed."""

    disk_bytes: int | None = None
    free_bytes: int | None = None
    inodes_free: int | None = None


def room(folder: Path) -> Room:
    try:
        system = os.statvfs(folder)
    except OSError:
        return Room()
    return Room(
        system.f_blocks * system.f_frsize,
        system.f_bavail * system.f_frsize,
        system.f_favail if system.f_files else None,
    )


@dataclass(frozen=True, slots=True)
class Card:
    name: str = ""
    used_percent: int | None = None
    spare: int | None = None


def card(root: Path, folder: Path) -> Card:
    """The device that holds the folder."""
    try:
        number = folder.stat().st_dev
    except OSError:
        return Card()
    block = root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
    device = _device(block.resolve())
    if device is None:
        return Card()
    words = [text(device / one) for one in ("type", "vendor", "name", "model", "date")]
    known = [word for word in words if word and not word.startswith("0x")]
    return Card(
        " ".join(known), _used_percent(device), as_number(text(device / "pre_eol_info"), 16)
    )


def _device(block: Path) -> Path | None:
    """A partition's own folder has no `device`; its disk's has, which is the folder above."""
    for place in (block, block.parent):
        if (place / "device").is_dir():
            return place / "device"
    return None


def _used_percent(device: Path) -> int | None:
    """The worse of its two kinds of memory. 0x01 is up to a tenth, 0x0b beyond the whole."""
    said = (text(device / "life_time") or "").split()
    tenths = [as_number(one, 16) for one in said]
    known = [one for one in tenths if one]  # 0: not told
    return max(known) * _TENTH_PERCENT if known else None
