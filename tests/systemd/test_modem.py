"""The script that asks the modem, with an mmcli that answers as ModemManager's does."""

import os
import subprocess
from pathlib import Path

import pytest

from drivers.health.modem import modem

SCRIPT = Path(__file__).parents[2] / "systemd" / "modem"
MODEM = """\
modem.dbus-path                              : /org/freedesktop/ModemManager1/Modem/0
modem.3gpp.operator-name                     : CHN-UNICOM
modem.3gpp.registration-state                : home
modem.generic.signal-quality.value           : 67
modem.generic.access-technologies.value[1]   : lte
modem.generic.sim                            : {sim}
"""
SIM = "sim.properties.iccid                         : 89860117851012345678\n"
MMCLI = """#!/bin/sh
case "$*" in
"--modem any --output-keyvalue") cat "$RUNTIME_DIRECTORY/said-modem" ;;
"--sim /org/freedesktop/ModemManager1/SIM/0 --output-keyvalue") cat "$RUNTIME_DIRECTORY/said-sim" ;;
*) echo "error: couldn't find modem" >&2; exit 1 ;;
esac
"""


def ask(folder: Path, sim: str, mmcli: str = MMCLI) -> int:
    (folder / "said-modem").write_text(MODEM.format(sim=sim), "utf-8")
    (folder / "said-sim").write_text(SIM, "utf-8")
    fake = folder / "bin" / "mmcli"
    fake.parent.mkdir(exist_ok=True)
    fake.write_text(mmcli, "utf-8")
    fake.chmod(0o755)
    environment = {"PATH": f"{fake.parent}:/usr/bin:/bin", "RUNTIME_DIRECTORY": str(folder)}
    before = os.umask(0o077)  # as in the unit
    try:
        return subprocess.run([str(SCRIPT)], env=environment, check=False).returncode
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("sim", "iccid"),
    [("/org/freedesktop/ModemManager1/SIM/0", "89860117851012345678"), ("--", "")],
)
def test_what_it_writes_is_what_control_reads(tmp_path: Path, sim: str, iccid: str) -> None:
    assert ask(tmp_path, sim) == 0
    told = modem(tmp_path / "modem.txt", tmp_path / "none")
    assert told is not None
    assert (told.operator, told.registration, told.access) == ("CHN-UNICOM", "home", "lte")
    assert (told.signal_percent, told.iccid) == (67, iccid)
    assert (tmp_path / "modem.txt").stat().st_mode & 0o777 == 0o644


def test_a_modem_that_cannot_be_asked_leaves_the_old_file(tmp_path: Path) -> None:
    assert ask(tmp_path, "--") == 0
    before = (tmp_path / "modem.txt").read_bytes()
    assert ask(tmp_path, "--", "#!/bin/sh\nexit 1\n") != 0
    assert (tmp_path / "modem.txt").read_bytes() == before
