"""Room rule: what a process without a network does without: TLS. Only control imports it, first.

asyncio goes without ssl, as on a Python that was built without it; pymodbus loads its TLS client
beside the serial one, which makes two contexts, and for two names what a Modbus server keeps its
registers in: it is given something in their place. 1.8 MiB of the 75 of a whole station
(tests/bench/steady.py), and no door to a network. Whoever imports them afterwards gets the real
ones; where they are loaded already, nothing changes.
"""

import sys
from types import ModuleType
from typing import Final, cast

TLS: Final = "ssl"
# What pymodbus asks of each when it is loaded; nothing of it is called where there is no network.
STAND_INS: Final[dict[str, dict[str, object]]] = {
    TLS: {"SSLWantReadError": OSError, "SSLContext": lambda _: None, "PROTOCOL_TLS_CLIENT": 0},
    "pymodbus.datastore": {"ModbusServerContext": object},
}


def load() -> None:
    if {TLS, "asyncio", "pymodbus"} & sys.modules.keys():
        return
    try:
        sys.modules[TLS] = cast("ModuleType", None)  # to Python: there is none
        import asyncio  # noqa: F401  what counts is that both are loaded now

        sys.modules.update({name: stand_in(name) for name in STAND_INS})
        import pymodbus.client  # noqa: F401  likewise
    finally:
        for name in STAND_INS:
            sys.modules.pop(name, None)


def stand_in(name: str) -> ModuleType:
    unused = ModuleType(name)
    vars(unused).update(STAND_INS[name])
    return unused


load()
