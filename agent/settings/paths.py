"""Room rule: where a station's files and sockets stand. Opens none of them."""

from pathlib import Path
from typing import Final

from agent.settings.declarations import Settings

# The desk's client that is no platform: root on this host.
ADMIN: Final = "admin"
# What the names of the desk's clients that are consoles begin with.
CONSOLE: Final = "console-"
# Beside the settings: what only the contract of the SIM card says.
MODEM_DECLARED: Final = "modem.txt"
# sun_path holds 108 bytes with its closing NUL.
SOCKET_BYTES_MAX: Final = 107


def desk_socket(settings: Settings, client: str) -> Path:
    """Where `client` (a platform's name, a `console_client`, or ADMIN) meets the desk."""
    consoles = [console_client(console.name) for console in settings.console]
    known = [ADMIN, *(platform.name for platform in settings.platform), *consoles]
    assert client in known, f"{client} is not declared"
    return desk_socket_in(settings.station.run_dir, client)


def relay_socket(settings: Settings) -> Path:
    return relay_socket_in(settings.station.run_dir)


def journal_file(settings: Settings) -> Path:
    return settings.station.state_dir / "journal.db"


def held_file(settings: Settings) -> Path:
    """Stops that hold and are not written down yet; in memory, where only control may write."""
    return settings.station.run_dir / "desk" / "held.json"


def console_client(name: str) -> str:
    """The desk's client that the console of this name is."""
    return f"{CONSOLE}{name}"


def metrics_file(settings: Settings) -> Path:
    """For node_exporter's textfile collector."""
    return settings.station.run_dir / "metrics" / "wellkeeper.prom"


def desk_socket_in(run_dir: Path, client: str) -> Path:
    return run_dir / "desk" / f"{client}.sock"


def relay_socket_in(run_dir: Path) -> Path:
    return run_dir / "relay.sock"
