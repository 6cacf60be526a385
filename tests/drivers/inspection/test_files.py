"""Owners, modes, disks and what dpkg says, in a host that is a folder."""

import os
import pwd
import sqlite3
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from drivers.inspection import Finding, Trouble, files
from drivers.inspection.files import Wanted

ME = pwd.getpwuid(os.geteuid()).pw_name
APPLICATION = 0x77656C6C


def troubles(found: Iterable[Finding]) -> list[Trouble]:
    return [one.trouble for one in found]


@pytest.mark.parametrize(
    ("mode", "owner", "expected"),
    [
        (0o600, ME, []),
        (0o400, ME, []),
        (0o640, ME, [Trouble.WRONG_MODE]),
        (0o606, ME, [Trouble.WRONG_MODE]),
        (0o4600, ME, [Trouble.WRONG_MODE]),
        (0o600, "somebody-else", [Trouble.WRONG_OWNER]),
        (0o666, "somebody-else", [Trouble.WRONG_OWNER, Trouble.WRONG_MODE]),
    ],
)
def test_rights(tmp_path: Path, mode: int, owner: str, expected: list[Trouble]) -> None:
    file = tmp_path / "key"
    file.touch()
    file.chmod(mode)
    assert troubles(files.rights(tmp_path, [Wanted(Path("/key"), owner, 0o600)])) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0o644, []),
        (0o444, []),
        (0o640, [Trouble.MODE_NARROW]),
        (0o600, [Trouble.MODE_NARROW]),
        (0o666, [Trouble.WRONG_MODE]),
    ],
)
def test_what_our_processes_must_read_is_not_shut(
    tmp_path: Path, mode: int, expected: list[Trouble]
) -> None:
    file = tmp_path / "settings"
    file.touch()
    file.chmod(mode)
    wanted = Wanted(Path("/settings"), ME, 0o644, least=0o444)
    assert troubles(files.rights(tmp_path, [wanted])) == expected


def test_what_is_absent_is_told_unless_it_may_be(tmp_path: Path) -> None:
    wanted = Wanted(Path("/key"), ME, 0o600, key="platform[0].password_file")
    assert list(files.rights(tmp_path, [wanted])) == [
        Finding(Trouble.ABSENT, Path("/key"), "platform[0].password_file")
    ]
    assert not list(files.rights(tmp_path, [Wanted(Path("/k"), ME, 0, may_be_absent=True)]))


class _System:
    def __init__(self, free: int, inodes: int, flag: int) -> None:
        self.f_bavail, self.f_frsize = free, 1
        self.f_files, self.f_favail, self.f_flag = 10_000, inodes, flag


@pytest.mark.parametrize(
    ("free", "inodes", "flag", "expected"),
    [
        (200_000_000, 1000, 0, []),
        (199_999_999, 1000, 0, [Trouble.DISK_LOW]),
        (200_000_000, 999, 0, [Trouble.INODES_LOW]),
        (200_000_000, 1000, os.ST_RDONLY, [Trouble.READ_ONLY]),
    ],
)
def test_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    free: int,
    inodes: int,
    flag: int,
    expected: list[Trouble],
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: _System(free, inodes, flag))
    assert troubles(files.disk(tmp_path, Path("/var"), "station.state_dir")) == expected


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("/dev/root / ext4 rw 0 0\n", []),
        ("/dev/root / ext4 rw 0 0\ntmpfs /var tmpfs rw 0 0\n", [Trouble.VOLATILE]),
        ("tmpfs /variable tmpfs rw 0 0\n", []),
        ("overlay / overlay rw 0 0\n/dev/sda1 /var ext4 rw 0 0\n", []),
    ],
)
def test_a_disk_that_forgets(tmp_path: Path, mounts: str, expected: list[Trouble]) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mounts").write_text(mounts, "utf-8")
    (tmp_path / "var/lib/wellkeeper").mkdir(parents=True)
    found = files.disk(tmp_path, Path("/var/lib/wellkeeper"), "station.state_dir")
    assert [one for one in troubles(found) if one is Trouble.VOLATILE] == expected


@pytest.mark.parametrize(
    ("application", "version", "expected"),
    [
        (APPLICATION, 2, []),
        (APPLICATION, 3, [Trouble.JOURNAL_NEWER]),
        (0x1234, 1, [Trouble.JOURNAL_FOREIGN]),
    ],
)
def test_journal(tmp_path: Path, application: int, version: int, expected: list[Trouble]) -> None:
    """Told by the header of a real database."""
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute(f"PRAGMA application_id = {application}")
        database.execute(f"PRAGMA user_version = {version}")
        database.execute("CREATE TABLE some(thing)")
    database.close()
    found = files.journal(tmp_path, Path("/journal.db"), APPLICATION, 2)
    assert troubles(found) == expected


