"""`wellkeeper relay`: the line and its lease. Loads no bus, no database and no network."""

import argparse
from functools import partial

from agent.cli.options import add_config, settings_of
from agent.deadman import serve
from agent.ports import Line
from agent.settings import Relay, RelayModule, relay_socket
from drivers.host import HostClock, StopRequest, SystemdWatchdog


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cut", action="store_true", help="drive the line to cut, let it go and end"
    )
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    if options.cut:
        _line(settings.relay).close()  # claimed at the cut level, and left there
        return 0
    with StopRequest() as stop:
        serve(
            partial(_line, settings.relay),
            relay_socket(settings),
            HostClock(settings.clock.trusted_when),
            stop,
            SystemdWatchdog(),
        )
    return 0


def _line(relay: Relay) -> Line:
    """The declared output. The settings reader saw to it that its options are there."""
    from drivers.relay import GpioLine, SimulatedLine

    match relay.driver:
        case "simulated":
            assert relay.socket is not None, "a simulated relay has a socket"
            return SimulatedLine(relay.socket)
        case "gpio":
            assert relay.line is not None, "a gpio relay has a line"
            permits_at = relay.active_high is relay.energise_permits
            return GpioLine(relay.line, permits_at=permits_at, chip=relay.chip)
        case "modbus":
            assert relay.module is not None, "a modbus relay has a module"
            return _module_line(relay.module, energise_permits=relay.energise_permits)


def _module_line(module: RelayModule, *, energise_permits: bool) -> Line:
    from drivers.plan import Speed
    from drivers.relay_module import ModuleConfig, ModuleLine

    config = ModuleConfig(
        kind=module.kind,
        port=module.port,
        speed=Speed(module.baud, module.parity, module.stop_bits),
        unit=module.unit,
        channel=module.channel,
        energise_permits=energise_permits,
        lease_held_by=module.lease_held_by or "",
    )
    return ModuleLine(config)
