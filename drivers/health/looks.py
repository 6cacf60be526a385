"""Room rule: one look at the whole host. Implements ports.Host."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.core.model import HostHealth, ModemHealth
from drivers.health import board, storage
from drivers.health.files import as_number, pairs, text
from drivers.health.modem import modem
from drivers.host import discipline

MODEM_FILE: Final = Path("run/wellkeeper-modem/modem.txt")
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class HostLooks:
    """`state_dir` is where the journal stands; `declared` is the site's word on its modem."""

    state_dir: Path
    declared: Path
    root: Path = Path("/")

    def host(self) -> HostHealth:
        root = self.root
        room = storage.room(self.state_dir)
        card = storage.card(root, self.state_dir)
        memory = dict(pairs(text(root / "proc/meminfo")))
        clock = discipline()
        return HostHealth(
            up_s=_up_s(root),
            load_percent=_load_percent(root),
            memory_bytes=_octets(memory.get("MemTotal")),
            memory_available_bytes=_octets(memory.get("MemAvailable")),
            cpu_millicelsius=board.cpu_millicelsius(root),
            throttled=board.throttled(root),
            under_voltage=board.under_voltage(root),
            on_mains=board.on_mains(root),
            battery_percent=board.battery_percent(root),
            card=card.name,
            card_used_percent=card.used_percent,
            card_spare=card.spare,
            disk_bytes=room.disk_bytes,
            disk_free_bytes=room.free_bytes,
            inodes_free=room.inodes_free,
            clock_synchronised=clock.synchronised,
            clock_error_ms=clock.error_ms,
            rtc=text(root / "sys/class/rtc/rtc0/name") or "",
        )

    def modem(self) -> ModemHealth | None:
        return modem(self.root / MODEM_FILE, self.declared)


def _up_s(root: Path) -> int | None:
    return as_number((text(root / "proc/uptime") or "").partition(".")[0])


def _load_percent(root: Path) -> int | None:
    """Of the last 15 minutes, over all cores."""
    words = (text(root / "proc/loadavg") or "").split()
    cores = (text(root / "proc/stat") or "").count("\ncpu")
    whole, point, hundredths = (words[2] if len(words) > 2 else "").partition(".")
    if not point or not cores or not (whole + hundredths).isdecimal():
        return None
    load = as_number(whole + hundredths)
    return None if load is None else load // cores


def _octets(said: str | None) -> int | None:
    """meminfo's `948304 kB`."""
    kib = as_number((said or "").removesuffix("kB").strip())
    return None if kib is None else kib * _KIB
