"""The bill of materials is CycloneDX, complete, and that of what is installed."""

import importlib.util
import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).with_name("cyclonedx-1.6.json")  # the standard's, without its prose


@pytest.fixture(scope="module")
def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("sbom", ROOT / "packaging/sbom.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bill(script: ModuleType) -> Any:
    return json.loads(json.dumps(script.bill()))


def test_it_is_cyclonedx(bill: Any) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(bill)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({**bill, "components": [{"name": "x"}]})


def test_every_package_of_the_lock_is_in_it_with_its_hashes(bill: Any) -> None:
    lock = (ROOT / "requirements/runtime.lock").read_text("utf-8")
    pinned = dict(re.findall(r"^([a-z][\w.-]*)==([^ ;\\]+)", lock, re.MULTILINE))
    listed = {one["name"]: one for one in bill["components"]}
    assert {name: one["version"] for name, one in listed.items()} == pinned
    told = {digest["content"] for one in listed.values() for digest in one["hashes"]}
    assert set(re.findall(r"sha256:([0-9a-f]{64})", lock)) <= told
    assert all(one["purl"] == f"pkg:pypi/{name}@{pinned[name]}" for name, one in listed.items())


def test_what_is_installed_is_what_it_lists_and_ours_are_asked_for_by_us(bill: Any) -> None:
    for one in bill["components"]:
        if one["scope"] == "required":
            assert version(one["name"]) == one["version"], one["name"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = {re.split(r"[^\w-]", one)[0] for one in project["dependencies"]}
    (top,) = (one for one in bill["dependencies"] if one["ref"].startswith("pkg:generic/"))
    asked = {re.split("[/@]", ref)[1] for ref in top["dependsOn"]}
    assert asked == ours


def test_what_a_wheel_carries_is_listed_inside_it(bill: Any) -> None:
    """The one that matters: TLS and Ed25519 are OpenSSL's, which no package manager sees here."""
    (cryptography,) = (one for one in bill["components"] if one["name"] == "cryptography")
    assert "openssl" in {one["name"] for one in cryptography["components"]}


def test_licences_are_told_where_they_are_known(bill: Any) -> None:
    unknown = {one["name"] for one in bill["components"] if not one.get("licenses")}
    assert unknown <= {
        "lgpio",
        "pycparser",
        "setuptools",
    }  # may be missing here, or other than locked


def test_two_of_one_commit_are_equal(script: ModuleType, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        script.main(tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_what_it_says_is_not_installed_is_left_out_of_the_package(script: ModuleType) -> None:
    build = (ROOT / "packaging/build-deb").read_text("utf-8")
    assert all(f'"$site"/{name}*' in build for name in script.NOT_INSTALLED)
