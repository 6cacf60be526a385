"""Room rule: this computer's GPIO lines under gpiozero, by a plain gpiochip. Knows no pump.

gpiozero's own factories ask for a Raspberry Pi's revision and refuse every other board, and its
lgpio pin claims a line as an input, then as an output at 0, and only then writes: on a board that
permits at 0, that is a pulse. This thin factory asks nothing of the board, and its pin claims a
line once, as what it shall be, and lets it go as it stands.

A Raspberry Pi's header (any model up to 5, and the Compute Modules) is found by its chip's label.
Any other board with a gpiochip, an industrial ARM board or an x86 one, names its chip and the
line's number on it; `gpioinfo` lists both. Which line is whose, the kernel itself keeps: a line
that is in use is refused.
"""

from pathlib import Path
from typing import Any, Final

import lgpio
from gpiozero.exc import PinInvalidFunction, PinSetInput
from gpiozero.pins import Factory, Pin, PinInfo

DEVICES: Path = Path("/dev")
# The labels that the kernel gives to the chip behind a Raspberry Pi's header.
HEADERS: Final = frozenset({"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"})

_PULLS: Final = {
    "up": lgpio.SET_PULL_UP,
    "down": lgpio.SET_PULL_DOWN,
    "floating": lgpio.SET_PULL_NONE,
}


class ChipAbsent(Exception):
    """There is no such chip; says which there are and what to declare."""


class ChipFactory(Factory):  # type: ignore[misc] # gpiozero has no types
    """Every line of one gpiochip, by its number. Only one process may drive a line."""

    def __init__(self, chip: Path | None = None) -> None:
        super().__init__()
        self._lines: dict[int, ChipPin] = {}
        self.handle: int | None = _header() if chip is None else _opened(chip)

    def reserve_pins(self, requester: Any, *names: Any) -> None:
        """The kernel refuses a line that is in use, in this process or in another."""

    def release_pins(self, reserver: Any, *names: Any) -> None:
        """As above."""

    def pin(self, name: int) -> "ChipPin":
        if name not in self._lines:
            self._lines[name] = ChipPin(self, name)
        return self._lines[name]

    def close(self) -> None:
        for line in self._lines.values():
            line.close()
        if self.handle is not None:
            lgpio.gpiochip_close(self.handle)
            self.handle = None


class ChipPin(Pin):  # type: ignore[misc] # as above
    """One line. It is claimed when it is told what it shall be, and never before."""

    def __init__(self, factory: ChipFactory, line: int) -> None:
        super().__init__()
        self._factory = factory
        self._line = line
        self._function: str | None = None
        self._pull = "floating"

    def output_with_state(self, state: bool) -> None:  # noqa: FBT001 - gpiozero's signature
        lgpio.gpio_claim_output(self._factory.handle, self._line, int(state))
        self._function = "output"

    def close(self) -> None:
        if self._function is not None and self._factory.handle is not None:
            lgpio.gpio_free(self._factory.handle, self._line)
        self._function = None

    def _get_info(self) -> PinInfo:
        name = f"line {self._line}"
        return PinInfo(self._line, name, frozenset({name}), "", 0, 0, frozenset({"gpio"}))

    def _get_function(self) -> str | None:
        return self._function

    def _set_function(self, value: str) -> None:
        if value != "input":
            raise PinInvalidFunction(f"line {self._line} is an output only with its level")
        self._claim_input(self._pull)

    def _get_pull(self) -> str:
        return self._pull

    def _set_pull(self, value: str) -> None:
        self._claim_input(value)

    def _claim_input(self, pull: str) -> None:
        self.close()
        lgpio.gpio_claim_input(self._factory.handle, self._line, _PULLS[pull])
        self._function, self._pull = "input", pull

    def _get_state(self) -> bool:
        return bool(lgpio.gpio_read(self._factory.handle, self._line))

    def _set_state(self, value: bool) -> None:  # noqa: FBT001 - gpiozero's signature
        if self._function != "output":
            raise PinSetInput(f"line {self._line} is no output")
        lgpio.gpio_write(self._factory.handle, self._line, int(value))


def _opened(chip: Path) -> int:
    number = chip.resolve().name.removeprefix("gpiochip")
    if not number.isdecimal():
        raise ChipAbsent(f"{chip} is no gpiochip; name one such as /dev/gpiochip0")
    try:
        handle: int = lgpio.gpiochip_open(int(number))
    except lgpio.error as error:
        raise ChipAbsent(f"{chip} cannot be opened ({error}); there are {_chips()}") from error
    return handle


def _header() -> int:
    """The chip behind a Raspberry Pi's header."""
    for chip in sorted(DEVICES.glob("gpiochip*")):
        handle = _opened(chip)
        _, _, _, label = lgpio.gpio_get_chip_info(handle)
        if label in HEADERS:
            return handle
        lgpio.gpiochip_close(handle)
    raise ChipAbsent(
        f"no Raspberry Pi's header is among the chips of this computer ({_chips()}); on another "
        'board name its chip, chip = "/dev/gpiochip0", and the line\'s number on it'
    )


def _chips() -> str:
    return ", ".join(str(chip) for chip in sorted(DEVICES.glob("gpiochip*"))) or "none"
