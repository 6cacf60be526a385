"""Room rule: loads paho without what it never uses here. Nobody else sees a difference.

paho imports urllib.request to find a proxy in the environment, and looks for one only where
PySocks is installed. With it come http, email and tempfile: 1.5 MiB in each uplink, of the 75 of
a whole station (tests/bench/steady.py).
"""

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Final

UNUSED: Final = "urllib.request"


def load_paho() -> None:
    """Whoever imports urllib.request afterwards gets the real one."""
    if UNUSED in sys.modules or find_spec("socks") is not None:
        return
    sys.modules[UNUSED] = ModuleType(UNUSED)
    try:
        import paho.mqtt.client  # noqa: F401  what counts is that it is loaded now
    finally:
        del sys.modules[UNUSED]


load_paho()