@pytest.mark.parametrize("content", [b"{}", b"not a database, and long enough to be read"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.db").write_bytes(content)
    found = troubles(files.journal(tmp_path, Path("/journal.db"), APPLICATION, 2))
    assert found == ([] if len(content) < 16 else [Trouble.JOURNAL_FOREIGN])


def test_users_and_memberships() -> None:
    found = files.users([ME, "wk-nobody"], {"wk-nobody": ME, "root": "wk-nobody"})
    assert list(found) == [
        Finding(Trouble.USER_ABSENT, "wk-nobody"),
        Finding(Trouble.NOT_MEMBER, "root", given="wk-nobody"),
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("install ok installed", []),
        ("deinstall ok config-files", []),
        ("install ok half-configured", [Trouble.UPGRADE_INTERRUPTED]),
        ("install reinstreq half-installed", [Trouble.UPGRADE_INTERRUPTED]),
    ],
)
def test_an_interrupted_upgrade(tmp_path: Path, status: str, expected: list[Trouble]) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    text = f"Package: other\nStatus: install ok unpacked\n\nPackage: ours\nStatus: {status}\n\n"
    (tmp_path / "var/lib/dpkg/status").write_text(text, "utf-8")
    assert troubles(files.package(tmp_path, "ours")) == expected


def test_installed_files_that_are_not_as_they_came(tmp_path: Path) -> None:
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    names = [f"usr/lib/ours/{number}.py" for number in range(9)]
    (tmp_path / "usr/lib/ours").mkdir(parents=True)
    for name in names:
        (tmp_path / name).write_text(name)
    sums = subprocess.run(["md5sum", *names], cwd=tmp_path, capture_output=True, check=True).stdout
    (info / "ours.md5sums").write_bytes(sums)
    assert troubles(files.altered(tmp_path, "ours")) == []
    assert troubles(files.altered(tmp_path, "never installed")) == []
    (tmp_path / names[3]).write_text("something else")
    (tmp_path / names[7]).unlink()
    found = list(files.altered(tmp_path, "ours"))
    assert found == [Finding(Trouble.FILE_ALTERED, Path("/") / names[at]) for at in (3, 7)]
    for name in names:
        (tmp_path / name).write_text("a card that dies")
    assert len(list(files.altered(tmp_path, "ours"))) == files.ALTERED_MAX


def test_a_relay_process_older_than_its_code(tmp_path: Path) -> None:
    for name, text in (("new", "b\n"), ("old", "a\n")):
        (tmp_path / name).write_text(text, "utf-8")
    assert troubles(files.marks(tmp_path, Path("/new"), Path("/old"))) == [Trouble.RELAY_OLDER]
    assert not troubles(files.marks(tmp_path, Path("/new"), Path("/new")))
    assert not troubles(files.marks(tmp_path, Path("/new"), Path("/none")))


def test_what_apply_wrote_for_other_settings(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("a", "utf-8")
    wanted = {Path("/one"): "a", Path("/two"): "b"}
    assert list(files.same_text(tmp_path, wanted)) == [
        Finding(Trouble.HOST_FILE_STALE, Path("/two"))
    ]


def process(root: Path, number: int, *words: str) -> None:
    (root / f"proc/{number}").mkdir(parents=True)
    (root / f"proc/{number}/cmdline").write_bytes(b"".join(one.encode() + b"\0" for one in words))


def test_a_second_process_on_the_same_settings_is_told(tmp_path: Path) -> None:
    ours = Path("/etc/wellkeeper/station.toml")
    python = ("/usr/lib/wellkeeper/bin/python", "-I", "/usr/bin/wellkeeper")
    process(tmp_path, 7, *python, "control", "--config", str(ours))
    process(tmp_path, 8, *python, "relay", "--config", str(ours))
    process(tmp_path, 9, *python, "control", "--config", "/home/li/draft.toml")
    process(tmp_path, 10, "less", "control")
    (tmp_path / "proc/11").mkdir()
    assert not list(files.instances(tmp_path, "control", ours))
    process(tmp_path, 12, "python3", "-m", "agent.cli", "control")
    (found,) = files.instances(tmp_path, "control", ours)
    assert (found.trouble, found.given) == (Trouble.TWO_INSTANCES, "7, 12")
    assert not list(files.instances(tmp_path, "relay", ours))


def test_a_group_that_is_missing_is_told() -> None:
    (found,) = files.groups(["root", "no-such-group"])
    assert (found.trouble, found.subject) == (Trouble.GROUP_ABSENT, "no-such-group")
