"""Room rule: an instrument as the settings declare it, and why it cannot be read. Asks nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.core.model import Role
from drivers.plan import Speed
from drivers.profile import Profile, unreadable


@dataclass(frozen=True, slots=True)
class InstrumentConfig:
    """`depth_mm`, of a level probe: how deep it hangs below the wellhead."""

    role: Role
    unit: int
    profile: Profile
    bus: str
    depth_mm: int | None = None


def misfits(speeds: Mapping[str, Speed], instruments: Sequence[InstrumentConfig]) -> list[str]:
    """Why these instruments cannot be read on buses of these speeds; empty when they can."""
    found = []
    places = [(one.bus, one.unit) for one in instruments]
    roles = [one.role for one in instruments]
    for one in instruments:
        name = f"{one.role}: unit {one.unit} on bus {one.bus}"
        if one.bus not in speeds:
            found.append(f"{name}: there is no such bus; declare it")
        elif (why := unreadable(one.profile, speeds[one.bus])) is not None:
            found.append(f"{name}: profile {one.profile.name}: {why}")
        if one.profile.role is not one.role:
            found.append(f"{name}: profile {one.profile.name} is of a {one.profile.role}")
        if places.count((one.bus, one.unit)) > 1:
            found.append(f"{name}: the unit is used twice; give each instrument its own")
        if roles.count(one.role) > 1:
            found.append(f"{name}: there are two instruments for this role; declare one")
        if one.role is Role.LEVEL_PROBE and one.depth_mm is None:
            found.append(f"{name}: nobody says how deep the probe hangs")
    return found
