"""Room rule: what is true of one site, as frozen values. What they name is looked at, never kept.

`options` says how an option is declared, `declarations` which there are, `reader` reads a file by
them, `relations` says what must hold between them and `named` what must stand on the host, `keys`
reads a platform's public key, `problems` says what can be wrong, `paths` where files and sockets
stand.
"""

from agent.settings.declarations import (
    Bus,
    Clock,
    Console,
    Conversion,
    FlowMeter,
    Input,
    Interlock,
    Journal,
    LevelProbe,
    Platform,
    PowerMeter,
    Relay,
    RelayModule,
    Scan,
    Settings,
    Station,
    Tls,
)
from agent.settings.paths import (
    ADMIN,
    console_client,
    desk_socket,
    held_file,
    journal_file,
    metrics_file,
    relay_socket,
)
from agent.settings.problems import Problem, Reason, SettingsError
from agent.settings.reader import digest, load

__all__ = [
    "ADMIN",
    "Bus",
    "Clock",
    "Console",
    "Conversion",
    "FlowMeter",
    "Input",
    "Interlock",
    "Journal",
    "LevelProbe",
    "Platform",
    "PowerMeter",
    "Problem",
    "Reason",
    "Relay",
    "RelayModule",
    "Scan",
    "Settings",
    "SettingsError",
    "Station",
    "Tls",
    "console_client",
    "desk_socket",
    "digest",
    "held_file",
    "journal_file",
    "load",
    "metrics_file",
    "relay_socket",
]
