"""Room rule: what a commissioning came to, read from its records. Knows no terminal and no page.

A fact is `name=value`. The name's end says what the value is (`_l` litres, `_w` watts, `_ms`
milliseconds, `_utc_ms` an instant, and so on), so that the same record is read in both languages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent import words
from agent.core.model import Quantity, SetupNoted, SetupOutcome, SetupStep

YES, NO = "yes", "no"
_CHOICES: Final = frozenset({YES, NO})
_QUANTITIES: Final = {
    "_l_per_h": Quantity.FLOW_L_PER_H,
    "_l": Quantity.FORWARD_TOTAL_L,
    "_wh": Quantity.ENERGY_WH,
    "_w": Quantity.POWER_W,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One look at the running pump, so long after the wet test's start."""

    at_ms: int
    flow_l_per_h: int
    power_w: int
    total_l: int


@dataclass(frozen=True, slots=True)
class Noted:
    """How a step ended, the last time that it was gone through."""

    at_utc_ms: int
    body: SetupNoted

    @property
    def facts(self) -> dict[str, str]:
        pairs = (one.partition("=") for one in self.body.facts)
        return {name: value for name, _, value in pairs}

    @property
    def points(self) -> tuple[Point, ...]:
        numbers = iter(self.body.curve)
        return tuple(Point(*four) for four in zip(*[numbers] * 4, strict=True))


Steps = dict[SetupStep, Noted]


def folded(records: Iterable[Noted]) -> Steps:
    """The last word on each step, from the oldest record on; a signature is of what preceded it."""
    steps: Steps = {}
    for one in records:
        steps.pop(SetupStep.SIGNATURE, None)
        steps[one.body.step] = one
    return {step: steps[step] for step in SetupStep if step in steps}


def signed(steps: Steps) -> bool:
    one = steps.get(SetupStep.SIGNATURE)
    return one is not None and one.body.outcome is SetupOutcome.DONE


def known(steps: Steps) -> dict[str, str]:
    """Every fact of every step: what somebody was told once he is not asked again."""
    return {name: value for one in steps.values() for name, value in one.facts.items()}


def heading(step: SetupStep, noted: Noted | None, language: str) -> str:
    """A step and how it ended: `Wet test: done`."""
    outcome = "open" if noted is None else noted.body.outcome.value
    told = words.say(f"setup_outcome.{outcome}", language)
    why = "" if noted is None else noted.body.reason
    colon, brackets = ("：", "（{}）") if language == "zh" else (": ", " ({})")
    name = words.say(f"setup_step.{step}", language)
    return f"{name}{colon}{told}{brackets.format(why) if why else ''}"


def pairs(noted: Noted, language: str) -> list[tuple[str, str]]:
    """Its facts as a person reads them."""
    return [told(name, value, language) for name, value in noted.facts.items() if value]


def told(name: str, value: str, language: str) -> tuple[str, str]:
    base, _, of = name.partition(".")
    label = words.say(f"setup_fact.{base}", language)
    return (f"{label} {of}" if of else label), _value(base, value, language)


def _value(name: str, value: str, language: str) -> str:
    if value in _CHOICES:
        return words.say(f"setup_word.{value}", language)
    if not value.removeprefix("-").isdecimal():
        return value
    number = int(value)
    if name.endswith("_utc_ms"):
        return words.instant(number, language)
    if name.endswith("_ms"):
        return words.duration(max(0, number), language)
    if name.endswith("_l_per_kwh"):
        return f"{number / 1000:.2f} m³/kWh"
    if name.endswith("_permille"):
        return f"{number / 10:+.1f} %"
    if name.endswith("_percent"):
        return f"{number} %"
    quantity = next((one for end, one in _QUANTITIES.items() if name.endswith(end)), None)
    return value if quantity is None else words.amount(quantity, number)
