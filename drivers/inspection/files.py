"""Room rule: owners, modes, disks, users and what was installed. Opens only small files."""

import grp
import hashlib
import os
import pwd
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.inspection.finding import Finding, Trouble

DISK_FREE_MIN: Final = 200_000_000
INODES_FREE_MIN: Final = 1000
# Who finds so many installs the package again, and need not be told of all.
ALTERED_MAX: Final = 5
# Where the kernel keeps nothing through a power cut.
VOLATILE: Final = frozenset({"tmpfs", "ramfs", "overlay"})
# SQLite's header: the application's id and the format's version, both big-endian.
_APPLICATION_AT: Final = 68
_VERSION_AT: Final = 60
_MAGIC: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file or folder must be. `most` is every mode bit that it may have.

    `group`: empty when any will do. `least`: the bits without which our processes cannot use it.
    """

    path: Path
    owner: str
    most: int
    group: str = ""
    key: str = ""
    may_be_absent: bool = False
    least: int = 0


def rights(root: Path, wanted: Sequence[Wanted]) -> Iterator[Finding]:
    for one in wanted:
        try:
            found = within(root, one.path).stat()
        except OSError:
            if not one.may_be_absent:
                yield Finding(Trouble.ABSENT, one.path, one.key)
            continue
        owner = _name(found.st_uid)
        group = _group_name(found.st_gid)
        if owner != one.owner or (one.group and group != one.group):
            expected = f"{one.owner}:{one.group}" if one.group else one.owner
            yield Finding(Trouble.WRONG_OWNER, one.path, one.key, f"{owner}:{group}", expected)
        given = f"{stat.S_IMODE(found.st_mode):04o}"
        if found.st_mode & 0o7777 & ~one.most:
            yield Finding(Trouble.WRONG_MODE, one.path, one.key, given, f"{one.most:04o}")
        elif one.least & ~found.st_mode:
            yield Finding(Trouble.MODE_NARROW, one.path, one.key, given, f"{one.most:04o}")


def disk(root: Path, folder: Path, key: str) -> Iterator[Finding]:
    """The file system that the journal stands on."""
    try:
        system = os.statvfs(within(root, folder))
    except OSError:
        return  # that it is absent is told by `rights`
    if system.f_flag & os.ST_RDONLY:
        yield Finding(Trouble.READ_ONLY, folder, key)
    free = system.f_bavail * system.f_frsize
    if free < DISK_FREE_MIN:
        yield Finding(Trouble.DISK_LOW, folder, key, _megabytes(free), _megabytes(DISK_FREE_MIN))
    if system.f_files and system.f_favail < INODES_FREE_MIN:
        yield Finding(Trouble.INODES_LOW, folder, key, str(system.f_favail), str(INODES_FREE_MIN))
    if (kind := _kind_of_disk(root, folder)) in VOLATILE:
        yield Finding(Trouble.VOLATILE, folder, key, kind)


def journal(root: Path, file: Path, application: int, newest: int) -> Iterator[Finding]:
    """Whether this program can open it, by its header alone: control may have it open."""
    try:
        with within(root, file).open("rb") as opened:
            header = opened.read(100)
    except OSError:
        return  # a new station has none; that it cannot be read is told by `rights`
    if len(header) < len(_MAGIC):
        return  # created, and nothing written yet
    if not header.startswith(_MAGIC) or _number(header, _APPLICATION_AT) not in (0, application):
        yield Finding(Trouble.JOURNAL_FOREIGN, file, "station.state_dir")
    elif (version := _number(header, _VERSION_AT)) > newest:
        yield Finding(Trouble.JOURNAL_NEWER, file, "station.state_dir", str(version), str(newest))


def users(names: Sequence[str], memberships: Mapping[str, str]) -> Iterator[Finding]:
    """The users that the units name. `memberships`: which user must be in which group."""
    for name in names:
        try:
            pwd.getpwnam(name)
        except KeyError:
            yield Finding(Trouble.USER_ABSENT, name)
    for group, member in memberships.items():
        try:
            if member not in grp.getgrnam(group).gr_mem:
                yield Finding(Trouble.NOT_MEMBER, group, given=member)
        except KeyError:
            continue  # its user is absent: told above


def groups(names: Sequence[str]) -> Iterator[Finding]:
    """Those that the units name: without them systemd starts no process of ours."""
    for name in names:
        try:
            grp.getgrnam(name)
        except KeyError:
            yield Finding(Trouble.GROUP_ABSENT, name)


def instances(root: Path, command: str, config: Path) -> Iterator[Finding]:
    """More than one process of a command on the same settings: only the first holds the bus."""
    found = []
    for file in sorted(within(root, Path("/proc")).glob("[0-9]*/cmdline")):
        try:
            words = file.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # it ended meanwhile
        if command in words and any(
            word.endswith(("wellkeeper", "agent.cli")) for word in words[: words.index(command)]
        ):
            named = words[words.index("--config") + 1] if "--config" in words else ""
            if Path(named or config) == config:
                found.append(file.parent.name)
    if len(found) > 1:
        given = ", ".join(sorted(found, key=int))
        yield Finding(Trouble.TWO_INSTANCES, f"wellkeeper {command}", given=given)


def same_text(root: Path, files: Mapping[Path, str]) -> Iterator[Finding]:
    """What `apply` writes is what stands there."""
    for path, text in files.items():
        file = within(root, path)
        if not file.is_file() or file.read_text("utf-8") != text:
            yield Finding(Trouble.HOST_FILE_STALE, path)


def package(root: Path, name: str) -> Iterator[Finding]:
    """dpkg's own word on an installation that a power cut interrupted."""
    status = within(root, Path("/var/lib/dpkg/status"))
    if not status.is_file():
        return
    begun = f"Package: {name}\n"
    with status.open(encoding="utf-8") as lines:
        ours = False
        for line in lines:
            if line == "\n":
                ours = False
            elif line == begun:
                ours = True
            elif ours and line.startswith("Status:"):
                said = line.removeprefix("Status:").strip()
                if said.startswith("install ") and said != "install ok installed":
                    yield Finding(Trouble.UPGRADE_INTERRUPTED, name, given=said)
                return


