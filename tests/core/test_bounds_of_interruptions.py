"""Room rule: what is entered of a metering interruption, and of none, at its bounds.

As in test_bounds.py. No total was accepted for a second; the power meter stands at 700 Wh.
"""

from dataclasses import replace

import pytest

from agent.core.interruptions import watch_metering
from agent.core.ledger import Ledger
from agent.core.model import (
    Convert,
    InterruptionCause,
    InterruptionEnded,
    InterruptionPolicy,
    Moment,
    Rate,
    RateMethod,
)
from agent.core.state import Interruption, State
from agent.core.totalizer import Segment, Totalizer
from tests.core.story import HOUR, SITE, utc_ms

NOW = Moment(utc_ms(2026, 6, 1), 5 * HOUR, "b1", trusted=True)
LAST = replace(NOW, utc_ms=NOW.utc_ms - 1_000, monotonic_ms=NOW.monotonic_ms - 1_000)
METER = Segment("m1", 0, 1, 10**9, 100_000)
WAITS = Interruption(
    began=LAST,
    cause=InterruptionCause.SILENT,
    running=True,
    policy=InterruptionPolicy.CONVERT,
    counted_l=500,
    used_wh=None,
    entered_at=LAST,
)
LOST = State(
    ledger=Ledger(
        segment=METER,
        power=METER,
        rate=Rate(1, 3_000, RateMethod.TEST, 1, None, None, "r", "li", None),
    ),
    totalizer=Totalizer(500, LAST),
    energy=Totalizer(700, NOW),
    interruption=WAITS,
    lost_since=LAST,
)


@pytest.mark.parametrize(
    ("known_wh", "read_at", "used_wh"), [(None, NOW, 700), (None, LAST, None), (600, NOW, 600)]
)
def test_water_is_reckoned_from_the_first_electricity_that_was_read(
    known_wh: int | None, read_at: Moment, used_wh: int | None
) -> None:
    waits = replace(WAITS, used_wh=known_wh)
    state = replace(LOST, energy=Totalizer(700, read_at), interruption=waits)
    after, _ = watch_metering(SITE, state, NOW, running=True, may_enter=True)
    assert after.interruption == replace(waits, used_wh=used_wh)


@pytest.mark.parametrize(
    ("policy", "used_wh", "read_at"),
    [(InterruptionPolicy.CUT, 100, NOW), (InterruptionPolicy.CONVERT, None, LAST)],
)
def test_no_litre_and_no_watt_hour_is_reckoned_where_silence_cuts_or_nothing_was_read(
    policy: InterruptionPolicy, used_wh: int | None, read_at: Moment
) -> None:
    """What was converted before is undone, for the totalizer counts again."""
    site = replace(SITE, on_interruption=policy)
    waits = replace(WAITS, used_wh=used_wh, converted_l=90)
    energy = Totalizer(700, read_at)
    state = replace(LOST, totalizer=Totalizer(500, NOW), energy=energy, interruption=waits)
    _, (entry, ended) = watch_metering(site, state, NOW, running=True, may_enter=True)
    assert isinstance(entry, Convert)
    assert isinstance(ended, InterruptionEnded)
    assert (entry.volume_l, entry.energy_wh) == (-90, 0)
    assert (ended.converted_l, ended.counted_l, ended.standing_l) == (90, 0, 0)
