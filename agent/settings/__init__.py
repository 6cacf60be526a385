"""Room rule: what is true of one site, as frozen values. No file is opened here but the settings.

`declarations` says which options there are, `reader` reads a file by them, `relations` says what
must hold between them, `problems` what can be wrong, `paths` where the files and sockets stand.
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
    journal_file,
    metrics_file,
    relay_socket,
)
from agent.settings.problems import Problem, Reason, SettingsError
from agent.settings.reader import load

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
    "journal_file",
    "load",
    "metrics_file",
    "relay_socket",
]
