"""Room rule: what can be seen at one instant of the demo, as values. Asks nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pump:
    """What the simulator says is really so."""

    running: bool
    permitted: bool
    drops: int
    flow_l_per_h: float
    power_w: float
    level_mm: float
    withdrawn_l: float

    @property
    def at_rest(self) -> bool:
        return not self.running and self.flow_l_per_h == 0


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform. `through`: it has every record up to this number."""

    name: str
    there: bool  # its broker runs
    delivered: int
    through: int


@dataclass(frozen=True, slots=True)
class Sight:
    """`state` is the station's own, from the desk; None while control does not answer."""

    state: Mapping[str, Any] | None
    pump: Pump
    platforms: tuple[Platform, ...]

    @property
    def head(self) -> int:
        """The number of the newest record; 0 while control does not answer."""
        return 0 if self.state is None else int(self.state["head"][0])

    @property
    def at_utc_ms(self) -> int | None:
        return None if self.state is None else int(self.state["at_utc_ms"])

    @property
    def balance(self) -> Mapping[str, int] | None:
        return None if self.state is None else self.state["balance"]

    @property
    def allocated_l(self) -> int:
        return 0 if self.balance is None else self.balance["allocated_l"]

    @property
    def warned_percent(self) -> int:
        levels = [one["level"] for one in self.conditions if one["kind"] == "allocation_low"]
        return max(levels, default=0)

    @property
    def conditions(self) -> tuple[Mapping[str, Any], ...]:
        return () if self.state is None else tuple(self.state["conditions"])

    def stands(self, kind: str) -> bool:
        """Does this condition stand?"""
        return any(one["kind"] == kind for one in self.conditions)

    def fitted(self, role: str) -> bool:
        return self.state is not None and role in self.state["instruments"]

    def connected(self, name: str) -> bool:
        """Does this uplink say that its link is up?"""
        uplinks = {} if self.state is None else self.state["uplinks"]
        return name in uplinks and bool(uplinks[name]["connected"])

    def platform(self, name: str) -> Platform:
        return next(one for one in self.platforms if one.name == name)
