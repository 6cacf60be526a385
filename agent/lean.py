"""Room rule: what a resident process does without. It costs the others nothing.

dataclasses imports inspect only to write a signature into the docstring of a class that has none;
with inspect come ast, dis and tokenize: 0.9 MiB in the relay process and in each uplink, of the 75
of a whole station (tests/bench/steady.py). Here such a docstring is the name alone. From Python
3.13 on it also asks inspect for a class's annotations, which stand in the class. Whoever imports
inspect afterwards gets the real one; a Python that we have not looked at has it from the beginning.

pathlib imports urllib.parse to write a path as an address, and that imports ipaddress to look at
an address in brackets: 0.3 MiB in each of the four processes. It is loaded when that happens.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Final

UNUSED: Final = "inspect"
LATER: Final = "ipaddress"
KNOWN: Final = ((3, 11), (3, 12), (3, 13))


def load_dataclasses() -> None:
    """With something in the place of inspect, where nobody has loaded either."""
    if sys.version_info[:2] not in KNOWN or UNUSED in sys.modules or "dataclasses" in sys.modules:
        return
    sys.modules[UNUSED] = stand_in()
    try:
        import dataclasses  # noqa: F401  what counts is that it is loaded now
    finally:
        del sys.modules[UNUSED]


def stand_in() -> ModuleType:
    """All that dataclasses asks of inspect."""
    unused = ModuleType(UNUSED)
    vars(unused)["signature"] = lambda _: ""
    vars(unused)["get_annotations"] = lambda made: dict(vars(made).get("__annotations__", {}))
    return unused


def load_addresses() -> None:
    """With something in the place of ipaddress that becomes it when it is asked for anything."""
    if LATER in sys.modules or "urllib.parse" in sys.modules:
        return
    later = sys.modules[LATER] = ModuleType(LATER)
    vars(later)["__getattr__"] = lambda name: getattr(import_module(LATER), name)
    try:
        import urllib.parse  # noqa: F401  what counts is that it is loaded now
    finally:
        del sys.modules[LATER]


load_dataclasses()
load_addresses()
