"""Room rule: writes docs/exposure.md: what each unit of ours may still do, as systemd scores it.

`python docs/exposure.py`, where there is a systemd-analyze. Scores differ a little between versions
of systemd, so the page names the one that made them; the bound is in tests/systemd.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "exposure.md"

HEAD = """\
# What each unit may still do

`systemd-analyze security --offline=yes` scores a unit from 0 (nothing) to 10 (everything). The
tests refuse more than 1.6; comparable gateways' units have 8.9 to 9.6. Written by
`python docs/exposure.py` with systemd {version}; other versions differ by a tenth or two.

| unit | exposure | what weighs most of what it keeps |
|---|---|---|
"""


def main() -> None:
    PAGE.write_text(page(), "utf-8")
    print(PAGE)


def page() -> str:
    version = _said("--version").split()[1]
    lines = [
        f"| `{unit.name}` | {scored(unit)} | {', '.join(heaviest(unit))} |" for unit in units()
    ]
    return HEAD.format(version=version) + "\n".join(lines) + "\n"


def units() -> list[Path]:
    return sorted((ROOT / "systemd").glob("*.service"))


def scored(unit: Path) -> float:
    told = _said("security", "--offline=yes", "--no-pager", str(unit))
    (score,) = re.findall(r"Overall exposure level for \S+: (\d+\.\d)", told)
    return float(score)


def heaviest(unit: Path, count: int = 3) -> list[str]:
    """The settings that cost most, by the tool's own table."""
    told = _said("security", "--offline=yes", "--no-pager", str(unit))
    costs = [
        (float(weight), re.sub(r"[=(].*", "", name))
        for name, weight in re.findall(r"^✗ (\S+).*?(\d\.\d)\s*$", told, re.MULTILINE)
    ]
    costs.sort(reverse=True)
    named = dict.fromkeys(f"`{name}` {weight}" for weight, name in costs)
    return list(named)[:count]


def _said(*arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
