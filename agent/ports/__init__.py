"""Room rule: what the agent needs of the world, as protocols. No implementation, no vendor's word.

Drivers import this package and `core.model`, and nothing else of the agent (contract 4). Each
port has one conformance suite in tests/ports, which the real adapter and the simulated one pass.

A room is loaded when one of its names is asked for: an uplink needs no meters, the relay process
no platforms (decision 0016).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_ROOMS = {
    "health": ("Host",),
    "host": ("Clock", "Log", "Watchdog"),
    "meters": ("BusStanding", "Counters", "Finding", "Inputs", "Inquiry", "Meters"),
    "relay": ("Line", "LineGone", "Relay", "RelayGone", "RelayPosition"),
    "terminal": ("HungUp", "NotThere", "TechnicianLine", "TechnicianPort"),
    "uplinks": (
        "Answer",
        "Batch",
        "Certificate",
        "CertificatesSeen",
        "Codec",
        "Commanded",
        "CommandsDropped",
        "Heard",
        "LinkDown",
        "LinkEvent",
        "LinkFault",
        "LinkTrouble",
        "LinkUp",
        "Place",
        "Platform",
        "RawRecord",
        "Receipt",
        "RecordNewer",
        "Spent",
        "Word",
    ),
}


def __getattr__(name: str) -> Any:
    """Whatever `__all__` names, from its room."""
    room = next((room for room, names in _ROOMS.items() if name in names), None)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{room}"), name)
    return value


if TYPE_CHECKING:
    from agent.ports.health import Host
    from agent.ports.host import Clock, Log, Watchdog
    from agent.ports.meters import BusStanding, Counters, Finding, Inputs, Inquiry, Meters
    from agent.ports.relay import Line, LineGone, Relay, RelayGone, RelayPosition
    from agent.ports.terminal import HungUp, NotThere, TechnicianLine, TechnicianPort
    from agent.ports.uplinks import (
        Answer,
        Batch,
        Certificate,
        CertificatesSeen,
        Codec,
        Commanded,
        CommandsDropped,
        Heard,
        LinkDown,
        LinkEvent,
        LinkFault,
        LinkTrouble,
        LinkUp,
        Place,
        Platform,
        RawRecord,
        Receipt,
        RecordNewer,
        Spent,
        Word,
    )

__all__ = [
    "Answer",
    "Batch",
    "BusStanding",
    "Certificate",
    "CertificatesSeen",
    "Clock",
    "Codec",
    "Commanded",
    "CommandsDropped",
    "Counters",
    "Finding",
    "Heard",
    "Host",
    "HungUp",
    "Inputs",
    "Inquiry",
    "Line",
    "LineGone",
    "LinkDown",
    "LinkEvent",
    "LinkFault",
    "LinkTrouble",
    "LinkUp",
    "Log",
    "Meters",
    "NotThere",
    "Place",
    "Platform",
    "RawRecord",
    "Receipt",
    "RecordNewer",
    "Relay",
    "RelayGone",
    "RelayPosition",
    "Spent",
    "TechnicianLine",
    "TechnicianPort",
    "Watchdog",
    "Word",
]
