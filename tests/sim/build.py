"""Room rule: which well a seed has: its site, its pump, its meters. Lets nothing happen."""

import random
from dataclasses import replace

from agent.core.model import InterruptionPolicy, Limits, Site
from tests.core.story import HOUR, SECOND, SITE
from tests.sim.house import House, Meter

MODULI_L = (10_000_000, 100_000_000, 1_000_000_000)
RESOLUTIONS_L = (1, 1, 10, 100, 1000)
PROTECTIONS = ("dry_well", "phase_loss", "over_current", "under_voltage", "water_without_energy")


PARTS = ("bus main", "platform province", "platform division")


def well(rng: random.Random) -> tuple[Site, House]:
    """A station's settings, and what stands there: a probe is declared where there is one."""
    site = _site(rng)
    standing = house(rng, site)
    if not standing.full_readings:
        site = replace(site, limits=replace(site.limits, dry_level_mm=0, probe_depth_mm=0))
    return site, standing


def _site(rng: random.Random) -> Site:
    """The settings of a station, within what they may be."""
    return replace(
        SITE,
        record_interval_ms=HOUR,
        flow_resolution_l=rng.choice(RESOLUTIONS_L),
        flow_modulus_l=rng.choice(MODULI_L),
        energy_modulus_wh=rng.choice((10_000_000, 1_000_000_000)),
        on_interruption=rng.choice((*InterruptionPolicy, InterruptionPolicy.CONVERT)),
        maintained=rng.random() < 0.2,
        shared_power_meter=rng.random() < 0.1,
        declared=PARTS,
        limits=Limits(
            on_exhausted_cut=rng.random() >= 0.1,
            warn_remaining_l=rng.choice((0, 2_000_000, 2_000_000)),
            cuts=tuple(one for one in PROTECTIONS if rng.random() < 0.5),
            rated_l_per_kwh=3_000,
            over_current_ma=90_000,
            dry_level_mm=70_000,
            probe_depth_mm=90_000,
            warn_pumping_ms=rng.choice((0, 72 * HOUR, 72 * HOUR)),
        ),
    )


def house(rng: random.Random, site: Site) -> House:
    """Most totalizers stand so that they pass their modulus within the year."""
    modulus_ml = site.flow_modulus_l * 1000
    room_ml = rng.randint(500_000_000, 5_000_000_000)
    start_ml = modulus_ml - room_ml if rng.random() < 0.9 else 123_456_000
    flow = Meter("flow-1", max(start_ml, 5_000_000), site.flow_resolution_l, site.flow_modulus_l)
    power_start = site.energy_modulus_wh * 1000 - rng.randint(1, 6_000) * 1_000_000
    power = Meter("power-1", power_start, site.energy_resolution_wh, site.energy_modulus_wh)
    return House(
        flow=flow,
        power=power,
        full_flow_l_per_h=rng.randint(70_000, 96_000),
        power_w=30_000,
        coast_ms=rng.randint(0, 6) * SECOND,
        drain_ml=rng.choice((0, 0, 150_000, 700_000)),
        maintained=site.maintained,
        full_readings=rng.random() < 0.85,
        contacts_wired=rng.random() < 0.8,
        counts_back=rng.random() < 0.4,
    )
