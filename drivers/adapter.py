"""Room rule: what the host knows of a serial adapter: its stable name, its delay, who holds it.

Reads the file system of the kernel and opens the tty for a moment; sends nothing.
"""

import errno
import fcntl
import os
import re
from pathlib import Path

from agent.catalogue import Told

STABLE_NAMES = (Path("/dev/serial/by-id"), Path("/dev/serial/by-path"))
USB_SERIAL = Path("/sys/bus/usb-serial/devices")
PROCESSES = Path("/proc")
# A pty has two ends: the program at the other one holds this one, too, and is no rival.
PTYS = "/dev/pts/"
# An FTDI chip keeps a short reply back for so long, 16 ms as it comes: at 9600 baud a third of a
# transaction (jSerialComm#369, DynamixelSDK#116).
LATENCY_MAX_MS = 1

_NUMBERED = re.compile(r"tty(USB|ACM)\d+")


class PortTaken(Told):
    """Another program has this tty open; says which and what to do."""


def advice(port: Path) -> list[str]:
    """What would be better about this port, a line each; empty when all is well."""
    told = []
    if not port.exists():
        told.append(f"{port} does not exist; is the adapter plugged in, and is the name right?")
        return told
    if _NUMBERED.fullmatch(port.name) and port.parent == Path("/dev"):
        told.append(
            f"{port} is a number that changes when adapters are replugged; use "
            f"{_stable_name(port) or 'its name under /dev/serial/by-id'}"
        )
    timer = USB_SERIAL / port.resolve().name / "latency_timer"
    if timer.is_file() and (delay_ms := int(timer.read_text(encoding="ascii"))) > LATENCY_MAX_MS:
        told.append(
            f"{port} holds each reply back for {delay_ms} ms; install "
            "systemd/udev/60-wellkeeper-ftdi.rules and replug it, or: "
            f"echo {LATENCY_MAX_MS} > {timer}"
        )
    return told


def refuse_taken(port: Path) -> None:
    """PortTaken when another program has it open. A port that is not there is nobody's."""
    if not port.is_char_device():
        return
    holders = [] if str(port.resolve()).startswith(PTYS) else _holders(port.resolve())
    if holders or _locked(port):
        known = holders or _holders(port.resolve())
        who = ", ".join(known) or Told("port.somebody")
        raise PortTaken("port.taken", port=port, who=who)


def _stable_name(port: Path) -> Path | None:
    names = [name for folder in STABLE_NAMES if folder.is_dir() for name in folder.iterdir()]
    return next((name for name in sorted(names) if name.resolve() == port.resolve()), None)


def _locked(port: Path) -> bool:
    """Whether somebody keeps it for himself: by its lock, or by the tty's own exclusive mode."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as why:
        return why.errno == errno.EBUSY
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _holders(device: Path) -> list[str]:
    """The other programs that have it open, as far as this user may see."""
    found = []
    for process in PROCESSES.iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            if any(_points_to(one, device) for one in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{name} (process {process.name})")
        except OSError:
            continue  # it has ended, or is another user's
    return found


def _points_to(link: Path, device: Path) -> bool:
    try:
        return os.readlink(link) == str(device)  # noqa: PTH115 - resolve() would follow it further
    except OSError:
        return False
