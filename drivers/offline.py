"""Room rule: what a process without a network does without: TLS. Only control imports it, first.

asyncio goes without ssl, as on a Python that was built without it; pymodbus loads its TLS client
beside the serial one, which makes two contexts, and is given something in its place. 1.5 MiB of
the 75 of a whole station (tests/bench/steady.py), and no door to a network. Whoever imports ssl
afterwards gets the real one; where it is loaded already, nothing changes.
"""

import sys
from types import ModuleType
from typing import Final, cast

UNUSED: Final = "ssl"


def load() -> None:
    if UNUSED in sys.modules or "asyncio" in sys.modules:
        return
    try:
        sys.modules[UNUSED] = cast("ModuleType", None)  # to Python: there is none
        import asyncio  # noqa: F401  what counts is that both are loaded now

        sys.modules[UNUSED] = stand_in()
        import pymodbus.client  # noqa: F401  likewise
    finally:
        del sys.modules[UNUSED]


def stand_in() -> ModuleType:
    """All that pymodbus asks of ssl when it is loaded."""
    unused = ModuleType(UNUSED)
    vars(unused).update(SSLWantReadError=OSError, SSLContext=lambda _: None, PROTOCOL_TLS_CLIENT=0)
    return unused


load()
