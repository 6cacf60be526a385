"""Dry contacts, read by gpiozero's real device over a chip that stands in for lgpio's functions."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import lgpio
import pytest

from drivers import gpio
from drivers.inputs import GpioInputs, InputConfig, InputGone


class Chip:
    """Lines with a level each, and how they were claimed."""

    def __init__(self, label: str = "pinctrl-bcm2711") -> None:
        self.label = label
        self.levels: dict[int, int] = {}
        self.claimed: dict[int, int] = {}
        self.broken: set[int] = set()

    def install(self, monkeypatch: pytest.MonkeyPatch, devices: Path) -> None:
        (devices / "gpiochip0").touch()
        monkeypatch.setattr(gpio, "DEVICES", devices)
        functions: dict[str, Callable[..., Any]] = {
            "gpiochip_open": lambda _chip: 1,
            "gpiochip_close": lambda _handle: 0,
            "gpio_get_chip_info": lambda _handle: (0, 54, "gpiochip0", self.label),
            "gpio_claim_input": self.claim,
            "gpio_read": self.read,
            "gpio_free": lambda _handle, line: self.claimed.pop(line, 0),
        }
        for name, function in functions.items():
            monkeypatch.setattr(lgpio, name, function)

    def claim(self, _handle: int, line: int, flags: int) -> None:
        self.check(line)
        self.claimed[line] = flags

    def read(self, _handle: int, line: int) -> int:
        self.check(line)
        return self.levels[line]

    def check(self, line: int) -> None:
        if line in self.broken:
            raise lgpio.error("GPIO busy")


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Chip:
    one = Chip()
    one.install(monkeypatch, tmp_path)
    return one


@pytest.mark.parametrize("active_high", [False, True])
@pytest.mark.parametrize("pull", ["up", "down", "none"])
def test_a_contact_is_active_at_its_declared_level(
    chip: Chip, *, active_high: bool, pull: Any
) -> None:
    config = InputConfig("contactor", 27, active_high, pull)
    with closing(GpioInputs([config])) as inputs:
        for level in (0, 1):
            chip.levels[27] = level
            assert inputs.read() == {"contactor": bool(level) is active_high}
        flags = {"up": lgpio.SET_PULL_UP, "down": lgpio.SET_PULL_DOWN, "none": lgpio.SET_PULL_NONE}
        assert chip.claimed == {27: flags[pull]}
    assert chip.claimed == {}


def test_a_contact_that_cannot_be_read_is_neither_open_nor_closed(chip: Chip) -> None:
    chip.levels = {5: 0, 6: 0}
    configs = [
        InputConfig("door", 5, active_high=True, pull="up"),
        InputConfig("mains", 6, active_high=True, pull="up"),
    ]
    with closing(GpioInputs(configs)) as inputs:
        chip.broken.add(5)
        assert inputs.read() == {"door": None, "mains": False}


def test_a_line_that_is_in_use_is_refused_with_its_name(chip: Chip) -> None:
    chip.broken.add(5)
    with pytest.raises(InputGone, match=r"input door: line 5 cannot be claimed \('GPIO busy'\)"):
        GpioInputs([InputConfig("door", 5, active_high=True, pull="up")])


def test_a_board_that_is_no_raspberry_pi_names_its_chip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chip = Chip("imx-gpio")
    chip.install(monkeypatch, tmp_path)
    chip.levels[27] = 1
    with pytest.raises(InputGone, match=r"no Raspberry Pi's header.*gpiochip0.*chip = "):
        GpioInputs([InputConfig("door", 27, active_high=True, pull="up")])
    named = InputConfig("door", 27, active_high=True, pull="up", chip=tmp_path / "gpiochip0")
    with closing(GpioInputs([named])) as inputs:
        assert inputs.read() == {"door": True}
    with pytest.raises(InputGone, match="is no gpiochip"):
        GpioInputs([InputConfig("door", 27, active_high=True, pull="up", chip=Path("/dev/null"))])
