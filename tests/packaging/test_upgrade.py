"""A package is installed when its signature is the owner's, and in no other case."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent import signing

ROOT = Path(__file__).parents[2]
INSTALLED = "0.2.0"
# Real dpkg compares versions; what it would install it only writes down.
DPKG = """#!/bin/sh
case $1 in
--compare-versions) exec /usr/bin/dpkg "$@" ;;
-i) cp "$2" "{folder}/installed.deb" ;;
esac
"""
DPKG_QUERY = f"#!/bin/sh\necho {INSTALLED}\n"


@dataclass(frozen=True)
class Bench:
    folder: Path

    def package(self, version: str = "0.3.0", name: str = "wellkeeper") -> Path:
        control = self.folder / "tree" / "DEBIAN" / "control"
        control.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"Package: {name}", f"Version: {version}", "Architecture: all", "Maintainer: x")
        control.write_text("\n".join((*lines, "Description: x", "")))
        made = self.folder / f"{name}_{version}_all.deb"
        argv = ["dpkg-deb", "--build", str(self.folder / "tree"), str(made)]
        subprocess.run(argv, check=True, capture_output=True)
        return made

    def sign(self, package: Path, key: str = "key.pem") -> None:
        argv = [
            sys.executable,
            str(ROOT / "packaging/sign.py"),
            str(self.folder / key),
            str(package),
        ]
        subprocess.run(argv, check=True, capture_output=True)

    def upgrade(self, package: Path) -> tuple[int, str]:
        argv = [sys.executable, str(ROOT / "packaging/upgrade"), str(package)]
        argv += ["--key", str(self.folder / "release.pub"), "--cache", str(self.folder / "cache")]
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stderr

    @property
    def installed(self) -> bytes | None:
        file = self.folder / "installed.deb"
        return file.read_bytes() if file.exists() else None


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "bin").mkdir()
    for name, text in (("dpkg", DPKG.format(folder=tmp_path)), ("dpkg-query", DPKG_QUERY)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    for name in ("key", "other"):
        private, public = signing.new_pair()
        (tmp_path / f"{name}.pem").write_text(private)
        if name == "key":
            (tmp_path / "release.pub").write_text(public)
    return Bench(tmp_path)


@pytest.mark.parametrize("version", ["0.3.0", INSTALLED])
def test_what_the_owner_signed_is_installed_and_nothing_is_left(bench: Bench, version: str) -> None:
    package = bench.package(version)
    bench.sign(package)
    assert bench.upgrade(package) == (0, "")
    assert bench.installed == package.read_bytes()
    assert list((bench.folder / "cache").iterdir()) == []


def test_another_key_signs_nothing(bench: Bench) -> None:
    package = bench.package()
    bench.sign(package, "other.pem")
    code, said = bench.upgrade(package)
    assert (code, bench.installed) == (1, None)
    assert "is not signed with the key" in said


@pytest.mark.parametrize("change", ["flip", "cut", "append"])
def test_a_package_that_was_changed_on_the_way_is_refused(bench: Bench, change: str) -> None:
    package = bench.package()
    bench.sign(package)
    content = bytearray(package.read_bytes())
    match change:
        case "flip":
            content[len(content) // 2] ^= 1
        case "cut":
            del content[-100:]
        case _:
            content += b"\0"
    package.write_bytes(content)
    code, said = bench.upgrade(package)
    assert (code, bench.installed) == (1, None)
    assert "is not the package that was signed" in said


@pytest.mark.parametrize("signature", [b"", b"x", b"\xff\xfe\n" * 9, b"wellkeeper package\n00\n"])
def test_a_signature_that_is_none_is_refused(bench: Bench, signature: bytes) -> None:
    package = bench.package()
    Path(f"{package}.sig").write_bytes(signature)
    code, said = bench.upgrade(package)
    assert (code, bench.installed) == (1, None)
    assert "nothing was changed" in said


def test_an_older_version_is_refused_though_it_was_signed_once(bench: Bench) -> None:
    package = bench.package("0.1.9")
    bench.sign(package)
    code, said = bench.upgrade(package)
    assert (code, bench.installed) == (1, None)
    assert "older" in said


def test_another_programs_package_is_refused(bench: Bench) -> None:
    package = bench.package(name="sudo")
    bench.sign(package)
    assert bench.upgrade(package)[0] == 1
    assert bench.installed is None


@pytest.mark.parametrize(
    "gone", ["release.pub", "wellkeeper_0.3.0_all.deb.sig", "wellkeeper_0.3.0_all.deb"]
)
def test_without_one_of_the_three_files_nothing_happens(bench: Bench, gone: str) -> None:
    package = bench.package()
    bench.sign(package)
    (bench.folder / gone).unlink()
    code, said = bench.upgrade(package)
    assert (code, bench.installed) == (1, None)
    assert gone in said
