"""`wellkeeper console NAME`: one serial terminal. It talks to the desk and to nothing else."""

import argparse
import sys
from pathlib import Path
from typing import Final, NoReturn

from agent import words
from agent.cli import CONFIGURATION
from agent.cli.bench import Bench
from agent.cli.options import add_config, settings_of
from agent.console.desk import Connection
from agent.console.session import Session
from agent.console.terminal import Terminal, Traits
from agent.desk.client import Client
from agent.ports import NotThere
from agent.settings import Console, Settings, console_client, desk_socket
from drivers.host import HostClock, SystemdWatchdog
from drivers.line import LineConfig, SerialPort

# A port that is not there is tried for so long before that is said.
APPEARS_WITHIN_MS: Final = 2_000
_DECLARED: Final = {"auto": None, "ansi": Traits(ansi=True), "dumb": Traits()}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the console's name in the settings, or its port")
    add_config(parser)


def run(options: argparse.Namespace) -> int:  # noqa: RET503 - what follows never returns
    settings = settings_of(options)
    found = [one for one in settings.console if options.name in (one.name, str(one.port))]
    if not found:
        known = ", ".join(one.name for one in settings.console) or "-"
        language = options.language or settings.station.language
        told = words.say("console.no_such", language, name=options.name, known=known)
        print(f"{options.config}: {told}", file=sys.stderr)
        return CONFIGURATION
    _serve(settings, options.config, found[0])


def _serve(settings: Settings, file: Path, console: Console) -> NoReturn:
    """Terminal after terminal. There is nothing to put away: SIGTERM ends it where it stands."""
    clock = HostClock(settings.clock.trusted_when)
    port = SerialPort(
        LineConfig(console.port, console.baud, console.parity, console.stop_bits, console.flow),
        clock.monotonic_ms,
    )
    socket = desk_socket(settings, console_client(console.name))
    SystemdWatchdog().ready()
    missing = ""
    while True:
        line = port.open(APPEARS_WITHIN_MS)
        if isinstance(line, NotThere):
            if line.why != missing:
                print(line.why, file=sys.stderr, flush=True)
            missing = line.why
            continue
        missing = ""
        desk = Connection(lambda: Client(socket))
        terminal = Terminal(line, clock, settings.station.language, _DECLARED[console.terminal])
        try:
            Session(terminal, desk, Bench(settings, file), settings).run()
        finally:
            desk.close()
            line.close()
