"""Room rule: from settings to the drivers' own values: buses, instruments, profiles."""

from dataclasses import dataclass
from pathlib import Path

from agent.cli.site import site_of
from agent.core.model import Role, Site
from agent.settings import Settings
from drivers.bus import worst_case_ms
from drivers.declared import InstrumentConfig, misfits
from drivers.profile import Profile
from drivers.profile_file import ProfileError, find, load
from drivers.shelf import site_folder
from drivers.wire import BusConfig


@dataclass(frozen=True, slots=True)
class House:
    """What control builds its meters and its site from."""

    buses: tuple[BusConfig, ...]
    instruments: tuple[InstrumentConfig, ...]
    site: Site
    bus_budget_ms: int


def house_of(settings: Settings, config_file: Path) -> House:
    """ProfileError when a profile is not there, is wrong, is another role's, or asks too much."""
    folder = site_folder(config_file.resolve().parent)
    buses = tuple(
        BusConfig(bus.name, bus.port, bus.baud, bus.parity, bus.stop_bits) for bus in settings.bus
    )
    flow, power, level = settings.flow_meter, settings.power_meter, settings.level_probe
    flow_profile = _profile(flow.profile, Role.FLOW_METER, folder)
    power_profile = _profile(power.profile, Role.POWER_METER, folder)
    # In the order in which a bus is read: the flow meter last, so that its total is the freshest
    # when the scan decides. What is read after it adds its time on the wire to every cut.
    instruments = [InstrumentConfig(Role.POWER_METER, power.unit, power_profile, power.bus)]
    if level is not None:
        level_profile = _profile(level.profile, Role.LEVEL_PROBE, folder)
        instruments.append(
            InstrumentConfig(Role.LEVEL_PROBE, level.unit, level_profile, level.bus, level.depth_mm)
        )
    instruments.append(InstrumentConfig(Role.FLOW_METER, flow.unit, flow_profile, flow.bus))
    if wrong := misfits({bus.name: bus.speed for bus in buses}, instruments):
        raise ProfileError(wrong)
    _fit_the_period(settings, buses, instruments, config_file)
    return House(
        buses=buses,
        instruments=tuple(instruments),
        site=site_of(settings, flow_profile, power_profile),
        bus_budget_ms=settings.scan.bus_budget_ms,
    )


def _profile(name: str, role: Role, folder: Path) -> Profile:
    path = find(name, [folder])
    profile = load(path)
    if profile.role is not role:
        raise ProfileError(
            [f"{path}: a {profile.role} profile, asked to be the {role}; name another"]
        )
    if profile.template:
        raise ProfileError(
            [f"{path}: a template; copy it to {folder}, fill it in and remove its line `template`"]
        )
    return profile


def _fit_the_period(
    settings: Settings,
    buses: tuple[BusConfig, ...],
    instruments: list[InstrumentConfig],
    config_file: Path,
) -> None:
    """A round of requests longer than the budget would never be read whole in one scan."""
    needed_ms, budget_ms = worst_case_ms(buses, instruments), settings.scan.bus_budget_ms
    if needed_ms > budget_ms:
        why = f"scan.bus_budget_ms is {budget_ms}, but one scan takes {needed_ms} ms on the wire"
        raise ProfileError([f"{config_file}: {why}; raise it, with scan.period_s, or the baud"])
