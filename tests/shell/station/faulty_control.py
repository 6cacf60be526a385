"""Room rule: a real control whose meters fail in a way that no wire can: they hang, or they crash.

Run as `python -m tests.shell.station.faulty_control CONFIG`. Everything of it is the product's but
one call: after SIGUSR1 the next reading of the meters hangs until another SIGUSR1 comes, and after
SIGUSR2 it raises. It says `hanging` when it hangs: between what the relay and the meters told and
the decision that follows from it.
"""

import signal
import sys
import threading
from types import FrameType

from agent.cli import main
from agent.core.model import Moment, Reading
from drivers.bus import Buses

_read = Buses.read
_healthy = threading.Event()
_broken = threading.Event()


def read(self: Buses, moment: Moment) -> tuple[Reading, ...]:
    readings = _read(self, moment)
    if _broken.is_set():
        raise RuntimeError("a fault of ours in the scan")
    if not _healthy.is_set():
        print("hanging", flush=True)
        _healthy.wait()
    return readings


def _toggle(_number: int, _frame: FrameType | None) -> None:
    (_healthy.clear if _healthy.is_set() else _healthy.set)()


if __name__ == "__main__":
    _healthy.set()
    Buses.read = read  # type: ignore[method-assign]  # its fault
    signal.signal(signal.SIGUSR1, _toggle)
    signal.signal(signal.SIGUSR2, lambda _number, _frame: _broken.set())
    raise SystemExit(main(["control", "--config", sys.argv[1]]))
