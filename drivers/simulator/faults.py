"""Room rule: what can go wrong on an RS-485 line, and the dice that say when. One seed, no clock.

`Faults` is how often each thing happens; it is a value, and is replaced while the line works.
"""

import dataclasses
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LATE_MS_MAX = 60_000


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates are shares from 0 to 1; each request, and each reply, is judged by itself."""

    noise: float = 0.0  # frames, in either direction, with some characters wrong
    silence: float = 0.0  # requests that nobody answers
    refusal: float = 0.0  # requests answered "busy"
    late: float = 0.0  # replies that come `late_ms` late
    torn: float = 0.0  # replies with one 32-bit value torn between its words
    late_ms: int = 1_500
    echo: bool = False  # the adapter hears itself: the master gets its own request back
    silent_units: tuple[int, ...] = ()  # instruments without power

    def __post_init__(self) -> None:
        for name in ("noise", "silence", "refusal", "late", "torn"):
            rate = getattr(self, name)
            if not _is_number(rate) or not 0 <= rate <= 1:
                raise ValueError(f"{name} is {rate!r}; it must be a share from 0 to 1")
        if type(self.late_ms) is not int or not 0 <= self.late_ms <= LATE_MS_MAX:
            raise ValueError(f"late_ms is {self.late_ms!r}; it must be 0 to {LATE_MS_MAX}")
        if type(self.echo) is not bool:
            raise ValueError(f"echo is {self.echo!r}; it must be true or false")
        if not all(type(unit) is int and 1 <= unit <= 247 for unit in self.silent_units):
            raise ValueError(f"silent_units is {self.silent_units!r}; it must list units 1 to 247")


def changed(faults: Faults, changes: Mapping[str, Any]) -> Faults:
    """The faults with some of them told anew. ValueError says what is wrong with a change."""
    known = [field.name for field in dataclasses.fields(Faults)]
    unknown = sorted(set(changes) - set(known))
    if unknown:
        raise ValueError(f"there is no fault {', '.join(unknown)}; there are {', '.join(known)}")
    told = dict(changes)
    if "silent_units" in told:
        if not isinstance(told["silent_units"], (list, tuple)):
            raise ValueError(
                f"silent_units is {told['silent_units']!r}; it must be a list of units"
            )
        told["silent_units"] = tuple(told["silent_units"])
    return dataclasses.replace(faults, **told)


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request and of its reply."""

    request_noise: bool
    silent: bool
    refused: bool
    late: bool
    torn: bool
    reply_noise: bool


class Dice:
    """The one source of chance. The same seed and the same requests give the same faults."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def fate(self, faults: Faults) -> Fate:
        """Always six throws, so that turning one fault on does not move the others."""
        throws = [self._random.random() for _ in range(6)]
        rates = (
            faults.noise, faults.silence, faults.refusal, faults.late, faults.torn, faults.noise,
        )  # fmt: skip
        return Fate(*(throw < rate for throw, rate in zip(throws, rates, strict=True)))

    def spoiled(self, octets: bytes) -> bytes:
        """The same number of characters, one to three of them wrong."""
        spoiled = bytearray(octets)
        for position in self._random.sample(range(len(octets)), min(len(octets), 3)):
            spoiled[position] ^= self._random.randrange(1, 256)
            if self._random.random() < 0.5:
                break
        return bytes(spoiled)

    def one_of(self, choices: list[int]) -> int:
        return self._random.choice(choices)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
