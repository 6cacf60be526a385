"""Room rule: what a resident process does without. It costs the others nothing.

dataclasses imports inspect only to write a signature into the docstring of a class that has none;
with inspect come ast, dis and tokenize: 0.9 MiB in the relay process and in each uplink, of the 75
of a whole station (tests/bench/steady.py). Here such a docstring is the name alone. Whoever imports
inspect afterwards gets the real one.
"""

import sys
from types import ModuleType
from typing import Final

UNUSED: Final = "inspect"


def load_dataclasses() -> None:
    """With something in the place of inspect, where nobody has loaded either."""
    if UNUSED in sys.modules or "dataclasses" in sys.modules:
        return
    unused = ModuleType(UNUSED)
    vars(unused)["signature"] = lambda _: ""
    sys.modules[UNUSED] = unused
    try:
        import dataclasses  # noqa: F401  what counts is that it is loaded now
    finally:
        del sys.modules[UNUSED]


load_dataclasses()
