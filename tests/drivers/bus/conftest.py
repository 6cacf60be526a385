"""Instruments on a pty, and the driver on its other end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from agent.core.model import Role
from drivers.bus import Buses
from drivers.declared import InstrumentConfig
from drivers.wire import BusConfig
from tests.drivers.bus.slave import Hands, Images, Slave, dtsu, instrument, tuf

BAUD = 115200  # the slave answers at once; only the driver believes in the baud rate
BUDGET_MS = 700


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def slaves(tmp_path: Path) -> Iterator[Callable[[Images, str], Slave]]:
    with ExitStack() as opened:

        def begin(images: Images, name: str = "tty") -> Slave:
            return opened.enter_context(closing(Slave(tmp_path / name, images)))

        yield begin


@pytest.fixture
def slave(slaves: Callable[[Images], Slave]) -> Slave:
    """A flow meter and a power meter that do their work."""
    return slaves({1: tuf(), 2: dtsu()})


@pytest.fixture
def connect(clock: Hands) -> Iterator[Callable[..., Buses]]:
    with ExitStack() as opened:

        def begin(
            instruments: Sequence[InstrumentConfig],
            *ports: Path,
            budget_ms: int = BUDGET_MS,
            baud: int = BAUD,
        ) -> Buses:
            configs = [BusConfig(name, port, baud) for name, port in zip("ab", ports, strict=False)]
            return opened.enter_context(closing(Buses(configs, instruments, budget_ms, clock)))

        yield begin


@pytest.fixture
def buses(connect: Callable[..., Buses], slave: Slave) -> Buses:
    return connect([instrument(Role.FLOW_METER), instrument(Role.POWER_METER)], slave.name)
