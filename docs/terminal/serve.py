"""A console on a tty, before a season of one well from memory: for the pictures alone.

    python -m docs.terminal.serve TTY zh

The session, its line and the core are the real ones; the desk is the one of the tests' stories,
for no station pumps for a month while a picture waits.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from agent import rows
from agent.console.session import Session
from agent.console.terminal import Terminal
from agent.core.model import Quantity, Rank, Sample
from agent.ports import NotThere
from agent.status import Reported, UplinkPicture
from drivers.host import HostClock
from drivers.line import LineConfig, SerialPort
from tests.console.stations import PIN, SETTINGS, Bench, Station
from tests.core.story import HOUR, Story, utc_ms

APPEARS_WITHIN_MS = 5_000
BAUD = 115_200
ALLOCATED_L = 62_500_000
FLOW_L_PER_H = 83_400
# Hours of pumping, day by day, until the day before the picture; the crop rests between waterings.
HOURS_OF_A_DAY = (9, 13, 14, 12, 6, 0, 0, 0, 4, 11, 15, 16, 13, 8, 0, 0, 5, 12, 16, 17, 14, 9, 0,
                  0, 0, 7, 13, 16, 15, 12, 10)  # fmt: skip
BEFORE_L = 19_400_000


def season() -> Station:
    """A month of watering behind it, and the pump runs."""
    withdrawn_l = BEFORE_L + sum(HOURS_OF_A_DAY) * FLOW_L_PER_H
    story = Story(
        begins_utc_ms=utc_ms(2026, 7, 24, 5, 40),
        total_ml=(412_300_000 + withdrawn_l) * 1000,
        energy_mwh=31_816_400_000,
        flow_l_per_h=FLOW_L_PER_H,
        power_w=27_900,
    )
    volts = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
    story.beside = {Quantity.LEVEL_MM: 44_630, **dict.fromkeys(volts, 229_000)}
    story.commission(ALLOCATED_L, withdrawn_l).after(2)
    story.start()
    story.unhurried().after(7_440)
    story.site = replace(story.site, period_ms=1_000)
    station = Station(story)
    station.accounts = {"wang": (PIN, Rank.SUPERVISOR)}
    station.inputs = {"contactor": True, "mains": True, "door": False, "bypass": False}
    connected = Reported(connected=True, fault=None, error="")
    station.uplinks = {
        "division": UplinkPicture(1_204, 0, connected),
        "region": UplinkPicture(1_204, 0, connected),
    }
    _remember(station)
    return station


def _remember(station: Station) -> None:
    """A sample an hour, back to the first day."""
    withdrawn_l = BEFORE_L
    midnight_ms = utc_ms(2026, 7, 24) - len(HOURS_OF_A_DAY) * 24 * HOUR
    for day, pumped in enumerate(HOURS_OF_A_DAY):
        for hour in range(24):
            sample = Sample(
                412_300_000 + withdrawn_l, 0, 0, 0, None, permitted=True,
                allocated_l=ALLOCATED_L, withdrawn_l=withdrawn_l,
            )  # fmt: skip
            at_ms = midnight_ms + (day * 24 + hour) * HOUR
            row = (len(station.records) + 1, at_ms, True, "sample", rows.to_row(sample))
            station.records.append(row)
            withdrawn_l += FLOW_L_PER_H * (5 <= hour < 5 + pumped)
    # The day of the picture, up to the pump's start.
    today = replace(sample, withdrawn_l=withdrawn_l)
    number = len(station.records) + 1
    station.records.append((number, utc_ms(2026, 7, 24), True, "sample", rows.to_row(today)))


def main(tty: str, language: Literal["zh", "en"]) -> None:
    clock = HostClock("always")
    line = SerialPort(LineConfig(Path(tty), BAUD), clock.monotonic_ms).open(APPEARS_WITHIN_MS)
    if isinstance(line, NotThere):
        raise SystemExit(line.why)
    station = season()
    station.language = language
    named = replace(SETTINGS.station, id="XJ14-0127", language=language)
    settings = replace(SETTINGS, station=named)
    Session(Terminal(line, clock, language), station, Bench(), settings).run()


if __name__ == "__main__":
    main(sys.argv[1], "zh" if sys.argv[2] == "zh" else "en")
