"""What wellkeeper-safe-state does to a line, with the tools that a host may have."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "systemd" / "safe-state"
GPIODETECT = "echo 'gpiochip4 [pinctrl-rp1] (54 lines)'; echo 'gpiochip0 [other] (8 lines)'"
V1 = '[ "$1" = --version ] && echo "gpioset (libgpiod) v1.6.3" && exit 0'
V2 = '[ "$1" = --version ] && echo "gpioset (libgpiod) v2.2.1" && exit 0'


class Host:
    """A PATH with only these tools; what they are asked stands in `asked`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("sh", "sed", "head"):
            (folder / name).symlink_to(f"/usr/bin/{name}")

    def tool(self, name: str, first: str = "", exit_code: int = 0) -> None:
        file = self.folder / name
        says = f'echo "{name} $*" >> {self.folder}/asked'
        file.write_text(f"#!/bin/sh\n{first}\n{says}\nexit {exit_code}\n", "utf-8")
        file.chmod(0o755)

    def detect(self) -> None:
        self.tool("gpiodetect", f"{GPIODETECT}; exit 0")

    def run(self, **declared: str) -> tuple[int, list[str]]:
        env = {"PATH": str(self.folder), "WELLKEEPER": str(self.folder / "wellkeeper"), **declared}
        done = subprocess.run([SCRIPT], env=env, capture_output=True, check=False)
        asked = self.folder / "asked"
        return done.returncode, asked.read_text("utf-8").splitlines() if asked.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    assert os.access(SCRIPT, os.X_OK)
    return Host(tmp_path)


LINE = {"SAFE_DRIVER": "gpio", "SAFE_LINE": "17", "SAFE_LEVEL": "0", "SAFE_CHIP": ""}


def test_pinctrl_comes_first_on_a_raspberry_pi(host: Host) -> None:
    host.tool("pinctrl")
    host.tool("gpioset", V1)
    assert host.run(**LINE) == (0, ["pinctrl set 17 op dl"])


def test_the_level_is_the_declared_one(host: Host) -> None:
    """A board that is active low, or a relay that stops when energised, is cut by a 1."""
    host.tool("pinctrl")
    assert host.run(**LINE | {"SAFE_LEVEL": "1"}) == (0, ["pinctrl set 17 op dh"])


@pytest.mark.parametrize(
    ("version", "asked"),
    [(V1, "gpioset --mode=exit gpiochip4 17=0"), (V2, "gpioset --toggle 0 --chip gpiochip4 17=0")],
)
def test_gpioset_is_spoken_to_in_its_own_words(host: Host, version: str, asked: str) -> None:
    """Debian 12 and 13 have two command lines; the header is found by its chip's label."""
    host.tool("gpioset", version)
    host.detect()
    assert host.run(**LINE) == (0, [asked])


def test_a_declared_chip_is_taken_and_pinctrl_left_alone(host: Host) -> None:
    """pinctrl knows the numbers of a Raspberry Pi's header only."""
    host.tool("pinctrl")
    host.tool("gpioset", V1)
    asked = ["gpioset --mode=exit gpiochip2 5=0"]
    assert host.run(**LINE | {"SAFE_CHIP": "/dev/gpiochip2", "SAFE_LINE": "5"}) == (0, asked)


def test_what_fails_is_followed_by_the_next_and_python_is_the_last(host: Host) -> None:
    host.tool("pinctrl", exit_code=1)
    host.tool("gpioset", V1, exit_code=1)
    host.detect()
    host.tool("wellkeeper")
    assert host.run(**LINE) == (
        0,
        [
            "pinctrl set 17 op dl",
            "gpioset --mode=exit gpiochip4 17=0",
            "wellkeeper relay --cut --config /etc/wellkeeper/station.toml",
        ],
    )


def test_a_relay_module_is_cut_over_its_line(host: Host) -> None:
    host.tool("wellkeeper", exit_code=69)
    asked = ["wellkeeper relay --cut --config /etc/wellkeeper/station.toml"]
    assert host.run(SAFE_DRIVER="modbus") == (69, asked)


def test_without_a_declaration_it_fails_and_touches_nothing(host: Host) -> None:
    for name in ("pinctrl", "gpioset", "wellkeeper"):
        host.tool(name)
    assert host.run() == (1, [])
