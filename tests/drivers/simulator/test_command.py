"""`wellkeeper simulate` as a process: it says where it is, plays, and leaves on SIGTERM."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.simulator import command
from tests.drivers.simulator.conftest import READY_WITHIN_S, PanelClient
from tests.drivers.simulator.masters import libmodbus

PROGRAM = """
import argparse, sys
from drivers.simulator import command
parser = argparse.ArgumentParser()
command.add_options(parser)
sys.exit(command.run(parser.parse_args()))
"""
ROOT = Path(__file__).parents[3]


def simulate(folder: Path, *options: str) -> subprocess.Popen[str]:
    places = [f"--{name}={folder / 'made' / name}" for name in ("tty", "pin", "panel")]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *places, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_it_prints_the_tty_that_answers_and_leaves_cleanly_on_sigterm(folder: Path) -> None:
    with simulate(folder, "--initial-total-l", "5000", "--flow-l-per-h", "50000") as process:
        assert process.stdout is not None
        said = [line.strip() for line in iter(process.stdout.readline, "ready\n")]
        device = said[0].split()[3].rstrip(",")
        with libmodbus(Path(device)) as master:
            assert master.read(1, 8, 2) == [5, 0]
        with PanelClient(folder / "made" / "panel") as panel:
            assert panel("truth")["forward_total_l"] == 5000
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=READY_WITHIN_S)
    assert (process.returncode, errors) == (0, "")
    assert list((folder / "made").iterdir()) == []


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--noise=2", "noise is 2.0; it must be a share from 0 to 1"),
        ("--flow-l-per-h=0", "flow_l_per_h is 0; it must be 1 to"),
        ("--initial-total-l=-1", "initial_total_l is -1; it must be 0 to"),
    ],
)
def test_a_bad_option_is_one_clear_line_and_nothing_is_opened(
    folder: Path, option: str, says: str
) -> None:
    with simulate(folder, option) as process:
        _, errors = process.communicate(timeout=READY_WITHIN_S)
    assert process.returncode == command.BAD_USAGE
    assert errors.startswith("wellkeeper simulate: ")
    assert says in errors
    assert errors.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_the_power_option_keeps_the_pump_possible() -> None:
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    config = command.configured(parser.parse_args(["--power-w=3000"]))
    assert (config.design.power_w, config.design.no_load_w) == (3000, 1125)
