"""Against the whole simulated pump house, at the wire's own speed: what is read is what is true."""

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Fault, Quality, Quantity, Reading, Role
from drivers.bus import Buses
from drivers.host import monotonic_ms
from drivers.simulator import house
from drivers.simulator.faults import Faults
from drivers.simulator.house import HouseConfig
from drivers.simulator.images import FlowMeter, PowerMeter
from drivers.wire import BusConfig
from tests.drivers.bus.slave import FLOW, PHASES, POWER, Hands, instrument, read, values
from tests.drivers.simulator.conftest import PanelClient

READY_WITHIN_S = 10.0
SCANS_MAX = 100


@dataclass
class House:
    panel: PanelClient
    buses: Buses
    pin: Path

    def truth(self) -> dict[str, Any]:
        return self.panel("truth")

    @contextmanager
    def permitted(self) -> Iterator[None]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(READY_WITHIN_S)
            line.connect(str(self.pin))
            line.sendall(b"1")
            assert line.recv(1) == b"1"
            yield


@contextmanager
def played(config: HouseConfig) -> Iterator[None]:
    ready = threading.Event()
    stop, stopped = os.pipe()
    thread = threading.Thread(target=house.run, args=(config, lambda _: ready.set(), stop))
    thread.start()
    try:
        assert ready.wait(READY_WITHIN_S), "the simulated house did not open"
        yield
    finally:
        os.close(stopped)
        thread.join(READY_WITHIN_S)
        os.close(stop)
        assert not thread.is_alive(), "the simulated house did not stop"


@pytest.fixture
def open_house() -> Iterator[Callable[..., House]]:
    folder = Path(tempfile.mkdtemp(prefix="wk"))
    with ExitStack() as opened:
        opened.callback(shutil.rmtree, folder)

        def begin(
            clock: Callable[[], int] = monotonic_ms, baud: int = 115200, **changes: Any
        ) -> House:
            config = HouseConfig(
                tty=folder / "tty", pin=folder / "pin", panel=folder / "panel", baud=baud, **changes
            )
            opened.enter_context(played(config))
            panel = opened.enter_context(PanelClient(config.panel))
            instruments = [instrument(role) for role in Role]
            buses = Buses([BusConfig("a", config.tty, baud)], instruments, 700, clock)
            return House(panel, opened.enter_context(closing(buses)), config.pin)

        yield begin


STANDING = dict.fromkeys(PHASES, 0) | {
    Quantity.VOLTAGE_1_MV: 230_000,
    Quantity.VOLTAGE_2_MV: 230_000,
    Quantity.VOLTAGE_3_MV: 230_000,
}
QUANTITIES = 12


@pytest.mark.parametrize("baud", [9600, 115200])
def test_every_quantity_is_the_truth(open_house: Callable[..., House], baud: int) -> None:
    """Standing still, to the unit; running, between what was true before and after."""
    playing = open_house(
        baud=baud,
        flow_meter=FlowMeter(initial_total_l=62_500_123),
        power_meter=PowerMeter(initial_energy_wh=987_654, current_ratio=40),
    )
    standing = values(read(playing.buses))
    for _ in range(SCANS_MAX):  # on a busy host the first scan's budget may end before its round
        if len(standing) == QUANTITIES:
            break
        standing = values(read(playing.buses))
    assert standing == {
        Quantity.FLOW_L_PER_H: 0,
        Quantity.FORWARD_TOTAL_L: 62_500_123,
        Quantity.REVERSE_TOTAL_L: 0,
        Quantity.POWER_W: 0,
        Quantity.ENERGY_WH: 987_654,
        Quantity.LEVEL_MM: round(playing.truth()["level_mm"]),
        **STANDING,
    }
    with playing.permitted():
        assert playing.panel("start")["running"]
        for _ in range(SCANS_MAX):
            before, good, after = playing.truth(), values(read(playing.buses)), playing.truth()
            if not set(standing) <= set(good):
                continue
            for quantity in (Quantity.FORWARD_TOTAL_L, Quantity.ENERGY_WH):
                low, high = before[quantity.value], after[quantity.value]
                assert low - 1 <= (good[quantity] or 0) <= high + 1
            if before["flow_l_per_h"] == after["flow_l_per_h"] > 0:
                break
        assert good[Quantity.FLOW_L_PER_H] == round(after["flow_l_per_h"])
        assert good[Quantity.POWER_W] == round(after["power_w"])
        assert min(good[one] or 0 for one in PHASES) > 0