def altered(root: Path, name: str) -> Iterator[Finding]:
    """Installed files that are not as the package brought them: a bad card, or somebody's hand."""
    sums = within(root, Path(f"/var/lib/dpkg/info/{name}.md5sums"))
    if not sums.is_file():
        return
    found = 0
    for line in sums.read_text("utf-8").splitlines():
        digest, _, path = line.partition("  ")
        file = within(root, Path("/") / path)
        if _md5(file) != digest:
            yield Finding(Trouble.FILE_ALTERED, Path("/") / path)
            found += 1
        if found == ALTERED_MAX:
            return


def _md5(file: Path) -> str:
    """As dpkg keeps it: against accidents and curious hands, not against who can write there."""
    try:
        with file.open("rb") as opened:
            made = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))
    except OSError:
        return ""
    return made.hexdigest()


def marks(root: Path, installed: Path, running: Path) -> Iterator[Finding]:
    """The relay process was started from code that has since been replaced."""
    texts = [within(root, path) for path in (installed, running)]
    if all(one.is_file() for one in texts):
        new, old = (one.read_text("utf-8").strip() for one in texts)
        if new != old:
            yield Finding(Trouble.RELAY_OLDER, "wellkeeper-relay.service", given=old, expected=new)


def within(root: Path, path: Path) -> Path:
    return root / path.relative_to("/") if path.is_absolute() else root / path


def _kind_of_disk(root: Path, folder: Path) -> str:
    """Of the mount that holds it; empty where /proc does not say."""
    mounts = within(root, Path("/proc/self/mounts"))
    if not mounts.is_file():
        return ""
    best, kind = Path(), ""
    for line in mounts.read_text("utf-8").splitlines():
        _, place, named, *_ = line.split(" ")
        mounted = Path(place.encode().decode("unicode_escape"))
        if folder.is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            best, kind = mounted, named
    return kind


def _number(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "big")


def _megabytes(count: int) -> str:
    return f"{count // 1_000_000} MB"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
