"""Room rule: the dry contacts of the pump house, in the hardware's terms. Judges none of them.

Contactor feedback, door switch, mains present: each a contact between a line of this computer and
its ground or supply. A contact is told as active or not; what that means, the core decides.
Implements ports.Inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gpiozero
import lgpio

from agent.catalogue import Told
from drivers.gpio import ChipAbsent, ChipFactory

_ERRORS = (gpiozero.GPIOZeroError, lgpio.error, OSError)


class InputGone(Told):
    """A contact cannot be claimed at start; says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class InputConfig:
    """`active_high`: the level at which the contact counts as active."""

    name: str
    line: int
    active_high: bool
    pull: Literal["up", "down", "none"]
    chip: Path | None = None


class GpioInputs:
    """The declared contacts. A contact that cannot be read later is None, never False."""

    def __init__(self, configs: Sequence[InputConfig]) -> None:
        self._factories: dict[Path | None, ChipFactory] = {}
        self._contacts: dict[str, tuple[Any, bool]] = {}
        for config in configs:
            try:
                self._contacts[config.name] = (self._claimed(config), config.active_high)
            except (*_ERRORS, ChipAbsent) as error:
                self.close()
                place = {"name": config.name, "line": config.line}
                raise InputGone("input.not_claimed", **place, raw=error) from error

    def read(self) -> Mapping[str, bool | None]:
        return {name: _active(*contact) for name, contact in self._contacts.items()}

    def close(self) -> None:
        for contact, _ in self._contacts.values():
            contact.close()
        for factory in self._factories.values():
            factory.close()

    def _claimed(self, config: InputConfig) -> Any:
        if config.chip not in self._factories:
            self._factories[config.chip] = ChipFactory(config.chip)
        pull_up = {"up": True, "down": False, "none": None}[config.pull]
        return gpiozero.InputDevice(
            config.line,
            pull_up=pull_up,
            active_state=True if pull_up is None else None,
            pin_factory=self._factories[config.chip],
        )


def _active(contact: Any, active_high: bool) -> bool | None:  # noqa: FBT001 - a level, no switch
    try:
        return bool(contact.pin.state) is active_high
    except _ERRORS:
        return None
