"""A station's word on its own body goes through the scan as it is, and changes nothing."""

from dataclasses import replace

from agent.core import scan as core
from agent.core.model import (
    Ailment,
    AilmentKind,
    BusHealth,
    Grade,
    Health,
    HostHealth,
    ModemHealth,
    ProcessHealth,
    Role,
    Sample,
    Traffic,
)
from agent.core.state import Seen
from tests.core.story import SITE, Story

HEALTH = Health(
    version="1.4.0",
    boot="3f2c6f6e-boot",
    running_s=7200,
    host=HostHealth(
        up_s=864_000,
        load_percent=7,
        memory_bytes=1_000_000_000,
        memory_available_bytes=700_000_000,
        cpu_millicelsius=51_000,
        throttled=False,
        under_voltage=True,
        card="SD SC16G 03/2021",
        disk_bytes=15_000_000_000,
        disk_free_bytes=11_000_000_000,
        inodes_free=900_000,
        clock_synchronised=True,
        clock_error_ms=12,
        rtc="rtc-ds1307 1-0068",
    ),
    month="2026-07",
    instruments=(BusHealth(Role.FLOW_METER, "meters", 21_600, 14, 3, 0),),
    processes=(ProcessHealth("control", 4), ProcessHealth("relay", 2, 611)),
    traffic=(Traffic("division", 18_400_000, 90_000),),
    modem=ModemHealth(1_780_000_000_000, "89860117851012345678", "CHN-UNICOM", "home", "lte", 67),
    ailments=(Ailment(AilmentKind.UNDER_VOLTAGE, Grade.WARN),),
)


def test_it_is_written_down_and_decides_nothing() -> None:
    story = Story().commission().after(5)
    before = story.outcomes[-1]
    moment = replace(before.moment, monotonic_ms=before.moment.monotonic_ms + 1000)
    seen = Seen(moment, before.readings, relay_permitted=True)
    plain = core.scan(SITE, before.state, seen)
    told = core.scan(SITE, before.state, replace(seen, health=HEALTH))
    assert told.bodies == (*plain.bodies, HEALTH)
    assert (told.state, told.decision, told.durable) == (plain.state, plain.decision, False)
    assert not any(isinstance(one, Sample) for one in told.bodies), "it makes no sample due"
