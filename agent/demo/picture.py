"""Room rule: how the demo looks: lines of text from what is seen. Pure but for `Screen`."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from agent.demo.sight import Platform, Sight
from agent.demo.verdict import Line, Verdict
from agent.words import say, volume

BAR_CELLS = 40
MARK_CELLS = 8
# What a terminal understands: so many lines up, then nothing from here to its end.
_UP = "\x1b[{}A\r"
_ERASE_BELOW = "\x1b[J"


class Screen:
    """Told lines stay and scroll; the picture below them is drawn again where it stands.

    Not `live`: there are only the told lines.
    """

    def __init__(self, stream: TextIO, *, live: bool, columns: int = 80) -> None:
        self._stream = stream
        self._live = live
        self._columns = columns
        self._drawn = 0

    def tell(self, line: str) -> None:
        self.erase()
        self._stream.write(line + "\n")
        self._stream.flush()

    def draw(self, picture: Sequence[str]) -> None:
        if not self._live:
            return
        self.erase()
        # A line that wraps would be two lines up.
        self._stream.writelines(fit(line, self._columns - 1) + "\n" for line in picture)
        self._stream.flush()
        self._drawn = len(picture)

    def leave(self) -> None:
        """The last picture stays; what follows stands below it."""
        self._drawn = 0

    def erase(self) -> None:
        if self._drawn:
            self._stream.write(_UP.format(self._drawn) + _ERASE_BELOW)
            self._drawn = 0


def picture(sight: Sight, language: str) -> list[str]:
    """Allocation, pump, relay, conditions and platforms."""

    def label(key: str) -> str:
        return say(f"label.{key}", language)

    pump = sight.pump
    turning = say(f"state.{'running' if pump.running else 'stopped'}", language)
    relay = say(f"state.{'permitted' if pump.permitted else 'cut'}", language)
    flow = f"{label('flow')} {pump.flow_l_per_h / 1000:.1f} m³/h"
    power = f"{label('power')} {pump.power_w / 1000:.1f} kW"
    level = f"{label('level')} {pump.level_mm / 1000:.2f} m"
    return [
        "",
        f"  {label('allocation')}  {_account(sight)}",
        f"  {flow}   {power}   {level}",
        f"  {label('pump')} {turning}   {label('relay')} {relay}",
        f"  {label('conditions')} {_conditions(sight, language)}",
        *(_platform(one, sight, language) for one in sight.platforms),
    ]


def table(verdict: Verdict, language: str) -> list[str]:
    """The verdict: each claim with its figures, and whether it holds."""
    return [
        "",
        say("demo_label.verdict", language),
        *(_judged(line, language) for line in verdict.lines),
    ]


def bar(share: float, cells: int = BAR_CELLS) -> str:
    """`share` of a bar; full when it is beyond its end."""
    full = round(cells * min(1.0, max(0.0, share)))
    return "█" * full + "░" * (cells - full)


def fit(text: str, columns: int) -> str:
    """As much of the text as one line of the terminal holds."""
    taken = 0
    for at, character in enumerate(text):
        taken += _cells(character)
        if taken > columns:
            return text[:at]
    return text


def _cells(character: str) -> int:
    """A Chinese character takes two."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _account(sight: Sight) -> str:
    balance = sight.balance
    if balance is None or not balance["allocated_l"]:
        return bar(0)
    share = balance["withdrawn_l"] / balance["allocated_l"]
    volumes = f"{volume(balance['withdrawn_l'])} / {volume(balance['allocated_l'])}"
    return f"{bar(share)} {100 * share:.0f} %  {volumes}"


def _conditions(sight: Sight, language: str) -> str:
    if sight.state is None:
        return say("demo_label.no_control", language)
    told = (_condition(one, language) for one in sight.conditions)
    return ", ".join(told) or say("state.none", language)


def _condition(condition: Mapping[str, Any], language: str) -> str:
    name = say(f"condition.{condition['kind']}", language)
    return f"{name} {condition['level']} %" if condition["level"] else name


def _platform(platform: Platform, sight: Sight, language: str) -> str:
    waiting = max(0, sight.head - platform.through)
    linked = "connected" if sight.connected(platform.name) else "disconnected"
    there = say(f"state.{linked}" if platform.there else "demo_label.away", language)
    return (
        f"  {say('label.platform', language)} {platform.name}   "
        f"{say('label.delivered', language)} {platform.delivered}   "
        f"{say('label.waiting', language)} {waiting}   {there}"
    )


def _judged(line: Line, language: str) -> str:
    mark = say(f"demo_label.{'holds' if line.holds else 'fails'}", language)
    figures = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in line.figures.items()
    }
    words = say(f"demo_claim.{line.claim}", language, **figures)
    return f"  {mark}{' ' * (MARK_CELLS - sum(map(_cells, mark)))}{words}"
