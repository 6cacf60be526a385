# ruff: noqa: INP001 - a script, in no package
"""Room rule: the bill of materials of one commit as CycloneDX, from its lock. Asks no network.

    python packaging/sbom.py OUT

What the lock file admits is what a station runs: each package with its version, with the hash of
every artefact that may be installed for it, and with who asks for it. Licences, and what a wheel
carries inside (OpenSSL, crates), are read from the packages that are installed beside this Python;
where one is not, they are left out. Two runs on one commit are equal, byte for byte.
"""

import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
LOCKS = ("runtime.lock", "lgpio.lock")  # the second: the same package, built for Python 3.13
# packaging/build-deb leaves these out of the package: other packages' tools to build with.
NOT_INSTALLED = ("pycparser", "setuptools")
_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)(?: ; ([^\\]+))?")


@dataclass
class Pin:
    """One package of the lock."""

    name: str
    version: str
    marker: str = ""
    hashes: set[str] = field(default_factory=set)
    asked_by: set[str] = field(default_factory=set)

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def pins(text: str) -> dict[str, Pin]:
    """The packages of a lock file, as `uv pip compile --generate-hashes` writes it."""
    found: dict[str, Pin] = {}
    now: Pin | None = None
    for line in text.splitlines():
        if pin := _PIN.match(line):
            now = Pin(pin[1], pin[2], (pin[3] or "").strip())
            found[now.name] = now
        elif now is not None and (digest := re.search(r"--hash=sha256:([0-9a-f]{64})", line)):
            now.hashes.add(digest[1])
        elif now is not None and (via := re.match(r" +#(?: via)? +(\S+)", line)):
            now.asked_by.add(via[1])
    return found


def locked() -> dict[str, Pin]:
    first, *others = (pins((TOP / "requirements" / name).read_text("utf-8")) for name in LOCKS)
    for other in others:
        for name, pin in other.items():
            known = first.setdefault(name, pin)
            if known.version != pin.version:
                raise SystemExit(f"two versions of {name} are locked: make lock")
            known.hashes |= pin.hashes
    return first


def bill() -> dict[str, Any]:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    ours, packages = f"pkg:generic/{project['name']}@{project['version']}", locked()
    asks: dict[str, list[str]] = {ours: [], **{one.purl: [] for one in packages.values()}}
    for one in packages.values():
        for asker in one.asked_by:
            asks[packages[asker].purl if asker in packages else ours].append(one.purl)
    components = [_component(one) for _, one in sorted(packages.items())]
    top = {
        "type": "application",
        "bom-ref": ours,
        "name": project["name"],
        "version": project["version"],
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
        "purl": ours,
    }
    content = {
        "metadata": {"component": top, "properties": _properties({"python": ">=3.11, Debian's"})},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(on)} for ref, on in sorted(asks.items())],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_number(content)}",
        "version": 1,
        **content,
    }


def _number(content: object) -> uuid.UUID:
    """Another for another content, the same for the same."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return uuid.uuid5(uuid.NAMESPACE_OID, digest)


def _component(one: Pin) -> dict[str, Any]:
    scope = "excluded" if one.name in NOT_INSTALLED else "optional" if one.marker else "required"
    # CPython and no PyPy is what every station has: that marker is no condition.
    scope = "required" if scope == "optional" and "PyPy" in one.marker else scope
    said = {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "scope": scope,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(one.hashes)],
        "licenses": _licences(one),
        "purl": one.purl,
        "components": list(_inside(one)),
        "properties": _properties({"marker": one.marker}),
    }
    return {name: value for name, value in said.items() if value}


def _properties(named: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"name": f"wellkeeper:{name}", "value": value} for name, value in named.items() if value
    ]


def _licences(one: Pin) -> list[dict[str, Any]]:
    """In the package's own words; empty where it is not installed, or says nothing."""
    try:
        found = distribution(one.name)
    except PackageNotFoundError:
        return []
    if found.version != one.version:
        return []
    said = found.metadata
    if expression := said["License-Expression"]:
        return [{"expression": expression}]
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in said.get_all("Classifier") or []
        if text.startswith("License :: ")
    ]
    name = (said["License"] or "").strip().partition("\n")[0] or ", ".join(classifiers)
    return [{"license": {"name": name}}] if name else []


def _inside(one: Pin) -> Iterable[dict[str, Any]]:
    """What its wheel says that it carries (PEP 770)."""
    try:
        found = distribution(one.name)
    except PackageNotFoundError:
        return
    if found.version != one.version:
        return
    seen: set[str] = set()
    for file in sorted(str(one) for one in found.files or []):
        if ".dist-info/sboms/" not in file:
            continue
        text = Path(str(found.locate_file(file))).read_text("utf-8")
        for part in json.loads(text).get("components", []):
            name = f"{part['name']}@{part.get('version', '')}"
            if name not in seen and part["name"] != one.name:
                seen.add(name)
                yield {
                    "type": part["type"],
                    "bom-ref": f"{one.purl}#{name}",
                    **{
                        key: part[key]
                        for key in ("name", "version", "hashes", "licenses")
                        if part.get(key)
                    },
                }


def main(out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(bill(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
