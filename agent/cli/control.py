"""`wellkeeper control`: the meters, the account and the decision. Opens no network socket."""

import argparse
import json

from agent import control, rows
from agent.book import Book
from agent.cli import VERSION
from agent.cli.house import house_of
from agent.cli.options import add_config, settings_of
from agent.core.state import State
from agent.deadman import Lease
from agent.desk.server import Desk
from agent.journal import Journal
from agent.ports import Inputs
from agent.settings import Settings, desk_socket, journal_file, relay_socket
from agent.status import Identity
from drivers.adapter import refuse_taken
from drivers.bus import Buses
from drivers.host import HostClock, StopRequest, SystemdWatchdog


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    house = house_of(settings, options.config)
    station = settings.station
    for folder in (station.state_dir, station.run_dir):
        folder.mkdir(parents=True, exist_ok=True)
    for bus in house.buses:
        refuse_taken(bus.port)
    clock = HostClock(settings.clock.trusted_when)
    inputs = _inputs(settings)
    journal = Journal.open(journal_file(settings))
    identity = Identity(station.id, station.name, VERSION, journal.epoch, settings.relay.energise)
    clients = [platform.name for platform in settings.platform]
    with StopRequest() as stop:
        meters = Buses(house.buses, house.instruments, house.bus_budget_ms, clock.monotonic_ms)
        desk = Desk(
            {name: desk_socket(settings, name) for name in ("admin", *clients)},
            journal_file(settings),
            station=station.id,
            version=VERSION,
            cursors=journal.cursors(),
            buses=[bus.name for bus in house.buses],
        )
        control.run(
            control.Organs(
                clock=clock,
                meters=meters,
                relay=Lease(relay_socket(settings)),
                watchdog=SystemdWatchdog(),
                journal=journal,
                desk=desk,
                book=Book(journal.book()),
                inputs=inputs,
            ),
            house.site,
            identity,
            _state(journal),
            stop,
        )
        desk.close()
        meters.close()
        if inputs is not None:
            inputs.close()
        journal.close()
    return 0


def _inputs(settings: Settings) -> Inputs | None:
    """gpiozero costs 13 MB: it is loaded where a contact is declared."""
    if not settings.input:
        return None
    from drivers.inputs import GpioInputs, InputConfig

    return GpioInputs(
        [
            InputConfig(one.name, one.line, one.active_high, one.pull, one.chip)
            for one in settings.input
        ]
    )


def _state(journal: Journal) -> State:
    """Where the last commit left off; a new station begins with nothing."""
    text = journal.state()
    if text is None:
        return State()
    state = rows.from_row(State, json.loads(text))
    assert isinstance(state, State), "the checkpoint is a state"
    return state
