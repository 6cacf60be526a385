"""What can be said of the package without building it; `make deb-test` builds and installs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
SCRIPTS = sorted(
    path
    for path in (
        *PACKAGING.iterdir(),
        *(PACKAGING / "debian").iterdir(),
        ROOT / "systemd/safe-state",
    )
    if path.is_file() and path.read_text("utf-8").startswith("#!/bin/sh")
)
# Loaded by the relay process, and nothing that holds a line: types, and the reader of settings. A
# change to these alone leaves the running process as good as a new one.
NOT_ITS_OWN = re.compile(
    r"agent/(__init__|core/.*|cli/(__init__|options)|settings/.*)\.py|drivers/(__init__|registers)\.py"
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_shell_reads_every_script(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_there_are_the_maintainer_scripts() -> None:
    assert {"preinst", "postinst", "prerm", "postrm"} <= {one.name for one in SCRIPTS}


def test_the_relays_code_is_what_the_relay_process_loads() -> None:
    """Whoever adds a module to it adds it to this list, or an upgrade would not see the change."""
    listed = set((PACKAGING / "relay-code").read_text("utf-8").split())
    say = (
        "import sys, agent.cli.relay, drivers.relay, drivers.relay_module, drivers.gpio\n"
        "print(*(one.__file__ for name, one in sys.modules.items() "
        "if name.startswith(('agent', 'drivers'))), sep='\\n')"
    )
    told = subprocess.run(
        [sys.executable, "-c", say], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {str(Path(one).relative_to(ROOT)) for one in told.stdout.split()}
    own = {one for one in loaded if not NOT_ITS_OWN.fullmatch(one)}
    assert listed == own


def test_every_unit_and_rule_is_in_the_package() -> None:
    """The build takes units and udev rules by pattern; the rest it names."""
    build = (PACKAGING / "build-deb").read_text("utf-8")
    for path in (ROOT / "systemd").rglob("*"):
        if path.is_file() and not path.name.startswith("wellkeeper") and path.suffix != ".rules":
            assert str(path.relative_to(ROOT)) in build, path
    for path in (ROOT / "systemd").glob("*/wellkeeper*"):
        assert str(path.relative_to(ROOT)) in build, path
