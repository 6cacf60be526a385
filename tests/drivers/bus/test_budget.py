"""What fits a scan, and what goes on in the next."""

from pathlib import Path
from typing import Any

from agent.core.model import Fault, Quantity, Role
from drivers.bus import Buses, worst_case_ms
from drivers.wire import BusConfig
from tests.drivers.bus.slave import (
    FLOW,
    TRUTH,
    Hands,
    Request,
    Slave,
    frame,
    instrument,
    read,
    tuf,
    values,
)


def test_what_does_not_fit_the_budget_goes_on_in_the_next_scan(
    slave: Slave, connect: Any, clock: Hands
) -> None:
    """Each answer takes 400 of 1000 ms by the clock: three fit, or rather begin, in a scan."""
    buses = connect(
        [instrument(Role.FLOW_METER), instrument(Role.POWER_METER)], slave.name, budget_ms=1_000
    )

    def slow(_request: Request, octets: bytes) -> bytes:
        clock.now_ms += 400
        return octets

    slave.spoil = slow
    seen: dict[Quantity, int | None] = {}
    for _ in range(8):
        slave.requests.clear()
        readings = read(buses)
        assert len(slave.requests) <= 3
        assert {one.fault for one in readings.values()} <= {None, Fault.NOT_READ}
        seen |= values(readings)
    assert seen == TRUTH


def test_a_value_is_never_told_twice_from_one_reply(
    slave: Slave, connect: Any, clock: Hands
) -> None:
    """At 9600 baud the total's two requests are followed by a third, in a scan of its own."""
    buses = connect([instrument(Role.FLOW_METER)], slave.name, budget_ms=100, baud=9600)
    told: list[int] = []
    count = [0]

    def slow(request: Request, octets: bytes) -> bytes:
        clock.now_ms += 60
        if request.address == 0:
            count[0] += 1
            slave.images[1] |= tuf(whole=count[0])
        return octets

    slave.spoil = slow
    for _ in range(12):
        told += [value for name, value in values(read(buses)).items() if name is FLOW[1] and value]
    assert len(told) == len(set(told)) > 1


def test_the_worst_case_of_a_scan_is_that_of_its_slowest_bus() -> None:
    both = [instrument(Role.FLOW_METER, "a"), instrument(Role.POWER_METER, "b")]
    one_bus = [instrument(Role.FLOW_METER, "a"), instrument(Role.POWER_METER, "a")]
    configs = [BusConfig(name, Path("/dev/null")) for name in "ab"]
    assert worst_case_ms(configs, both) < worst_case_ms(configs, one_bus) < 700


def test_the_timeout_follows_the_instrument(slave: Slave, buses: Buses) -> None:
    assert buses.counters()[0].timeout_ms == 1000
    read(buses)
    assert buses.counters()[0].timeout_ms == 200


def test_counters_say_what_became_of_the_requests(slave: Slave, buses: Buses, clock: Hands) -> None:
    read(buses)
    slave.spoil = lambda r, _: frame(r.unit, 0x83, 6) if r.unit == 1 else b""
    read(buses)
    flow, power = buses.counters()
    # Once three requests, and four for who it is; then busy, each of its two is repeated once.
    assert (flow.requests, flow.exceptions, flow.timeouts) == (11, 4, 0)
    assert (power.requests, power.exceptions, power.timeouts) == (4, 0, 1)
