"""Room rule: a fresh Debian with a real systemd as its first process. Knows no wellkeeper.

debootstrap makes a root once per suite and keeps it as a tar file; each trial unpacks its own,
boots it under systemd-nspawn with no network, and enters its namespaces to run commands. The
mirror is the one that this machine's apt uses, read when it is needed.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

UP_WITHIN_S: Final = 60
# Nobody's: udev on this machine hears of what is told of it here, and has nothing to do for it.
SPARE_TTY: Final = "tty63"
PACKAGES: Final = "systemd,systemd-sysv,dbus,udev,kmod,python3,tzdata,mosquitto"
# systemd believes in devices, and starts udev, where /sys can be written to; this /sys is the
# container's own, of its own network.
_DEVICES: Final = (
    "mount -o remount,rw /sys/devices && mount -o remount,bind,rw /sys/devices && "
    "mount -o remount,bind,rw /sys && systemctl start systemd-udevd && systemctl daemon-reexec"
)
# A plain hierarchy of control groups of its own: this machine's may be of the old kind. As on any
# host, the clock's state may be read; nobody in there has the capability to set it.
_BOOT: Final = """
umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/wk.$$; echo $$ > /sys/fs/cgroup/wk.$$/cgroup.procs
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe \
    --system-call-filter="adjtimex clock_adjtime" --machine="$1" -D "$2" --boot
"""


def root_of(suite: str, kept: Path) -> Path:
    """The tar file of a fresh root; another list of packages is another root."""
    tar = kept / f"{suite}-{crc32(PACKAGES.encode()):08x}.tar"
    if not tar.exists():
        kept.mkdir(parents=True, exist_ok=True)
        folder = kept / f"{suite}.new"
        shutil.rmtree(folder, ignore_errors=True)
        _run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={PACKAGES}",
                suite,
                str(folder),
                _mirror(),
            ]
        )
        _run(["tar", "--numeric-owner", "-C", str(folder), "-cf", str(tar), "."])
        shutil.rmtree(folder)
    return tar


class Container:
    """Booted from `start` to `stop`; its root stays between the two."""

    def __init__(self, suite: str, tar: Path, folder: Path) -> None:
        self.root = folder / suite
        self._name = f"wk-{suite}-{os.getpid()}"
        self.root.mkdir(parents=True)
        _run(["tar", "-C", str(self.root), "-xf", str(tar)])
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def start(self) -> float:
        """Boot; how many seconds it took until systemd has nothing more to start."""
        begun = time.perf_counter()
        self._nspawn = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", _BOOT, "sh", self._name,
             str(self.root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._leader = self._child_of(self._nspawn.pid)
        while self.sh("systemctl is-system-running", check=False)[1] not in {"running", "degraded"}:
            assert time.perf_counter() - begun < UP_WITHIN_S, "the container does not come up"
            time.sleep(0.2)
        return time.perf_counter() - begun

    def stop(self) -> None:
        """An orderly shutdown, as by the power button."""
        if self._nspawn is None:
            return
        os.kill(self._leader, signal.SIGRTMIN + 4)  # systemd's word for power off
        try:
            self._nspawn.wait(UP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        self._nspawn = None

    def power_cut(self) -> None:
        """Everything in it is gone at once; nothing is told."""
        assert self._nspawn is not None
        os.kill(self._leader, signal.SIGKILL)
        self._nspawn.wait()
        self._nspawn = None

    def sh(self, command: str, *, check: bool = True, within_s: int = 120) -> tuple[int, str]:
        """Exit code and output of a shell command inside."""
        done = subprocess.run(
            ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C",
             "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", "sh", "-c", f"cd / && {command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=within_s,
            check=False,
        )  # fmt: skip
        text = done.stdout.decode("utf-8", "replace").strip()
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{text}"
        return done.returncode, text

    def hears_of_devices(self) -> None:
        """From now on, until the next boot. Of those that are there already nobody tells."""
        self.sh(_DEVICES)

    def path(self, inside: str) -> Path:
        """A file of the running container, mounts included."""
        return Path(f"/proc/{self._leader}/root{inside}")

    def _child_of(self, pid: int) -> int:
        deadline = time.perf_counter() + UP_WITHIN_S
        while time.perf_counter() < deadline:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
            for child in children:
                # Before it is systemd, it is a child that nspawn still prepares.
                if Path(f"/proc/{child}/comm").read_text("ascii").strip() == "systemd":
                    return int(child)
            time.sleep(0.05)
        raise AssertionError("systemd-nspawn started nothing")


def _mirror() -> str:
    """Where this machine's apt takes its own Debian from."""
    release = Path("/etc/os-release").read_text("utf-8")
    own = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    assert own is not None, "this machine is no Debian"
    for file in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        text = file.read_text("utf-8") if file.is_file() else ""
        for stanza in text.split("\n\n"):
            suites = re.search(r"^Suites:(.*)$", stanza, re.MULTILINE)
            uri = re.search(r"^URIs:\s*(\S+)", stanza, re.MULTILINE)
            if suites and uri and own[1] in suites[1].split():
                return uri[1]
        if line := re.search(rf"^deb(?: \[.*?\])? (\S+) {own[1]} ", text, re.MULTILINE):
            return line[1]
    raise AssertionError("this machine's apt names no mirror of Debian")


def _run(argv: Sequence[str]) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