@pytest.mark.parametrize(
    ("health", "fault"),
    [
        ({"error_bits": 8}, Fault.EMPTY_PIPE),
        ({"error_bits": 4}, Fault.NO_SIGNAL),
        ({"signal_quality": 38}, Fault.NO_SIGNAL),
        ({"error_bits": 16}, Fault.DEVICE_FAULT),
    ],
)
def test_a_flow_without_signal_is_bad(
    open_house: Callable[..., House], health: dict[str, int], fault: Fault
) -> None:
    playing = open_house()
    playing.panel("meter", **health)
    flow = read(playing.buses)[Quantity.FLOW_L_PER_H]
    assert flow == Reading(Role.FLOW_METER, Quantity.FLOW_L_PER_H, 0, Quality.BAD, fault)


def test_a_dead_flow_meter_costs_the_power_meter_nothing(open_house: Callable[..., House]) -> None:
    clock = Hands(runs=True)
    playing = open_house(clock)
    read(playing.buses)
    playing.panel("fault", silent_units=[1])
    for _ in range(8):
        clock.now_ms += 1_000
        readings = read(playing.buses)
        assert {readings[name].quality for name in POWER} == {Quality.GOOD}
    assert {readings[name].fault for name in FLOW} == {Fault.RESTING}
    playing.panel("heal")
    for _ in range(SCANS_MAX):  # a busy host may cut the first round short
        clock.now_ms += 10_000
        if len(values(read(playing.buses))) == QUANTITIES:
            return
    raise AssertionError("the flow meter is not read again")


def test_a_pulled_adapter_is_found_again(open_house: Callable[..., House]) -> None:
    clock = Hands()
    playing = open_house(clock)
    assert len(values(read(playing.buses))) == QUANTITIES
    playing.panel("pull")
    assert {one.fault for one in read(playing.buses).values()} == {Fault.DISCONNECTED}
    playing.panel("plug")
    clock.now_ms += 10_000
    assert len(values(read(playing.buses))) == QUANTITIES


@pytest.mark.parametrize(
    "faults",
    [
        Faults(noise=0.3),
        Faults(silence=0.2, refusal=0.2),
        Faults(late=0.3, late_ms=400),
        Faults(noise=0.1, silence=0.1, late=0.2, late_ms=250, echo=True),
    ],
    ids=["noise", "silence", "late", "all and an echo"],
)
def test_a_bad_line_loses_values_and_falsifies_none(
    open_house: Callable[..., House], faults: Faults, soak: int
) -> None:
    clock = Hands()
    playing = open_house(
        clock,
        seed=7,
        faults=faults,
        flow_meter=FlowMeter(initial_total_l=62_500_123),
        power_meter=PowerMeter(initial_energy_wh=987_654),
    )
    truth = {
        Quantity.FLOW_L_PER_H: 0,
        Quantity.FORWARD_TOTAL_L: 62_500_123,
        Quantity.REVERSE_TOTAL_L: 0,
        Quantity.POWER_W: 0,
        Quantity.ENERGY_WH: 987_654,
        Quantity.LEVEL_MM: round(playing.truth()["level_mm"]),
        **STANDING,
    }
    good = 0
    for _ in range(10 * soak):
        clock.now_ms += 1_000
        readings = values(read(playing.buses))
        assert readings.items() <= truth.items()
        good += len(readings)
    assert good > 0
