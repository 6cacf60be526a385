"""What is kept at an upgrade, and what a rollback takes back, whatever the clock shows."""

import os
import subprocess
import sys
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
# The real dpkg-deb makes the package; dpkg only says what it would install.
DPKG = '#!/bin/sh\n[ "$1" = -i ] && basename "$2"\n'
DPKG_QUERY = """#!/bin/sh
case $1 in
--status) cat {folder}/status ;;
--listfiles) echo {folder}/kept ;;
esac
"""
CONTROL = ("preinst", "postinst", "prerm", "postrm", "conffiles", "md5sums")
DAY_S = 86_400


@dataclass(frozen=True)
class Host:
    folder: Path

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def run(self, script: str, *words: str) -> str:
        """A script of the package's, on this host's folders."""
        text = (PACKAGING / script).read_text("utf-8")
        for path, ours in (
            ("/var/cache/wellkeeper", "cache"),
            ("/var/lib/wellkeeper", "state"),
            ("/var/lib/dpkg/info", "info"),
            ("/run/wellkeeper.rollback", "mark"),
        ):
            text = text.replace(path, str(self.folder / ours))
        text = text.replace("/usr/lib/wellkeeper/bin/python", sys.executable)
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        argv = ["sh", "-c", text, script, *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
        return done.stdout.strip()

    def upgrade_from(self, version: str, at_s: int) -> None:
        """On a host whose clock shows that."""
        self.run("debian/preinst", "upgrade", version)
        kept = self.cache / f"wellkeeper_{version}.deb"
        os.utime(kept, (at_s, at_s))

    def kept(self) -> set[str]:
        return {one.name for one in self.cache.glob("wellkeeper_*.deb")}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    one = Host(tmp_path)
    for name in ("bin", "info", "cache", "state"):
        (tmp_path / name).mkdir()
    for name in CONTROL:
        file = tmp_path / "info" / f"wellkeeper.{name}"
        file.write_text("#!/bin/sh\n" if name in CONTROL[:4] else "")
        file.chmod(0o755)
    status = ("Package: wellkeeper", "Version: 1", "Architecture: all", "Maintainer: x")
    (tmp_path / "status").write_text("\n".join((*status, "Description: x", "")))
    installed = tmp_path / "kept"
    installed.write_text("what is installed")
    digest = md5(installed.read_bytes(), usedforsecurity=False).hexdigest()
    sums = f"{digest}  {installed.relative_to('/')}\n"
    (tmp_path / "info" / "wellkeeper.md5sums").write_text(sums)
    for name, text in (("dpkg", DPKG), ("dpkg-query", DPKG_QUERY)):
        tool = tmp_path / "bin" / name
        tool.write_text(text.format(folder=tmp_path))
        tool.chmod(0o755)
    return one


@pytest.mark.parametrize("clock", [1, -1])
def test_a_rollback_takes_back_the_version_before_whatever_the_clock_was(
    host: Host, clock: int
) -> None:
    """On a host that came up in 1970 the package of that very upgrade was the one thrown away."""
    for turn, version in enumerate(("1", "2", "3"), 1):
        host.upgrade_from(version, 40_000 * DAY_S + clock * turn * DAY_S)
    assert host.kept() == {"wellkeeper_2.deb", "wellkeeper_3.deb"}
    assert host.run("rollback") == "wellkeeper_3.deb"


def test_the_package_that_is_taken_back_is_not_thrown_away_while_it_is_read(host: Host) -> None:
    for turn, version in enumerate(("1", "2"), 1):
        host.upgrade_from(version, turn * DAY_S)
    (host.folder / "mark").touch()
    host.upgrade_from("3", 0)
    assert host.kept() == {"wellkeeper_2.deb", "wellkeeper_3.deb"}


def test_what_a_power_cut_left_of_an_upgrade_is_not_kept_in_place_of_what_was_whole(
    host: Host,
) -> None:
    """`dpkg -i` once more, as it is told, made a package of half of one version, half another."""
    host.upgrade_from("1", DAY_S)
    whole = (host.cache / "wellkeeper_1.deb").read_bytes()
    (host.folder / "kept").write_text("half of it is the new one")
    host.upgrade_from("1", DAY_S)
    assert (host.cache / "wellkeeper_1.deb").read_bytes() == whole
    assert host.run("rollback") == "wellkeeper_1.deb"
    host.upgrade_from("2", DAY_S)
    assert host.run("rollback") == "wellkeeper_2.deb", (
        "of a file that somebody altered there is one"
    )


def test_where_nothing_is_kept_a_rollback_says_so(host: Host) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        host.run("rollback")
    assert "no version is kept" in refused.value.stderr
